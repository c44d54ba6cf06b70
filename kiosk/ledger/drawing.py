"""The scratch tables that a proof draws: statements of the busiest kinds wait and run together.

One statement a call would be half the time of `kiosk verify`. The three kinds that may wait are
those of an ordinary sale; they commute (a sale is inserted before it is delivered, and nothing else
touches it between), and any other statement lets them go first.
"""

from __future__ import annotations

from typing import Any

from sqlcipher3 import dbapi2

from kiosk.ledger.store import Connection

_MAY_WAIT = (
    "INSERT INTO sales ",
    "INSERT INTO identifiers ",
    "UPDATE sales SET state = 'delivered'",
)
_MOST = 5000


class Duplicate(Exception):
    """Something stands in the journal a second time; `sequence` is its entry."""

    def __init__(self, sequence: int, reason: str) -> None:
        self.sequence, self.reason = sequence, reason


class Drawing:
    """Looks like a connection to projection.py; `sequence` is the entry that is being drawn."""

    def __init__(self, scratch: Connection) -> None:
        self._scratch = scratch
        self.sequence = 0
        self._waiting: list[tuple[int, str, tuple[Any, ...]]] = []
        self._place: dict[str, int] = {}

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        """Run `sql`, or let it wait."""
        place = self._place.get(sql)
        if place is None:
            found = [n for n, start in enumerate(_MAY_WAIT) if sql.startswith(start)]
            place = self._place[sql] = found[0] if found else -1
        if place >= 0:
            self._waiting.append((self.sequence, sql, values))
            return None
        self.finish()
        return self._guarded(self.sequence, sql, values)

    def executemany(self, sql: str, rows: list[tuple[Any, ...]]) -> Any:
        """Run `sql` for each of `rows`."""
        self.finish()
        return self._scratch.executemany(sql, rows)

    def rest(self) -> None:
        """Between two batches: let go of what has piled up."""
        if len(self._waiting) >= _MOST:
            self.finish()

    def finish(self) -> None:
        """Run what waits. Raises Duplicate for the first that stands there already."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        rows: dict[str, list[tuple[Any, ...]]] = {}
        for _, sql, values in sorted(waiting, key=lambda each: self._place[each[1]]):
            rows.setdefault(sql, []).append(values)
        self._scratch.execute("SAVEPOINT waiting")
        try:
            for sql, values_list in rows.items():
                self._scratch.executemany(sql, values_list)
        except dbapi2.IntegrityError:
            self._scratch.execute("ROLLBACK TO waiting")
            for sequence, sql, values in waiting:
                self._guarded(sequence, sql, values)
        self._scratch.execute("RELEASE waiting")

    def _guarded(self, sequence: int, sql: str, values: tuple[Any, ...]) -> Any:
        try:
            return self._scratch.execute(sql, values)
        except dbapi2.IntegrityError as error:
            raise Duplicate(sequence, str(error)) from error
