"""The verbs that open an account: a customer, a meter with its installation record, a card.

One commit for all of it. What is registered at a cut-off terminal is a fact like any other; the
centre merges it (docs/protocol.md, The registry).
"""

from __future__ import annotations

import sys

import msgspec

from kiosk.domain import registry_facts as facts
from kiosk.domain.credit_registers import ELECTRICITY, REGISTERS
from kiosk.domain.fact import Fact
from kiosk.domain.registry import (
    CARD_DIGITS,
    METER_DIGITS,
    METER_KINDS,
    Customer,
    Meter,
    check_number,
    shares_wrong,
)
from kiosk.domain.registry_slip import RegistrySlip
from kiosk.domain.vending_keys import VendorKey, newest_of, newest_usable
from kiosk.errors import CardFault, Refusal
from kiosk.till import registry_slips
from kiosk.till.desk import Desk
from kiosk.till.meter_key import held_keys
from kiosk.till.new_meter import NewMeter
from kiosk.till.suspicions import unreadable
from kiosk.till.tenants import handing_on_facts, left_behind

#: Accounts begin here where none is known; in a home that knows some, above the highest.
_FIRST_ACCOUNT = 20_000_001
_LONGEST = {"account": 20, "name": 60, "address": 80, "phone": 20, "customer_class": 40, "area": 40}
LARGEST_CAPACITY_W = 10_000_000
#: Nine digits of kWh: more than any register has.
LARGEST_READING_WH = 10**12


class Opened(msgspec.Struct, frozen=True):
    """What was opened, and its slip."""

    customer: Customer
    meter: Meter | None
    slip: RegistrySlip


def open_account(desk: Desk, customer: Customer, meter: NewMeter | None) -> Opened | Refusal:
    """Register a customer and, with it, a meter. An empty account number takes the next free one.

    Nothing is written when anything is refused.
    """
    refused = desk.gate("registry") or desk.room_to_sell()
    if refused is not None:
        return refused
    tidy = tidy_customer(desk, customer)
    if isinstance(tidy, Refusal):
        return tidy
    written: list[Fact] = [registered(desk, tidy, "counter")]
    if meter is not None:
        installed = meter_facts(desk, rules_of(desk), tidy.account, meter)
        if isinstance(installed, Refusal):
            return installed
        written += installed
    return _opened(desk, written, tidy, meter)


def add_meter(desk: Desk, account: str, meter: NewMeter) -> Opened | Refusal:
    """Install a further meter for a customer who is known, or hand on one that a customer who has
    left had there (a change of tenant)."""
    refused = desk.gate("registry") or desk.room_to_sell()
    if refused is not None:
        return refused
    customer = desk.records.customer(account)
    if customer is None:
        return Refusal("unknown_account", {"account": account[:40]})
    installed = meter_facts(desk, rules_of(desk), account, meter)
    if isinstance(installed, Refusal):
        return installed
    return _opened(desk, installed, customer, meter)


def meter_facts(
    desk: Desk, rules: Rules, account: str, new: NewMeter, source: str = "counter"
) -> list[Fact] | Refusal:
    """The facts of a meter that is new here, or was left behind by the customer before."""
    known = left_behind(desk, new.number)
    if known is None or known.account == account:
        return installed_facts(desk, rules, account, new, source)
    return _meter_wrong(rules, new) or handing_on_facts(desk, known, account, new)


def _opened(
    desk: Desk, written: list[Fact], customer: Customer, meter: NewMeter | None
) -> Opened | Refusal:
    outcome = desk.journal.append(*written)
    if isinstance(outcome, Refusal):
        taken = desk.records.customer(customer.account) is not None
        if outcome.code == "exists_with_different_content" and taken:
            return Refusal("account_exists", {"account": customer.account})
        return outcome
    desk.nudge()
    record = desk.records.meter(bare(meter.number)) if meter is not None else None
    slip = registry_slips.account(desk, customer, record, outcome[0])
    return Opened(customer, record, slip)


# --- the customer -----------------------------------------------------------------------------


def tidy_customer(desk: Desk, customer: Customer) -> Customer | Refusal:
    """The record without stray spaces, its account filled in; refused when it cannot stand."""
    values = {
        name: " ".join(str(getattr(customer, name)).split()) for name in _LONGEST
    }  # fmt: skip
    values["account"] = values["account"] or next_account(desk)
    for name, longest in _LONGEST.items():
        refused = field_wrong(name, values[name], longest)
        if refused is not None:
            return refused
    return Customer(opening_debt_minor=0, **values)


def field_wrong(name: str, text: str, longest: int = 0) -> Refusal | None:
    """Why `text` cannot stand in a customer's field."""
    longest = longest or _LONGEST[name]
    if len(text) > longest or not text.isprintable():
        return Refusal("field_too_long", {"field": name, "longest": longest})
    if name in {"account", "name"} and len(text) < 2:
        return Refusal("field_too_short" if text else "field_missing", {"field": name})
    if name == "account" and not (text.isascii() and text.isalnum()):
        return Refusal("bad_account_number", {"account": text})
    return None


def next_account(desk: Desk) -> str:
    """The next free number that is this terminal's own: cut-off terminals never give the same."""
    highest = desk.records.highest_account()
    wanted = max(int(highest) + 1 if highest else 0, _FIRST_ACCOUNT)
    lane = desk.lane()
    return str(wanted + (lane.residue - wanted) % lane.lanes)


def registered(desk: Desk, customer: Customer, source: str) -> facts.CustomerRegistered:
    """The fact of a registration."""
    return facts.CustomerRegistered(
        customer.account, customer.name, customer.address, customer.phone, customer.customer_class,
        customer.area, desk.operator, source,
    )  # fmt: skip


# --- the meter --------------------------------------------------------------------------------


class Rules(msgspec.Struct, frozen=True):
    """What a meter is checked against: the prices and vending keys that are here at `now_ms`."""

    power_types: list[str]
    keys: list[VendorKey] | Refusal
    now_ms: int


def rules_of(desk: Desk) -> Rules:
    """The rules now; a file of many meters asks for them once."""
    return Rules(known_power_types(desk), held_keys(desk), desk.clock.now().time_ms)


def installed_facts(
    desk: Desk, rules: Rules, account: str, new: NewMeter, source: str = "counter"
) -> list[Fact] | Refusal:
    """The facts of an installation: the meter, and the shares of its energy where there are any."""
    number = check_number(new.number, METER_DIGITS, "meter")
    if isinstance(number, Refusal):
        return number
    refused = _meter_wrong(rules, new)
    if refused is None and desk.records.is_closed(account):
        refused = Refusal("account_closed", {"account": account})
    if refused is not None:
        return refused
    card = _card(desk, new)
    key = vending_key(rules, new) if new.kind == "keypad" else _NO_KEY
    for outcome in (card, key):
        if isinstance(outcome, Refusal):
            return outcome
    assert not isinstance(card, Refusal) and not isinstance(key, Refusal)
    written: list[Fact] = [
        facts.MeterInstalled(
            number, account, new.kind, new.power_type, new.phases, new.capacity_w,
            key.supply_group, key.key_revision, new.tariff_index, key.key_type, key.algorithm,
            key.base_date, *card, new.place, new.installed_on, new.reading_wh, new.seals,
            desk.operator, source, sys.intern(new.register),
        )
    ]  # fmt: skip
    if new.shares:
        # The id is that of the meter: a file that is brought in again says the same again.
        change_id = f"installed-{number}"
        written.append(
            facts.SharesSet(change_id, number, [], new.shares, "installation", desk.operator)
        )
    return written


def _meter_wrong(rules: Rules, new: NewMeter) -> Refusal | None:
    if new.kind not in METER_KINDS:
        return Refusal("unknown_meter_kind", {"kind": new.kind[:40]})
    if new.register not in REGISTERS:
        known = ", ".join(REGISTERS)
        return Refusal("unknown_register", {"register": new.register[:40], "known": known})
    if new.register != ELECTRICITY and (new.kind != "keypad" or new.shares):
        return Refusal("register_needs_keypad", {"meter": new.number[:40]})
    if new.phases not in {1, 3}:
        return Refusal("bad_phases", {"phases": new.phases})
    if not 0 <= new.capacity_w <= LARGEST_CAPACITY_W:
        return Refusal("bad_capacity", {"largest_kw": LARGEST_CAPACITY_W // 1000})
    if not 0 <= new.reading_wh <= LARGEST_READING_WH:
        return Refusal("bad_reading", {})
    if not 0 <= new.tariff_index <= 99:
        return Refusal("bad_tariff_index", {})
    if new.installed_on and not is_date(new.installed_on):
        return Refusal("bad_date", {"text": new.installed_on[:40]})
    return power_types_wrong(rules.power_types, new.power_type, new.shares)


def known_power_types(desk: Desk) -> list[str]:
    """The power types that can be sold at."""
    found = desk.records.tariff()
    return [entry.code for entry in found[1].power_types] if found else []


def power_types_wrong(
    known: list[str], power_type: str, shares: list[tuple[str, int]]
) -> Refusal | None:
    """Why a meter cannot be sold at this power type and shares."""
    for name in (power_type, *(name for name, _ in shares)):
        if name not in known:
            return Refusal(
                "unknown_power_type", {"power_type": name[:40], "known": ", ".join(known)}
            )
    return Refusal("shares_wrong", {}) if shares_wrong(shares, power_type, known) else None


def is_date(text: str) -> bool:
    """Whether `text` is a date of the calendar, YYYY-MM-DD."""
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


#: What stands in the record of a card meter, which needs no vending key.
_NO_KEY = VendorKey("123456", 1, 2, 2014, "07", "")


def vending_key(rules: Rules, new: NewMeter) -> VendorKey | Refusal:
    """The newest key of the meter's supply group that may be used now, or the key that is named;
    the only group where no group is. A meter that nothing here could sell to is not registered."""
    if isinstance(rules.keys, Refusal):
        return rules.keys
    groups = sorted({key.supply_group for key in rules.keys})
    group = new.supply_group or (groups[0] if len(groups) == 1 else "")
    held = [key for key in rules.keys if key.supply_group == group]
    if not held:
        shown = ", ".join(groups)
        return Refusal("unknown_supply_group", {"supply_group": group[:40], "known": shown})
    if new.key_revision or new.base_date:
        return _key_named(rules, held, new)
    return newest_usable(held, rules.now_ms)


def _key_named(rules: Rules, held: list[VendorKey], new: NewMeter) -> VendorKey | Refusal:
    """The key that a meter brings with it. One that sells no more, such as that of base date 1993,
    is good when a key of its kind is there to which the meter can be changed (E26)."""
    named = [
        key
        for key in held
        if new.key_revision in {0, key.key_revision} and new.base_date in {0, key.base_date}
    ]
    if not named:
        known = ", ".join(sorted({f"{key.key_revision}/{key.base_date}" for key in held}))
        details: dict[str, str | int] = {"supply_group": held[0].supply_group, "known": known}
        return Refusal("unknown_meter_key", details)
    key = newest_of(named)
    kind = [one for one in held if (one.key_type, one.algorithm) == (key.key_type, key.algorithm)]
    usable = newest_usable(kind, rules.now_ms)
    return usable if isinstance(usable, Refusal) else key


def _card(desk: Desk, new: NewMeter) -> tuple[str, str] | Refusal:
    """Number and serial of the card of a card meter; the serial is that of the card inside."""
    if new.kind != "card":
        return "", ""
    number = check_number(new.card, CARD_DIGITS, "card")
    if isinstance(number, Refusal):
        return number
    if new.card_serial:
        return number, new.card_serial
    try:
        if desk.reader is None or not desk.reader.present():
            return Refusal("no_card")
        return number, desk.reader.read().serial
    except CardFault as error:
        return unreadable(error)


def bare(number: str) -> str:
    """A number without the spaces that people type."""
    return number.replace(" ", "")
