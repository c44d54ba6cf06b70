"""Text from outside made harmless before it is shown or printed.

Names, card contents and typed text may hold printer commands, terminal escapes, direction marks or
ten thousand characters (reliability.md 7.5, figure 26). What is left after `clean` moves no cursor,
turns no line round and has a known length.
"""

from __future__ import annotations

import unicodedata

#: Longer than any honest name, address or sentence of ours.
LONGEST = 400

#: Accents on one letter that a script may need; more is an attack on the line height.
_MARKS = 3

_CUT = "..."


def clean(text: str, longest: int = LONGEST) -> str:
    """`text` on one line: composed, spaces collapsed, at most `longest` characters.

    Control, format and direction characters, half surrogates, private and unassigned characters
    vanish; any white space becomes one space. A text that was cut ends in "...".
    """
    assert longest > len(_CUT), longest
    shown = " ".join(_harmless(unicodedata.normalize("NFC", text[: 4 * longest])).split())
    shown = _few_marks(shown)
    if len(shown) <= longest and len(text) <= 4 * longest:
        return shown
    return shown[: longest - len(_CUT)].rstrip() + _CUT


def _harmless(text: str) -> str:
    return "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace() or unicodedata.category(character)[0] != "C"
    )


def _few_marks(text: str) -> str:
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= _MARKS:
            kept.append(character)
    return "".join(kept)
