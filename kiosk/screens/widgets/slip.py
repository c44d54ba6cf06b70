"""A slip on the screen, as it would stand on paper."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widgets import Static

from kiosk.ports import SlipLine


class SlipView(Static):
    """The lines of a slip in a box; `columns` is the width of the paper."""

    def __init__(self, lines: Sequence[SlipLine], columns: int = 42) -> None:
        super().__init__("\n".join(slip_text(lines, columns)), markup=False)


def slip_text(lines: Sequence[SlipLine], columns: int) -> list[str]:
    """The slip as plain lines, none wider than `columns`."""
    return [row for line in lines for row in _rows(line, columns)]


def _rows(line: SlipLine, columns: int) -> list[str]:
    if line.style == "rule":
        return ["-" * columns]
    if line.right:
        left = line.text[: max(0, columns - len(line.right) - 1)]
        return [f"{left}{line.right.rjust(columns - len(left))}"]
    pieces = [line.text[at : at + columns] for at in range(0, len(line.text), columns)] or [""]
    return (
        [piece.center(columns).rstrip() for piece in pieces] if line.align == "centre" else pieces
    )
