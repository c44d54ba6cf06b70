"""What is wrong with a pack: everything that `quote` counts on is asked here, once, at its arrival.

Each fault says where it is and what to write instead; none means that whatever a customer owes, the
maximum buys energy and the minimum fits on a token.
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
    """One fault of a pack: the record that has it, the way to it, and a sentence."""

    record: str
    path: Path
    sentence: str


def unsellable(pack: TariffPack) -> str | None:
    """The code of the first record whose figures contradict themselves, or None."""
    return next((problem.record for problem in problems(pack)), None)


def problems(pack: TariffPack) -> Iterator[Problem]:
    """Every fault of `pack`, in its own order."""
    if pack.use_by_ms and pack.use_by_ms <= pack.valid_from_ms:
        yield Problem(pack.label, ("use_by",), "must be later than valid_from.")
    yield from _seasons(pack)
    yield from _periods(pack)
    yield from _twice([prices.code for prices in pack.power_types], "power_types")
    for place, prices in enumerate(pack.power_types):
        for path, sentence in _power_type(pack, prices):
            yield Problem(prices.code, ("power_types", place, *path), sentence)
    yield from _preferences(pack)


Faults = Iterator[tuple[Path, str]]


def _twice(codes: Sequence[str], name: str) -> Iterator[Problem]:
    counts = Counter(codes)
    for place, code in enumerate(codes):
        if counts[code] > 1:
            yield Problem(code, (name, place, "code"), f"the code {code!r} stands twice.")


def _seasons(pack: TariffPack) -> Iterator[Problem]:
    yield from _twice([season.code for season in pack.seasons], "seasons")
    for place, season in enumerate(pack.seasons):
        for name, day in (("from", season.first_day), ("to", season.last_day)):
            if not _is_day(day):
                yield Problem(season.code, ("seasons", place, name), "is no day of the year.")


def _is_day(number: int) -> bool:
    month, day = divmod(number, 100)
    return 1 <= month <= 12 and 1 <= day <= _DAYS_IN_MONTH[month - 1]


def _periods(pack: TariffPack) -> Iterator[Problem]:
    yield from _twice([period.code for period in pack.periods], "periods")
    for place, period in enumerate(pack.periods):
        if any(not 0 <= begin < end <= 1440 for begin, end in period.hours):
            yield Problem(
                period.code, ("periods", place, "hours"),
                "must run from an earlier to a later time of one day, at most to 24:00.",
            )  # fmt: skip
        if any(not 0 <= day <= 6 for day in period.days):
            yield Problem(period.code, ("periods", place, "days"), "must be days of the week.")


def _preferences(pack: TariffPack) -> Iterator[Problem]:
    yield from _twice([line.code for line in pack.preferences], "preferences")
    known = {prices.code for prices in pack.power_types}
    items = {item.code for prices in pack.power_types for item in prices.sub_items}
    for place, line in enumerate(pack.preferences):
        for name, sentence in _preference(line, known, items):
            yield Problem(line.code, ("preferences", place, name), sentence)


def _preference(line: Preference, known: set[str], items: set[str]) -> Iterator[tuple[str, str]]:
    for code in line.power_types:
        if code not in known:
            yield "power_types", f"names {code!r}, and there is no such power type."
    for code in [*line.items, *line.prices]:
        if code not in items:
            yield "items", f"names {code!r}, and no power type has such a price."
    if any(not 1 <= month <= 12 for month in line.months):
        yield "months", "must be numbers from 1 to 12."
    if line.first_wh < 0:
        yield "first_wh", "must not be below zero."
    if not 0 <= line.discount_ppm <= PPM:
        yield "discount_ppm", "must be from 0 to 100 percent."
    if any(price < 0 for price in line.prices.values()):
        yield "prices", "must not be below zero."
    if not line.discount_ppm and not line.prices:
        yield "discount_ppm", "says neither what is free, nor a discount, nor a price."


# --- one power type ---------------------------------------------------------------------------


def _power_type(pack: TariffPack, prices: PowerType) -> Faults:
    faults = [*_prices(pack, prices), *_steps(prices), *_shares(pack, prices), *_sums(prices)]
    yield from faults
    if not faults:
        yield from _limits(pack, prices)


def _prices(pack: TariffPack, prices: PowerType) -> Faults:
    if not prices.sub_items:
        yield (), "has no price."
    seasons = {season.code for season in pack.seasons}
    periods = {period.code for period in pack.periods}
    for place, item in enumerate(prices.sub_items):
        if item.price_minor_per_mwh < 0:
            yield ("sub_items", place, "per_kwh"), "must not be below zero."
        for number, rate in enumerate(item.rates):
            here: Path = ("sub_items", place, "rates", number)
            if rate.price_minor_per_mwh < 0:
                yield (*here, "per_kwh"), "must not be below zero."
            if rate.season and rate.season not in seasons:
                yield (*here, "season"), f"names {rate.season!r}, and there is no such season."
            if rate.period and rate.period not in periods:
                yield (*here, "period"), f"names {rate.period!r}, and there is no such period."
            if rate.period and not prices.period_rule:
                yield (*here, "period"), "needs a [power_type.time_of_use] that says the rule."
            if not 0 <= rate.step <= (len(prices.step_ends_wh) + 1 if prices.step_ends_wh else 0):
                yield (*here, "step"), f"names step {rate.step}, and there is no such step."


def _steps(prices: PowerType) -> Faults:
    ends = [0, *prices.step_ends_wh]
    if any(after <= before for before, after in pairwise(ends)):
        yield ("steps", "up_to_kwh"), "must grow from step to step."


def _shares(pack: TariffPack, prices: PowerType) -> Faults:
    here: Path = ("time_of_use",)
    if prices.time_of_use is not None and prices.time_of_use.rule == "shares":
        periods = {period.code for period in pack.periods}
        shares = prices.time_of_use.shares_ppm
        for code in shares:
            if code not in periods:
                yield here, f"names {code!r}, and there is no such period."
        if sum(shares.values()) != PPM or any(share < 0 for share in shares.values()):
            yield here, "the agreed shares must be 100 percent together."
    if prices.period_rule == "purchase_time":
        last = pack.periods[-1] if pack.periods else None
        if last is None or last.hours or last.days:
            yield here, "the last period must have no hours and no days: it is all other time."


def _sums(prices: PowerType) -> Faults:
    for place, charge in enumerate(prices.charges):
        if charge.amount_minor < 0:
            yield ("charges", place, "amount"), "must not be below zero."
        if charge.at_most < 1:
            yield ("charges", place, "at_most"), "must be at least 1."
    known = {item.code for item in prices.sub_items} | {c.code for c in prices.all_charges()}
    for place, tax in enumerate(prices.taxes):
        if tax.rate_ppm < 0:
            yield ("taxes", place, "rate_percent"), "must not be below zero."
        for code in tax.on:
            if code not in known:
                yield ("taxes", place, "on"), f"names {code!r}, and that is no price and no charge."
    if prices.fixed_minor < 0 or prices.tax_rate_ppm < 0:
        yield (), "has a charge or a tax below zero."
    if not 0 <= prices.debt_share_ppm < PPM:
        yield ("debt_share_percent",), "must be from 0 to below 100."
    if prices.multiple_minor < 1:
        yield ("multiple",), "must be above zero."
    if not 0 < prices.minimum_minor <= prices.maximum_minor <= LARGEST_MINOR:
        yield ("minimum",), "must be above zero and at most the maximum."


def _limits(pack: TariffPack, prices: PowerType) -> Faults:
    """Whether something can be sold to everybody, whatever the season, the step and the debt."""
    cheapest, free_wh = None, 0
    for gross, preference in _every_price(pack, prices):
        if gross:
            cheapest = gross if cheapest is None else min(cheapest, gross)
        elif preference is not None and preference.first_wh:
            free_wh = max(free_wh, preference.first_wh)
        else:
            by = f" by the preference {preference.code!r}" if preference is not None else ""
            yield (), f"gives energy away{by} without an end; give it a price, or an end."
            return
    assert cheapest is not None, "what is free ends, and then there is a price"
    multiple = prices.multiple_minor
    if (prices.minimum_minor + multiple - 1) * COST_ONE > (_TOKEN_WH - free_wh) * cheapest:
        yield ("minimum",), "buys more energy than one token can carry."
    charged = sum(_most(prices, charge) for charge in prices.all_charges())
    useful = max(prices.minimum_minor, charged * PPM // (PPM - prices.debt_share_ppm) + 1)
    if -(-useful // multiple) > prices.maximum_minor // multiple:
        yield ("maximum",), "is too small: charges and old debt could take all of it."


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
