"""A menu of more rows than there are digits: arrows and Enter open a row, digits the first nine."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.widget import Widget

from kiosk.screens.staff.frame import StaffFrame
from kiosk.screens.staff.table import Table

#: The sentence of a row, and the screen behind it.
Row = tuple[str, Callable[[], StaffFrame]]


class RowMenu(StaffFrame):
    """Rows that lead to other screens."""

    def rows(self) -> list[Row]:
        """What can be opened."""
        raise NotImplementedError

    def body(self) -> Iterable[Widget]:
        """The rows."""
        yield Table([self.heading()])

    def hint(self) -> str:
        """Arrows and Enter."""
        return self.say("tokens.list_keys")

    def on_mount(self) -> None:
        """Fill the rows, numbered as far as there are digits; the tenth is 0."""
        texts = [text for text, _ in self.rows()]
        numbered = [[f"{n % 10 if n <= 10 else ' '} {text}"] for n, text in enumerate(texts, 1)]
        self.query_one(Table).fill(numbered)

    def press_arrow(self, steps: int) -> None:
        """Choose another row."""
        self.query_one(Table).move(steps)

    def press_digit(self, digit: int) -> None:
        """Open the row with this number."""
        place = digit or 10
        if place <= len(self.rows()):
            self.open_row(place - 1)

    def press_enter(self) -> None:
        """Open the chosen row."""
        self.open_row(self.query_one(Table).chosen)

    def open_row(self, place: int) -> None:
        """Go to the screen behind a row."""
        self.face_app.go(self.rows()[place][1]())
