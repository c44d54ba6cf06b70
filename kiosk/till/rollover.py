"""A meter whose base date has run out is led through its roll-over before it can buy (E26).

The key change is an operator's own act and never part of a sale: the tokens are made, all of them
are typed, somebody confirms it, and then the meter buys.
"""

from __future__ import annotations

import msgspec

from kiosk.domain import special_tokens
from kiosk.domain.record import TokenRecord
from kiosk.domain.registry import Meter
from kiosk.domain.special_tokens import KeyChangeRequest
from kiosk.domain.token import is_used_up
from kiosk.errors import Refusal
from kiosk.till import keys
from kiosk.till.desk import Desk


class RollOver(msgspec.Struct, frozen=True):
    """A meter that needs one; `record` is the set that was made for it and not confirmed yet."""

    meter: Meter
    record: TokenRecord | None
    may: bool

    def refusal(self) -> Refusal:
        """Why the meter cannot buy now."""
        details: dict[str, str | int] = {
            "meter": self.meter.number, "base_date": self.meter.base_date
        }  # fmt: skip
        return Refusal("rollover_due", details)


def due(desk: Desk, meter: Meter) -> RollOver | None:
    """Whether `meter` must be rolled over before it can buy; `may` is whether this operator can
    begin it."""
    if meter.kind != "keypad" or not is_used_up(desk.clock.now().time_ms, meter.base_date):
        return None
    return RollOver(meter, _made(desk, meter), desk.gate("keys") is None)


def begin(desk: Desk, found: RollOver, reason: str) -> TokenRecord | Refusal:
    """The key change tokens: those that were made already, or made now."""
    return found.record or keys.change_key(desk, found.meter.number, reason)


def _made(desk: Desk, meter: Meter) -> TokenRecord | None:
    place = special_tokens.place_of(meter)
    for record in desk.records.key_changes_of(meter.number):
        request = record.committed.request
        open_ = record.state == "issued" and record.key_changed is None
        if open_ and isinstance(request, KeyChangeRequest) and request.old == place:
            return record
    return None
