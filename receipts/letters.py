"""Letters that a printer lacks: spelled with others, drawn, or named; never a "?" (E36).

Order: the code pages of the profile, then the same letter without its accent, then a drawing of
the whole line, and where no font on this machine has the letter its code point in angle brackets.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

#: Signs that have no accent to take away but a customary spelling.
_SPELLINGS = {
    "\u2018": "'", "\u2019": "'", "\u201a": ",", "\u201c": '"', "\u201d": '"', "\u201e": '"',
    "\u00ab": '"', "\u00bb": '"', "\u2039": "'", "\u203a": "'", "\u2010": "-", "\u2011": "-",
    "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u2022": "*", "\u00b7": ".",
    "\u00d7": "x", "\u2044": "/", "\u00a0": " ", "\u0152": "OE", "\u0153": "oe", "\u00c6": "AE",
    "\u00e6": "ae", "\u00df": "ss", "\u00d8": "O", "\u00f8": "o", "\u0110": "D", "\u0111": "d",
    "\u0141": "L", "\u0142": "l", "\u0131": "i", "\u00de": "Th", "\u00fe": "th", "\u00d0": "D",
    "\u00f0": "d", "\u20ac": "EUR", "\u20a6": "NGN", "\u20a8": "Rs", "\u20b9": "INR",
    "\u2116": "No", "\u00a3": "GBP", "\u20b5": "GHS", "\u20bd": "RUB", "\u00b0": "o", "\u00ba": "o",
    "\u00aa": "a",
}  # fmt: skip


def spell(text: str, has: Callable[[str], bool], draws: Callable[[str], bool]) -> str:
    """`text` with every character that the printer can print (`has`) or that can be drawn."""
    return "".join(_spelled(character, has, draws) for character in text)


def _spelled(character: str, has: Callable[[str], bool], draws: Callable[[str], bool]) -> str:
    if has(character):
        return character
    plain = _SPELLINGS.get(character) or _without_accent(character)
    if plain and all(map(has, plain)):
        return plain
    if unicodedata.category(character) in ("Mn", "Me"):
        return ""
    return character if draws(character) else f"<{ord(character):04X}>"


def _without_accent(character: str) -> str:
    """The base letter of an accented one of our own script; a drawing is better for others."""
    parts = unicodedata.normalize("NFKD", character)
    kept = "".join(part for part in parts if not unicodedata.combining(part))
    return kept if kept.isascii() else ""
