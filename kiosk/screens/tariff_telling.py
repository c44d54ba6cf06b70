"""How prices read in words: a pack as a sheet, and what a new one changes for whom."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kiosk.domain.tariff_pack import PPM, PowerType, SubItem, TariffPack, pack_digest
from kiosk.domain.tariff_segments import step_range
from kiosk.domain.tariff_toml import Fault
from kiosk.till.requote import Requoted
from kiosk.till.tariff_drafts import zone_or_none
from kiosk.till.tariffs import Change, Example
from kiosk.words.book import Words
from kiosk.words.clean import clean

_ONE_PERCENT_PPM = PPM // 100


class PackRow(msgspec.Struct, frozen=True):
    """One pack of the list; `text` is the row for a person."""

    number: int
    label: str
    digest: str
    valid_from_ms: int
    use_by_ms: int
    in_force: bool
    text: str


def pack_row(words: Words, pack: TariffPack, in_force: str) -> PackRow:
    """A pack in the list of all that are known; `in_force` is the digest of today's."""
    digest = pack_digest(pack)
    text = words.say(
        "tariff.row", number=pack.number, label=pack.label, valid_from_ms=pack.valid_from_ms,
        digest=digest[:12],
    )  # fmt: skip
    if digest == in_force:
        text = f"{text}  {words.say('tariff.in_force')}"
    return PackRow(
        pack.number, pack.label, digest, pack.valid_from_ms, pack.use_by_ms, digest == in_force,
        text,
    )  # fmt: skip


def pack_lines(words: Words, pack: TariffPack) -> list[str]:
    """A pack as a sheet of prices, a paragraph for each power type; its days by its own clock."""
    zone = zone_or_none(pack.zone) if pack.zone else None
    words = words.in_zone(zone) if zone is not None else words
    lines = [
        words.say(
            "tariff.title", number=pack.number, label=pack.label, valid_from_ms=pack.valid_from_ms
        )
    ]
    if pack.use_by_ms:
        lines.append(words.say("tariff.use_by", use_by_ms=pack.use_by_ms))
    for prices in pack.power_types:
        lines += [
            "",
            f"{clean(prices.code)}: {clean(prices.label)}",
            *_power_type(words, pack, prices),
        ]
    for line in pack.preferences:
        lines += ["", words.say("tariff.preference", label=line.label, code=line.code)]
    return lines


def _power_type(words: Words, pack: TariffPack, prices: PowerType) -> Iterator[str]:
    currency = pack.currency
    for item in prices.sub_items:
        yield f"  {_price(words, item.label, item.price_minor_per_mwh, currency)}"
        for rate in item.rates:
            where = ", ".join(_named(pack, rate.season, rate.period, rate.step, prices))
            yield f"    {_price(words, where, rate.price_minor_per_mwh, currency)}"
    yield "  " + words.say("tariff.comprehensive", price=words.price(_whole(prices), currency))
    for charge in prices.all_charges():
        yield "  " + words.say(
            f"tariff.charge_{charge.per}", currency=currency, label=charge.label,
            amount_minor=charge.amount_minor,
        )  # fmt: skip
    for tax in prices.all_taxes():
        if tax.rate_ppm:
            on = ", ".join(tax.on) if prices.taxes else _taxed_items(prices)
            yield "  " + words.say("tariff.tax", label=tax.label, rate_ppm=tax.rate_ppm, on=on)
    yield "  " + words.say(
        "kiosk.amount_limits", currency=currency,
        minimum_minor=prices.minimum_minor, maximum_minor=prices.maximum_minor,
    )  # fmt: skip


def _taxed_items(prices: PowerType) -> str:
    codes = [item.code for item in prices.sub_items if item.taxed]
    return ", ".join(codes + (["fixed"] if prices.fixed_minor else []))


def _price(words: Words, label: str, price_minor_per_mwh: int, currency: str) -> str:
    return f"{clean(label):<34} {words.price(price_minor_per_mwh, currency):>16}"


def _named(
    pack: TariffPack, season: str, period: str, step: int, prices: PowerType
) -> Iterator[str]:
    ends = [0, *prices.step_ends_wh]
    if step:
        yield step_range(ends, step)
    yield from (entry.label for entry in pack.seasons if entry.code == season)
    for entry in pack.periods:
        if entry.code == period:
            yield entry.label


def _whole(prices: PowerType) -> int:
    """The comprehensive price: all sub-items with their taxes, at their first price, rounded."""

    def scaled(item: SubItem) -> int:
        rates = [tax.rate_ppm for tax in prices.all_taxes() if prices.is_taxed(tax, item)]
        return item.price_minor_per_mwh * (PPM + sum(rates))

    return (2 * sum(scaled(item) for item in prices.sub_items) + PPM) // (2 * PPM)


def remark_lines(words: Words, pack: TariffPack) -> list[str]:
    """What may be right in a pack and is more often a slip: a tax below one percent, where 0.15 was
    typed for 15 percent."""
    return [
        words.say(
            "prices.rate_below_one", tax=clean(tax.label), power_type=clean(prices.label),
            rate_ppm=tax.rate_ppm,
        )
        for prices in pack.power_types
        for tax in prices.all_taxes()
        if 0 < tax.rate_ppm < _ONE_PERCENT_PPM
    ]  # fmt: skip


# --- what changes for whom --------------------------------------------------------------------


def change_lines(words: Words, currency: str, changes: list[Change]) -> list[str]:
    """For each power type and class: how many meters, and what three purchases cost then."""
    lines = []
    for change in changes:
        name = change.power_type + (f" / {change.customer_class}" if change.customer_class else "")
        lines.append(words.say("tariff.change", name=name, meters=change.meters))
        lines += [f"  {_example(words, currency, example)}" for example in change.examples]
    return lines


def _example(words: Words, currency: str, example: Example) -> str:
    now, then = example.now_minor, example.then_minor
    missing = words.say("tariff.not_for_sale")
    text = words.say(
        "tariff.example", energy_wh=example.energy_wh,
        now=missing if now is None else words.money(now, currency),
        then=missing if then is None else words.money(then, currency),
    )  # fmt: skip
    if now and then is not None:
        growth = (then - now) * 1000 // now
        text += f"  {'+' if growth >= 0 else '-'}{abs(growth) // 10}.{abs(growth) % 10} %"
    return text


def requoted_lines(words: Words, found: Requoted) -> list[str]:
    """What the money bought when it was shown, and what it buys now (E12)."""
    return [
        words.say(key, amount_minor=offer.quote.amount_minor, energy_wh=offer.quote.energy_wh)
        for key, offer in (
            ("kiosk.changed_before", found.before),
            ("kiosk.changed_now", found.now),
        )
    ]


def fault_sentence(words: Words, fault: Fault) -> str:
    """What is wrong in a tariff file, and what to write instead."""
    details = dict(fault.details)
    if "kind" in details:
        named = details.get("named", "")
        details["kind"] = words.say(f"tariff_kinds.{details['kind']}", named=named)
    return words.tariff_fault(fault.code, details)
