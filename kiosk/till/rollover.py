"""A meter whose base date has run out is led through its roll-over before it can buy (E26), and one
whose key change was made and not confirmed is asked about before it pays.

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
    """A meter that needs one; `record` is the set that was made for it and not confirmed yet.

    `must` false: its key still sells, and nobody knows whether the meter has taken that set. A
    token under the old key works only while it has not.
    """

    meter: Meter
    record: TokenRecord | None
    may: bool
    must: bool = True

    def refusal(self) -> Refusal:
        """Why the meter cannot buy now, or not without an answer."""
        if not self.must and self.record is not None:
            waiting = {"meter": self.meter.number, "issue": self.record.committed.issue_id}
            return Refusal("key_change_waiting", dict(waiting))
        details: dict[str, str | int] = {
            "meter": self.meter.number, "base_date": self.meter.base_date
        }  # fmt: skip
        return Refusal("rollover_due", details)


def due(desk: Desk, meter: Meter) -> RollOver | None:
    """Whether `meter` must be rolled over before it can buy, or has a key change that nobody has
    confirmed; `may` is whether this operator can begin or confirm it."""
    if meter.kind != "keypad":
        return None
    must = is_used_up(desk.clock.now().time_ms, meter.base_date)
    record = _made(desk, meter)
    if not must and record is None:
        return None
    return RollOver(meter, record, desk.gate("keys") is None, must)


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
