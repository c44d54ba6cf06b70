"""Every fact that may enter a journal: its name, its version and its bytes.

A fact is what happened, in the past tense. It is encoded once, at commit; those very bytes are
hashed, signed, sent, verified and restored (design 3). A published fact never changes: what needs
another field gets a new version, and old versions stay readable for ever.
"""

from __future__ import annotations

import msgspec

from kiosk.domain import store_facts
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.fact import Fact as Fact  # noqa: PLC0414 - the name that every other room uses
from kiosk.domain.sale import SaleState
from kiosk.domain.special_tokens import KeyPlace, SpecialRequest
from kiosk.domain.tariff import Line
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


class Tender(msgspec.Struct, frozen=True):
    """How a part of a sale was paid: "cash" over the counter, "notes" held by a kiosk, or
    "meter_account" (money kept for the meter). `account` is the ledger account it comes from."""

    kind: str
    amount_minor: int
    account: str


class CardDelivery(msgspec.Struct, frozen=True):
    """What shall be written on which card, and how it looked before (E01-E03)."""

    serial: str
    purchase_number: int
    before: CardImage
    writes: list[PlainWrite]


class SaleCommitted(Fact, frozen=True):
    """Commit one: the money is taken, the delivery intended; nothing physical has happened yet.

    Exactly one of `token` and `card` is set. The identifier and the random nibble stand here, so
    that making the token again gives the same digits.
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

    def identity(self) -> str:
        """The sale id is made at the quote and never changes (R1)."""
        return f"sale/{self.sale_id}"


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
    stages_ms: dict[str, int] = {}  # noqa: RUF012 - msgspec copies it

    def identity(self) -> str:
        """A sale ends once; delivered and voided share the key."""
        return f"end/{self.sale_id}"


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


class TokenCommitted(Fact, frozen=True):
    """A token that is no sale shall be made: the intention, before the module is asked.

    `operation` is free_units, replacement, key_change, meter_test or an operation of class 2.
    `second` is the other person where two are needed, `first_sale` the sale whose token is
    replaced; each is empty otherwise. `energy_wh` is what the token gives, 0 for none.
    """

    KIND = "token_committed"
    issue_id: str
    station: str
    operator: str
    second: str
    face: str
    meter: str
    operation: str
    reason: str
    first_sale: str
    energy_wh: int
    request: SpecialRequest

    def identity(self) -> str:
        """The id is made once and is the module's message id."""
        return f"token/{self.issue_id}"


class TokenIssued(Fact, frozen=True):
    """The module has made it: one token, or the set of a key change in printing order.

    Meter, operation and energy stand here again, so that its postings need nothing else. `how` is
    "normal" or "recovered".
    """

    KIND = "token_issued"
    issue_id: str
    meter: str
    operation: str
    energy_wh: int
    tokens: list[str]
    how: str

    def identity(self) -> str:
        """A token outside a sale ends once; issued and refused share the key."""
        return f"token_end/{self.issue_id}"


class TokenRefused(Fact, frozen=True):
    """The module decided that it makes no such token; its identifier stays used."""

    KIND = "token_refused"
    issue_id: str
    reason: str

    def identity(self) -> str:
        """A token outside a sale ends once; issued and refused share the key."""
        return f"token_end/{self.issue_id}"


class TokenReprinted(Fact, frozen=True):
    """A copy of a token slip, marked COPY n, left for the printer."""

    KIND = "token_reprinted"
    issue_id: str
    copy: int
    by: str


class ImportedKey(msgspec.Struct, frozen=True):
    """A vending key of an imported file: what it is for and its check value, never the key."""

    supply_group: str
    key_revision: int
    key_type: int
    base_date: int
    algorithm: str
    check_value: str
    key_expiry: int
    active_from_ms: int
    active_until_ms: int | None


class KeyFileImported(Fact, frozen=True):
    """Two persons brought a key file to the module; `digest` is the SHA-256 of the file."""

    KIND = "key_file_imported"
    digest: str
    module: str
    keys: list[ImportedKey]
    operator: str
    second: str

    def identity(self) -> str:
        """A file is imported once: its limits would count twice."""
        return f"key_file/{self.digest}"


class MeterKeyChanged(Fact, frozen=True):
    """Somebody saw that the meter took all sections of a key change: it is under another key."""

    KIND = "meter_key_changed"
    issue_id: str
    meter: str
    place: KeyPlace
    operator: str

    def identity(self) -> str:
        """A set changes the meter's key once."""
        return f"key_changed/{self.issue_id}"


_OWN: tuple[type[Fact], ...] = (
    HomeOpened, LaneGiven, CatalogueReceived, OperatorRegistered, OperatorSignedIn,
    SignInRefused, OperatorSignedOut, SaleCommitted, SaleDelivered, SaleVoided, SaleInDoubt,
    NoteOffered, NoteStacked, NoteReturned, NoteInDoubt, PaymentKept, SlipPrinted,
    TokenCommitted, TokenIssued, TokenRefused, TokenReprinted, KeyFileImported, MeterKeyChanged,
)  # fmt: skip

KINDS: dict[tuple[str, int], type[Fact]] = {
    (fact.KIND, fact.VERSION): fact for fact in (*_OWN, *store_facts.FACTS)
}

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


#: State that each ending fact leads to; used by the books and by the centre.
ENDS: dict[str, SaleState] = {
    SaleDelivered.KIND: "delivered",
    SaleVoided.KIND: "voided",
    SaleInDoubt.KIND: "in_doubt",
}
