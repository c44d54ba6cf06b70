"""The one definition of the schema, in SQLModel.

The selling process does not import this module: it would cost 30 MiB and the budget is 64
(docs/architecture.md, Memory). It runs the SQL of migrations/, and a test proves that both describe
the same tables, column by column. Reports, later migrations and tools read through these classes.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.ext.compiler import compiles
from sqlmodel import Field, SQLModel
from sqlmodel.sql.sqltypes import AutoString

from kiosk.ledger import account_tables as account_tables  # noqa: PLC0414 - one schema
from kiosk.ledger import card_tables as card_tables  # noqa: PLC0414
from kiosk.ledger.card_tables import CardRow as CardRow  # noqa: PLC0414


@compiles(AutoString, "sqlite")
def _text(_type: Any, _compiler: Any, **_options: Any) -> str:
    """STRICT tables know TEXT and not VARCHAR."""
    return "TEXT"


STRICT = {"sqlite_strict": True}


def tokens_by_digits(table: str, column: str, most: int) -> list[Index]:
    """Indexes over each of up to `most` tokens that stand in `column`, parted by spaces."""
    several: dict[str, Any] = {"sqlite_where": text(f"length({column}) > 20")}
    return [
        Index(
            f"{table}_token_{place + 1}" if place else f"{table}_token",
            text(f"substr({column}, {1 + 21 * place}, 20)"),
            **(several if place else {}),
        )
        for place in range(most)
    ]


class EntryRow(SQLModel, table=True):
    """One entry of the journal; see kiosk.domain.entry. triggers refuse UPDATE and DELETE."""

    __tablename__ = "entries"
    __table_args__ = (
        CheckConstraint("sequence > 0"),
        CheckConstraint("length(previous) = 32"),
        CheckConstraint("length(signature) = 64"),
        STRICT,
    )
    sequence: int = Field(primary_key=True)
    time_ms: int
    quality: str
    kind: str
    version: int
    body: bytes
    previous: bytes
    signature: bytes


class PostingRow(SQLModel, table=True):
    """One posting of one entry; see kiosk.domain.books. triggers refuse UPDATE and DELETE."""

    __tablename__ = "postings"
    __table_args__ = (
        CheckConstraint("amount <> 0"),
        CheckConstraint("state IN ('pending', 'posted', 'voided')"),
        Index("postings_account", "account", "currency"),
        {"sqlite_strict": True, "sqlite_with_rowid": False},
    )
    sequence: int = Field(primary_key=True, foreign_key="entries.sequence")
    line: int = Field(primary_key=True)
    account: str
    currency: str
    amount: int
    state: str


class BalanceRow(SQLModel, table=True):
    """The sum of an account: a stored total that `kiosk verify` rebuilds and compares."""

    __tablename__ = "balances"
    __table_args__ = ({"sqlite_strict": True, "sqlite_with_rowid": False},)
    account: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    amount: int


class IdentityRow(SQLModel, table=True):
    """Under which identity a fact stands in the journal, so that it stands there once (E05)."""

    __tablename__ = "identities"
    __table_args__ = ({"sqlite_strict": True, "sqlite_with_rowid": False},)
    identity: str = Field(primary_key=True)
    sequence: int = Field(foreign_key="entries.sequence")


class SaleRow(SQLModel, table=True):
    """Where each sale stands; drawn from the journal and compared by `kiosk verify`.

    `token` holds the digits, parted by spaces where free tokens went with the paid one.
    """

    __tablename__ = "sales"
    __table_args__ = (
        CheckConstraint("state IN ('paid', 'delivered', 'voided', 'in_doubt')"),
        CheckConstraint("amount_minor > 0 AND energy_wh > 0"),
        Index("sales_meter", "meter", "sequence"),
        Index("sales_account", "account", "sequence"),
        Index("sales_state", "state"),
        Index("sales_card", "card", "purchase_number"),
        Index("sales_sequence", "sequence"),
        Index("sales_time", "committed_ms"),
        *tokens_by_digits("sales", "token", 5),
        STRICT,
    )
    sale_id: str = Field(primary_key=True)
    sequence: int = Field(foreign_key="entries.sequence")
    state: str
    meter: str
    account: str
    card: str | None = None
    station: str
    operator: str
    face: str
    currency: str
    amount_minor: int
    energy_wh: int
    token: str | None = None
    purchase_number: int | None = None
    committed_ms: int
    ended: int | None = None
    copies: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})


class IdentifierRow(SQLModel, table=True):
    """Every token identifier ever given to a meter; its key makes reuse impossible (E09)."""

    __tablename__ = "identifiers"
    __table_args__ = ({"sqlite_strict": True, "sqlite_with_rowid": False},)
    meter: str = Field(primary_key=True)
    base_date: int = Field(primary_key=True)
    key_revision: int = Field(primary_key=True)
    identifier: int = Field(primary_key=True)
    sale_id: str


class IssuedTokenRow(SQLModel, table=True):
    """Tokens outside sales and how each ended; `tokens` are its digits, parted by spaces."""

    __tablename__ = "issued_tokens"
    __table_args__ = (
        CheckConstraint("state IN ('committed', 'issued', 'refused')"),
        Index("issued_tokens_meter", "meter", "sequence"),
        Index("issued_tokens_state", "state"),
        Index("issued_tokens_sale", "first_sale"),
        Index("issued_tokens_sequence", "sequence"),
        *tokens_by_digits("issued_tokens", "tokens", 4),
        STRICT,
    )
    issue_id: str = Field(primary_key=True)
    sequence: int = Field(foreign_key="entries.sequence")
    state: str
    operation: str
    meter: str
    station: str
    first_sale: str
    energy_wh: int
    tokens: str
    committed_ms: int
    ended: int | None = None
    copies: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    key_changed: int | None = None


class NoteRow(SQLModel, table=True):
    """Notes that were offered to the acceptor, and how each ended."""

    __tablename__ = "notes"
    __table_args__ = (
        CheckConstraint("state IN ('offered', 'stacked', 'returned', 'in_doubt')"),
        Index("notes_state", "state"),
        {"sqlite_strict": True, "sqlite_with_rowid": False},
    )
    payment: str = Field(primary_key=True)
    note: int = Field(primary_key=True)
    state: str
    sequence: int
    station: str
    device: str
    meter: str
    counter: int
    amount_minor: int
    currency: str


class HeldRow(SQLModel, table=True):
    """Notes stacked for a payment that is not a sale yet."""

    __tablename__ = "held"
    __table_args__ = (STRICT,)
    payment: str = Field(primary_key=True)
    station: str
    meter: str
    currency: str
    amount_minor: int


class CatalogueRow(SQLModel, table=True):
    """The signed catalogues that came down, content and all."""

    __tablename__ = "catalogues"
    __table_args__ = (STRICT,)
    number: int = Field(primary_key=True)
    digest: str = Field(unique=True)
    content: bytes


class TariffRow(SQLModel, table=True):
    """Every tariff pack that a sale may point to, by digest; `kiosk why` replays from it."""

    __tablename__ = "tariffs"
    __table_args__ = (STRICT,)
    digest: str = Field(primary_key=True)
    number: int
    content: bytes


class CustomerRow(SQLModel, table=True):
    """The registry: customers. `name_key` is the name in lower case, for the search."""

    __tablename__ = "customers"
    __table_args__ = (Index("customers_name", "name_key"), STRICT)
    account: str = Field(primary_key=True)
    name: str
    name_key: str
    address: str
    phone: str
    customer_class: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    area: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    catalogue: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})


class MeterRow(SQLModel, table=True):
    """The registry: meters, with what the vending side must know of each."""

    __tablename__ = "meters"
    __table_args__ = (
        CheckConstraint("kind IN ('keypad', 'card')"),
        Index("meters_account", "account"),
        STRICT,
    )
    number: str = Field(primary_key=True)
    account: str = Field(foreign_key="customers.account")
    kind: str
    power_type: str
    blocked: int
    phases: int
    supply_group: str
    key_revision: int
    tariff_index: int
    key_type: int
    algorithm: str
    base_date: int
    shares: str = Field(default="[]", sa_column_kwargs={"server_default": text("'[]'")})
    capacity_w: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    retired: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    replaced_by: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    next_power_type: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    next_power_type_ms: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    catalogue: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    credit_register: str = Field(
        default="electricity", sa_column_kwargs={"server_default": text("'electricity'")}
    )


class OperatorRow(SQLModel, table=True):
    """Who may sign in, and how often a wrong PIN was given since the last right one."""

    __tablename__ = "operators"
    __table_args__ = (STRICT,)
    operator: str = Field(primary_key=True)
    role: str
    pin_hash: str
    failures: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    last_failure_ms: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    card: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    retired: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})


class RefusedSignInRow(SQLModel, table=True):
    """When a sign-in was refused at this home: too many slow everybody down."""

    __tablename__ = "refused_sign_ins"
    __table_args__ = (Index("refused_sign_ins_time", "time_ms"), STRICT)
    sequence: int = Field(primary_key=True)
    time_ms: int


class AnchorRow(SQLModel, table=True):
    """Signed acknowledgements from upstream: the journal up to `sequence` is held elsewhere too."""

    __tablename__ = "anchors"
    __table_args__ = (STRICT,)
    sequence: int = Field(primary_key=True)
    digest: bytes
    centre: str
    content: bytes


class ArchivedRow(SQLModel, table=True):
    """A run of entries that an archive file holds instead of this ledger."""

    __tablename__ = "archived"
    __table_args__ = (
        CheckConstraint("first > 1 AND last >= first"),
        CheckConstraint("length(digest) = 32"),
        STRICT,
    )
    first: int = Field(primary_key=True)
    last: int
    digest: bytes
    archive: int


class HomeRow(SQLModel, table=True):
    """The head of the journal: number and digest of its last entry, so that a cut tail shows."""

    __tablename__ = "head"
    __table_args__ = (CheckConstraint("id = 1"), STRICT)
    id: int = Field(primary_key=True)
    sequence: int
    digest: bytes
