"""A change of tenant: the meter of a customer who has left goes to the next one, and stays there.

Number, kind, key and register stay as known. The sales and debts of the customer who left stay
theirs; the next one begins at another account, with the power type and shares that are agreed now.
"""

from __future__ import annotations

from kiosk.domain import registry_facts as facts
from kiosk.domain.fact import Fact
from kiosk.domain.registry import Meter
from kiosk.domain.registry_changes import text_of
from kiosk.errors import Refusal
from kiosk.till.desk import Desk
from kiosk.till.greet import unfinished_of
from kiosk.till.new_meter import NewMeter

#: Stands in the amendment file beside what a change of tenant amends.
_REASON = "change of tenant"


def left_behind(desk: Desk, number: str) -> Meter | None:
    """The meter with this number when its customer has left."""
    meter = desk.records.meter(number.replace(" ", ""))
    return meter if meter is not None and desk.records.is_closed(meter.account) else None


def handing_on_facts(desk: Desk, meter: Meter, account: str, new: NewMeter) -> list[Fact] | Refusal:
    """The facts of a meter that goes from a customer who has left to `account`. What is typed of it
    must be as it is known; its power type, shares and a capacity are those of `new`."""
    if meter.retired:
        return Refusal("retired_meter", {"meter": meter.number})
    unfinished = unfinished_of(desk, meter.number)
    if unfinished is not None:
        return Refusal("sale_in_doubt_for_meter", {"sale": unfinished.committed.sale_id})
    refused = _differs(desk, meter, new)
    if refused is not None:
        return refused
    written: list[Fact] = [_amended(desk, meter, "account", account)]
    if new.power_type != meter.power_type or meter.next_power_type:
        written.append(_amended(desk, meter, "power_type", new.power_type))
    if new.capacity_w not in (0, meter.capacity_w):
        written.append(_amended(desk, meter, "capacity_w", text_of(new.capacity_w)))
    if new.shares != meter.shares:
        change_id = desk.entropy.name()
        written.append(
            facts.SharesSet(
                change_id, meter.number, meter.shares, new.shares, _REASON, desk.operator
            )
        )
    if new.reading_wh:
        written.append(_reading(desk, meter, new.reading_wh))
    return written


def _differs(desk: Desk, meter: Meter, new: NewMeter) -> Refusal | None:
    """Why this is not the meter that is known: what is left out agrees."""
    card = desk.records.card(meter=meter.number)
    known = {
        "kind": (new.kind, meter.kind),
        "register": (new.register, meter.register),
        "supply_group": (new.supply_group, meter.supply_group),
        "key_revision": (new.key_revision, meter.key_revision),
        "base_date": (new.base_date, meter.base_date),
        "card": (new.card.replace(" ", ""), card.number if card is not None else ""),
    }
    for field, (typed, stands) in known.items():
        if typed and typed != stands:
            return Refusal("meter_differs", {"meter": meter.number, "field": field})
    return None


def _amended(desk: Desk, meter: Meter, field: str, value: str) -> facts.MeterAmended:
    return facts.MeterAmended(
        desk.entropy.name(), meter.number, field, text_of(getattr(meter, field)), value, 0,
        _REASON, desk.operator,
    )  # fmt: skip


def _reading(desk: Desk, meter: Meter, reading_wh: int) -> facts.MeterRead:
    return facts.MeterRead(
        desk.entropy.name(), meter.number, "hand", reading_wh, None,
        desk.clock.now().time_ms, desk.operator,
    )  # fmt: skip
