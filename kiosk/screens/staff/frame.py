"""The frame of a staff screen: letters and arrows told apart, and the status bar below."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import events
from textual.screen import Screen
from textual.widget import Widget

from kiosk.errors import Refusal
from kiosk.screens.frame import Frame, Result
from kiosk.screens.widgets.choices import ChoiceList
from kiosk.screens.widgets.status import StatusBar

#: Makes the screen that a step goes back to.
Back = Callable[[], Screen[None]]

_STEPS = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10}


class StaffFrame(Frame):
    """A screen of cashier or technician."""

    #: Whether letters and digits are text here; otherwise digits choose.
    TYPING: ClassVar[bool] = False

    LOCKS: ClassVar[bool] = True
    SHOWS_STATUS: ClassVar[bool] = True

    def takes_text(self) -> bool:
        """Whether a printable key is text now."""
        return self.TYPING

    def press_character(self, character: str) -> None:
        """A printable character, where text is typed."""

    def press_arrow(self, steps: int) -> None:
        """Up (below zero) or down by `steps`."""

    def go_menu(self) -> None:
        """To the menu of this face."""
        self.face_app.go(self.face_app.menu())

    def ask_or_say(
        self, work: Callable[[], Result | Refusal], then: Callable[[Result], None]
    ) -> None:
        """Run a verb: its answer goes to `then`, why it refuses is said in the notice."""

        def answered(answer: Result | Refusal) -> None:
            if isinstance(answer, Refusal):
                self.note(self.words.refusal(answer), "warn")
            else:
                then(answer)

        self.ask(work, answered)

    def foot(self) -> Iterable[Widget]:
        """The status bar, always there."""
        yield StatusBar(self.words, self.face_app.status)

    def on_key(self, event: events.Key) -> None:
        """Arrows and typed text here; everything else is the keypad's (Frame.on_key)."""
        if self.busy:
            return
        if event.key in _STEPS:
            self.press_arrow(_STEPS[event.key])
        elif self.takes_text() and event.is_printable and event.character:
            self.press_character(event.character)
        else:
            return
        event.stop()
        event.prevent_default()

    def on_choice_list_chosen(self, message: ChoiceList.Chosen) -> None:
        """A touched row is its digit."""
        if not self.busy:
            self.press_digit(message.digit)
