"""Digits that can be read from two steps away: 5 rows high, made of characters that every font has.

A dot is a `#` in its own background colour, so it is a solid block on any console, and still
readable where there is no colour at all (hardware-facts 7: no half blocks on a Linux console).
"""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

#: Rows of each digit, top to bottom, 5 columns wide.
_FONT = {
    "0": ("#####", "#   #", "#   #", "#   #", "#####"),
    "1": ("  #  ", " ##  ", "  #  ", "  #  ", " ### "),
    "2": ("#####", "    #", "#####", "#    ", "#####"),
    "3": ("#####", "    #", " ####", "    #", "#####"),
    "4": ("#   #", "#   #", "#####", "    #", "    #"),
    "5": ("#####", "#    ", "#####", "    #", "#####"),
    "6": ("#####", "#    ", "#####", "#   #", "#####"),
    "7": ("#####", "    #", "   # ", "  #  ", "  #  "),
    "8": ("#####", "#   #", "#####", "#   #", "#####"),
    "9": ("#####", "#   #", "#####", "    #", "#####"),
    " ": (" ", " ", " ", " ", " "),
    ".": ("  ", "  ", "  ", "  ", "##"),
}

ROWS = 5


def drawn(text: str) -> list[str]:
    """`text` (digits, spaces, a point) as five lines of # and space."""
    return [" ".join(_FONT[character][row] for character in text).rstrip() for row in range(ROWS)]


class BigDigits(Widget):
    """Lines of large digits, an empty row between them; `lines` such as ["1234 5678", "9012"]."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.lines = lines
        self._rows = [row for line in lines for row in (*drawn(line), "")]
        self.styles.height = len(self._rows) - 1

    def render_line(self, y: int) -> Strip:
        """One row, dots as solid blocks."""
        base = self.rich_style
        ink = base + Style(bgcolor=base.color)
        row = self._rows[y] if y < len(self._rows) else ""
        segments = [Segment(dot, ink if dot == "#" else base) for dot in row]
        return Strip(segments).extend_cell_length(self.size.width, base)


def token_lines(token: str) -> list[str]:
    """The 20 digits as three groups of four and two: fits 80 columns."""
    groups = [token[start : start + 4] for start in range(0, len(token), 4)]
    return [" ".join(groups[:3]), " ".join(groups[3:])]
