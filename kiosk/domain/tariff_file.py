"""A tariff pack as a file that a clerk writes: TOML, described in docs/tariffs.md.

Amounts are in major units, energy in kWh, rates in percent; the unit stands in the name of the
field (E35). Everything that is wrong is found at once, each fault with its line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Any, cast

from kiosk.domain.money import decimals
from kiosk.domain.tariff_check import Path, problems
from kiosk.domain.tariff_pack import (
    PPM,
    Charge,
    Period,
    PowerType,
    Preference,
    Rate,
    Season,
    Steps,
    SubItem,
    TariffPack,
    Tax,
    TimeOfUse,
)
from kiosk.domain.tariff_toml import Fault, Reading, Table, in_order

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_RESERVED = frozenset({"debt", "rounding"})
#: Months and days of a charge that one purchase takes at most, where the file does not say.
_AT_MOST = {"purchase": 1, "month": 12, "day": 366}
#: Where a field of the pack stands in the file, when its name there is another one.
_IN_FILE = {
    "power_types": "power_type", "sub_items": "price", "rates": "rate", "charges": "charge",
    "taxes": "tax", "seasons": "season", "periods": "period", "preferences": "preference",
    "first_wh": "first_kwh_per_month", "discount_ppm": "off_percent", "prices": "per_kwh",
}  # fmt: skip


def read_pack(text: str, zone_of: Callable[[str], tzinfo | None]) -> TariffPack | list[Fault]:
    """The pack that `text` describes, or every fault of it in the order of its lines.

    `zone_of` gives the clock of a zone's name, or None for a name that is none.
    """
    reading = Reading(text)
    if reading.faults:
        return reading.faults
    pack = _pack(reading, zone_of)
    if not reading.faults:
        for problem in problems(pack):
            reading.fault(_path_in_file(problem.path), problem.code, **problem.details)
    return in_order(reading.faults) or pack


def _path_in_file(path: Path) -> Path:
    if path[:1] == ("preferences",) and path[-1] == "power_types":
        return ("preference", *path[1:])
    return tuple(_IN_FILE.get(part, part) if isinstance(part, str) else part for part in path)


def _pack(reading: Reading, zone_of: Callable[[str], tzinfo | None]) -> TariffPack:
    root = reading.root
    reading.currency = root.text("currency")
    if not re.fullmatch("[A-Z]{3}", reading.currency):
        root.fault("currency", "currency_form")
    name = root.text("zone")
    zone = zone_of(name) if name else UTC
    if zone is None:
        root.fault("zone", "no_zone")
    number = root.whole("number")
    if root.has("number") and number < 1:
        root.fault("number", "at_least_one")
    pack = TariffPack(
        number=number,
        label=root.text("label"),
        currency=reading.currency,
        valid_from_ms=root.moment("valid_from", zone or UTC),
        power_types=[_power_type(table) for table in root.tables("power_type")],
        use_by_ms=root.moment("use_by", zone or UTC, day_after=True) if root.has("use_by") else 0,
        zone=name,
        seasons=[_season(table) for table in root.tables("season")],
        periods=[_period(table) for table in root.tables("period")],
        preferences=[_preference(table) for table in root.tables("preference")],
    )
    if not pack.power_types:
        reading.fault((), "no_power_types")
    root.end()
    return pack


def _season(table: Table) -> Season:
    season = Season(table.code(), table.text("label"), _day(table, "from"), _day(table, "to"))
    table.end()
    return season


def _day(table: Table, name: str) -> int:
    text = table.text(name)
    found = re.fullmatch(r"(\d\d)-(\d\d)", text)
    if text and found is None:
        table.fault(name, "month_day")
    return 100 * int(found[1]) + int(found[2]) if found else 101


def _period(table: Table) -> Period:
    hours = [_hours(table, text) for text in table.texts("hours")]
    days = [day for text in table.texts("days") for day in _days(table, text)]
    period = Period(table.code(), table.text("label"), hours, days)
    table.end()
    return period


def _hours(table: Table, text: str) -> tuple[int, int]:
    found = _HOURS.fullmatch(text)
    if found is None:
        table.fault("hours", "hours_form", text=text)
        return 0, 1
    a, b, c, d = (int(part) for part in found.groups())
    if b > 59 or d > 59:
        table.fault("hours", "sixty_minutes", text=text)
    return 60 * a + b, 60 * c + d


def _days(table: Table, text: str) -> list[int]:
    first, _, last = text.partition("-")
    if first not in _DAYS or (last and last not in _DAYS):
        table.fault("days", "days_form", text=text, known=", ".join(_DAYS))
        return []
    begin, end = _DAYS.index(first), _DAYS.index(last or first)
    return [*range(begin, end + 1)] if begin <= end else [*range(begin, 7), *range(end + 1)]


def _power_type(table: Table) -> PowerType:
    rows = {name: list(table.tables(name)) for name in ("price", "charge", "tax")}
    _check_codes([row for each in rows.values() for row in each])
    items = [_sub_item(row) for row in rows["price"]]
    charges = [_charge(row) for row in rows["charge"]]
    taxes = [_tax(row) for row in rows["tax"]]
    prices = PowerType(
        code=table.code(), label=table.text("label"), sub_items=items,
        tax_label="", tax_rate_ppm=0, fixed_label="", fixed_minor=0,
        minimum_minor=table.amount("minimum"), maximum_minor=table.amount("maximum"),
        debt_share_ppm=table.percent("debt_share_percent", 0),
        steps=_steps(table), time_of_use=_time_of_use(table), charges=charges, taxes=taxes,
        multiple_minor=table.amount("multiple", 1),
    )  # fmt: skip
    table.end()
    return prices


def _check_codes(rows: list[Table]) -> None:
    """Each price, charge and tax of a power type has a code of its own: it names an account."""
    seen: set[str] = set()
    for row in rows:
        code = row.code()
        if code in _RESERVED:
            row.fault("code", "reserved", named=code)
        elif code in seen:
            row.fault("code", "twice_in_power_type", named=code)
        seen.add(code)


def _sub_item(table: Table) -> SubItem:
    item = SubItem(
        table.code(), table.text("label"),
        cast(Any, table.choice("kind", ("energy", "levy"), "energy")),
        table.price("per_kwh"), rates=[_rate(each) for each in table.tables("rate")],
    )  # fmt: skip
    table.end()
    return item


def _rate(table: Table) -> Rate:
    rate = Rate(
        table.price("per_kwh"), table.text("season", ""), table.text("period", ""),
        table.whole("step", 0),
    )  # fmt: skip
    if not (rate.season or rate.period or rate.step):
        table.reading.fault(table.path, "rate_for_nothing")
    table.end()
    return rate


def _charge(table: Table) -> Charge:
    per = table.choice("per", ("purchase", "month", "day"))
    charge = Charge(
        table.code(), table.text("label"), table.amount("amount"), cast(Any, per),
        table.whole("at_most", _AT_MOST[per]),
        cast(Any, table.choice("kind", ("energy", "levy"), "energy")),
    )  # fmt: skip
    if per == "purchase" and charge.at_most != 1:
        table.fault("at_most", "at_most_dated")
    table.end()
    return charge


def _tax(table: Table) -> Tax:
    tax = Tax(table.code(), table.text("label"), table.percent("rate_percent"), table.texts("on"))
    if not tax.on:
        table.fault("on", "taxes_nothing")
    table.end()
    return tax


def _steps(table: Table) -> Steps | None:
    steps = table.table("steps")
    if steps is None:
        return None
    found = Steps(
        steps.kwhs("up_to_kwh"), cast(Any, steps.choice("per", ("month", "season", "year"))),
        steps.choice("count", ("meter", "household"), "meter") == "household",
    )  # fmt: skip
    if not found.ends_wh:
        steps.fault("up_to_kwh", "no_step_ends")
    steps.end()
    return found


def _time_of_use(table: Table) -> TimeOfUse | None:
    mixed = table.table("time_of_use")
    if mixed is None:
        return None
    rule = mixed.choice("rule", ("shares", "purchase_time"))
    shares = mixed.figures("shares_percent", 4)
    if shares and rule != "shares":
        mixed.fault("shares_percent", "shares_without_rule")
    mixed.end()
    return TimeOfUse(cast(Any, rule), shares)


def _preference(table: Table) -> Preference:
    free = table.flag("free")
    if free and table.has("off_percent"):
        table.fault("off_percent", "free_and_off")
    line = Preference(
        code=table.code(), label=table.text("label"),
        customer_class=table.text("customer_class", ""), power_types=table.texts("power_types"),
        months=table.wholes("months"), first_wh=table.kwh("first_kwh_per_month", 0),
        discount_ppm=PPM if free else table.percent("off_percent", 0),
        prices=table.figures("per_kwh", decimals(table.reading.currency) + 3),
        items=table.texts("items"),
    )  # fmt: skip
    if line.code in _RESERVED:
        table.fault("code", "reserved", named=line.code)
    table.end()
    return line
