"""A menu of numbered rows inside a face: a digit, or arrows and Enter, opens a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.widget import Widget

from kiosk.screens.staff.frame import StaffFrame
from kiosk.screens.staff.table import Table

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
        yield Table([self.heading()])

    def hint(self) -> str:
        """Digits, arrows, help, back."""
        return self.say("registry.menu_keys")

    def on_mount(self) -> None:
        """Fill the rows, numbered as far as there are digits."""
        texts = [text for text, _ in self.rows()]
        numbered = [[f"{n if n < 10 else ' '} {text}"] for n, text in enumerate(texts, 1)]
        self.query_one(Table).fill(numbered)

    def press_arrow(self, steps: int) -> None:
        """Choose another row."""
        self.query_one(Table).move(steps)

    def press_digit(self, digit: int) -> None:
        """Open the row with this number."""
        if 1 <= digit <= len(self.rows()):
            self.rows()[digit - 1][1]()

    def press_enter(self) -> None:
        """Open the chosen row."""
        self.rows()[self.query_one(Table).chosen][1]()

    def press_help(self) -> None:
        """Say what this is for."""
        self.note(self.help_text())
