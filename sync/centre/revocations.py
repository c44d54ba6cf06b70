"""Terminals that the centre has withdrawn: stolen, lost, or no longer trusted (E29).

A revoked origin is told so, signed, in each answer. What it still sends is taken and counted apart;
it gets no catalogue, no entries and no enrolment any more.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import BigInteger
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import registry
from sqlalchemy.schema import CreateTable
from sqlmodel import Field, SQLModel

from kiosk.errors import BadInput
from sync import wire
from sync.centre.store import Store
from sync.centre.tables import KEYED


class _Table(SQLModel, registry=registry()):
    """A table that came later than the first schema; a script of its own makes it."""


class RevocationRow(_Table, table=True):
    """An origin that was withdrawn, why, when, and the last entry that was held of it then."""

    __tablename__ = "revocations"
    __table_args__ = (KEYED,)
    origin: str = Field(primary_key=True)
    reason: str
    revoked_ms: int = Field(sa_type=BigInteger)
    sequence: int = Field(sa_type=BigInteger)


def script(database: str) -> str:
    """The SQL that makes the table in `database`, "sqlite" or "postgres"."""
    dialect = sqlite.dialect() if database == "sqlite" else postgresql.dialect()  # type: ignore[no-untyped-call]
    statement = str(CreateTable(RevocationRow.__table__).compile(dialect=dialect))  # type: ignore[attr-defined]
    lines = statement.strip().replace("\t", "  ").splitlines()
    return "\n".join(line.rstrip() for line in lines) + ";\n"


_ALARM = (
    "INSERT INTO alarms (origin, code, sentence, times, first_ms, last_ms)"
    " VALUES ($1, 'revoked', $2, 1, $3, $3) ON CONFLICT (origin, code) DO NOTHING"
)


class Revocations:
    """The verbs, over one store."""

    def __init__(self, store: Store, now_ms: Callable[[], int]) -> None:
        self._store, self._now_ms = store, now_ms

    async def revoke(self, origin: str, reason: str) -> bool:
        """Withdraw `origin`; False when it was withdrawn before. BadInput for an unknown one."""
        now_ms = self._now_ms()
        async with self._store.transaction() as transaction:
            heads = await transaction.lock_heads([origin])
            if not heads:
                raise BadInput(f"{origin} is not enrolled here.")
            if await transaction.fetch("SELECT 1 FROM revocations WHERE origin = $1", origin):
                return False
            await transaction.fetch(
                "INSERT INTO revocations (origin, reason, revoked_ms, sequence)"
                " VALUES ($1, $2, $3, $4)",
                origin, reason, now_ms, heads[0].sequence,
            )  # fmt: skip
            await transaction.fetch("DELETE FROM codes WHERE origin = $1", origin)
            await transaction.fetch(_ALARM, origin, f"{origin} was revoked: {reason}.", now_ms)
        return True

    async def of(self, origin: str) -> int | None:
        """When `origin` was withdrawn, UTC milliseconds; None when it was not."""
        async with self._store.transaction() as transaction:
            rows = await transaction.fetch(
                "SELECT revoked_ms FROM revocations WHERE origin = $1", origin
            )
        return int(rows[0][0]) if rows else None


def refused(origin: str) -> wire.Refused:
    """What a revoked origin hears when it asks for more than to be heard."""
    return wire.Refused("origin_revoked", f"{origin} was revoked by this centre.")
