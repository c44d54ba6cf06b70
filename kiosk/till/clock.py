"""The verb that confirms the time: two persons say that a clock in doubt is right (E08)."""

from __future__ import annotations

import msgspec

from kiosk.domain.store_facts import ClockConfirmed
from kiosk.errors import Refusal
from kiosk.ports import Moment, TrustedClock
from kiosk.till.desk import Desk
from kiosk.till.operators import second_person


class ClockState(msgspec.Struct, frozen=True):
    """The clock as it is shown; `highest_ms` is the highest time that was committed."""

    time_ms: int
    quality: str
    doubt: str
    highest_ms: int


def clock_state(desk: Desk) -> ClockState:
    """How the clock stands."""
    moment = desk.clock.now()
    return ClockState(moment.time_ms, moment.quality, moment.doubt, desk.records.highest_time_ms())


def confirm_clock(desk: Desk, second: str, pin: str) -> Moment | Refusal:
    """Believe the clock from now on; the other person gives name and PIN."""
    refused = desk.gate("clock")
    if refused is not None:
        return refused
    before = clock_state(desk)
    if before.quality != "doubtful":
        return Refusal("clock_not_in_doubt")
    agreed = second_person(desk, second, pin, "clock")
    if isinstance(agreed, Refusal):
        return agreed
    said = before.doubt or "back"
    fact = ClockConfirmed(desk.operator, agreed, said, before.highest_ms)
    outcome = desk.journal.append(fact)
    if isinstance(outcome, Refusal):
        return outcome
    if isinstance(desk.clock, TrustedClock):
        desk.clock.confirm()
    return desk.clock.now()
