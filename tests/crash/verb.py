"""One row of the table of verbs (tests/crash/verbs.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.crash.bench import AMOUNT_MINOR, Answer, Bench


def _nothing(_bench: Bench) -> None:
    """Nothing must have happened before."""


@dataclass(frozen=True)
class Verb:
    """`kind` is the meter that it is about: keypad, card, or "" for none. `commit` is the number
    of the commit that takes it on; 0 when only the note box can say whether it was.

    `of` names what `setup` kept for the act and the auditor looks for in `field`.
    """

    name: str
    act: Callable[[Bench], Answer]
    kind: str = "keypad"
    intent: str = "sale_committed"
    setup: Callable[[Bench], None] = _nothing
    cash: bool = False
    commit: int = 1
    field: str = "meter"
    of: str = ""
    amount_minor: int = AMOUNT_MINOR


def told(fact: str, **fields: object) -> Answer:
    """The answer of a deed that is neither sale nor token: its fact holds these fields."""
    return {"fact": fact, "told": fields}
