"""A table with one chosen row, moved by the arrows; what does not fit is scrolled to."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual import events
from textual.widgets import Static

from kiosk.words.clean import clean

_GAP = "  "
#: The widest column gives way where a row does not fit, but no further than this.
_NARROWEST = 10
_CUT = "..."


class Table(Static):
    """Rows of cells under headings. Knows which row is chosen; does nothing with it."""

    def __init__(self, headings: Sequence[str]) -> None:
        super().__init__(markup=False)
        self.chosen = 0
        self._headings = list(headings)
        self._rows: list[list[str]] = []
        self._top = 0

    def fill(self, rows: Sequence[Sequence[str]]) -> None:
        """Show other rows; the first one is chosen."""
        self.chosen = self._top = 0
        self.relabel(rows)

    def relabel(self, rows: Sequence[Sequence[str]]) -> None:
        """The same rows in other words; what is chosen stays so."""
        self._rows = [[clean(cell) for cell in row] for row in rows]
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
        widths = self._widths(width)
        heading = _line("  ", self._headings, widths, width)
        text = Text(_with_place(heading, self._place(room), width), style="bold")
        for place, row in list(enumerate(self._rows))[self._top : self._top + room]:
            chosen = place == self.chosen
            line = _line("> " if chosen else "  ", row, widths, width)
            text.append("\n" + line, style="not bold reverse" if chosen else "not bold")
        self.update(text)

    def _place(self, room: int) -> str:
        """Which rows are in sight, when not all of them are."""
        if self.count <= room:
            return ""
        return f"{self._top + 1}-{min(self._top + room, self.count)} / {self.count}"

    def _widths(self, width: int) -> list[int]:
        widths = [
            max(len(row[place]) for row in [self._headings, *self._rows])
            for place in range(len(self._headings))
        ]
        room = width - len("> ") - len(_GAP) * (len(widths) - 1)
        while sum(widths) > room and max(widths) > _NARROWEST:
            widths[widths.index(max(widths))] -= 1
        return widths


def _line(sign: str, cells: Sequence[str], widths: Sequence[int], width: int) -> str:
    padded = (_fitted(cell, room).ljust(room) for cell, room in zip(cells, widths, strict=True))
    return _fitted((sign + _GAP.join(padded)).rstrip(), width)


def _fitted(text: str, room: int) -> str:
    """What does not fit shows that it was cut."""
    return text if len(text) <= room else text[: room - len(_CUT)] + _CUT


def _with_place(heading: str, place: str, width: int) -> str:
    """`place` at the right end of the line, where there is room for it."""
    room = width - len(heading) - len(_GAP)
    return f"{heading}{_GAP}{place:>{room}}" if place and len(place) <= room else heading
