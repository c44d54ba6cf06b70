"""The schema of the registry's own tables, in SQLModel; see kiosk.ledger.tables."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from kiosk.ledger.tables import STRICT


class AmendmentRow(SQLModel, table=True):
    """Every change of a record: field, before, after, who, why; the registration is the first."""

    __tablename__ = "amendments"
    __table_args__ = (
        CheckConstraint("subject IN ('customer', 'meter', 'card')"),
        Index("amendments_record", "subject", "number", "sequence"),
        {"sqlite_strict": True, "sqlite_with_rowid": False},
    )
    sequence: int = Field(primary_key=True)
    line: int = Field(primary_key=True)
    subject: str
    number: str
    field: str
    old: str
    new: str
    reason: str
    operator: str
    changed_ms: int


class InstallationRow(SQLModel, table=True):
    """The installation record of a meter; `seals` are parted by spaces."""

    __tablename__ = "installations"
    __table_args__ = (STRICT,)
    meter: str = Field(primary_key=True)
    sequence: int
    place: str
    installed_on: str
    reading_wh: int
    seals: str
    operator: str


class ReadingRow(SQLModel, table=True):
    """Readings of meters."""

    __tablename__ = "readings"
    __table_args__ = (
        Index("readings_meter", "meter", "sequence"),
        Index("readings_sequence", "sequence"),
        STRICT,
    )
    reading_id: str = Field(primary_key=True)
    sequence: int
    meter: str
    source: str
    reading_wh: int
    remaining_wh: int | None = None
    read_ms: int
    operator: str


class ReplacementRow(SQLModel, table=True):
    """Meters that were replaced, and what moved with them (E14)."""

    __tablename__ = "replacements"
    __table_args__ = (Index("replacements_new_meter", "new_meter"), STRICT)
    replacement_id: str = Field(primary_key=True)
    sequence: int
    meter: str = Field(unique=True)
    new_meter: str
    account: str
    remaining_wh: int
    moved_wh: int
    worth_minor: int


class IndexRow(SQLModel, table=True):
    """What a search may name of a customer; the virtual table registry_search indexes it."""

    __tablename__ = "registry_index"
    __table_args__ = (STRICT,)
    id: int = Field(primary_key=True)
    account: str = Field(unique=True)
    content: str
