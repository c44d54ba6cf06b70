"""What a ccTalk bill validator says, in the words of the port: note values, events, the counter.

The event counter of the device is 0 only after a reset and runs 1..255, then 1 again. A reply to
command 159 carries the counter and the five newest events. From two counters follows how many
events are new: up to 254 can be told apart; a whole round of 255 events looks like none, which a
poll every 200 ms rules out and a night without power does not produce either.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from kiosk.domain.money import LARGEST_MINOR, decimals
from kiosk.ports import CashEvent, CashKind

REMEMBERED_EVENTS = 5
POLL_BYTES = 1 + 2 * REMEMBERED_EVENTS

#: Second byte of an event whose first byte is 0 (ccTalk 4.7, bill events). A note that went into
#: the box without a value is `lost`: there is money that nobody can count (E22).
_STATUS: dict[int, tuple[CashKind, str]] = {
    0: ("rejected", "acceptor disabled"),
    1: ("returned", "returned from escrow"),
    2: ("rejected", "not recognised"),
    3: ("rejected", "transport problem"),
    4: ("rejected", "value not taken"),
    5: ("rejected", "value switched off at the device"),
    6: ("jam", "note jammed within reach"),
    7: ("jam", "note jammed at the box"),
    8: ("fraud", "note pulled back"),
    9: ("fraud", "tampering"),
    10: ("back", "box in order"),
    11: ("removed", "box removed"),
    12: ("back", "box inserted"),
    13: ("jam", "box faulty"),
    14: ("full", "box full"),
    15: ("jam", "box jammed"),
    16: ("jam", "note jammed out of reach"),
    17: ("fraud", "light barrier tricked"),
    18: ("fraud", "note on a string"),
    19: ("jam", "string guard faulty"),
    20: ("rejected", "bar code instead of a note"),
    21: ("lost", "note of unknown value stacked"),
}


#: What a self-check of a bill validator finds (ccTalk part 3, fault codes); 0 is nothing.
_FAULTS = {
    36: "sensor faulty",
    37: "motor faulty",
    38: "box faulty",
    39: "note jammed",
    41: "string guard faulty",
    42: "mouth stuck open",
    43: "mouth stuck closed",
    44: "box removed",
    45: "box full",
}


class Bill(msgspec.Struct, frozen=True):
    """A note type as the device names it: `CCVVVVI`, country, value before scaling, issue."""

    country: str
    value: int
    issue: str


class Scaling(msgspec.Struct, frozen=True):
    """How the values of a country are meant: value x `factor` has `decimals` decimals."""

    factor: int
    decimals: int


class Poll(msgspec.Struct, frozen=True):
    """An answer to command 159: the counter and the events (a, b), newest first."""

    counter: int
    events: tuple[tuple[int, int], ...]


def check_said(code: int) -> str:
    """The fault that a self-check found, in a few words; "" for none."""
    return _FAULTS.get(code, f"fault {code}") if code else ""


def parse_bill(reply: bytes) -> Bill | None:
    """The note type in an answer to command 157; None for a place that is not programmed."""
    text = reply.decode("ascii", "replace")
    if len(text) != 7 or not (text[:2].isascii() and text[:2].isalpha()):
        return None
    if not (text[2:6].isascii() and text[2:6].isdecimal()) or int(text[2:6]) == 0:
        return None
    return Bill(text[:2].upper(), int(text[2:6]), text[6])


def parse_scaling(reply: bytes) -> Scaling | None:
    """The scaling in an answer to command 156; None for a country that the device does not know."""
    if len(reply) != 3 or reply[:2] == b"\x00\x00":
        return None
    return Scaling(reply[0] | reply[1] << 8, reply[2])


def bill_amount_minor(bill: Bill, scaling: Scaling, currency: str) -> int | None:
    """Minor units of `currency`; None when that is no whole number, or absurdly large."""
    scaled = bill.value * scaling.factor
    shift = decimals(currency) - scaling.decimals
    amount_minor, rest = divmod(scaled * 10 ** max(shift, 0), 10 ** max(-shift, 0))
    return None if rest or not 0 < amount_minor <= LARGEST_MINOR else amount_minor


def parse_poll(reply: bytes) -> Poll | None:
    """The counter and events in an answer to command 159; None when it is none."""
    if len(reply) != POLL_BYTES:
        return None
    pairs = tuple((reply[at], reply[at + 1]) for at in range(1, POLL_BYTES, 2))
    return Poll(reply[0], pairs)


def count_new(last: int, now: int) -> int:
    """How many events lie between two readings of the counter (`now` is not 0)."""
    assert 0 <= last <= 255, last
    assert 1 <= now <= 255, now
    return now if last == 0 else (now - last) % 255


def counter_back(counter: int, steps: int) -> int:
    """The counter `steps` events ago."""
    return (counter - steps - 1) % 255 + 1


def unread(poll: Poll, last: int, amounts_minor: Mapping[int, int]) -> list[CashEvent]:
    """The events after counter `last`, oldest first; `lost` first when some cannot be known.

    `amounts_minor` has the value of each note type, from 1. A counter of 0 after another one means
    that the device was reset: what happened between is not known, so that is `lost` too.
    """
    if poll.counter == 0:
        return [] if last == 0 else [CashEvent("lost", reason="device was reset")]
    new = count_new(last, poll.counter)
    events = [
        _event(poll.events[age], counter_back(poll.counter, age), amounts_minor)
        for age in reversed(range(min(new, REMEMBERED_EVENTS)))
    ]
    if new > REMEMBERED_EVENTS:
        counter = counter_back(poll.counter, REMEMBERED_EVENTS)
        reason = f"{new - REMEMBERED_EVENTS} events not remembered"
        events.insert(0, CashEvent("lost", counter=counter, reason=reason))
    return events


def _event(pair: tuple[int, int], counter: int, amounts_minor: Mapping[int, int]) -> CashEvent:
    bill, code = pair
    if bill == 0 and code in _STATUS:
        kind, reason = _STATUS[code]
        return CashEvent(kind, counter=counter, reason=reason)
    amount_minor = amounts_minor.get(bill)
    if amount_minor is None or code > 1:
        return CashEvent("lost", counter=counter, reason=f"event {bill}/{code} not understood")
    return CashEvent("stacked" if code == 0 else "escrow", amount_minor, counter)
