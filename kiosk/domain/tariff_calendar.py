"""The calendar of a tariff: which season and period it is, since when steps are counted, and how
many months or days of a charge are due. Everything is on the utility's own wall clock.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from kiosk.domain.tariff_pack import Charge, Period, PowerType, Season, TariffPack, Usage


def moment_of(usage: Usage) -> datetime:
    """The wall clock of the purchase; a price that asks for it must be given one."""
    assert usage.at, "this price depends on the time and nobody said what time it is"
    return datetime.fromisoformat(usage.at)


def season_at(pack: TariffPack, day: date) -> Season | None:
    """The first season that `day` is in."""
    return next((season for season in pack.seasons if _is_in(season, day)), None)


def period_at(pack: TariffPack, moment: datetime) -> Period | None:
    """The first period that `moment` is in."""
    minute = 60 * moment.hour + moment.minute
    for period in pack.periods:
        fits_day = not period.days or moment.weekday() in period.days
        if fits_day and (not period.hours or any(a <= minute < b for a, b in period.hours)):
            return period
    return None


def counter_start(pack: TariffPack, prices: PowerType, day: date) -> date:
    """The first day of the month, season or year that the steps are counted in.

    Days that are in no season count since the last season ended.
    """
    counter = prices.steps.counter if prices.steps is not None else "month"
    if counter == "month":
        return day.replace(day=1)
    if counter == "year":
        return day.replace(month=1, day=1)
    now, first = season_at(pack, day), day
    for _ in range(366):
        before = first - timedelta(days=1)
        if season_at(pack, before) != now:
            return first
        first = before
    return day.replace(month=1, day=1)  # one season all the year


def units_due(charge: Charge, usage: Usage) -> tuple[int, str]:
    """How many times `charge` is due now, and the day or month up to which it then is taken.

    The first purchase pays for its own day or month; a clock that ran back owes nothing.
    """
    if charge.per == "purchase":
        return 1, ""
    today, last = moment_of(usage).date(), usage.charged.get(charge.code, "")
    if charge.per == "day":
        now = today.toordinal()
        taken = date.fromisoformat(last).toordinal() if last else now - 1
    else:
        now = 12 * today.year + today.month - 1
        taken = 12 * int(last[:4]) + int(last[5:7]) - 1 if last else now - 1
    count = min(max(now - taken, 0), charge.at_most)
    return count, _named(charge, taken + count)


def _named(charge: Charge, number: int) -> str:
    if charge.per == "day":
        return date.fromordinal(number).isoformat()
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def _is_in(season: Season, day: date) -> bool:
    number = 100 * day.month + day.day
    if season.first_day <= season.last_day:
        return season.first_day <= number <= season.last_day
    return number >= season.first_day or number <= season.last_day
