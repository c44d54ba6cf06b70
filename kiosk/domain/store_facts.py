"""Facts about the ledger itself: its clock, its copies, its archives, and how it was carried on."""

from __future__ import annotations

import msgspec

from kiosk.domain.fact import Fact
from kiosk.domain.sale import SaleState


class ClockConfirmed(Fact, frozen=True):
    """The time of this entry is right although the clock seemed wrong (E08): said by two persons,
    or by the signed time of upstream (`operator` is then the centre, `second` empty)."""

    KIND = "clock_confirmed"
    operator: str
    second: str
    doubt: str
    highest_ms: int


class BackupMade(Fact, frozen=True):
    """A backup holds everything up to entry `upto`, whose digest is `digest` in hex."""

    KIND = "backup_made"
    upto: int
    digest: str
    bytes_written: int
    operator: str


class Total(msgspec.Struct, frozen=True, array_like=True):
    """What all postings of some entries together do to an account."""

    account: str
    currency: str
    amount: int


class PeriodArchived(Fact, frozen=True):
    """Entries up to `upto` went into the archive file `number`; their totals are carried forward.

    `digest` is that of entry `upto`, `runs_digest` the SHA-256 over the runs that left the ledger,
    `entries` their number.
    """

    KIND = "period_archived"
    number: int
    upto: int
    digest: bytes
    entries: int
    runs_digest: bytes
    totals: list[Total]
    operator: str

    def identity(self) -> str:
        """Archives are numbered."""
        return f"archive/{self.number}"


class LedgerRestored(Fact, frozen=True):
    """The ledger was built again up to `upto` from `sources`; `lost_after` is where the damaged
    one ended as far as it could be read, 0 when it could not."""

    KIND = "ledger_restored"
    upto: int
    sources: list[str]
    lost_after: int


class LedgerRestoredByTwo(LedgerRestored, frozen=True):
    """Version 2: two persons agreed to give up what no source had (E17)."""

    VERSION = 2
    operator: str
    second: str


class CarriedSale(msgspec.Struct, frozen=True, array_like=True):
    """A sale that was open where an old journal was left: its commit one as it was written, and
    how it stood."""

    version: int
    body: bytes
    state: SaleState


class CarriedNote(msgspec.Struct, frozen=True, array_like=True):
    """A note that was open, or lost, where an old journal was left: its offer as it was written."""

    version: int
    body: bytes
    lost: bool


class CarriedPayment(msgspec.Struct, frozen=True, array_like=True):
    """Notes held for a payment where an old journal was left."""

    payment: str
    station: str
    meter: str
    currency: str
    amount_minor: int


class OriginRejoined(Fact, frozen=True):
    """The journal of `old_origin` had forked, and this one continues it.

    Up to entry `common` the centre holds the old journal; what stood open there and the balances
    are carried forward here. The old entries after `common`, up to `old_sequence`, follow as they
    were.
    """

    KIND = "origin_rejoined"
    old_origin: str
    old_public_key: bytes
    old_sequence: int
    old_digest: bytes
    common: int
    reason: str
    totals: list[Total]
    sales: list[CarriedSale]
    notes: list[CarriedNote]
    payments: list[CarriedPayment]

    def identity(self) -> str:
        """A journal continues one other."""
        return "rejoined"


class CarriedDeed(msgspec.Struct, frozen=True, array_like=True):
    """A work on a card, or a movement of its money, that was open where an old journal was left:
    its intention as it was written, and how it stood."""

    version: int
    body: bytes
    state: str


class OriginRejoinedWithCards(OriginRejoined, frozen=True):
    """Version 2: works on cards and movements of their money stood open too."""

    VERSION = 2
    works: list[CarriedDeed] = msgspec.field(default_factory=list)
    moves: list[CarriedDeed] = msgspec.field(default_factory=list)


def with_cards(
    fact: OriginRejoined, works: list[CarriedDeed], moves: list[CarriedDeed]
) -> OriginRejoined:
    """`fact` with what stood open on cards: version 2, or as it is when nothing did."""
    fields = {name: getattr(fact, name) for name in OriginRejoined.__struct_fields__}
    both = works or moves
    return OriginRejoinedWithCards(**fields, works=works, moves=moves) if both else fact


class LeaseGiven(Fact, frozen=True):
    """A terminal may sell for `days` after the last signed answer of `centre`, and no longer
    (E29): what a thief can sell has an end that needs no contact. 0 days: no limit."""

    KIND = "lease_given"
    centre: str
    public_key: bytes
    days: int


class TerminalRevoked(Fact, frozen=True):
    """The centre has withdrawn this terminal, and it obeys: the last entry of its journal (E29).

    `revoked_ms` is when the centre withdrew it; it had entries up to `upto` then.
    """

    KIND = "terminal_revoked"
    centre: str
    revoked_ms: int
    upto: int

    def identity(self) -> str:
        """A journal ends once."""
        return "revoked"


FACTS: tuple[type[Fact], ...] = (
    ClockConfirmed, BackupMade, PeriodArchived, LedgerRestored, LedgerRestoredByTwo,
    OriginRejoined, OriginRejoinedWithCards, LeaseGiven, TerminalRevoked,
)  # fmt: skip
