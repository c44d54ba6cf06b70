"""Facts whose figures contradict each other, put before the books."""

from __future__ import annotations

from typing import Any

import msgspec

from kiosk.domain.books import Books
from kiosk.domain.fact import Fact
from kiosk.errors import Refusal


def code_of_contradiction(fact: Fact, figures: dict[str, Any]) -> str:
    """The code of the refusal when `fact`, which is right as it is, has `figures` instead."""
    assert isinstance(Books().apply(fact), list)
    refused = Books().apply(msgspec.structs.replace(fact, **figures))
    assert isinstance(refused, Refusal), refused
    return refused.code
