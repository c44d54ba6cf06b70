"""Text in character cells: how wide it is on paper, and where it breaks.

A Chinese character takes two cells, an accent on its letter none; everything is measured after
kiosk.words.clean has made it harmless.
"""

from __future__ import annotations

import unicodedata

import msgspec

from kiosk.ports import SlipLine
from kiosk.words.clean import clean


def harmless(line: SlipLine) -> SlipLine:
    """The line without anything that a printer or a terminal could take for a command."""
    return msgspec.structs.replace(line, text=clean(line.text), right=clean(line.right))


def cells(text: str) -> int:
    """How many character cells `text` fills."""
    return sum(_cells_of(character) for character in text)


def wrap(text: str, width: int) -> list[str]:
    """`text` in pieces of at most `width` cells, broken at spaces where there are any."""
    assert width >= 2, width
    pieces, piece = [], ""
    for word in text.split(" "):
        longer = f"{piece} {word}" if piece else word
        if cells(longer) <= width:
            piece = longer
            continue
        if piece:
            pieces.append(piece)
        *full, piece = _chopped(word, width)
        pieces += full
    return [*pieces, piece]


def _chopped(word: str, width: int) -> list[str]:
    """A word that is too long for a line, cut where the line is full."""
    pieces, start, filled = [], 0, 0
    for place, character in enumerate(word):
        size = _cells_of(character)
        if filled + size > width:
            pieces.append(word[start:place])
            start, filled = place, 0
        filled += size
    return [*pieces, word[start:]]


def _cells_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
