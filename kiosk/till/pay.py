"""The verb collect: notes at a kiosk. Each note is a fact of its own, around its own physical act.

Escrow -> intention in the journal -> stack -> `stacked` from the device -> outcome in the journal.
Only then is it money on the screen (E22). No note is taken that would lead above the maximum.
"""

from __future__ import annotations

import contextlib

import msgspec

from kiosk.domain import chart, facts
from kiosk.domain.record import PaymentRecord
from kiosk.errors import CashFault, Refusal
from kiosk.marks import mark
from kiosk.ports import CashEvent
from kiosk.till.desk import Desk
from kiosk.till.paper import print_note_in_doubt
from kiosk.till.quote import Buyer
from kiosk.till.recover import keep
from kiosk.till.sell import Payment

_STACK_WAIT_S = 15.0

#: What keeps the way of a note from ending without staff.
_NEEDS_A_PERSON = frozenset({"jam", "fraud"})


class NoteSeen(msgspec.Struct, frozen=True):
    """What happened at the acceptor, for the screen: `kind` as in CashEvent, or too_much."""

    kind: str
    amount_minor: int
    held_minor: int


class NotePayment:
    """One payment with notes, under the sale id that the quote has. Lives in one worker thread.

    `credit_minor` is money kept for the meter; it counts from the start and is spent with the sale.
    """

    def __init__(self, desk: Desk, sale_id: str, buyer: Buyer, wanted_minor: int) -> None:
        self._desk, self._buyer = desk, buyer
        self.payment = sale_id
        self.wanted_minor = wanted_minor
        self.credit_minor = min(buyer.credit_minor, buyer.maximum_minor)
        self.notes_minor = 0
        #: A customer who comes back to the same quote goes on in its numbers.
        self._notes = desk.records.notes_of(sale_id)
        self._doubtful: facts.NoteOffered | None = None
        #: A note that came into escrow while the end of the one before it was awaited.
        self._next: CashEvent | None = None

    @property
    def held_minor(self) -> int:
        """All money there is for this sale: notes in the box and credit of the meter."""
        return self.credit_minor + self.notes_minor

    @property
    def complete(self) -> bool:
        """Whether the amount that the customer chose is there."""
        return self.held_minor >= self.wanted_minor

    def open(self) -> Refusal | None:
        """Take notes from now on; refuses before any money is taken when there is no room."""
        desk = self._desk
        refused = desk.gate("sell") or desk.room_to_sell() or desk.clock_set_back()
        if refused is None and desk.cash is None:
            refused = Refusal("no_acceptor")
        return refused or self._enable()

    def step(self, timeout_s: float) -> NoteSeen | None:
        """Wait for the acceptor and deal with what it says; None when nothing happened.

        Raises CashFault when the acceptor is lost; the payment keeps what was stacked.
        """
        cash = self._desk.cash
        assert cash is not None
        event, self._next = self._next or cash.wait(timeout_s), None
        if event is None:
            return None
        if event.kind == "escrow":
            return self._escrow(event)
        if self._doubtful is not None and _is_end(self._doubtful, event):
            return self._end(self._doubtful, event)  # late, and still the truth
        if event.kind == "back":
            self._enable()
        return NoteSeen(event.kind, event.amount_minor, self.held_minor)

    def close(self) -> None:
        """Take no more notes; an acceptor that is away hears of it when it is back."""
        if self._desk.cash is not None:
            with contextlib.suppress(CashFault):
                self._desk.cash.disable()

    def payment_of(self) -> Payment:
        """The tenders of the sale that this money pays."""
        tenders = []
        if self.notes_minor:
            tenders.append(facts.Tender("notes", self.notes_minor, chart.HELD_NOTES))
        if self.credit_minor:
            account = chart.meter_account(self._buyer.meter.number)
            tenders.append(facts.Tender("meter_account", self.credit_minor, account))
        return Payment(tenders, self.notes_minor)

    def give_up(self, reason: str) -> PaymentRecord | None:
        """The customer cancels or has gone: what was stacked is kept for the meter (E23)."""
        self.close()
        if not self.notes_minor:
            return None
        fact = facts.PaymentKept(
            self.payment, self._buyer.meter.number, self.notes_minor, self._desk.currency, reason
        )
        return keep(self._desk, fact)

    def _enable(self) -> Refusal | None:
        cash = self._desk.cash
        assert cash is not None
        room = self._buyer.maximum_minor - self.held_minor
        try:
            cash.enable([value for value in cash.notes() if value <= room])
        except CashFault:
            return Refusal("no_acceptor")
        return None

    def _escrow(self, event: CashEvent) -> NoteSeen:
        cash = self._desk.cash
        assert cash is not None
        self._doubtful = None  # the end of the note before was not heard, and comes no more
        if self.held_minor + event.amount_minor > self._buyer.maximum_minor:
            cash.give_back()
            return NoteSeen("too_much", event.amount_minor, self.held_minor)
        self._notes += 1
        mark("note.before_intention")
        offered = facts.NoteOffered(
            self.payment, self._notes, self._desk.station.name, self._buyer.meter.number,
            cash.name, event.counter, event.amount_minor, self._desk.currency,
        )  # fmt: skip
        if isinstance(self._desk.journal.append(offered), Refusal):
            cash.give_back()  # without its intention no note goes into the box
            return NoteSeen("returned", event.amount_minor, self.held_minor)
        mark("note.after_intention")
        self._stack()
        return self._end(offered, self._await_end(offered))

    def _stack(self) -> None:
        """Whether the device heard it, only its events can say: said twice it is done once."""
        assert self._desk.cash is not None
        with contextlib.suppress(CashFault):
            self._desk.cash.stack()

    def _await_end(self, offered: facts.NoteOffered) -> CashEvent:
        """The device's word on the note that it was told to stack; trouble is not yet the end.

        It moves one note at a time: once it tells of another one, the end of this was not heard.
        """
        cash = self._desk.cash
        assert cash is not None
        left_ms = self._desk.clock.monotonic_ms() + int(_STACK_WAIT_S * 1000)
        while self._desk.clock.monotonic_ms() < left_ms:
            event = cash.wait(0.5)
            if event is None:
                continue
            if event.kind in _NEEDS_A_PERSON or _is_end(offered, event):
                return event
            if event.kind == "escrow":
                self._next = event
            if event.kind in {"escrow", "stacked"}:
                break
            if event.kind == "back":
                self._stack()
        return CashEvent("lost", reason="lost")

    def _end(self, offered: facts.NoteOffered, event: CashEvent) -> NoteSeen:
        self._doubtful = None
        if event.kind == "stacked":
            mark("note.after_stack")
            stacked = facts.NoteStacked(self.payment, offered.note, event.counter)
            outcome = self._desk.journal.append(stacked)
            assert not isinstance(outcome, Refusal), outcome
            self.notes_minor += offered.amount_minor
            mark("note.after_fact")
            self._desk.nudge()
            self._enable()
        elif event.kind == "returned":
            self._desk.journal.append(facts.NoteReturned(self.payment, offered.note, event.kind))
        else:
            self._doubtful = offered
            self._desk.journal.append(facts.NoteInDoubt(self.payment, offered.note, event.kind))
            if self._desk.writer is not None:
                print_note_in_doubt(self._desk, offered, event.kind)
        return NoteSeen(event.kind, offered.amount_minor, self.held_minor)


def _is_end(offered: facts.NoteOffered, event: CashEvent) -> bool:
    """Whether `event` ends the way of this note from escrow; a stacked note says what it is."""
    stacked = event.kind == "stacked" and event.amount_minor == offered.amount_minor
    return stacked or event.kind == "returned"
