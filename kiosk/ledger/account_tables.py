"""The schema of customers' money, debts, bills and corrections, in SQLModel (see tables.py)."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

_STRICT = {"sqlite_strict": True}
_KEYED = {"sqlite_strict": True, "sqlite_with_rowid": False}


class AccountEventRow(SQLModel, table=True):
    """Which entries are about a customer's money: the index of the customer's history."""

    __tablename__ = "account_events"
    __table_args__ = (_KEYED,)
    account: str = Field(primary_key=True)
    sequence: int = Field(primary_key=True, foreign_key="entries.sequence")


class TopUpRow(SQLModel, table=True):
    """Money that came in for a capital account, and whether the bank has it."""

    __tablename__ = "top_ups"
    __table_args__ = (
        CheckConstraint("state IN ('received', 'cleared', 'bounced')"),
        Index("top_ups_account", "account", "sequence"),
        Index("top_ups_reference", "method", "reference"),
        _STRICT,
    )
    top_up_id: str = Field(primary_key=True)
    sequence: int = Field(foreign_key="entries.sequence")
    state: str
    account: str
    method: str
    reference: str
    currency: str
    amount_minor: int
    spendable: int
    received_ms: int


class DebtRow(SQLModel, table=True):
    """Every debt and what is left of it; drawn from the postings on receivables."""

    __tablename__ = "debts"
    __table_args__ = (
        CheckConstraint("paid_minor >= 0 AND paid_minor + written_off_minor <= amount_minor"),
        Index("debts_account", "account", "currency"),
        _STRICT,
    )
    debt_id: str = Field(primary_key=True)
    sequence: int = Field(foreign_key="entries.sequence")
    account: str
    kind: str
    dated_ms: int
    currency: str
    amount_minor: int
    paid_minor: int
    written_off_minor: int


class DebtTakingRow(SQLModel, table=True):
    """What an entry has paid of a debt."""

    __tablename__ = "debt_takings"
    __table_args__ = (_KEYED,)
    sequence: int = Field(primary_key=True, foreign_key="entries.sequence")
    debt_id: str = Field(primary_key=True)
    amount_minor: int


class DebtCreditRow(SQLModel, table=True):
    """What was paid beyond all debts of an account."""

    __tablename__ = "debt_credits"
    __table_args__ = (CheckConstraint("amount_minor > 0"), _KEYED)
    account: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    amount_minor: int


class DebtPlanRow(SQLModel, table=True):
    """How a customer pays old debt, as it was last agreed."""

    __tablename__ = "debt_plans"
    __table_args__ = (CheckConstraint("rule IN ('fixed', 'share', 'tariff')"), _STRICT)
    account: str = Field(primary_key=True)
    sequence: int = Field(foreign_key="entries.sequence")
    rule: str
    amount_minor: int
    share_ppm: int
    debt_order: str


class BillRow(SQLModel, table=True):
    """Bills of old meters and what was collected on them."""

    __tablename__ = "bills"
    __table_args__ = (
        CheckConstraint("paid_minor >= 0 AND paid_minor <= amount_minor"),
        Index("bills_account", "account", "sequence"),
        _STRICT,
    )
    bill_id: str = Field(primary_key=True)
    sequence: int = Field(foreign_key="entries.sequence")
    account: str
    name: str
    meter: str
    period: str
    currency: str
    amount_minor: int
    paid_minor: int
    due_ms: int
    late_fee_minor: int
    late_fee_paid_minor: int


class UndoneSaleRow(SQLModel, table=True):
    """Delivered sales that were reversed or reallocated, and reversals that wait for their card."""

    __tablename__ = "undone_sales"
    __table_args__ = (
        CheckConstraint("state IN ('intended', 'reversed', 'reallocated')"),
        _STRICT,
    )
    sale_id: str = Field(primary_key=True)
    sequence: int = Field(foreign_key="entries.sequence")
    state: str


class ReratedSaleRow(SQLModel, table=True):
    """Sales that were priced again."""

    __tablename__ = "rerated_sales"
    __table_args__ = (_STRICT,)
    sale_id: str = Field(primary_key=True)
    sequence: int = Field(foreign_key="entries.sequence")
    tariff_digest: str
    difference_minor: int


class ClosedAccountRow(SQLModel, table=True):
    """Customers who have left."""

    __tablename__ = "closed_accounts"
    __table_args__ = (_STRICT,)
    account: str = Field(primary_key=True)
    sequence: int = Field(foreign_key="entries.sequence")
