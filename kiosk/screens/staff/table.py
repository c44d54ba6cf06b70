"""A table with one chosen row, moved by the arrows; what does not fit is scrolled to."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual import events
from textual.widgets import Static

from kiosk.words.clean import clean

_GAP = "  "
_WIDEST = 28


class Table(Static):
    """Rows of cells under headings. Knows which row is chosen; does nothing with it."""

    def __init__(self, headings: Sequence[str]) -> None:
        super().__init__(markup=False)
        self.chosen = 0
        self._headings = list(headings)
        self._rows: list[list[str]] = []
        self._top = 0

    def fill(self, rows: Sequence[Sequence[str]]) -> None:
        """Show other rows; the first one is chosen. A column alone has the whole line."""
        widest = _WIDEST if len(self._headings) > 1 else None
        self._rows = [[clean(cell)[:widest] for cell in row] for row in rows]
        self.chosen = self._top = 0
        self._show()

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def move(self, steps: int) -> None:
        """Choose another row; stays inside the table."""
        self.chosen = max(0, min(self.chosen + steps, len(self._rows) - 1))
        self._show()

    def on_resize(self, _event: events.Resize) -> None:
        """Show as many rows as there is room for."""
        self._show()

    def _show(self) -> None:
        width, room = self.size.width, self.size.height - 1
        if width == 0 or room < 1:
            return
        self._top = max(min(self._top, self.chosen), self.chosen - room + 1)
        widths = self._widths()
        text = Text(_line("  ", self._headings, widths, width), style="bold")
        for place, row in list(enumerate(self._rows))[self._top : self._top + room]:
            chosen = place == self.chosen
            line = _line("> " if chosen else "  ", row, widths, width)
            text.append("\n" + line, style="not bold reverse" if chosen else "not bold")
        self.update(text)

    def _widths(self) -> list[int]:
        return [
            max(len(row[place]) for row in [self._headings, *self._rows])
            for place in range(len(self._headings))
        ]


def _line(sign: str, cells: Sequence[str], widths: Sequence[int], width: int) -> str:
    padded = (cell.ljust(room) for cell, room in zip(cells, widths, strict=True))
    return (sign + _GAP.join(padded)).rstrip()[:width]
