"""A slip as rows of text: wrapped, centred, and with its right column in place."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kiosk.ports import SlipLine
from receipts.clean import cells, harmless, wrap

#: A label squeezed between the edge and its amount needs at least so many cells.
_NARROWEST = 8

#: Lines of paper that the feed before the cut takes.
CUT_FEED_LINES = 6


class Row(msgspec.Struct, frozen=True):
    """One printed row: already padded, so that it needs no alignment. `style` as in SlipLine."""

    text: str
    style: str


def rows(
    lines: Sequence[SlipLine], width: int, *, large_width: int = 0, small_width: int = 0
) -> list[Row]:
    """The rows of a slip on paper with `width` characters a line.

    A large row holds half as many and a small one as many, unless the printer has another font.
    """
    limits = {"large": large_width or width // 2, "small": small_width or width}
    return [
        Row(text, line.style)
        for line in map(harmless, lines)
        for text in _texts(line, limits.get(line.style, width))
    ]


def paper_lines(lines: Sequence[SlipLine], width: int) -> int:
    """Lines of the roll that the slip uses, the feed before the cut included."""
    heights = (2 if row.style == "large" else 1 for row in rows(lines, width))
    return sum(heights) + CUT_FEED_LINES


def _texts(line: SlipLine, limit: int) -> list[str]:
    if line.style == "rule":
        return ["-" * limit]
    if line.style == "space":
        return [""]
    if line.right:
        return _two_columns(line, limit)
    pieces = _balanced(line.text, limit) if line.style == "large" else wrap(line.text, limit)
    if line.align == "centre":
        return [" " * ((limit - cells(piece)) // 2) + piece for piece in pieces]
    return pieces


def _two_columns(line: SlipLine, limit: int) -> list[str]:
    """The label, and its amount at the right end of the first row or, if too long, below."""
    left = limit - cells(line.right) - 1
    if left < min(_NARROWEST, cells(line.text)):
        below = [" " * (limit - cells(piece)) + piece for piece in wrap(line.right, limit)]
        return wrap(line.text, limit) + below
    first, *others = wrap(line.text, max(left, 2))
    return [first + " " * (limit - cells(first) - cells(line.right)) + line.right, *others]


def _balanced(text: str, limit: int) -> list[str]:
    """As few rows as possible, of about the same length: a token breaks 3 + 2 and not 4 + 1."""
    best = wrap(text, limit)
    if len(best) == 1:
        return best
    for narrower in range(limit - 1, 1, -1):
        pieces = wrap(text, narrower)
        if len(pieces) > len(best):
            break
        best = pieces
    return best
