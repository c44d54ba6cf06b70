"""The verbs that amend: a customer's record, a meter's record, its shares; and readings.

An amendment names what stood there before; another counter that was faster makes it refused
(`record_changed`), so nobody overwrites what they have not seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kiosk.domain import registry_facts as facts
from kiosk.domain.fact import Fact
from kiosk.domain.registry import METER_DIGITS, Customer, Meter, check_number, power_type_at
from kiosk.domain.registry_changes import CUSTOMER_FIELDS, text_of
from kiosk.errors import Refusal
from kiosk.ledger.registry_records import Reading
from kiosk.till.desk import Desk
from kiosk.till.quote import retired
from kiosk.till.registration import (
    LARGEST_CAPACITY_W,
    LARGEST_READING_WH,
    bare,
    field_wrong,
    known_power_types,
    power_types_wrong,
)
from kiosk.till.tokens import reason_missing

SOURCES = ("card", "device", "hand")


def amend_customer(
    desk: Desk, account: str, field: str, text: str, reason: str
) -> Customer | Refusal:
    """Change one field of a customer's record: the record afterwards."""
    refused = desk.gate("registry") or reason_missing(reason)
    if refused is not None:
        return refused
    customer = desk.records.customer(account)
    if customer is None:
        return Refusal("unknown_account", {"account": account[:40]})
    if field not in CUSTOMER_FIELDS:
        return Refusal("unknown_field", {"field": field[:40], "known": ", ".join(CUSTOMER_FIELDS)})
    new, old = " ".join(text.split()), text_of(getattr(customer, field))
    refused = field_wrong(field, new)
    if refused is not None or new == old:
        return refused or Refusal("nothing_changed", {})
    change_id = desk.entropy.name()
    outcome = _write(
        desk,
        facts.CustomerAmended(
            change_id, account, field, old, new, reason.strip(), desk.operator
        ),
    )  # fmt: skip
    if isinstance(outcome, Refusal):
        return outcome
    amended = desk.records.customer(account)
    assert amended is not None
    return amended


def change_power_type(
    desk: Desk, number: str, power_type: str, reason: str, from_ms: int = 0
) -> Meter | Refusal:
    """Sell to a meter at another power type, now (0) or from a time on. Shares of the energy go by
    the power type of the meter: they are taken off before."""
    meter = meter_in_use(desk, number)
    refused = _refused(desk, meter, reason)
    if isinstance(meter, Refusal) or refused is not None:
        return refused or Refusal("unknown_meter", {"meter": number[:40]})
    wrong = power_types_wrong(known_power_types(desk), power_type, meter.shares)
    now_ms = desk.clock.now().time_ms
    if wrong is not None:
        return wrong
    if from_ms and from_ms <= now_ms:
        return Refusal("time_is_past", {"from_ms": from_ms})
    current = power_type_at(meter, now_ms)
    if power_type == current and not from_ms:
        return Refusal("nothing_changed", {})
    change = _meter(desk, meter, "power_type", power_type, meter.power_type, from_ms, reason)
    if from_ms and current != meter.power_type:  # the change before has come due meanwhile
        due = _meter(desk, meter, "power_type", current, meter.power_type, 0, reason)
        return _amended(desk, meter.number, [due, msgspec.structs.replace(change, old=current)])
    return _amended(desk, meter.number, [change])


def change_capacity(desk: Desk, number: str, capacity_w: int, reason: str) -> Meter | Refusal:
    """Another capacity of the supply, in watts (F052)."""
    if not 0 < capacity_w <= LARGEST_CAPACITY_W:
        return Refusal("bad_capacity", {"largest_kw": LARGEST_CAPACITY_W // 1000})
    return _change(desk, number, "capacity_w", capacity_w, reason)


def block(desk: Desk, number: str, reason: str) -> Meter | Refusal:
    """Sell nothing to a meter until it is unblocked."""
    return _change(desk, number, "blocked", True, reason)


def unblock(desk: Desk, number: str, reason: str) -> Meter | Refusal:
    """Sell to a meter again."""
    return _change(desk, number, "blocked", False, reason)


def set_shares(
    desk: Desk, number: str, shares: Sequence[tuple[str, int]], reason: str
) -> Meter | Refusal:
    """Share the energy of a meter over power types (F048), in millionths, its own first; none: no
    longer."""
    meter = meter_in_use(desk, number)
    refused = _refused(desk, meter, reason)
    if isinstance(meter, Refusal) or refused is not None:
        return refused or Refusal("unknown_meter", {"meter": number[:40]})
    new = list(shares)
    refused = power_types_wrong(known_power_types(desk), meter.power_type, new)
    if refused is not None or new == meter.shares:
        return refused or Refusal("nothing_changed", {})
    fact = facts.SharesSet(
        desk.entropy.name(), meter.number, meter.shares, new, reason.strip(), desk.operator
    )
    return _amended(desk, meter.number, [fact])


def read_meter(
    desk: Desk,
    number: str,
    reading_wh: int,
    remaining_wh: int | None = None,
    source: str = "hand",
    read_ms: int = 0,
) -> Reading | Refusal:
    """Write a reading down; `read_ms` 0 is now."""
    refused = desk.gate("registry")
    meter = refused or meter_known(desk, number)
    if isinstance(meter, Refusal):
        return meter
    now_ms = desk.clock.now().time_ms
    figures_sound = all(
        0 <= figure <= LARGEST_READING_WH for figure in (reading_wh, remaining_wh or 0)
    )
    if not figures_sound or not 0 <= read_ms <= now_ms:
        return Refusal("bad_reading", {})
    if source not in SOURCES:
        return Refusal("unknown_source", {"source": source[:40], "known": ", ".join(SOURCES)})
    fact = facts.MeterRead(
        desk.entropy.name(), meter.number, source, reading_wh, remaining_wh, read_ms or now_ms,
        desk.operator,
    )  # fmt: skip
    outcome = _write(desk, fact)
    if isinstance(outcome, Refusal):
        return outcome
    return desk.records.readings(1, meter=meter.number)[0]


# --- shared -----------------------------------------------------------------------------------


def meter_known(desk: Desk, number: str) -> Meter | Refusal:
    """A meter of the registry, whatever its state."""
    checked = check_number(bare(number), METER_DIGITS, "meter")
    if isinstance(checked, Refusal):
        return checked
    return desk.records.meter(checked) or Refusal("unknown_meter", {"meter": checked})


def meter_in_use(desk: Desk, number: str) -> Meter | Refusal:
    """A meter that was not taken out."""
    meter = meter_known(desk, number)
    if isinstance(meter, Refusal):
        return meter
    return retired(meter) if meter.retired else meter


def _refused(desk: Desk, meter: Meter | Refusal, reason: str) -> Refusal | None:
    refused = desk.gate("registry") or reason_missing(reason)
    return refused or (meter if isinstance(meter, Refusal) else None)


def _change(desk: Desk, number: str, field: str, value: int | bool, reason: str) -> Meter | Refusal:
    meter = meter_in_use(desk, number)
    refused = _refused(desk, meter, reason)
    if isinstance(meter, Refusal) or refused is not None:
        return refused or Refusal("unknown_meter", {"meter": number[:40]})
    if getattr(meter, field) == value:
        return Refusal("nothing_changed", {})
    old = text_of(getattr(meter, field))
    return _amended(
        desk, meter.number, [_meter(desk, meter, field, text_of(value), old, 0, reason)]
    )


def _meter(
    desk: Desk, meter: Meter, field: str, new: str, old: str, from_ms: int, reason: str
) -> facts.MeterAmended:
    return facts.MeterAmended(
        desk.entropy.name(), meter.number, field, old, new, from_ms, reason.strip(), desk.operator
    )


def _amended(desk: Desk, number: str, written: Sequence[Fact]) -> Meter | Refusal:
    outcome = _write(desk, *written)
    if isinstance(outcome, Refusal):
        return outcome
    meter = desk.records.meter(number)
    assert meter is not None, number
    return meter


def _write(desk: Desk, *written: Fact) -> list[int] | Refusal:
    outcome = desk.room_to_sell() or desk.journal.append(*written)
    if not isinstance(outcome, Refusal):
        desk.nudge()
    return outcome
