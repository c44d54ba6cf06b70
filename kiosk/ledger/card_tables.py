"""The tables of cards in SQLModel; see kiosk.ledger.tables, which gathers the definition."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

STRICT = {"sqlite_strict": True}


def _none() -> dict[str, object]:
    return {"server_default": text("0")}


def _empty() -> dict[str, object]:
    return {"server_default": text("''")}


class CardRow(SQLModel, table=True):
    """The registry: every card by its chip. `changed` is the entry that stopped or made it here,
    0 for what a catalogue says."""

    __tablename__ = "cards"
    __table_args__ = (
        CheckConstraint("state IN ('active', 'hot', 'lost', 'retired')"),
        Index("cards_meter", "meter"),
        Index("cards_number", "number"),
        STRICT,
    )
    serial: str = Field(primary_key=True)
    number: str
    meter: str = Field(foreign_key="meters.number")
    issue: int
    state: str = Field(default="active", sa_column_kwargs={"server_default": text("'active'")})
    reason: str = Field(default="", sa_column_kwargs=_empty())
    changed: int = Field(default=0, sa_column_kwargs=_none())
    #: The catalogue that it came with; 0 for one that has not come down yet.
    catalogue: int = Field(default=0, sa_column_kwargs=_none())


class CardWorkRow(SQLModel, table=True):
    """Works on cards and how each ended. The purchase is what the card carries afterwards."""

    __tablename__ = "card_works"
    __table_args__ = (
        CheckConstraint("state IN ('committed', 'done', 'undone', 'in_doubt')"),
        Index("card_works_meter", "meter", "sequence"),
        Index("card_works_state", "state"),
        Index("card_works_sale", "sale_id"),
        STRICT,
    )
    work_id: str = Field(primary_key=True)
    sequence: int = Field(foreign_key="entries.sequence")
    state: str
    operation: str
    meter: str
    card_number: str
    serial: str
    family: str
    issue: int
    replaces: str
    station: str
    sale_id: str
    purchase_number: int
    energy_wh: int
    amount_minor: int
    currency: str
    content_sale: str
    committed_ms: int
    ended: int | None = None
    copies: int = Field(default=0, sa_column_kwargs=_none())


class CardCaseRow(SQLModel, table=True):
    """Cards that were left, or that should not have been there: cases for staff."""

    __tablename__ = "card_cases"
    __table_args__ = (
        Index("card_cases_serial", "serial"), Index("card_cases_meter", "meter"), STRICT,
    )  # fmt: skip
    case_id: str = Field(primary_key=True)
    sequence: int = Field(foreign_key="entries.sequence")
    kind: str
    serial: str
    meter: str
    station: str
    opened_ms: int
    outcome: str = Field(default="", sa_column_kwargs=_empty())
    ended: int | None = None


class CardStockRow(SQLModel, table=True):
    """Blank cards of a family at this station."""

    __tablename__ = "card_stock"
    __table_args__ = (STRICT,)
    family: str = Field(primary_key=True)
    received: int = Field(default=0, sa_column_kwargs=_none())
    issued: int = Field(default=0, sa_column_kwargs=_none())
    damaged: int = Field(default=0, sa_column_kwargs=_none())
    corrected: int = Field(default=0, sa_column_kwargs=_none())
    in_stock: int = Field(default=0, sa_column_kwargs=_none())


class CardReadingRow(SQLModel, table=True):
    """Readings that meters wrote on cards."""

    __tablename__ = "card_readings"
    __table_args__ = (Index("card_readings_meter", "meter", "sequence"), STRICT)
    sequence: int = Field(primary_key=True, foreign_key="entries.sequence")
    meter: str
    serial: str
    purchase_number: int
    credited_wh: int
    left_wh: int
    left_minor: int
    overdraft_minor: int
    result: int
    read_ms: int
