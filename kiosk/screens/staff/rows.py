"""A menu of numbered rows inside a face: a digit opens a row, nine at most."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.widget import Widget

from kiosk.screens.staff.frame import StaffFrame
from kiosk.screens.widgets.choices import ChoiceList

#: The sentence of a row, and what it does.
Row = tuple[str, Callable[[], None]]


class RowsMenu(StaffFrame):
    """Numbered rows; Esc goes back, ? says what the menu is for."""

    def rows(self) -> list[Row]:
        """The rows in their order."""
        return []

    def help_text(self) -> str:
        """What this menu is for."""
        return ""

    def body(self) -> Iterable[Widget]:
        """The rows."""
        yield ChoiceList([text for text, _ in self.rows()])

    def hint(self) -> str:
        """Digits, help, back."""
        return self.say("registry.menu_keys")

    def press_digit(self, digit: int) -> None:
        """Open the row with this number."""
        if 1 <= digit <= len(self.rows()):
            self.rows()[digit - 1][1]()

    def press_help(self) -> None:
        """Say what this is for."""
        self.note(self.help_text())
