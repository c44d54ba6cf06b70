"""The centre's small store: one SQLite file, WAL with synchronous=FULL.

One thread owns the writing connection; while it stores a group, the event loop unpacks and examines
the next one. Heads are read in every transaction and never cached, so
that `centre enrol` beside a running server is safe; the library carries the repair of the WAL-reset
fault (kiosk.ledger.store) or the log is not used.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from sqlcipher3 import dbapi2

from kiosk.errors import StoreFault
from kiosk.ledger.connection import Connection, library_version, wal_is_safe
from sync.centre.intake import Standing
from sync.centre.store import LATER_SCRIPTS, Move, Row

T = TypeVar("T")

#: Another process (an enrolment) may hold the file this long before we say so.
_BUSY_S = 5.0
#: Pages of 4 KiB in the log before it is moved into the file.
_CHECKPOINT_PAGES = 4000

#: One statement stores this many entries, and lets go of the interpreter once for all of them.
_ROWS_AT_ONCE = 100


class SqliteTransaction:
    """Runs statements on the one writing connection, in the thread that owns it."""

    def __init__(self, connection: Connection, thread: Executor) -> None:
        self._connection, self._thread = connection, thread

    async def fetch(self, statement: str, *values: Any) -> list[Row]:
        """The rows that `statement` gives."""
        return await self._run(lambda: list(self._connection.execute(_numbered(statement), values)))

    async def run_many(self, statement: str, rows: Iterable[Row]) -> None:
        """`statement` once for each of `rows`."""
        await self._run(lambda: self._connection.executemany(_numbered(statement), rows))

    async def lock_heads(self, origins: Sequence[str]) -> list[Standing]:
        """The transaction holds the whole file, so reading is locking."""
        return await self._run(lambda: [head for name in origins for head in self._head(name)])

    async def put_entries(self, rows: Sequence[tuple[str, int, bytes]]) -> None:
        """Store new entries."""
        await self._run(lambda: self._insert(rows))

    async def move_heads(self, rows: Sequence[Move]) -> None:
        """Set the heads."""
        statement = (
            "UPDATE origins SET sequence = $2, digest = $3, received_ms = $4 WHERE origin = $1"
        )
        await self.run_many(statement, rows)

    async def lock_centre(self) -> None:
        """The transaction holds the whole file."""

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _head(self, origin: str) -> list[Standing]:
        rows = self._connection.execute(
            "SELECT origin, public_key, sequence, digest, frozen FROM origins WHERE origin = ?",
            (origin,),
        )
        return [Standing(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]

    def _insert(self, rows: Sequence[tuple[str, int, bytes]]) -> None:
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            part = rows[start : start + _ROWS_AT_ONCE]
            self._connection.execute(
                "INSERT INTO entries (origin, sequence, content) VALUES (?, ?, ?)"
                + ", (?, ?, ?)" * (len(part) - 1),
                list(chain.from_iterable(part)),
            )


class SqliteStore:
    """The tables in one file; implements Store."""

    commits_at_once = 1

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database")
        self._connection: Connection = None

    async def open(self) -> None:
        """Connect; make the tables if they are not there."""
        await self._run(self._connect)
        async with self.transaction() as transaction:
            if not await transaction.fetch("SELECT 1 FROM sqlite_master WHERE name = 'centre'"):
                await _run_script(transaction, "0001")
            for name, table in LATER_SCRIPTS:
                found = "SELECT 1 FROM sqlite_master WHERE name = $1"
                if not await transaction.fetch(found, table):
                    await _run_script(transaction, name)

    async def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            await self._run(self._connection.close)
            self._connection = None
        self._thread.shutdown()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqliteTransaction]:
        """A writing transaction; the file is locked from its beginning."""
        async with self._lock:
            with _faults(self._path):
                try:
                    await self._run(lambda: self._connection.execute("BEGIN IMMEDIATE"))
                    yield SqliteTransaction(self._connection, self._thread)
                    await self._run(lambda: self._connection.execute("COMMIT"))
                except BaseException:
                    await self._run(self._roll_back)
                    raise

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _connect(self) -> None:
        with _faults(self._path):
            self._connection = dbapi2.connect(
                str(self._path), timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
            mode = "WAL" if wal_is_safe(library_version()) else "TRUNCATE"
            self._connection.execute(f"PRAGMA journal_mode={mode}").fetchone()
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}").fetchone()
            if self._connection.execute("PRAGMA synchronous").fetchone()[0] != 2:
                raise StoreFault(f"{self._path}: synchronous=FULL was not accepted.")

    def _roll_back(self) -> None:
        # A full disk has rolled back already, and a second time would be an error.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    async def snapshot(self, queries: Mapping[str, str]) -> dict[str, list[Row]]:
        """Read in a thread of its own with a connection of its own: intake goes on meanwhile."""
        return await asyncio.to_thread(self._read, queries)

    def _read(self, queries: Mapping[str, str]) -> dict[str, list[Row]]:
        with _faults(self._path):
            reader = dbapi2.connect(
                f"{self._path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None
            )
            try:
                reader.execute("BEGIN")
                return {name: list(reader.execute(query)) for name, query in queries.items()}
            finally:
                reader.close()


async def _run_script(transaction: SqliteTransaction, name: str) -> None:
    script = resources.files("sync.centre") / "migrations" / f"sqlite_{name}.sql"
    for statement in script.read_text().split(";\n"):
        await transaction.fetch(statement)


def _numbered(statement: str) -> str:
    """`$1` is PostgreSQL's way to number a value, `?1` is SQLite's."""
    return statement.replace("$", "?")


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    try:
        yield
    except dbapi2.Error as error:
        raise StoreFault(f"{path}: the database cannot be used ({error}).") from error
