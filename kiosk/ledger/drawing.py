"""The scratch tables that a proof draws: statements of the busiest kinds wait and run together.

One statement a call would be half the time of `kiosk verify`. The three kinds that may wait are
those of an ordinary sale; they commute (a sale is inserted before it is delivered, and nothing else
touches it between), and any other statement lets them go first.
"""

from __future__ import annotations

from typing import Any

from sqlcipher3 import dbapi2

from kiosk.ledger.connection import Connection

_MAY_WAIT = (
    "INSERT INTO sales ",
    "INSERT INTO identifiers ",
    "UPDATE sales SET state = 'delivered'",
)
_MOST = 2000


class Duplicate(Exception):
    """Something stands in the journal a second time; `sequence` is its entry."""

    def __init__(self, sequence: int, reason: str) -> None:
        self.sequence, self.reason = sequence, reason


class Drawing:
    """Looks like a connection to projection.py; `sequence` is the entry that is being drawn."""

    def __init__(self, scratch: Connection) -> None:
        self._scratch = scratch
        self.sequence = 0
        #: For each statement that waits: its rows, and the entry that each came from.
        self._waiting: dict[str, tuple[list[tuple[Any, ...]], list[int]]] = {}
        self._place: dict[str, int] = {}

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        """Run `sql`, or let it wait."""
        found = self._waiting.get(sql)
        if found is None and self._may_wait(sql):
            found = self._waiting[sql] = ([], [])
        if found is not None:
            found[0].append(values)
            found[1].append(self.sequence)
            return None
        self.finish()
        return self._guarded(self.sequence, sql, values)

    def _may_wait(self, sql: str) -> bool:
        place = self._place.get(sql)
        if place is None:
            kinds = [n for n, start in enumerate(_MAY_WAIT) if sql.startswith(start)]
            place = self._place[sql] = kinds[0] if kinds else -1
        return place >= 0

    def executemany(self, sql: str, rows: list[tuple[Any, ...]]) -> Any:
        """Run `sql` for each of `rows`."""
        self.finish()
        return self._scratch.executemany(sql, rows)

    def rest(self) -> None:
        """Between two batches: let go of what has piled up."""
        if any(len(rows) >= _MOST for rows, _ in self._waiting.values()):
            self.finish()

    def finish(self) -> None:
        """Run what waits. Raises Duplicate for the first that stands there already."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, {}
        self._scratch.execute("SAVEPOINT waiting")
        try:
            for sql in sorted(waiting, key=self._place.__getitem__):
                self._scratch.executemany(sql, waiting[sql][0])
        except dbapi2.IntegrityError:
            self._scratch.execute("ROLLBACK TO waiting")
            self._one_by_one(waiting)
        self._scratch.execute("RELEASE waiting")

    def _one_by_one(self, waiting: dict[str, tuple[list[tuple[Any, ...]], list[int]]]) -> None:
        """In the order of the journal; of one entry, in the order of the kinds."""
        single = [
            (sequence, self._place[sql], sql, values)
            for sql, (rows, sequences) in waiting.items()
            for values, sequence in zip(rows, sequences, strict=True)
        ]
        for sequence, _, sql, values in sorted(single, key=lambda each: each[:2]):
            self._guarded(sequence, sql, values)

    def _guarded(self, sequence: int, sql: str, values: tuple[Any, ...]) -> Any:
        try:
            return self._scratch.execute(sql, values)
        except dbapi2.IntegrityError as error:
            raise Duplicate(sequence, str(error)) from error
