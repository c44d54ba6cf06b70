"""The tables of cards' accounts and card cases, in SQLModel; see kiosk.ledger.tables."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

STRICT = {"sqlite_strict": True}


class AccountMoveRow(SQLModel, table=True):
    """Movements of money on cards and how each ended."""

    __tablename__ = "account_moves"
    __table_args__ = (
        CheckConstraint("state IN ('committed', 'moved', 'undone')"),
        CheckConstraint("kind IN ('top_up', 'spend')"),
        Index("account_moves_card", "card", "number"),
        Index("account_moves_state", "state"),
        Index("account_moves_account", "account"),
        STRICT,
    )
    move_id: str = Field(primary_key=True)
    sequence: int = Field(foreign_key="entries.sequence")
    state: str
    kind: str
    card: str
    account: str
    meter: str
    station: str
    currency: str
    amount_minor: int
    number: int
    balance_minor: int
    previous: bytes
    mark: bytes
    committed_ms: int
    ended: int | None = None
    copies: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})


class ReturnedCardMoneyRow(SQLModel, table=True):
    """What cards that are out of use were last seen to hold, and gave back."""

    __tablename__ = "returned_card_money"
    __table_args__ = (STRICT,)
    card: str = Field(primary_key=True)
    sequence: int = Field(foreign_key="entries.sequence")
    return_id: str
    number: int
    currency: str
    amount_minor: int
    previous: bytes
    mark: bytes


class SuspicionRow(SQLModel, table=True):
    """Cards that were found not to be what they should be (E16)."""

    __tablename__ = "suspicions"
    __table_args__ = (
        Index("suspicions_serial", "serial"), Index("suspicions_meter", "meter"), STRICT,
    )  # fmt: skip
    case_id: str = Field(primary_key=True)
    sequence: int = Field(foreign_key="entries.sequence")
    reason: str
    serial: str
    card_number: str
    meter: str
    opened_ms: int
    closed: int | None = None
    finding: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
