"""The scratch tables that a proof draws: statements of the busiest kinds wait and run together.

One statement a call would be half the time of `kiosk verify`. The three kinds that may wait are
those of an ordinary sale; they commute (a sale is inserted before it is delivered, and nothing else
touches it between), and any other statement lets them go first. Lines of the amendment file wait
for whoever reads that file, and the search text of a customer for the end, where it is written
once.
"""

from __future__ import annotations

from typing import Any

from sqlcipher3 import dbapi2

from kiosk.ledger.connection import Connection
from kiosk.ledger.registry_rows import index_account

_MAY_WAIT = (
    "INSERT INTO sales ",
    "INSERT INTO identifiers ",
    "UPDATE sales SET state = 'delivered'",
)
_AMENDED = "INSERT INTO amendments "
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
        self._amended: list[tuple[Any, ...]] = []
        self._amending = ""
        self._reads_amendments: dict[str, bool] = {}
        #: Accounts in the order in which they were first to be searched.
        self._accounts: dict[str, None] = {}

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
        if self._amended and self._is_about_amendments(sql):
            self._amend()
        return self._guarded(self.sequence, sql, values)

    def index_later(self, account: str) -> None:
        """Write the search text of `account` when everything is drawn."""
        self._accounts[account] = None

    def _is_about_amendments(self, sql: str) -> bool:
        found = self._reads_amendments.get(sql)
        if found is None:
            found = self._reads_amendments[sql] = "amendments" in sql
        return found

    def _amend(self) -> None:
        rows, self._amended = self._amended, []
        if rows:
            self._scratch.executemany(self._amending, rows)

    def _may_wait(self, sql: str) -> bool:
        place = self._place.get(sql)
        if place is None:
            kinds = [n for n, start in enumerate(_MAY_WAIT) if sql.startswith(start)]
            place = self._place[sql] = kinds[0] if kinds else -1
        return place >= 0

    def executemany(self, sql: str, rows: list[tuple[Any, ...]]) -> Any:
        """Run `sql` for each of `rows`, or let them wait."""
        if sql.startswith(_AMENDED):
            self._amending = sql
            self._amended += rows
            return None
        self.finish()
        return self._scratch.executemany(sql, rows)

    def rest(self) -> None:
        """Between two batches: let go of what has piled up."""
        if any(len(rows) >= _MOST for rows, _ in self._waiting.values()):
            self.finish()
        if len(self._amended) >= _MOST:
            self._amend()

    def end(self) -> None:
        """Everything is drawn: what waited to the end."""
        self.finish()
        self._amend()
        accounts, self._accounts = self._accounts, {}
        for account in accounts:
            index_account(self._scratch, account)

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
