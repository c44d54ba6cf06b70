"""What a centre keeps for the registry, in SQLModel; see sync.centre.tables."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import registry
from sqlalchemy.schema import CreateTable
from sqlmodel import Field, SQLModel

from sync.centre.tables import KEYED, ROWS


class RegistryTable(SQLModel, registry=registry()):
    """Tables that came later than the first schema; a script of their own makes them."""


class RegistryEntryRow(RegistryTable, table=True):
    """The entries that change the registry, found without reading all others."""

    __tablename__ = "registry_entries"
    __table_args__ = (KEYED,)
    origin: str = Field(primary_key=True)
    sequence: int = Field(sa_type=BigInteger, primary_key=True)
    content: bytes


class CatalogueRow(RegistryTable, table=True):
    """Catalogues: those of the utility (`issued` 0) and those that this centre issued (1)."""

    __tablename__ = "catalogues"
    __table_args__ = (ROWS,)
    number: int = Field(
        sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    issued: int = Field(sa_type=BigInteger)
    content: bytes


def script(database: str) -> str:
    """The SQL that makes these tables in `database`, "sqlite" or "postgres"."""
    dialect = sqlite.dialect() if database == "sqlite" else postgresql.dialect()  # type: ignore[no-untyped-call]
    statements = [
        str(CreateTable(table).compile(dialect=dialect)).strip().replace("\t", "  ")
        for table in RegistryTable.metadata.sorted_tables
    ]
    lines = "\n".join(line.rstrip() for line in ";\n\n".join(statements).splitlines())
    return lines + ";\n"
