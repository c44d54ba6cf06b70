"""The centre's large store: PostgreSQL, entries hash-partitioned by origin from the first day.

Several server processes may share it: the lock on an origin's head row orders them. Heads are
locked in the order of their names, so two groups never wait for each other. Entries go in by COPY.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib import resources
from typing import Any

import asyncpg

from kiosk.errors import StoreFault
from sync.centre.intake import Standing
from sync.centre.store import LATER_SCRIPTS, Move, Row

#: Only one process makes the tables; the number is ours alone.
_SCHEMA_LOCK = 0x7061_7968

#: A statement that takes longer has lost its server.
_TIMEOUT_S = 60.0


class PostgresTransaction:
    """Runs statements on one connection of the pool."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def fetch(self, statement: str, *values: Any) -> list[Row]:
        """The rows that `statement` gives."""
        return [tuple(row) for row in await self._connection.fetch(statement, *values)]

    async def run_many(self, statement: str, rows: Iterable[Row]) -> None:
        """`statement` once for each of `rows`."""
        await self._connection.executemany(statement, rows)

    async def lock_heads(self, origins: Sequence[str]) -> list[Standing]:
        """Where the centre stands with these origins; their rows are locked."""
        rows = await self._connection.fetch(
            "SELECT origin, public_key, sequence, digest, frozen FROM origins"
            " WHERE origin = ANY($1) ORDER BY origin FOR UPDATE",
            origins,
        )
        return [Standing(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]

    async def put_entries(self, rows: Sequence[tuple[str, int, bytes]]) -> None:
        """Store new entries in one COPY."""
        await self._connection.copy_records_to_table(
            "entries", records=rows, columns=("origin", "sequence", "content")
        )

    async def move_heads(self, rows: Sequence[Move]) -> None:
        """Set the heads in one statement."""
        await self._connection.execute(
            "UPDATE origins SET sequence = moved.sequence, digest = moved.digest,"
            " received_ms = moved.received_ms"
            " FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bigint[])"
            " AS moved (origin, sequence, digest, received_ms)"
            " WHERE origins.origin = moved.origin",
            *(list(column) for column in zip(*rows, strict=True)),
        )

    async def lock_centre(self) -> None:
        """Only one enrolment at a time."""
        await self._connection.execute("SELECT 1 FROM centre FOR UPDATE")


class PostgresStore:
    """The tables in a PostgreSQL database; implements Store."""

    #: While one group waits for the disk, the next one is being stored.
    commits_at_once = 2

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: asyncpg.Pool | None = None

    async def open(self) -> None:
        """Connect; make the tables if they are not there."""
        with _faults():
            self._pool = await asyncpg.create_pool(
                self._url, min_size=1, max_size=4, command_timeout=_TIMEOUT_S,
                # Acknowledged means durable, whatever the server's own default says.
                server_settings={"synchronous_commit": "on"},
            )  # fmt: skip
        async with self.transaction() as transaction:
            await transaction.fetch("SELECT pg_advisory_xact_lock($1)", _SCHEMA_LOCK)
            found = await transaction.fetch("SELECT to_regclass('centre')")
            if found[0][0] is None:
                await _run_script(transaction, "0001")
            for name, table in LATER_SCRIPTS:
                there = await transaction.fetch("SELECT to_regclass($1)", table)
                if there[0][0] is None:
                    await _run_script(transaction, name)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._pool is not None:
            with _faults():
                await self._pool.close()
            self._pool = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTransaction]:
        """A writing transaction."""
        assert self._pool is not None
        with _faults():
            async with self._pool.acquire() as connection, connection.transaction():
                yield PostgresTransaction(connection)

    async def snapshot(self, queries: Mapping[str, str]) -> dict[str, list[Row]]:
        """Read in one repeatable transaction; writers do not wait for it."""
        assert self._pool is not None
        with _faults():
            async with (
                self._pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                return {
                    name: [tuple(row) for row in await connection.fetch(query)]
                    for name, query in queries.items()
                }


async def _run_script(transaction: PostgresTransaction, name: str) -> None:
    script = resources.files("sync.centre") / "migrations" / f"postgres_{name}.sql"
    for statement in script.read_text().split(";\n"):
        await transaction.fetch(statement)


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        raise StoreFault(f"The PostgreSQL database cannot be used ({reason}).") from error
