"""One row of the table of verbs (tests/crash/verbs.py)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.crash.bench import AMOUNT_MINOR, Answer, Bench

#: What is found at each door that somebody tries: let in or not, or how often.
Knock = Callable[[Bench], dict[str, Any]]


def _nothing(_bench: Bench) -> None:
    """Nothing must have happened before."""


def _no_doors(_bench: Bench) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Verb:
    """`kind` is the meter that it is about: keypad, card, or "" for none. `commit` is the number
    of the commit that takes it on; 0 when only the note box can say whether it was.

    `of` names what `setup` kept for the act and the auditor looks for in `field`. `knock` is what
    people try at the very end, and `doors` what they must find: without the act, and with it.
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
    knock: Knock = _no_doors
    doors: Mapping[str, tuple[Any, Any]] = dataclasses.field(default_factory=dict)


def told(fact: str, **fields: object) -> Answer:
    """The answer of a deed that is neither sale nor token: its fact holds these fields."""
    return {"fact": fact, "told": fields}
