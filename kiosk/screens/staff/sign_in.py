"""Name and PIN; the base of both sign-in screens."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual.widget import Widget
from textual.widgets import Static

from kiosk.domain.organisation import may
from kiosk.errors import Refusal
from kiosk.screens.staff.entry import TextEntry
from kiosk.screens.staff.frame import StaffFrame
from kiosk.till import operators
from kiosk.till.desk import Desk


class SignInForm(StaffFrame):
    """Asks for name and PIN; whoever lacks the right of this face is signed out again at once."""

    TYPING = True
    RIGHT: ClassVar[str]

    def signed_in(self) -> None:
        """The operator may work here now."""
        raise NotImplementedError

    def heading(self) -> str:
        """What to do."""
        return self.say("cashier.sign_in")

    def body(self) -> Iterable[Widget]:
        """Two entries; the second one opens when the first has a name."""
        name = TextEntry(self.say("cashier.sign_in_operator"))
        pin = TextEntry(self.say("cashier.sign_in_pin"), secret=True)
        pin.open = False
        yield name
        yield pin
        if self.face_app.pin:
            known = self.say("cashier.rehearsal_operators", pin=self.face_app.pin)
            yield Static(known, classes="restated", markup=False)

    def hint(self) -> str:
        """Enter goes on."""
        return self.say("cashier.sign_in_keys")

    def press_character(self, character: str) -> None:
        """A letter or digit for the open entry."""
        self._open().press(character)

    def press_clear(self) -> None:
        """Take one character back."""
        self._open().clear_one()

    def press_cancel(self) -> None:
        """Begin again."""
        self._begin_again()
        self.note("")

    def press_enter(self) -> None:
        """From name to PIN, from PIN to the answer."""
        name, pin = self.query(TextEntry)
        if name.open:
            if name.typed:
                name.set_open(False)
                pin.set_open(True)
            return
        self.note(self.say("kiosk.please_wait"))
        self.ask(partial(admit, self.desk, name.typed, pin.typed, self.RIGHT), self._answered)

    def _answered(self, refused: Refusal | None) -> None:
        self._begin_again()
        if refused is not None:
            self.note(self.words.refusal(refused), "fault")
            return
        self.note("")
        self.signed_in()

    def _begin_again(self) -> None:
        name, pin = self.query(TextEntry)
        for entry in (name, pin):
            entry.clear_all()
        name.set_open(True)
        pin.set_open(False)

    def _open(self) -> TextEntry:
        return next(entry for entry in self.query(TextEntry) if entry.open)


def admit(desk: Desk, name: str, pin: str, right: str) -> Refusal | None:
    """Sign in whoever has `right`; the reason for anybody else."""
    signed = operators.sign_in(desk, name, pin)
    if isinstance(signed, Refusal):
        return signed
    if may(signed.role, right):
        return None
    operators.sign_out(desk)
    return Refusal("no_right", {"right": right})
