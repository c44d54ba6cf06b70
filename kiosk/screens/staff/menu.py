"""A menu of numbered rows, the way out included."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar

from textual.widget import Widget

from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.operators import own_pin_form
from kiosk.screens.staff.page import Confirm, Page
from kiosk.screens.widgets.choices import ChoiceList
from kiosk.till import operators
from kiosk.words.book import languages

#: The sentence of a row, and what its digit does.
MenuRow = tuple[str, Callable[[], None]]


class Menu(StaffFrame):
    """Numbered rows; the last one leads to what is the same in every face of the staff."""

    #: The sentence that says what each row is for.
    HELP: ClassVar[str]

    def own_rows(self) -> list[MenuRow]:
        """The rows of this face."""
        return []

    def again(self) -> Back:
        """How this menu is made anew."""
        return type(self)

    def rows(self) -> list[MenuRow]:
        """All rows in their order."""
        return [*self.own_rows(), (self.say("cashier.more"), self._more)]

    def body(self) -> Iterable[Widget]:
        """The rows."""
        yield ChoiceList([text for text, _ in self.rows()])

    def hint(self) -> str:
        """Digits choose, ? explains."""
        return self.say("cashier.menu_keys")

    def press_digit(self, digit: int) -> None:
        """Do what the row says."""
        rows = self.rows()
        if 1 <= digit <= len(rows):
            rows[digit - 1][1]()

    def press_help(self) -> None:
        """Say what each row is for."""
        self.face_app.go(Page(self.say("keys.help"), [self.say(self.HELP)], self.again()))

    def press_cancel(self) -> None:
        """Sign out: nobody leaves a signed-in counter by accident."""
        self.sign_out()

    def sign_out(self) -> None:
        """The next operator signs in with a PIN of their own."""
        self.ask(partial(operators.sign_out, self.desk), lambda _none: self.face_app.start_over())

    def _more(self) -> None:
        self.face_app.go(More(self.again()))


class More(Menu):
    """Language, the own PIN, and the two ways out."""

    HELP = "cashier.help_more"

    def __init__(self, back: Back) -> None:
        super().__init__()
        self.back = back

    def heading(self) -> str:
        """What this is."""
        return self.say("cashier.more")

    def again(self) -> Back:
        """As it is, with the same way back."""
        return partial(More, self.back)

    def hint(self) -> str:
        """Digits choose, ? explains, Esc goes back."""
        return self.say("registry.menu_keys")

    def rows(self) -> list[MenuRow]:
        """What every face of the staff has."""
        return [
            (self.say("keys.language"), self._next_language),
            (self.say("operators.own_pin"), self._own_pin),
            (self.say("cashier.sign_out"), self.sign_out),
            (self.say("technician.sign_out_leave"), self._ask_leave),
        ]

    def press_cancel(self) -> None:
        """Back to the menu."""
        self.face_app.go(self.back())

    def _next_language(self) -> None:
        codes = [code for code, _ in languages()]
        place = codes.index(self.words.language)
        self.face_app.speak(codes[(place + 1) % len(codes)])

    def _own_pin(self) -> None:
        self.face_app.go(own_pin_form(self, self.back))

    def _ask_leave(self) -> None:
        title, text = self.say("technician.sign_out_leave"), self.say("technician.leave_confirm")
        self.face_app.go(Leave(title, text, self.back))


class Leave(Confirm):
    """Signs out and ends the program."""

    def __init__(self, title: str, sentence: str, back: Back) -> None:
        super().__init__(title, [sentence], "", self._begin, back)

    def _begin(self) -> None:
        self.ask(partial(operators.sign_out, self.desk), lambda _none: self.app.exit(0))
