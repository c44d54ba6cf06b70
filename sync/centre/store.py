"""What a database must be able to do for a centre; two small modules implement it.

Statements are written once, with `$1`, `$2` for their values, and run in both databases. What
differs (locking heads, storing many entries, moving heads) has a method of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from sync.centre.intake import Standing

Row = tuple[Any, ...]

#: One row a head that moves: origin, sequence, digest, received_ms.
Move = tuple[str, int, bytes, int]


#: Tables that came after the first schema: the script that makes them, and one of its tables.
LATER_SCRIPTS = (("registry", "registry_entries"), ("revocations", "revocations"))


class Transaction(Protocol):
    """A transaction under way: all of it is durable at its end, or none of it happened."""

    async def fetch(self, statement: str, *values: Any) -> list[Row]:
        """The rows that `statement` gives."""

    async def run_many(self, statement: str, rows: Iterable[Row]) -> None:
        """`statement` once for each of `rows`."""

    async def lock_heads(self, origins: Sequence[str]) -> list[Standing]:
        """Where the centre stands with these origins; nobody else moves them until the end."""

    async def put_entries(self, rows: Sequence[tuple[str, int, bytes]]) -> None:
        """Store new entries: origin, sequence, content."""

    async def move_heads(self, rows: Sequence[Move]) -> None:
        """Set the heads of origins that are locked."""

    async def lock_centre(self) -> None:
        """Only one enrolment at a time."""


class Store(Protocol):
    """A database with the centre's tables. Whatever fails in it is a StoreFault."""

    #: Commits that it can work on at the same time.
    commits_at_once: int

    async def open(self) -> None:
        """Connect; make the tables if they are not there."""

    async def close(self) -> None:
        """Let go of the database."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A writing transaction; an error inside it undoes it."""

    async def snapshot(self, queries: Mapping[str, str]) -> dict[str, list[Row]]:
        """The rows of several queries at one and the same moment, without disturbing intake."""
