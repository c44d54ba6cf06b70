"""How texts of a customer's money are said: kinds, methods and places, in the language asked for.

Screens, slips and commands say them alike, because they all come here.
"""

from __future__ import annotations

from kiosk.words.book import Words
from kiosk.words.clean import clean

#: Texts that name an account of the chart: its kind, and whose it is.
_PLACES = frozenset({"from", "to"})


def said(words: Words, name: str, value: str) -> str:
    """The value of the text `name`: a word of the language, a place, or as it was typed."""
    key = f"account_value.{name}_{value}"
    if words.knows(key):
        return words.say(key)
    return place(words, value) if name in _PLACES else clean(value)


def place(words: Words, value: str) -> str:
    """An account of the chart as people name it: "capital_account 2001", or with a colon."""
    kind, _, holder = value.replace(":", " ", 1).partition(" ")
    key = f"book.{kind}"
    return clean(f"{words.say(key) if words.knows(key) else kind} {holder}".strip())


def label(words: Words, name: str) -> str:
    """What the text `name` is called."""
    return words.say(f"account_text.{name}")


def figure(words: Words, name: str) -> str:
    """What the amount `name` is called."""
    return words.say(f"account_figure.{name}")


def event(words: Words, kind: str) -> str:
    """What a kind of fact is called; its own name where it is none of a customer's money."""
    key = f"account_event.{kind}"
    return words.say(key) if words.knows(key) else kind.replace("_", " ")
