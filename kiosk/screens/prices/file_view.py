"""The left half of the editor: the lines of the file, numbered, one of them chosen."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich.text import Text
from textual import events
from textual.widgets import Static

from kiosk.words.clean import clean


class FileView(Static):
    """Shows as many lines as fit around the chosen one; a line with a fault has a sign."""

    def __init__(self) -> None:
        super().__init__(markup=False, id="file")
        self._lines: list[str] = []
        self._faulty: frozenset[int] = frozenset()
        self._chosen = self._top = 0

    def show(self, lines: Sequence[str], chosen: int, faulty: Collection[int] = ()) -> None:
        """Show `lines` with number `chosen` (from 0) marked; `faulty` are numbers from 1."""
        self._lines, self._chosen = list(lines), chosen
        self._faulty = frozenset(faulty)
        self._draw()

    def on_resize(self, _event: events.Resize) -> None:
        """Show as many as there is room for."""
        self._draw()

    def _draw(self) -> None:
        width, room = self.content_size
        if width < 8 or room < 1:
            return
        self._top = max(min(self._top, self._chosen), self._chosen - room + 1, 0)
        text = Text()
        for place in range(self._top, min(self._top + room, len(self._lines))):
            sign = "!" if place + 1 in self._faulty else " "
            row = f"{place + 1:>4}{sign}{clean(self._lines[place])}"[:width]
            text.append(f"{row}\n", style=self._style(place))
        text.right_crop(1)
        self.update(text)

    def _style(self, place: int) -> str:
        if place == self._chosen:
            return "reverse"
        if place + 1 in self._faulty:
            return "bold yellow"
        return "bold" if self._lines[place].startswith("[") else "none"
