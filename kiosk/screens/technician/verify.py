"""The ledger check."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from textual.widget import Widget

from kiosk.screens import hall_telling
from kiosk.screens.staff.frame import Back
from kiosk.screens.staff.page import Page, Reading
from kiosk.screens.technician.ledger_forms import backup_form, clock_form
from kiosk.screens.widgets.moving import Moving
from kiosk.till import maintain

if TYPE_CHECKING:
    from kiosk.till.maintain import Proof


class Verify(Page):
    """Reads the whole journal, folds it again and compares; says how long it has been reading."""

    def __init__(self, back: Back) -> None:
        super().__init__("", [], back)
        self._began_ms = 0
        self._proved = False

    def heading(self) -> str:
        """What is done."""
        return self.say("technician.journal_verify")

    def body(self) -> Iterable[Widget]:
        """A running bar, then the result."""
        yield Moving()
        yield Reading(self.lines)

    def hint(self) -> str:
        """The other acts around the ledger."""
        return self.say("technician.ledger_keys")

    def press_digit(self, digit: int) -> None:
        """Confirm the time, or make a backup."""
        if digit in (1, 2):
            make_form = clock_form if digit == 1 else backup_form
            self.face_app.go(make_form(self, partial(Verify, self.back)))

    def on_mount(self) -> None:
        """Begin; it reads on a connection of its own and holds nobody up."""
        self._began_ms = self.desk.clock.monotonic_ms()
        self.set_interval(1.0, self._tell_time)
        self._tell_time()
        self.face_app.ask(partial(maintain.verify, self.desk), self._ended, group="proof")

    def _tell_time(self) -> None:
        if not self._proved:
            seconds = (self.desk.clock.monotonic_ms() - self._began_ms) // 1000
            self.note(self.say("technician.verify_running", seconds=seconds))

    def _ended(self, proof: Proof) -> None:
        if not self.is_current:
            return
        self._proved = True
        self.query_one(Moving).display = False
        self.note(self.say("linear.done"), "fault" if proof.first_bad else "good")
        self.lines = hall_telling.proof_lines(self.words, proof)
        self.query_one(Reading).show(self.lines)
