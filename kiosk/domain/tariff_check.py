"""What is wrong with a pack: everything that `quote` counts on is asked here, once, at its arrival.

Each fault says where it is and by its code what is wrong (table [tariff_faults] of kiosk/words);
none means that whatever a customer owes, the maximum buys energy and the minimum fits on a token.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from kiosk.domain.energy import STS_LARGEST_UNITS, STS_STEP_WH
from kiosk.domain.money import LARGEST_MINOR
from kiosk.domain.tariff_pack import (
    PPM,
    Charge,
    Period,
    PowerType,
    Preference,
    Season,
    TariffPack,
)
from kiosk.domain.tariff_segments import COST_ONE, Use, gross_of, parts_of

#: Names and numbers that lead to a place in a pack: ("power_types", 0, "sub_items", 2).
Path = tuple[str | int, ...]

_DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_TOKEN_WH = STS_LARGEST_UNITS * STS_STEP_WH


class Problem(msgspec.Struct, frozen=True):
    """One fault of a pack: the way to it, what is wrong, and the record that has it."""

    path: Path
    code: str
    details: dict[str, str | int] = {}
    record: str = ""

    def inside(self, record: str, *path: str | int) -> Problem:
        """The same, seen from further outside."""
        return Problem((*path, *self.path), self.code, self.details, record)


def unsellable(pack: TariffPack) -> str | None:
    """The code of the first record whose figures contradict themselves, or None."""
    return next((problem.record for problem in problems(pack)), None)


def problems(pack: TariffPack) -> Iterator[Problem]:
    """Every fault of `pack`, in its own order."""
    if pack.use_by_ms and pack.use_by_ms <= pack.valid_from_ms:
        yield Problem(("use_by",), "not_later", record=pack.label)
    yield from _seasons(pack)
    yield from _periods(pack)
    yield from _twice([prices.code for prices in pack.power_types], "power_types")
    for place, prices in enumerate(pack.power_types):
        for problem in _power_type(pack, prices):
            yield problem.inside(prices.code, "power_types", place)
    yield from _preferences(pack)


def _twice(codes: Sequence[str], name: str) -> Iterator[Problem]:
    counts = Counter(codes)
    for place, code in enumerate(codes):
        if counts[code] > 1:
            yield Problem((name, place, "code"), "twice", {"named": code}, code)


def _seasons(pack: TariffPack) -> Iterator[Problem]:
    yield from _twice([season.code for season in pack.seasons], "seasons")
    for place, season in enumerate(pack.seasons):
        for name, day in (("from", season.first_day), ("to", season.last_day)):
            if not _is_day(day):
                yield Problem(("seasons", place, name), "no_day", record=season.code)


def _is_day(number: int) -> bool:
    month, day = divmod(number, 100)
    return 1 <= month <= 12 and 1 <= day <= _DAYS_IN_MONTH[month - 1]


def _periods(pack: TariffPack) -> Iterator[Problem]:
    yield from _twice([period.code for period in pack.periods], "periods")
    for place, period in enumerate(pack.periods):
        if any(not 0 <= begin < end <= 1440 for begin, end in period.hours):
            yield Problem(("periods", place, "hours"), "hours_order", record=period.code)
        if any(not 0 <= day <= 6 for day in period.days):
            yield Problem(("periods", place, "days"), "weekdays", record=period.code)


def _preferences(pack: TariffPack) -> Iterator[Problem]:
    yield from _twice([line.code for line in pack.preferences], "preferences")
    known = {prices.code for prices in pack.power_types}
    items = {item.code for prices in pack.power_types for item in prices.sub_items}
    for place, line in enumerate(pack.preferences):
        for problem in _preference(line, known, items):
            yield problem.inside(line.code, "preferences", place)


def _preference(line: Preference, known: set[str], items: set[str]) -> Iterator[Problem]:
    for code in line.power_types:
        if code not in known:
            yield Problem(("power_types",), "no_power_type", {"named": code})
    for code in [*line.items, *line.prices]:
        if code not in items:
            yield Problem(("items",), "no_item", {"named": code})
    if any(not 1 <= month <= 12 for month in line.months):
        yield Problem(("months",), "months")
    if line.first_wh < 0:
        yield Problem(("first_wh",), "below_zero")
    if not 0 <= line.discount_ppm <= PPM:
        yield Problem(("discount_ppm",), "percent_range")
    if any(price < 0 for price in line.prices.values()):
        yield Problem(("prices",), "below_zero")
    if not line.discount_ppm and not line.prices:
        yield Problem(("discount_ppm",), "gives_nothing")


# --- one power type ---------------------------------------------------------------------------


def _power_type(pack: TariffPack, prices: PowerType) -> Iterator[Problem]:
    faults = [*_prices(pack, prices), *_steps(prices), *_shares(pack, prices), *_sums(prices)]
    yield from faults
    if not faults:
        yield from _limits(pack, prices)


def _prices(pack: TariffPack, prices: PowerType) -> Iterator[Problem]:
    if not prices.sub_items:
        yield Problem((), "no_price")
    seasons = {season.code for season in pack.seasons}
    periods = {period.code for period in pack.periods}
    for place, item in enumerate(prices.sub_items):
        if item.price_minor_per_mwh < 0:
            yield Problem(("sub_items", place, "per_kwh"), "below_zero")
        for number, rate in enumerate(item.rates):
            here: Path = ("sub_items", place, "rates", number)
            if rate.price_minor_per_mwh < 0:
                yield Problem((*here, "per_kwh"), "below_zero")
            if rate.season and rate.season not in seasons:
                yield Problem((*here, "season"), "no_season", {"named": rate.season})
            if rate.period and rate.period not in periods:
                yield Problem((*here, "period"), "no_period", {"named": rate.period})
            if rate.period and not prices.period_rule:
                yield Problem((*here, "period"), "no_rule")
            if not 0 <= rate.step <= (len(prices.step_ends_wh) + 1 if prices.step_ends_wh else 0):
                yield Problem((*here, "step"), "no_step", {"step": rate.step})


def _steps(prices: PowerType) -> Iterator[Problem]:
    ends = [0, *prices.step_ends_wh]
    if any(after <= before for before, after in pairwise(ends)):
        yield Problem(("steps", "up_to_kwh"), "not_growing")


def _shares(pack: TariffPack, prices: PowerType) -> Iterator[Problem]:
    here: Path = ("time_of_use",)
    if prices.time_of_use is not None and prices.time_of_use.rule == "shares":
        periods = {period.code for period in pack.periods}
        shares = prices.time_of_use.shares_ppm
        for code in shares:
            if code not in periods:
                yield Problem(here, "no_period", {"named": code})
        if sum(shares.values()) != PPM or any(share < 0 for share in shares.values()):
            yield Problem(here, "shares_sum")
    if prices.period_rule == "purchase_time":
        last = pack.periods[-1] if pack.periods else None
        if last is None or last.hours or last.days:
            yield Problem(here, "last_period")


def _sums(prices: PowerType) -> Iterator[Problem]:
    for place, charge in enumerate(prices.charges):
        if charge.amount_minor < 0:
            yield Problem(("charges", place, "amount"), "below_zero")
        if charge.at_most < 1:
            yield Problem(("charges", place, "at_most"), "at_least_one")
    known = {item.code for item in prices.sub_items} | {c.code for c in prices.all_charges()}
    for place, tax in enumerate(prices.taxes):
        if tax.rate_ppm < 0:
            yield Problem(("taxes", place, "rate_percent"), "below_zero")
        for code in tax.on:
            if code not in known:
                yield Problem(("taxes", place, "on"), "not_taxable", {"named": code})
    if prices.fixed_minor < 0 or prices.tax_rate_ppm < 0:
        yield Problem((), "below_zero")
    if not 0 <= prices.debt_share_ppm < PPM:
        yield Problem(("debt_share_percent",), "debt_share")
    if prices.multiple_minor < 1:
        yield Problem(("multiple",), "not_above_zero")
    if not 0 < prices.minimum_minor <= prices.maximum_minor <= LARGEST_MINOR:
        yield Problem(("minimum",), "minimum_range")


def _limits(pack: TariffPack, prices: PowerType) -> Iterator[Problem]:
    """Whether something can be sold to everybody, whatever the season, the step and the debt."""
    cheapest, free_wh = None, 0
    for gross, preference in _every_price(pack, prices):
        if gross:
            cheapest = gross if cheapest is None else min(cheapest, gross)
        elif preference is not None and preference.first_wh:
            free_wh = max(free_wh, preference.first_wh)
        else:
            yield _without_end(preference)
            return
    assert cheapest is not None, "what is free ends, and then there is a price"
    multiple = prices.multiple_minor
    if (prices.minimum_minor + multiple - 1) * COST_ONE > (_TOKEN_WH - free_wh) * cheapest:
        yield Problem(("minimum",), "minimum_above_token")
    charged = sum(_most(prices, charge) for charge in prices.all_charges())
    useful = max(prices.minimum_minor, charged * PPM // (PPM - prices.debt_share_ppm) + 1)
    if -(-useful // multiple) > prices.maximum_minor // multiple:
        yield Problem(("maximum",), "maximum_too_small")


def _without_end(preference: Preference | None) -> Problem:
    if preference is None:
        return Problem((), "free_without_end")
    return Problem((), "preference_without_end", {"named": preference.code})


def _most(prices: PowerType, charge: Charge) -> int:
    """The most that `charge` takes in one purchase, with its taxes."""
    net = charge.amount_minor * charge.at_most
    taxes = [tax.rate_ppm for tax in prices.all_taxes() if charge.code in tax.on]
    return net + sum((2 * net * rate + PPM) // (2 * PPM) for rate in taxes)


def _every_price(pack: TariffPack, prices: PowerType) -> Iterator[tuple[int, Preference | None]]:
    """The gross price of every case that can happen, and whose preference made it."""
    seasons: list[Season | None] = [None, *pack.seasons]
    by_clock = prices.period_rule == "purchase_time"
    periods: list[Period | None] = [*pack.periods] if by_clock else [None]
    sheet = [
        line for line in pack.preferences
        if not line.power_types or prices.code in line.power_types
    ]  # fmt: skip
    steps = range(1, len(prices.step_ends_wh) + 2) if prices.step_ends_wh else range(1)
    for season in seasons:
        for period in periods:
            for preference in [None, *sheet]:
                use = Use(pack, prices, PPM, 0, season, period, preference, None, "")
                for step in steps:
                    yield gross_of(parts_of(use, step, preference)), preference
