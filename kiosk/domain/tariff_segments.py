"""What the next watt-hours cost: a purchase cut where the price changes, and what each piece is.

A segment is a stretch of energy at one price: up to the end of a step, up to the end of what a
preference gives, or without an end. Its parts are the sub-items (and their periods); prices are
scaled integers, so nothing is rounded here.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from kiosk.domain import chart
from kiosk.domain.energy import format_kwh
from kiosk.domain.tariff_calendar import moment_of, period_at, season_at
from kiosk.domain.tariff_pack import (
    PPM,
    WH_PER_MWH,
    Period,
    PowerType,
    Preference,
    Season,
    SubItem,
    TariffPack,
    Tax,
    Usage,
)

#: A part's weight is minor units per MWh, times share of the use, share of the period, discount.
WEIGHT_ONE = PPM**3
#: A segment's gross price has the tax in it too; money times this is like energy times gross.
COST_ONE = WH_PER_MWH * WEIGHT_ONE * PPM


class Part(NamedTuple):
    """What one sub-item adds to the price of a segment, and how its line reads.

    `energy_share` (of PPM squared) is how much of the segment's energy stands on this line.
    """

    item: SubItem
    label: str
    account: str
    weight: int
    energy_share: int
    reason: str
    values: dict[str, int | str]
    taxes: list[Tax]


class Segment(NamedTuple):
    """`room_wh` of energy (None: without end) at `gross`, its price with tax (see COST_ONE)."""

    room_wh: int | None
    gross: int
    parts: list[Part]
    preference: Preference | None


class Use(NamedTuple):
    """One power type of a purchase: its share of the energy and where its counters stand."""

    pack: TariffPack
    prices: PowerType
    share_ppm: int
    used_wh: int
    season: Season | None
    period: Period | None
    preference: Preference | None
    left_wh: int | None
    prefix: str


def segments(pack: TariffPack, power_type: str, usage: Usage) -> list[Segment]:
    """The segments of a purchase, in the order in which energy is bought; the last has no end.

    A meter whose energy is shared over power types (F048) has the ends of all of them; each lies at
    a whole watt-hour of the meter, rounded down.
    """
    shares = usage.shares or [(power_type, PPM)]
    uses = [_use(pack, code, share, usage) for code, share in shares]
    ends = sorted({end for use in uses for end in _ends(use)})
    found, begin = [], 0
    for end in [*ends, None]:
        found.append(_segment(uses, begin, end))
        begin = end or 0
    return found


def _use(pack: TariffPack, code: str, share_ppm: int, usage: Usage) -> Use:
    prices = pack.power_type(code)
    moment = moment_of(usage) if usage.at else None
    preference = _preference(pack, code, usage)
    left_wh = None
    if preference is not None and preference.first_wh:
        left_wh = preference.first_wh - usage.month_wh * share_ppm // PPM
        if left_wh <= 0:
            preference, left_wh = None, None
    by_clock = prices.period_rule == "purchase_time" and moment is not None
    return Use(
        pack, prices, share_ppm, usage.used_wh * share_ppm // PPM,
        season_at(pack, moment.date()) if moment is not None else None,
        period_at(pack, moment) if by_clock and moment is not None else None,
        preference, left_wh, f"{prices.label}: " if usage.shares else "",
    )  # fmt: skip


def _preference(pack: TariffPack, code: str, usage: Usage) -> Preference | None:
    for line in pack.preferences:
        for_class = line.customer_class in ("", usage.customer_class)
        if not for_class or (line.power_types and code not in line.power_types):
            continue
        if not line.months or moment_of(usage).month in line.months:
            return line
    return None


def _ends(use: Use) -> list[int]:
    """Where in this purchase, in watt-hours of the meter, the price of `use` changes."""
    own = [step - use.used_wh for step in use.prices.step_ends_wh]
    own += [] if use.left_wh is None else [use.left_wh]
    return [end for mine in own if mine > 0 and (end := mine * PPM // use.share_ppm) > 0]


def _segment(uses: list[Use], begin: int, end: int | None) -> Segment:
    parts: list[Part] = []
    preferences = []
    for use in uses:
        preference = _at(use, begin)
        preferences.append(preference)
        parts += parts_of(use, _step(use, begin), preference)
    return Segment(None if end is None else end - begin, gross_of(parts), parts, preferences[0])


def gross_of(parts: list[Part]) -> int:
    """The price of the parts together, tax included, on the scale of COST_ONE."""
    return sum(part.weight * (PPM + sum(tax.rate_ppm for tax in part.taxes)) for part in parts)


def _at(use: Use, begin: int) -> Preference | None:
    over = use.left_wh is not None and begin >= use.left_wh * PPM // use.share_ppm
    return None if over else use.preference


def _step(use: Use, begin: int) -> int:
    """The step, from 1, that the energy after `begin` is in; 0 where there are none."""
    steps = use.prices.step_ends_wh
    ends = [max(0, step - use.used_wh) * PPM // use.share_ppm for step in steps]
    return 1 + sum(end <= begin for end in ends) if steps else 0


def parts_of(use: Use, step: int, preference: Preference | None) -> list[Part]:
    """The sub-items of one use; one whose price has periods is a part for each agreed share."""
    found = []
    for place, item in enumerate(use.prices.sub_items):
        for period, share_ppm in _periods(use, item):
            found.append(_part(use, item, place == 0, step, period, share_ppm, preference))
    return found


def _periods(use: Use, item: SubItem) -> list[tuple[Period | None, int]]:
    mixed = use.prices.time_of_use
    if mixed is None or mixed.rule != "shares" or not any(rate.period for rate in item.rates):
        return [(use.period, PPM)]
    by_code = {period.code: period for period in use.pack.periods}
    return [(by_code[code], share) for code, share in mixed.shares_ppm.items() if share]


def _part(
    use: Use, item: SubItem, carries: bool, step: int, period: Period | None, share_ppm: int,
    preference: Preference | None,
) -> Part:  # fmt: skip
    season = use.season.code if use.season else ""
    price = _price(item, season, period.code if period else "", step)
    discount_ppm, replaced = 0, False
    if preference is not None and (not preference.items or item.code in preference.items):
        replaced = item.code in preference.prices
        price, discount_ppm = preference.prices.get(item.code, price), preference.discount_ppm
    terms = _terms(use, item, step, period, share_ppm)
    if preference is not None and (discount_ppm or replaced):
        terms.append(f"{preference.label} -{percent(discount_ppm)} %" if discount_ppm
                     else preference.label)  # fmt: skip
    values: dict[str, int | str] = {"price_minor_per_mwh": price}
    if terms:
        values["terms"] = ", ".join(terms)
    book = chart.revenue if item.kind == "energy" else chart.levy
    return Part(
        item, use.prefix + item.label, book(item.code),
        price * use.share_ppm * share_ppm * (PPM - discount_ppm),
        use.share_ppm * share_ppm if carries else 0,
        f"{item.kind}_terms" if terms else item.kind, values,
        [tax for tax in use.prices.all_taxes() if use.prices.is_taxed(tax, item)],
    )  # fmt: skip


def _price(item: SubItem, season: str, period: str, step: int) -> int:
    for rate in item.rates:
        if rate.season in ("", season) and rate.period in ("", period) and rate.step in (0, step):
            return rate.price_minor_per_mwh
    return item.price_minor_per_mwh


def _terms(use: Use, item: SubItem, step: int, period: Period | None, share_ppm: int) -> list[str]:
    """In the pack's own words, which of the item's prices this is; nothing where it has one."""
    terms = []
    if step and any(rate.step for rate in item.rates):
        ends = [0, *use.prices.step_ends_wh]
        terms.append(step_range(ends, step))
    if use.season and any(rate.season for rate in item.rates):
        terms.append(use.season.label)
    if period is not None and any(rate.period for rate in item.rates):
        agreed = f" {percent(share_ppm)} %" if use.prices.period_rule == "shares" else ""
        terms.append(period.label + agreed)
    return terms


def step_range(ends: list[int], step: int) -> str:
    """The energy of a step in words of no language: "50-200 kWh", "> 200 kWh"."""
    lower = format_kwh(ends[step - 1]).removesuffix(".0")
    if step == len(ends):
        return f"> {lower} kWh"
    return f"{lower}-{format_kwh(ends[step]).removesuffix('.0')} kWh"


def percent(rate_ppm: int) -> str:
    """A rate in millionths as a percentage, exact: 150000 -> "15", 12500 -> "1.25"."""
    whole, rest = divmod(rate_ppm, 10_000)
    return f"{whole}.{rest:04d}".rstrip("0") if rest else str(whole)


def cost_of(found: list[Segment], energy_wh: int) -> int:
    """What `energy_wh` costs, exactly, on the scale of COST_ONE."""
    cost = 0
    for segment in found:
        taken = energy_wh if segment.room_wh is None else min(energy_wh, segment.room_wh)
        cost, energy_wh = cost + taken * segment.gross, energy_wh - taken
    assert energy_wh == 0, "the last segment has no end"
    return cost


class Bought(msgspec.Struct, frozen=True):
    """A stretch of a segment that was bought: whole watt-hours, and the money it took."""

    segment: Segment
    energy_wh: int
    money_minor: int


def buy(found: list[Segment], money_minor: int) -> tuple[list[Bought], int]:
    """What `money_minor` buys, stretch by stretch, and the energy due: rounded up, once (E30).

    The money of a stretch that is bought to its end is its exact price, rounded down together with
    what came before it; the last stretch has the rest.
    """
    left, spent, taken = money_minor * COST_ONE, 0, 0
    stretches: list[Bought] = []
    for segment in found:
        if segment.room_wh is not None and left >= segment.room_wh * segment.gross:
            energy_wh, cost = segment.room_wh, segment.room_wh * segment.gross
            left -= cost
            money = (money_minor * COST_ONE - left) // COST_ONE - spent
        else:
            energy_wh, money = left // segment.gross, money_minor - spent
            due_wh = taken - (-left // segment.gross)
            stretches.append(Bought(segment, energy_wh, money))
            return stretches, due_wh
        stretches.append(Bought(segment, energy_wh, money))
        spent, taken = spent + money, taken + energy_wh
    raise AssertionError("the last segment has no end")
