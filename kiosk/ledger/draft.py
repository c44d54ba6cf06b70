"""A fact on its way to the pen."""

from __future__ import annotations

import msgspec

from kiosk.domain import facts


class Draft(msgspec.Struct, frozen=True):
    """A fact on its way into the journal; `content` travels with it into its own table."""

    kind: str
    version: int
    body: bytes
    content: bytes = b""

    @classmethod
    def of(cls, fact: facts.Fact, content: bytes = b"") -> Draft:
        """The draft of `fact`; this is the one place where a fact is encoded."""
        return cls(fact.KIND, fact.VERSION, facts.encode(fact), content)
