"""The prices changed while notes were taken: old and new, and a second consent (E12)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.widget import Widget
from textual.widgets import Static

from kiosk.domain.record import PaymentRecord
from kiosk.screens import tariff_telling
from kiosk.screens.self_service.ending import Ending, cancelled
from kiosk.screens.self_service.visit import Step, Visit
from kiosk.till.paper import print_kept
from kiosk.till.pay import NotePayment
from kiosk.till.requote import Requoted


class Changed(Step):
    """Shows what the money bought before and buys now; Cancel keeps it for the meter."""

    #: As while notes are taken: then the money is kept for the meter.
    PATIENCE = 5

    def __init__(
        self, visit: Visit, payment: NotePayment, found: Requoted, go_on: Callable[[], Step]
    ) -> None:
        super().__init__()
        self.visit, self.payment, self.found = visit, payment, found
        self._go_on = go_on

    def heading(self) -> str:
        """What happened."""
        return self.say("kiosk.prices_changed")

    def body(self) -> Iterable[Widget]:
        """Before and now, and what Cancel does with the money."""
        for line in tariff_telling.requoted_lines(self.words, self.found):
            yield Static(line, classes="strong", markup=False)
        yield Static("", classes="gap")
        yield Static(self.say("kiosk.changed_help"), classes="line", markup=False)

    def hint(self) -> str:
        """The keys."""
        return self.hints(enter="buy", cancel="stop", help="help")

    def help_key(self) -> str:
        """What happens to the notes."""
        return "kiosk.help_notes"

    def press_enter(self) -> None:
        """Buy at the new prices."""
        self.visit.offer = self.found.now
        self.face_app.go(self._go_on())

    def press_cancel(self) -> None:
        """The money is kept for the meter; the counter can pay it out."""
        self.note(self.say("kiosk.please_wait"))
        self.ask(self._give_up, self._kept)

    def time_is_up(self) -> None:
        """Nobody is there any more: as if Cancel had been pressed."""
        self.press_cancel()

    def _give_up(self) -> PaymentRecord | None:
        kept = self.payment.give_up("cancelled")
        if kept is not None and self.desk.writer is not None:
            self.visit.job = print_kept(self.desk, kept)
        return kept

    def _kept(self, kept: PaymentRecord | None) -> None:
        if kept is None:
            cancelled(self, self.visit)
            return
        said = self.say("kiosk.cancelled_kept", amount_minor=kept.amount_minor, meter=kept.meter)
        self.face_app.go(Ending([said], kind="warn", visit=self.visit))
