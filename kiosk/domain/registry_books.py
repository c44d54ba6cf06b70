"""The rules of the books for the registry: a balance moves with a meter, and nothing is created."""

from __future__ import annotations

from typing import Any

import msgspec

from kiosk.domain import chart
from kiosk.domain import registry_facts as facts
from kiosk.domain.credit_registers import ELECTRICITY, REGISTERS
from kiosk.domain.fact import Fact
from kiosk.domain.posting import Posting
from kiosk.domain.registry import METER_KINDS
from kiosk.domain.registry_changes import CUSTOMER_FIELDS, METER_FIELDS, value_of
from kiosk.domain.tariff_pack import PPM
from kiosk.errors import Refusal


def _wrong(number: str) -> Refusal:
    return Refusal("record_does_not_add_up", {"number": number[:40]})


def _registered(_books: object, fact: facts.CustomerRegistered) -> list[Posting] | Refusal:
    return [] if fact.account and fact.name else _wrong(fact.account)


def _amended(_books: object, fact: facts.CustomerAmended) -> list[Posting] | Refusal:
    return [] if fact.field in CUSTOMER_FIELDS else _wrong(fact.account)


def _installed(_books: object, fact: facts.MeterInstalled) -> list[Posting] | Refusal:
    sound = fact.kind in METER_KINDS and fact.phases in {1, 3}
    sound = sound and fact.capacity_w >= 0 and fact.reading_wh >= 0
    sound = sound and fact.register in REGISTERS
    sound = sound and (fact.register == ELECTRICITY or fact.kind == "keypad")
    return [] if sound and bool(fact.card) == bool(fact.card_serial) else _wrong(fact.meter)


def _meter_amended(_books: object, fact: facts.MeterAmended) -> list[Posting] | Refusal:
    known = fact.field in (*METER_FIELDS, "account")
    known = known and (fact.field == "power_type" or not fact.from_ms)
    if not known or fact.from_ms < 0:
        return _wrong(fact.meter)
    try:
        value_of("meter", fact.field, fact.new)
    except msgspec.MsgspecError:
        return _wrong(fact.meter)
    return []


def _shares(_books: object, fact: facts.SharesSet) -> list[Posting] | Refusal:
    parts = [share for _, share in fact.new]
    sound = not parts or (min(parts) > 0 and sum(parts) == PPM)
    return [] if sound else _wrong(fact.meter)


def _read(_books: object, fact: facts.MeterRead) -> list[Posting] | Refusal:
    sound = fact.reading_wh >= 0 and (fact.remaining_wh is None or fact.remaining_wh >= 0)
    return [] if sound else _wrong(fact.meter)


def _replaced(_books: object, fact: facts.MeterReplaced) -> list[Posting] | Refusal:
    """What was in the old meter is moved as energy, or as money: one of the two and all of it."""
    left, moved, rounded = fact.remaining_wh, fact.moved_wh, fact.rounded_wh
    figures = (left, moved, rounded, fact.worth_minor, fact.kept_minor, fact.reading_wh)
    if min(figures) < 0 or fact.meter == fact.new_meter:
        return _wrong(fact.meter)
    if moved and (moved - rounded != left or fact.worth_minor):
        return _wrong(fact.meter)
    if not moved and rounded:
        return _wrong(fact.meter)
    return [posting for posting in _balance_moved(fact) if posting.amount]


def _balance_moved(fact: facts.MeterReplaced) -> list[Posting]:
    energy, money = chart.ENERGY_CURRENCY, fact.currency
    onward = chart.ENERGY_IN_TRANSFER if fact.moved_wh else chart.ENERGY_TAKEN_BACK
    kept = fact.kept_minor
    return [
        Posting(chart.meter_energy(fact.meter), energy, -fact.remaining_wh, "posted"),
        Posting(chart.ROUNDING, energy, -fact.rounded_wh, "posted"),
        Posting(onward, energy, fact.remaining_wh + fact.rounded_wh, "posted"),
        Posting(chart.revenue("energy_taken_back"), money, fact.worth_minor, "posted"),
        Posting(chart.meter_account(fact.meter), money, kept, "posted"),
        Posting(chart.meter_account(fact.new_meter), money, -kept - fact.worth_minor, "posted"),
    ]


def _cancelled(_books: object, fact: facts.MeterCancelled) -> list[Posting] | Refusal:
    if fact.remaining_wh < 0 or fact.reading_wh < 0:
        return _wrong(fact.meter)
    if not fact.remaining_wh:
        return []
    left, energy = fact.remaining_wh, chart.ENERGY_CURRENCY
    return [
        Posting(chart.meter_energy(fact.meter), energy, -left, "posted"),
        Posting(chart.ENERGY_TAKEN_BACK, energy, left, "posted"),
    ]


RULES: dict[type[Fact], Any] = {
    facts.CustomerRegistered: _registered,
    facts.CustomerAmended: _amended,
    facts.MeterInstalled: _installed,
    facts.MeterAmended: _meter_amended,
    facts.SharesSet: _shares,
    facts.MeterRead: _read,
    facts.MeterReplaced: _replaced,
    facts.MeterCancelled: _cancelled,
}
