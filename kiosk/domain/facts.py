"""Every fact that may enter a journal: its name, its version and its bytes.

A fact is what happened, in the past tense. It is encoded once, at commit; those very bytes are
hashed, signed, sent, verified and restored (design 3). A published fact never changes: what needs
another field gets a new version, and old versions stay readable for ever. Each further subject has
a file of its own (`token_facts` ...), whose facts are registered in `KINDS` here.
"""

from __future__ import annotations

import msgspec

from kiosk.domain import (
    account_facts,
    bill_facts,
    card_account_facts,
    card_facts,
    correction_facts,
    debt_facts,
    operator_facts,
    registry_facts,
    store_facts,
    token_facts,
)
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.fact import Fact as Fact  # noqa: PLC0414 - the name that all rooms use
from kiosk.domain.free_units import FreeToken
from kiosk.domain.sale import SaleState
from kiosk.domain.tariff import Line, Usage
from kiosk.domain.tender import Tender as Tender  # noqa: PLC0414 - the name that all rooms use
from kiosk.domain.token import TokenRequest


class HomeOpened(Fact, frozen=True):
    """The first fact of every journal: who writes here, in which mode, with which key."""

    KIND = "home_opened"
    origin: str
    mode: str
    currency: str
    public_key: bytes

    def identity(self) -> str:
        """A home is opened once."""
        return "home"


class LaneGiven(Fact, frozen=True):
    """The residues of the identifier grid that the centre gave this terminal at enrolment."""

    KIND = "lane_given"
    residue: int
    lanes: int
    centre: str


class CatalogueReceived(Fact, frozen=True):
    """A signed, numbered catalogue came down; the catalogue table has its content by digest."""

    KIND = "catalogue_received"
    number: int
    digest: str
    issuer: str
    tariff_digest: str
    currency: str
    customers: int
    meters: int
    cards: int
    opening_debts: dict[str, int]

    def identity(self) -> str:
        """A catalogue arrives once."""
        return f"catalogue/{self.number}"


class TariffPublished(Fact, frozen=True):
    """Two persons put prices into force in a hall that keeps its own; `content` is the pack."""

    KIND = "tariff_published"
    number: int
    digest: str
    currency: str
    valid_from_ms: int
    use_by_ms: int
    content: bytes
    operator: str
    second: str

    def identity(self) -> str:
        """A pack is published once under its number."""
        return f"tariff/{self.number}"


class OperatorRegistered(Fact, frozen=True):
    """Somebody may sign in. `pin_hash` is Argon2id over the PIN keyed with a secret outside."""

    KIND = "operator_registered"
    operator: str
    role: str
    pin_hash: str
    by: str


class OperatorSignedIn(Fact, frozen=True):
    """Somebody signed in at a station."""

    KIND = "operator_signed_in"
    operator: str
    station: str
    face: str


class SignInRefused(Fact, frozen=True):
    """A wrong PIN; failed attempts are evidence and are kept."""

    KIND = "sign_in_refused"
    operator: str
    station: str


class OperatorSignedOut(Fact, frozen=True):
    """Somebody signed out."""

    KIND = "operator_signed_out"
    operator: str
    station: str


class CardDelivery(msgspec.Struct, frozen=True):
    """What shall be written on which card, and how it looked before (E01-E03)."""

    serial: str
    purchase_number: int
    before: CardImage
    writes: list[PlainWrite]


class SaleCommitted(Fact, frozen=True):
    """Commit one: the money is taken, the delivery intended; nothing physical has happened yet.

    Exactly one of `token` and `card` is set. The identifier and the random nibble stand here, so
    that making the token again gives the same digits; `usage` is what the price depended on beside
    the amount, so that pricing it again gives the same lines. Sales before it was kept have none.
    """

    KIND = "sale_committed"
    sale_id: str
    station: str
    operator: str
    face: str
    meter: str
    account: str
    power_type: str
    tariff_digest: str
    currency: str
    amount_minor: int
    energy_wh: int
    lines: list[Line]
    tenders: list[Tender]
    tendered_minor: int
    change_minor: int
    token: TokenRequest | None = None
    card: CardDelivery | None = None
    usage: Usage | msgspec.UnsetType = msgspec.UNSET

    def identity(self) -> str:
        """The sale id is made at the quote and never changes (R1)."""
        return f"sale/{self.sale_id}"

    def free_tokens(self) -> list[FreeToken]:
        """What is given beside the paid token; version 1 gives nothing."""
        return []

    def requests(self) -> list[TokenRequest]:
        """What is asked of the module, the paid token first; nothing for a card."""
        paid = [self.token] if self.token is not None else []
        return [*paid, *(each.request for each in self.free_tokens())]


class SaleWithFreeCommitted(SaleCommitted, frozen=True):
    """Version 2: `free` tokens go with the paid one, as a set. `energy_wh` is what is paid for.

    A sale that gives nothing is still written as version 1.
    """

    VERSION = 2
    free: list[FreeToken] = msgspec.field(default_factory=list)

    def free_tokens(self) -> list[FreeToken]:
        """What is given beside the paid token."""
        return self.free


def with_free(sale: SaleCommitted, free: list[FreeToken]) -> SaleCommitted:
    """`sale` with `free` tokens beside its paid one: version 2, or as it is when there are none."""
    fields = {name: getattr(sale, name) for name in SaleCommitted.__struct_fields__}
    return SaleWithFreeCommitted(**fields, free=free) if free else sale


class SaleDelivered(Fact, frozen=True):
    """Commit two: the token was made or the card is written and read back.

    `how` is "normal", "recovered" (finished after an interruption) or "witnessed" (the card or the
    meter's write-back showed that it had happened). `stages_ms` are durations, for the record only.
    """

    KIND = "sale_delivered"
    sale_id: str
    how: str
    token: str | None = None
    purchase_number: int | None = None
    stages_ms: dict[str, int] = msgspec.field(default_factory=dict)

    def identity(self) -> str:
        """A sale ends once; delivered and voided share the key."""
        return f"end/{self.sale_id}"

    def digits(self) -> list[str]:
        """The tokens, the paid one first."""
        return [self.token] if self.token is not None else []


class SaleWithFreeDelivered(SaleDelivered, frozen=True):
    """Version 2: the whole set was made; `free` in the order of the committed ones."""

    VERSION = 2
    free: list[str] = msgspec.field(default_factory=list)

    def digits(self) -> list[str]:
        """The tokens, the paid one first."""
        return [*super().digits(), *self.free]


class SaleVoided(Fact, frozen=True):
    """The delivery is known not to have happened; the money went to `returned_to` (an account)."""

    KIND = "sale_voided"
    sale_id: str
    reason: str
    returned_to: str

    def identity(self) -> str:
        """A sale ends once; delivered and voided share the key."""
        return f"end/{self.sale_id}"


class SaleInDoubt(Fact, frozen=True):
    """The outcome is not known; the sale waits for evidence, with an owner and an age."""

    KIND = "sale_in_doubt"
    sale_id: str
    reason: str
    waiting_for: str
    owner: str


class NoteOffered(Fact, frozen=True):
    """A note is in escrow and shall be stacked for this payment: the intention, before the act."""

    KIND = "note_offered"
    payment: str
    note: int
    station: str
    meter: str
    device: str
    counter: int
    amount_minor: int
    currency: str

    def identity(self) -> str:
        """Notes of a payment are numbered from 1."""
        return f"note/{self.payment}/{self.note}"


class NoteStacked(Fact, frozen=True):
    """The note is in the box: money from this moment (E22)."""

    KIND = "note_stacked"
    payment: str
    note: int
    counter: int
    recovered: bool = False

    def identity(self) -> str:
        """A note ends once."""
        return f"note_end/{self.payment}/{self.note}"


class NoteReturned(Fact, frozen=True):
    """The note went back to the customer."""

    KIND = "note_returned"
    payment: str
    note: int
    reason: str

    def identity(self) -> str:
        """A note ends once."""
        return f"note_end/{self.payment}/{self.note}"


class NoteInDoubt(Fact, frozen=True):
    """Nobody knows where the note is: the device cannot say; staff count the box."""

    KIND = "note_in_doubt"
    payment: str
    note: int
    reason: str

    def identity(self) -> str:
        """A note is lost once; staff end it."""
        return f"note_doubt/{self.payment}/{self.note}"


class PaymentKept(Fact, frozen=True):
    """Notes were stacked and no sale came of them: the money is kept for the meter (E23)."""

    KIND = "payment_kept"
    payment: str
    meter: str
    amount_minor: int
    currency: str
    reason: str

    def identity(self) -> str:
        """The rest of a payment is kept once."""
        return f"kept/{self.payment}"


class SlipPrinted(Fact, frozen=True):
    """A slip left for the printer. `copy` 0 is the original, n the n-th reprint, marked COPY."""

    KIND = "slip_printed"
    sale_id: str
    copy: int
    outcome: str
    by: str

    def identity(self) -> str | None:
        """An original that was handed over later than its sale is handed over once."""
        return None if self.copy else slip_identity(self.sale_id)


def slip_identity(sale_id: str) -> str:
    """The identity of the original slip of a sale, where a fact tells of it."""
    return f"slip/{sale_id}"


_ALL: tuple[type[Fact], ...] = (
    HomeOpened, LaneGiven, CatalogueReceived, OperatorRegistered, OperatorSignedIn,
    SignInRefused, OperatorSignedOut, SaleCommitted, SaleWithFreeCommitted, SaleDelivered,
    SaleWithFreeDelivered, SaleVoided, SaleInDoubt,
    NoteOffered, NoteStacked, NoteReturned, NoteInDoubt, PaymentKept, SlipPrinted, TariffPublished,
    *token_facts.FACTS,
    *operator_facts.FACTS,
    *card_account_facts.FACTS,
    *account_facts.FACTS, *debt_facts.FACTS, *bill_facts.FACTS, *correction_facts.FACTS,
    *card_facts.FACTS,
    *store_facts.FACTS,
    *registry_facts.FACTS,
)  # fmt: skip

KINDS: dict[tuple[str, int], type[Fact]] = {(fact.KIND, fact.VERSION): fact for fact in _ALL}

_ENCODER = msgspec.msgpack.Encoder()
_DECODERS: dict[tuple[str, int], msgspec.msgpack.Decoder[Fact]] = {}


def encode(fact: Fact) -> bytes:
    """The bytes of a fact's body; made once, at commit."""
    return _ENCODER.encode(fact)


def decode(kind: str, version: int, body: bytes) -> Fact:
    """The fact in `body`. KeyError for a kind or version that this program does not know,
    msgspec.ValidationError or msgspec.DecodeError for bytes that are not such a fact."""
    wanted = KINDS[kind, version]
    decoder = _DECODERS.get((kind, version))
    if decoder is None:
        decoder = _DECODERS[kind, version] = msgspec.msgpack.Decoder(wanted)
    try:
        return decoder.decode(body)
    except (UnicodeError, RecursionError) as error:  # the decoder lets these through as they are
        raise msgspec.DecodeError(str(error)) from error


def carried_sale(sale: store_facts.CarriedSale) -> SaleCommitted:
    """Commit one of a sale that another journal left open."""
    committed = decode(SaleCommitted.KIND, sale.version, sale.body)
    assert isinstance(committed, SaleCommitted)
    return committed


def carried_note(note: store_facts.CarriedNote) -> NoteOffered:
    """The offer of a note that another journal left open."""
    offered = decode(NoteOffered.KIND, note.version, note.body)
    assert isinstance(offered, NoteOffered)
    return offered


def carried_moves(
    fact: store_facts.OriginRejoined,
) -> list[tuple[card_account_facts.AccountMoveCommitted, str]]:
    """The movements on cards that another journal left open, each with how it stood."""
    found = []
    for move in getattr(fact, "moves", ()):
        kind = card_account_facts.AccountMoveCommitted
        committed = decode(kind.KIND, move.version, move.body)
        assert isinstance(committed, kind)
        found.append((committed, move.state))
    return found


def carried_works(
    fact: store_facts.OriginRejoined,
) -> list[tuple[card_facts.CardWorkCommitted, str]]:
    """The works on cards that another journal left open, each with how it stood."""
    found = []
    for work in getattr(fact, "works", ()):
        committed = decode(card_facts.CardWorkCommitted.KIND, work.version, work.body)
        assert isinstance(committed, card_facts.CardWorkCommitted)
        found.append((committed, work.state))
    return found


#: State that each ending fact leads to; used by the books and by the centre.
ENDS: dict[str, SaleState] = {
    SaleDelivered.KIND: "delivered",
    SaleVoided.KIND: "voided",
    SaleInDoubt.KIND: "in_doubt",
}
