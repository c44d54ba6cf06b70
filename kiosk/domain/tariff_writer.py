"""A tariff pack written as the file that a clerk reads and changes: the way back of `read_pack`.

What an older pack says by its one fixed charge and its one tax stands in the file as a charge
`fixed` and a tax `tax`; prices and lines come out the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo

import msgspec

from kiosk.domain.money import decimals
from kiosk.domain.tariff_pack import (
    PPM,
    Charge,
    Period,
    PowerType,
    Preference,
    Rate,
    Season,
    SubItem,
    TariffPack,
    Tax,
)

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def pack_text(pack: TariffPack, zone: tzinfo, zone_name: str) -> str:
    """The file of `pack`; `zone` is its clock, `zone_name` what the file calls it."""
    return "\n".join(_Writer(pack.currency).lines(pack, zone, zone_name)) + "\n"


def text(value: str) -> str:
    """Text in quotation marks, as TOML has it."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def figure(value: int, places: int, shown: int) -> str:
    """`value` in units of 10 ** -places, with at least `shown` digits after the point."""
    whole, fraction = divmod(value, 10**places)
    digits = f"{fraction:0{places}d}".rstrip("0") if places else ""
    digits = digits.ljust(shown, "0") if digits or shown else ""
    return f"{whole}.{digits}" if digits else str(whole)


def _list(values: list[str]) -> str:
    return f"[{', '.join(values)}]"


class _Writer:
    """Knows how the money of one currency is written."""

    def __init__(self, currency: str) -> None:
        self._places = decimals(currency)

    def lines(self, pack: TariffPack, zone: tzinfo, zone_name: str) -> Iterator[str]:
        """The file, line by line."""
        yield f"number = {pack.number}"
        yield f"label = {text(pack.label or str(pack.number))}"
        yield f"currency = {text(pack.currency)}"
        yield f"zone = {text(pack.zone or zone_name)}"
        yield f"valid_from = {_day(pack.valid_from_ms, zone)}"
        if pack.use_by_ms:
            yield f"use_by = {_day(pack.use_by_ms, zone, ends=True)}"
        for season in pack.seasons:
            yield from _season(season)
        for period in pack.periods:
            yield from _period(period)
        for prices in pack.power_types:
            yield from self._power_type(prices)
        for line in pack.preferences:
            yield from self._preference(line)

    def _money(self, amount_minor: int) -> str:
        return figure(amount_minor, self._places, self._places)

    def _price(self, price_minor_per_mwh: int) -> str:
        return figure(price_minor_per_mwh, self._places + 3, self._places)

    def _power_type(self, prices: PowerType) -> Iterator[str]:
        yield from _head("[[power_type]]", prices.code, prices.label)
        yield f"minimum = {self._money(prices.minimum_minor)}"
        yield f"maximum = {self._money(prices.maximum_minor)}"
        if prices.multiple_minor != 1:
            yield f"multiple = {self._money(prices.multiple_minor)}"
        if prices.debt_share_ppm:
            yield f"debt_share_percent = {figure(prices.debt_share_ppm, 4, 0)}"
        yield from _steps(prices)
        yield from _time_of_use(prices)
        for item in prices.sub_items:
            yield from self._item(item)
        for charge in prices.all_charges():
            yield from self._charge(charge)
        for tax in _taxes(prices):
            yield from _head("[[power_type.tax]]", tax.code, tax.label)
            yield f"rate_percent = {figure(tax.rate_ppm, 4, 0)}"
            yield f"on = {_list([text(code) for code in tax.on])}"

    def _item(self, item: SubItem) -> Iterator[str]:
        price, rates = _reached(item)
        yield from _head("[[power_type.price]]", item.code, item.label)
        if item.kind != "energy":
            yield f"kind = {text(item.kind)}"
        yield f"per_kwh = {self._price(price)}"
        for rate in rates:
            yield from ("", "[[power_type.price.rate]]")
            yield from (f"{name} = {value}" for name, value in _where(rate))
            yield f"per_kwh = {self._price(rate.price_minor_per_mwh)}"

    def _charge(self, charge: Charge) -> Iterator[str]:
        yield from _head("[[power_type.charge]]", charge.code, charge.label)
        yield f"amount = {self._money(charge.amount_minor)}"
        yield f"per = {text(charge.per)}"
        if charge.per != "purchase":
            yield f"at_most = {charge.at_most}"
        if charge.kind != "energy":
            yield f"kind = {text(charge.kind)}"

    def _preference(self, line: Preference) -> Iterator[str]:
        yield from _head("[[preference]]", line.code, line.label)
        if line.customer_class:
            yield f"customer_class = {text(line.customer_class)}"
        if line.power_types:
            yield f"power_types = {_list([text(code) for code in line.power_types])}"
        if line.months:
            yield f"months = {_list([str(month) for month in line.months])}"
        if line.first_wh:
            yield f"first_kwh_per_month = {figure(line.first_wh, 3, 0)}"
        if line.discount_ppm == PPM:
            yield "free = true"
        elif line.discount_ppm:
            yield f"off_percent = {figure(line.discount_ppm, 4, 0)}"
        if line.prices:
            prices = (f"{code} = {self._price(price)}" for code, price in line.prices.items())
            yield f"per_kwh = {{ {', '.join(prices)} }}"
        if line.items:
            yield f"items = {_list([text(code) for code in line.items])}"


def _head(header: str, code: str, label: str) -> Iterator[str]:
    yield from ("", header, f"code = {text(code)}", f"label = {text(label or code)}")


def _season(season: Season) -> Iterator[str]:
    yield from _head("[[season]]", season.code, season.label)
    for name, day in (("from", season.first_day), ("to", season.last_day)):
        yield f'{name} = "{day // 100:02d}-{day % 100:02d}"'


def _period(period: Period) -> Iterator[str]:
    yield from _head("[[period]]", period.code, period.label)
    if period.hours:
        hours = [text(f"{_clock(begin)}-{_clock(end)}") for begin, end in period.hours]
        yield f"hours = {_list(hours)}"
    if period.days:
        yield f"days = {_list([text(DAYS[day]) for day in period.days])}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _steps(prices: PowerType) -> Iterator[str]:
    if prices.steps is not None:
        yield from ("", "[power_type.steps]", f"per = {text(prices.steps.counter)}")
        yield f"up_to_kwh = {_list([figure(end, 3, 0) for end in prices.steps.ends_wh])}"
        if prices.steps.household:
            yield 'count = "household"'


def _time_of_use(prices: PowerType) -> Iterator[str]:
    mixed = prices.time_of_use
    if mixed is not None:
        yield from ("", "[power_type.time_of_use]", f"rule = {text(mixed.rule)}")
        if mixed.shares_ppm:
            shares = (f"{code} = {figure(ppm, 4, 0)}" for code, ppm in mixed.shares_ppm.items())
            yield f"shares_percent = {{ {', '.join(shares)} }}"


def _where(rate: Rate) -> Iterator[tuple[str, str]]:
    if rate.season:
        yield "season", text(rate.season)
    if rate.period:
        yield "period", text(rate.period)
    if rate.step:
        yield "step", str(rate.step)


def _reached(item: SubItem) -> tuple[int, list[Rate]]:
    """The price and the rates of an item, where a rate may always fit: it is the price then, and of
    those behind it, which never count, only the split into periods is left."""
    for place, rate in enumerate(item.rates):
        if not (rate.season or rate.period or rate.step):
            price = rate.price_minor_per_mwh
            behind = [
                msgspec.structs.replace(each, price_minor_per_mwh=price)
                for each in item.rates[place + 1 :]
                if each.season or each.period or each.step
            ]
            return price, [*item.rates[:place], *behind]
    return item.price_minor_per_mwh, item.rates


def _taxes(prices: PowerType) -> list[Tax]:
    """The taxes that are on something; the one tax of older packs with the items that have it."""
    if prices.taxes:
        return [tax for tax in prices.taxes if tax.on]
    on = [item.code for item in prices.sub_items if item.taxed]
    on += ["fixed"] if prices.fixed_minor else []
    rate = prices.tax_rate_ppm
    return [Tax("tax", prices.tax_label, rate, on)] if rate and on else []


def _day(time_ms: int, zone: tzinfo, *, ends: bool = False) -> str:
    """A day where the time is a midnight (with `ends` the day that it ends), else a whole time."""
    moment = (_EPOCH + timedelta(milliseconds=time_ms)).astimezone(zone)
    if moment.time() != time():
        return moment.isoformat()
    return (moment.date() - timedelta(days=1 if ends else 0)).isoformat()
