"""What a fact changes in the registry, as one list of changes that every level can apply.

The same changes draw the tables of a terminal, the amendment file and the registry of a centre. A
value is text: as it is where the field is text, JSON elsewhere.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar, get_type_hints

import msgspec

from kiosk.domain import registry_facts as facts
from kiosk.domain.fact import Fact
from kiosk.domain.registry import Card, Customer, Meter
from kiosk.domain.token_facts import MeterKeyChanged

Record = TypeVar("Record", bound=Customer | Meter | Card)

#: The field of the change that makes a record; its new value is the whole record as JSON.
REGISTERED = "registered"

#: What may be amended by hand, and in this order on every screen.
CUSTOMER_FIELDS = ("name", "address", "phone", "customer_class", "area")
METER_FIELDS = ("power_type", "capacity_w", "blocked")

KINDS: dict[str, type[Customer | Meter | Card]] = {
    "customer": Customer, "meter": Meter, "card": Card,
}  # fmt: skip


class Change(msgspec.Struct, frozen=True):
    """One field of one record: `subject` is customer, meter or card, `number` its number."""

    subject: str
    number: str
    field: str
    old: str
    new: str


def text_of(value: Any) -> str:
    """The text of a field's value."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def value_of(subject: str, field: str, text: str) -> Any:
    """The value of a field from its text. Raises msgspec.MsgspecError for text that is none."""
    kind = _types_of(subject)[field]
    return text if kind is str else msgspec.json.decode(text, type=kind)


@cache
def _types_of(subject: str) -> dict[str, Any]:
    return get_type_hints(KINDS[subject])


def applied(record: Record, change: Change) -> Record:
    """`record` after `change` of one of its fields."""
    value = value_of(change.subject, change.field, change.new)
    return msgspec.structs.replace(record, **{change.field: value})


def registered(change: Change) -> Customer | Meter | Card:
    """The record that a change with the field REGISTERED makes."""
    assert change.field == REGISTERED
    return msgspec.json.decode(change.new, type=KINDS[change.subject])


def changes_of(fact: Fact) -> list[Change]:
    """What `fact` changes; nothing for a fact that is not about the registry."""
    made = _CHANGES.get(type(fact))
    return made(fact) if made is not None else []


def _customer(fact: facts.CustomerRegistered) -> list[Change]:
    customer = Customer(
        fact.account, fact.name, fact.address, fact.phone,
        customer_class=fact.customer_class, area=fact.area,
    )  # fmt: skip
    return [Change("customer", fact.account, REGISTERED, "", text_of(customer))]


def _amended(fact: facts.CustomerAmended) -> list[Change]:
    return [Change("customer", fact.account, fact.field, fact.old, fact.new)]


def _installed(fact: facts.MeterInstalled) -> list[Change]:
    meter = Meter(
        fact.meter, fact.account, fact.kind, fact.power_type, phases=fact.phases,
        supply_group=fact.supply_group, key_revision=fact.key_revision,
        tariff_index=fact.tariff_index, key_type=fact.key_type, algorithm=fact.algorithm,
        base_date=fact.base_date, capacity_w=fact.capacity_w, register=fact.register,
    )  # fmt: skip
    made = [Change("meter", fact.meter, REGISTERED, "", text_of(meter))]
    if fact.card:
        card = Card(fact.card, fact.card_serial, fact.meter)
        made.append(Change("card", fact.card, REGISTERED, "", text_of(card)))
    return made


def _meter_amended(fact: facts.MeterAmended) -> list[Change]:
    at_once = Change("meter", fact.meter, fact.field, fact.old, fact.new)
    if fact.field != "power_type":
        return [at_once]
    if not fact.from_ms:  # and what was to come later is off
        return [at_once, Change("meter", fact.meter, "next_power_type", "", "")]
    return [
        Change("meter", fact.meter, "next_power_type", fact.old, fact.new),
        Change("meter", fact.meter, "next_power_type_ms", "", text_of(fact.from_ms)),
    ]


def _shares(fact: facts.SharesSet) -> list[Change]:
    return [Change("meter", fact.meter, "shares", text_of(fact.old), text_of(fact.new))]


def _replaced(fact: facts.MeterReplaced) -> list[Change]:
    return [
        Change("meter", fact.meter, "retired", "false", "true"),
        Change("meter", fact.meter, "replaced_by", "", fact.new_meter),
    ]


def _cancelled(fact: facts.MeterCancelled) -> list[Change]:
    return [Change("meter", fact.meter, "retired", "false", "true")]


def _key_changed(fact: MeterKeyChanged) -> list[Change]:
    place = msgspec.structs.asdict(fact.place)
    return [Change("meter", fact.meter, name, "", text_of(value)) for name, value in place.items()]


_CHANGES: dict[type[Fact], Any] = {
    facts.CustomerRegistered: _customer,
    facts.CustomerAmended: _amended,
    facts.MeterInstalled: _installed,
    facts.MeterAmended: _meter_amended,
    facts.SharesSet: _shares,
    facts.MeterReplaced: _replaced,
    facts.MeterCancelled: _cancelled,
    MeterKeyChanged: _key_changed,
}
