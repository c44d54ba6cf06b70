"""The bill validator over ccTalk: the port CashIn (ccTalk generic specification 4.7).

The device polls nobody: it is asked every `poll_s` while somebody is in `wait`, and the worker that
owns it stays in `wait`. What it was told (values, enabled or not) is told again after every loss,
because a device that had no power has forgotten it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

import msgspec

from drivers.cash.cctalk_events import (
    POLL_BYTES,
    Bill,
    Poll,
    bill_amount_minor,
    check_said,
    parse_bill,
    parse_poll,
    parse_scaling,
    unread,
)
from drivers.cash.cctalk_frames import BILL_VALIDATOR, Check
from drivers.cash.cctalk_line import CctalkLine
from kiosk.errors import CashFault
from kiosk.ports import CashEvent

SIMPLE_POLL, MANUFACTURER, CATEGORY, PRODUCT, SERIAL, BUILD = 254, 246, 245, 244, 242, 192
SELF_CHECK = 232
INHIBIT_MASK, MASTER_INHIBIT, BILL_MODE = 231, 228, 153
READ_EVENTS, BILL_NAME, SCALING, ROUTE = 159, 157, 156, 154

RETURN, STACK = b"\x00", b"\x01"
ESCROW_EMPTY = 254
STACKER_AND_ESCROW = b"\x03"
BILL_TYPES = 16

#: A device at rest is asked so often how it is, since a check may move its mechanics, and one in
#: trouble so often whether it is over; one that never tells is asked so many times.
CHECK_EVERY_S, TROUBLED_EVERY_S = 30.0, 3.0
_CHECKS = 3

#: After one of these the note that was in escrow before is there no more.
_MOVED_ON = frozenset({"escrow", "stacked", "returned", "rejected", "fraud", "lost"})


class Identity(msgspec.Struct, frozen=True):
    """Who the device says it is; empty or 0 where it does not say."""

    manufacturer: str
    category: str
    product: str
    build: str
    serial: int


class CctalkBillValidator:
    """A note acceptor with escrow on the serial line `path`; implements kiosk.ports.CashIn.

    `country` is the two letters in the names of the notes; empty: the only one that the device
    knows. `serial` binds the driver to one device (E33); 0: the first one that answers. All methods
    raise CashFault when the device does not answer, except `wait`, which says `lost` and `back`.
    """

    def __init__(
        self,
        path: str,
        currency: str,
        *,
        country: str = "",
        serial: int = 0,
        check: Check = "sum",
        address: int = BILL_VALIDATOR,
        poll_s: float = 0.15,
        reply_timeout_s: float = 0.25,
        tries: int = 3,
    ) -> None:
        assert 0 < poll_s <= 0.2, poll_s  # a device may inhibit itself when nobody polls (159)
        self.name = path
        self.currency = currency
        self._country = country
        self._serial = serial
        self._poll_s = poll_s
        self._line = CctalkLine(
            path, address=address, check=check, reply_timeout_s=reply_timeout_s, tries=tries
        )
        self._session = 0
        self._settled = False
        self._wanted_minor: frozenset[int] = frozenset()
        self._identity = Identity("", "", "", "", 0)
        self._amounts_minor: dict[int, int] = {}
        self._counter: int | None = None
        self._away = False
        self._events: deque[CashEvent] = deque()
        self._next_poll_s = 0.0
        self._trouble = ""
        self._next_check_s = 0.0
        self._checks_left = _CHECKS

    def close(self) -> None:
        """Let go of the line."""
        self._line.close()
        self._settled = False

    def identity(self) -> Identity:
        """Who the device says it is, for the technician."""
        self._introduce()
        return self._identity

    def notes(self) -> list[int]:
        """The values that the device knows, smallest first, in minor units."""
        self._introduce()
        return sorted(set(self._amounts_minor.values()))

    def enable(self, amounts_minor: Sequence[int]) -> None:
        """Take notes of these values and no others; those that the device lacks are passed over.

        When no notes were wanted before, what was not heard until now is told by `since` only: it
        is not the news of whoever comes to pay.
        """
        if amounts_minor and not self._wanted_minor and self._counter is not None:
            self._events.clear()
            self._news()
        self._wish(amounts_minor)

    def disable(self) -> None:
        """Take no more notes and give back a note in escrow (no event is lost by this)."""
        self._wish(())
        self._route(RETURN)

    def stack(self) -> None:
        """Take the note in escrow. No fault when it is gone: the events say what became of it.

        After a CashFault the outcome is not known until `wait` or `since` has told it.
        """
        self._introduce()
        self._route(STACK)

    def give_back(self) -> None:
        """Return the note in escrow; `returned` follows when it is out."""
        self._introduce()
        self._route(RETURN)

    def trouble(self) -> str:
        """What keeps the device from taking notes, "" for nothing; no event is read by this. What
        it said is believed for a while, for a silent one costs its whole time-out."""
        if time.monotonic() >= self._next_check_s:
            try:
                self._trouble = self._check()
            except CashFault as fault:
                self._trouble = fault.sentence
            pause_s = TROUBLED_EVERY_S if self._trouble else CHECK_EVERY_S
            self._next_check_s = time.monotonic() + pause_s
        return self._trouble

    def _check(self) -> str:
        """Its self-check; of a device that has none, only whether it is there."""
        self._introduce()
        said = self._line.ask_once(SELF_CHECK) if self._checks_left else b""
        if said:
            self._checks_left = _CHECKS
            return check_said(said[0])
        self._checks_left = max(0, self._checks_left - 1)
        self._line.ask(SIMPLE_POLL)
        return ""

    def wait(self, timeout_s: float) -> CashEvent | None:
        """The next event, or None after `timeout_s`; a device that does not answer costs one round
        of retries more. Events from before the first call of all are told by `since` only. An
        escrow is told only while the note is there: whoever hears of it decides about that note."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            heard_before = bool(self._events)
            while not self._events:
                now_s = time.monotonic()
                time.sleep(max(0.0, min(self._next_poll_s, deadline_s) - now_s))
                if self._next_poll_s > deadline_s:
                    return None
                self._next_poll_s = time.monotonic() + self._poll_s
                self._look()
            event = self._events.popleft()
            if event.kind == "escrow" and heard_before:
                self._look()
            if event.kind != "escrow" or self._is_still_there():
                return event

    def _is_still_there(self) -> bool:
        """Whether nothing was told since an escrow that moves its note; a device that does not
        answer has told nothing."""
        return self._away or not any(event.kind in _MOVED_ON for event in self._events)

    def since(self, counter: int) -> list[CashEvent]:
        """The events after the device's event `counter`, oldest first (E22).

        The counter runs 1..255 and then 1 again; the events in between are found as long as fewer
        than 255 happened. `lost` comes first when there were more than five, or when the device was
        reset and forgot. When this raises CashFault, `wait` reports them once the device is back.
        """
        assert 0 <= counter <= 255, counter
        self._events.clear()
        self._counter = counter
        return self._news()

    def _look(self) -> None:
        """Put what is new into the queue; a device that is away says so once."""
        try:
            news = self._news()
        except CashFault as fault:
            if not self._away:
                self._away = True
                self._events.append(CashEvent("lost", 0, self._counter or 0, fault.sentence))
            return
        if self._away:
            self._away = False
            self._events.append(CashEvent("back", 0, self._counter or 0, "device answers again"))
        self._events.extend(news)

    def _news(self) -> list[CashEvent]:
        self._introduce()
        poll = self._read_events()
        last = self._counter
        assert last is not None
        if poll.counter == 0 and last != 0:
            self._settled = False  # a device that was reset takes no notes until told again
            self._introduce()
        self._counter = poll.counter
        return unread(poll, last, self._amounts_minor)

    def _read_events(self) -> Poll:
        poll = parse_poll(self._line.ask(READ_EVENTS, sizes=(POLL_BYTES,)))
        assert poll is not None
        return poll

    def _wish(self, amounts_minor: Sequence[int]) -> None:
        """Remember what is wanted, so that it holds after a loss too, and tell the device."""
        self._wanted_minor = frozenset(amounts_minor)
        self._settled = False
        self._introduce()

    def _introduce(self) -> None:
        """Make sure that the line is open, the device is the right one and knows what is wanted."""
        self._line.open()
        if self._line.session != self._session:
            self._settled = False
            self._meet()
            self._session = self._line.session
        if not self._settled:
            self._tell_wanted()
            self._settled = True

    def _meet(self) -> None:
        self._checks_left = _CHECKS
        self._line.ask(SIMPLE_POLL)
        serial = int.from_bytes(self._line.ask_once(SERIAL)[:4], "little")
        self._identity = Identity(
            manufacturer=self._ask_text(MANUFACTURER),
            category=self._ask_text(CATEGORY),
            product=self._ask_text(PRODUCT),
            build=self._ask_text(BUILD),
            serial=serial,
        )
        if self._serial and serial != self._serial:
            self._line.lose()
            raise CashFault(
                f"{self.name} is note acceptor {serial}, but {self._serial} belongs here; "
                "put the right one back or set the new serial number."
            )
        self._serial = self._serial or serial
        self._amounts_minor = self._read_amounts()
        if self._counter is None:  # before anything is enabled, so that no event falls between
            self._counter = self._read_events().counter

    def _ask_text(self, header: int) -> str:
        return self._line.ask_once(header).decode("ascii", "replace").strip()

    def _read_amounts(self) -> dict[int, int]:
        """The value of each note type that can be used here."""
        bills: dict[int, Bill] = {}
        for number in range(1, BILL_TYPES + 1):
            bill = parse_bill(self._line.ask(BILL_NAME, bytes((number,)), sizes=(0, 7)))
            if bill is not None and self._country in ("", bill.country):
                bills[number] = bill
        countries = sorted({bill.country for bill in bills.values()})
        if len(countries) > 1:
            raise CashFault(
                f"{self.name} knows notes of {', '.join(countries)}; set which country counts."
            )
        if not countries:
            return {}
        scaling = parse_scaling(self._line.ask(SCALING, countries[0].encode(), sizes=(0, 3)))
        if scaling is None:
            raise CashFault(f"{self.name} does not say what its notes of {countries[0]} are worth.")
        amounts = {n: bill_amount_minor(bill, scaling, self.currency) for n, bill in bills.items()}
        return {number: amount for number, amount in amounts.items() if amount is not None}

    def _tell_wanted(self) -> None:
        wanted = [n for n, amount in self._amounts_minor.items() if amount in self._wanted_minor]
        mask = sum(1 << (number - 1) for number in wanted)
        if mask:
            self._line.ask(INHIBIT_MASK, mask.to_bytes(2, "little"))
            self._line.ask(BILL_MODE, STACKER_AND_ESCROW)
        self._line.ask(MASTER_INHIBIT, b"\x01" if mask else b"\x00")

    def _route(self, decision: bytes) -> None:
        """Send the note in escrow one way. After a lost answer the command goes out again and finds
        the escrow empty, so an empty escrow is no fault."""
        code = self._line.ask(ROUTE, decision, sizes=(0, 1))
        if code and code[0] != ESCROW_EMPTY:
            raise CashFault(
                f"The note acceptor at {self.name} could not move the note ({code[0]})."
            )
