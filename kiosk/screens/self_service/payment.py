"""The notes: each is shown when the acceptor has stacked it and the journal knows it (E22, E23)."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from kiosk.domain.record import PaymentRecord
from kiosk.errors import CashFault, Refusal
from kiosk.screens.self_service.deeds import Deed, note_deeds
from kiosk.screens.self_service.deliver import Deliver
from kiosk.screens.self_service.ending import Ending, cancelled
from kiosk.screens.self_service.visit import Step, Visit
from kiosk.till.paper import print_kept
from kiosk.till.pay import NotePayment, NoteSeen
from kiosk.till.quote import Offer, quote

#: How each event of the acceptor is told; "stacked" is money, everything else is not.
_TOLD = {
    "stacked": ("note_taken", "good"),
    "too_much": ("note_too_large", "warn"),
    "returned": ("note_returned", "warn"),
    "rejected": ("note_returned", "warn"),
    "back": ("insert_notes", "plain"),
}


class Payment(Step):
    """Takes notes until there is enough; Enter buys, Cancel keeps what was put in for the meter."""

    #: Money in the box is never forgotten: after this many idle times it is kept for the meter.
    PATIENCE = 5

    class Seen(Message):
        """Something happened at the acceptor."""

        def __init__(self, seen: NoteSeen) -> None:
            super().__init__()
            self.seen = seen

    class QuotedAgain(Message):
        """There is more money than was chosen: what all of it buys (design 4, Notes)."""

        def __init__(self, offer: Offer) -> None:
            super().__init__()
            self.offer = offer

    def __init__(self, visit: Visit) -> None:
        super().__init__()
        assert visit.offer is not None
        self.visit = visit
        self.wanted_minor = visit.offer.quote.amount_minor
        self.held_minor = min(visit.buyer.credit_minor, visit.buyer.maximum_minor)
        self._stop = threading.Event()
        self._cancel = False

    def heading(self) -> str:
        """What to do."""
        return self.say("kiosk.insert_notes")

    def body(self) -> Iterable[Widget]:
        """Chosen, put in, still needed."""
        offer = self.visit.offer
        assert offer is not None
        yield Static(self._buys(offer), id="buys", classes="line", markup=False)
        yield Static("", classes="gap")
        yield Static(self._put_in(), id="inserted", markup=False)
        yield Static(self._needed(), id="needed", markup=False)
        yield Static("", classes="gap")
        if self.visit.buyer.credit_minor:
            credit = self.say("kiosk.use_credit", credit_minor=self.visit.buyer.credit_minor)
            yield Static(credit, classes="line", markup=False)
        notes = ", ".join(str(note) for note in self.desk.settings.cash.notes)
        yield Static(self.say("kiosk.insert_notes_help", notes=notes), classes="line", markup=False)
        yield Static(self.say("kiosk.gives_no_change"), classes="strong", markup=False)

    def hint(self) -> str:
        """Enter only where it does something."""
        if self.held_minor >= self.wanted_minor:
            return self.hints(enter="buy", cancel="stop", help="help")
        return self.hints(cancel="stop", help="help")

    def help_key(self) -> str:
        """What happens to the notes."""
        return "kiosk.help_notes"

    def deeds(self) -> list[Deed]:
        """Feed a note: one digit each."""
        return note_deeds(self)

    def _offers(self) -> list[str]:
        notes = "  ".join(f"{n}={deed.text}" for n, deed in enumerate(self.deeds(), 1))
        return [self.say("rehearsal.feed", notes=notes)]

    def _buys(self, offer: Offer) -> str:
        """What the money chosen, or put in beyond it, buys."""
        title = self.say("kiosk.quote_title", amount_minor=offer.quote.amount_minor)
        return f"{title} {self.words.energy(offer.quote.energy_wh)}."

    def _put_in(self) -> str:
        return self.say("kiosk.inserted", inserted_minor=self.held_minor)

    def _needed(self) -> str:
        if self.held_minor >= self.wanted_minor:
            return self.say("kiosk.enough", amount_minor=self.held_minor)
        return self.say("kiosk.still_needed", needed_minor=self.wanted_minor - self.held_minor)

    # --- the acceptor, in a worker --------------------------------------------------------------

    def on_mount(self) -> None:
        """Begin to take notes."""
        self.ask(self._collect, self._collected, quiet=True)

    def on_unmount(self) -> None:
        """However this screen went away: the acceptor must not go on taking notes."""
        self._cancel = True
        self._stop.set()

    def _collect(self) -> NotePayment | PaymentRecord | Refusal | None:
        """Until the customer is done; money that became no sale is kept for the meter."""
        payment = NotePayment(self.desk, self.visit.sale_id, self.visit.buyer, self.wanted_minor)
        refused = payment.open()
        if refused is not None and not payment.complete:
            return refused
        self._quote_again(payment.held_minor)
        if refused is None:
            self._listen(payment)
        else:
            self._wait_for_key()
        if self._cancel or self.face_app.ending.is_set():
            kept = payment.give_up("cancelled")
            if kept is not None and self.desk.writer is not None:
                self.visit.job = print_kept(self.desk, kept)
            return kept
        payment.close()
        return payment

    def _wait_for_key(self) -> None:
        """The credit pays it all and there is no acceptor: only a key is missing."""
        while not (self._stop.wait(0.2) or self.face_app.ending.is_set()):
            pass

    def _listen(self, payment: NotePayment) -> None:
        while not (self._stop.is_set() or self.face_app.ending.is_set()):
            try:
                seen = payment.step(0.2)
            except CashFault:
                seen = NoteSeen("lost", 0, payment.held_minor)
                self._stop.wait(1.0)
            if seen is not None:
                self.post_message(self.Seen(seen))
                if seen.kind == "stacked":
                    self._quote_again(seen.held_minor)

    def _quote_again(self, held_minor: int) -> None:
        if held_minor <= self.wanted_minor:
            return
        offer = quote(self.desk, self.visit.buyer, held_minor, self.visit.sale_id)
        if not isinstance(offer, Refusal):
            self.post_message(self.QuotedAgain(offer))

    def on_payment_quoted_again(self, message: QuotedAgain) -> None:
        """Show what the sale will be: from now on this is what the customer has seen."""
        self.visit.offer = message.offer
        self.query_one("#buys", Static).update(self._buys(message.offer))

    def on_payment_seen(self, message: Seen) -> None:
        """Tell it, and show the money there is."""
        self.face_app.somebody_is_there()
        seen = message.seen
        self.held_minor = seen.held_minor
        trouble = "note_in_doubt" if seen.amount_minor else "acceptor_trouble"
        key, kind = _TOLD.get(seen.kind, (trouble, "fault"))
        amount = {"amount_minor": seen.amount_minor} if key == "note_taken" else {}
        self.note(self.say(f"kiosk.{key}", **amount), kind)
        self.query_one("#inserted", Static).update(self._put_in())
        self.query_one("#needed", Static).update(self._needed())
        self.tell_keys()

    # --- the customer ---------------------------------------------------------------------------

    def press_enter(self) -> None:
        """Buy, once there is enough; the key is dead afterwards (E05)."""
        if self.held_minor >= self.wanted_minor:
            self._end()

    def press_cancel(self) -> None:
        """Stop: what was put in is kept for the meter."""
        self._cancel = True
        self._end()

    def time_is_up(self) -> None:
        """Nobody is there any more: as if Cancel had been pressed."""
        self.press_cancel()

    def _end(self) -> None:
        self.busy = True
        self.note(self.say("kiosk.please_wait"))
        self._stop.set()

    def _collected(self, end: NotePayment | PaymentRecord | Refusal | None) -> None:
        if isinstance(end, NotePayment):
            self.face_app.hands_said = ""
            self.face_app.go(Deliver(self.visit, end))
        elif isinstance(end, PaymentRecord):
            kept = self.say("kiosk.cancelled_kept", amount_minor=end.amount_minor, meter=end.meter)
            self.face_app.go(Ending([kept], kind="warn", visit=self.visit))
        elif isinstance(end, Refusal):
            self.face_app.go(Ending([self.words.refusal(end)], kind="warn", visit=self.visit))
        else:
            cancelled(self, self.visit)
