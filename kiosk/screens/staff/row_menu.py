"""A menu of more rows than digits: a digit opens one of nine, 0 numbers the next nine; arrows and
Enter open any."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.widget import Widget

from kiosk.screens.staff.frame import StaffFrame
from kiosk.screens.staff.table import Table

#: The sentence of a row, and the screen behind it.
Row = tuple[str, Callable[[], StaffFrame]]


_DIGITS = 9


class RowMenu(StaffFrame):
    """Rows that lead to other screens."""

    def __init__(self) -> None:
        super().__init__()
        self._first = 0

    def rows(self) -> list[Row]:
        """What can be opened."""
        raise NotImplementedError

    def body(self) -> Iterable[Widget]:
        """The rows."""
        yield Table([""])

    def hint(self) -> str:
        """Digits, and 0 where there are more rows than digits."""
        return self.say("tokens.rows_keys" if self._has_more() else "tokens.list_keys")

    def on_mount(self) -> None:
        """Fill the rows, nine of them numbered."""
        self.query_one(Table).fill(self._numbered())

    def _numbered(self) -> list[list[str]]:
        texts = [text for text, _ in self.rows()]
        numbers = {self._first + place: str(place + 1) for place in range(_DIGITS)}
        return [[f"{numbers.get(place, ' ')} {text}"] for place, text in enumerate(texts)]

    def _has_more(self) -> bool:
        return len(self.rows()) > _DIGITS

    def _number_others(self) -> None:
        """The digits are those of the next nine rows, and after the last ones of the first."""
        self._first = (self._first + _DIGITS) if self._first + _DIGITS < len(self.rows()) else 0
        table = self.query_one(Table)
        table.relabel(self._numbered())
        table.move(self._first - table.chosen)

    def press_arrow(self, steps: int) -> None:
        """Choose another row."""
        self.query_one(Table).move(steps)

    def press_digit(self, digit: int) -> None:
        """Open the row with this number; 0 numbers other rows."""
        if digit == 0 and self._has_more():
            self._number_others()
        elif 1 <= digit <= len(self.rows()) - self._first:
            self.open_row(self._first + digit - 1)

    def press_enter(self) -> None:
        """Open the chosen row."""
        self.open_row(self.query_one(Table).chosen)

    def open_row(self, place: int) -> None:
        """Go to the screen behind a row."""
        self.face_app.go(self.rows()[place][1]())
