"""The one definition of the centre's schema, in SQLModel, for SQLite and PostgreSQL.

The scripts in migrations/ are what the stores run; a test compares them with these classes.
Every key of what comes in starts with the origin and no table refers to another, so the same schema
runs on several nodes with the origins shared among them (design 6).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import registry
from sqlalchemy.schema import CreateTable
from sqlmodel import Field, SQLModel
from sqlmodel.sql.sqltypes import AutoString

#: Parts of the entries table in PostgreSQL: enough for as many nodes, and cheap from day one.
PARTITIONS = 16


@compiles(AutoString, "sqlite")
@compiles(AutoString, "postgresql")
def _text(_type: Any, _compiler: Any, **_options: Any) -> str:
    """Both databases know text without a length."""
    return "TEXT"


@compiles(BigInteger, "sqlite")
def _integer(_type: Any, _compiler: Any, **_options: Any) -> str:
    """STRICT tables have one whole number, of 64 bits."""
    return "INTEGER"


class CentreTable(SQLModel, registry=registry()):
    """The centre's own registry of tables: the terminal's ledger has names of its own."""


ROWS = {"sqlite_strict": True}
KEYED = {"sqlite_strict": True, "sqlite_with_rowid": False}
#: Room in the page for the next version of a row that every bundle moves.
MOVING = {**KEYED, "postgresql_with": {"fillfactor": 50}}


def _number(**options: Any) -> Any:
    return Field(sa_type=BigInteger, **options)


class CentreRow(CentreTable, table=True):
    """Who this centre is. `public_key` belongs to centre.key; lanes are never renumbered."""

    __tablename__ = "centre"
    __table_args__ = (CheckConstraint("id = 1"), ROWS)
    id: int = _number(primary_key=True, sa_column_kwargs={"autoincrement": False})
    schema_version: int = _number()
    name: str
    public_key: bytes
    lanes: int = _number()


class OriginRow(CentreTable, table=True):
    """An enrolled origin: its key, its lane and the head of what is held of it.

    The head row is what makes intake idempotent: it is locked, compared and moved in the commit
    that stores the entries. `received_ms` is the time of the last bundle, 0 before the first.
    """

    __tablename__ = "origins"
    __table_args__ = (CheckConstraint("length(digest) = 32"), MOVING)
    origin: str = Field(primary_key=True)
    public_key: bytes
    residue: int = _number(unique=True)
    sequence: int = _number()
    digest: bytes
    received_ms: int = _number()
    frozen: int = _number()


class CodeRow(CentreTable, table=True):
    """A one-time enrolment code, by its SHA-256; gone once it was used."""

    __tablename__ = "codes"
    __table_args__ = (KEYED,)
    origin: str = Field(primary_key=True)
    digest: bytes


class EntryRow(CentreTable, table=True):
    """One entry, in the very bytes that were hashed and signed (kiosk.domain.entry)."""

    __tablename__ = "entries"
    # With a rowid: entries are long, and appending them is a fifth faster so.
    __table_args__ = ({**ROWS, "postgresql_partition_by": "HASH (origin)"},)
    origin: str = Field(primary_key=True)
    sequence: int = _number(primary_key=True)
    content: bytes


class AlarmRow(CentreTable, table=True):
    """What somebody must look at; a repeated alarm only counts. Origin "" is the centre itself."""

    __tablename__ = "alarms"
    __table_args__ = (KEYED,)
    origin: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    sentence: str
    times: int = _number()
    first_ms: int = _number()
    last_ms: int = _number()


class ShelfRow(CentreTable, table=True):
    """A valid entry that the books could not apply, and why (E27)."""

    __tablename__ = "shelf"
    __table_args__ = (KEYED,)
    origin: str = Field(primary_key=True)
    sequence: int = _number(primary_key=True)
    code: str
    reason: str


class BookRow(CentreTable, table=True):
    """How far an origin's entries are in the books, and what is still open there.

    `open_content` is the msgpack of sync.centre.bookkeeper.OpenState.
    """

    __tablename__ = "books"
    __table_args__ = (MOVING,)
    origin: str = Field(primary_key=True)
    sequence: int = _number()
    open_sales: int = _number()
    in_doubt: int = _number()
    open_content: bytes


class TotalRow(CentreTable, table=True):
    """Sales of an origin in one currency, counted and summed: committed, delivered, voided."""

    __tablename__ = "totals"
    __table_args__ = (KEYED,)
    origin: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    sales: int = _number()
    delivered: int = _number()
    voided: int = _number()
    sold_minor: int = _number()
    delivered_minor: int = _number()
    voided_minor: int = _number()
    delivered_wh: int = _number()


class BalanceRow(CentreTable, table=True):
    """The sum of an account of an origin's books."""

    __tablename__ = "balances"
    __table_args__ = (KEYED,)
    origin: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    amount: int = _number()


def script(database: str) -> str:
    """The SQL that makes all tables in `database`, "sqlite" or "postgres"."""
    dialect = sqlite.dialect() if database == "sqlite" else postgresql.dialect()  # type: ignore[no-untyped-call]
    statements = [
        str(CreateTable(table).compile(dialect=dialect)).strip().replace("\t", "  ")
        for table in CentreTable.metadata.sorted_tables
    ]
    if database == "postgres":
        statements += [
            f"CREATE TABLE entries_{part:02d} PARTITION OF entries"
            f" FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {part})"
            for part in range(PARTITIONS)
        ]
    lines = "\n".join(line.rstrip() for line in ";\n\n".join(statements).splitlines())
    return lines + ";\n"
