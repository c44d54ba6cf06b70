"""The outside world on one page: what the till may ask of a clock, a device or the line.

Ports are protocols; adapters live in drivers/, receipts/ and sync/, and `kiosk.front.wiring` puts
them together. Every call returns within the time limit that the adapter was built with. One worker
thread owns a device: an adapter need not be safe for several threads. Money is in minor units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import msgspec

from kiosk.errors import Refusal

if TYPE_CHECKING:  # a first frame needs a clock; it must not wait for what else there is
    from collections.abc import Sequence
    from pathlib import Path

    from kiosk.domain.account_record import AccountRecord, Purse, Standing
    from kiosk.domain.card_account_record import MoveRecord
    from kiosk.domain.card_record import CardWorkRecord
    from kiosk.domain.cards.image import CardImage, PlainWrite
    from kiosk.domain.facts import NoteOffered
    from kiosk.domain.record import PaymentRecord, SaleRecord, TokenRecord
    from kiosk.domain.registry import Customer
    from kiosk.domain.registry_slip import RegistrySlip
    from kiosk.domain.special_tokens import (
        KeyChangeRequest,
        KeyPlace,
        ManagementRequest,
        MeterTestRequest,
        Verified,
    )
    from kiosk.domain.token import TokenRequest
    from kiosk.domain.vending_keys import VendorKey

# --- time -------------------------------------------------------------------------------------

ClockDoubt = Literal["", "back", "ahead", "disagrees"]
ClockQuality = Literal["synced", "unsynced", "doubtful"]


class Moment(msgspec.Struct, frozen=True):
    """A time in UTC milliseconds since 1970 and how far it can be trusted (E08).

    `doubt` says why a doubtful one is: it went back, it is too far ahead of the last known time, or
    it disagrees with the signed time of upstream.
    """

    time_ms: int
    quality: ClockQuality
    doubt: ClockDoubt = ""


class Clock(Protocol):
    """The only source of time. Order of facts is by sequence, never by this."""

    def now(self) -> Moment:
        """The time of day."""

    def monotonic_ms(self) -> int:
        """Milliseconds that never run backwards; for durations and limits only."""


@runtime_checkable
class TrustedClock(Clock, Protocol):
    """A clock that can be told what the time is worth."""

    def heard(self, upstream_ms: int) -> bool:
        """The signed time of upstream came in just now; whether it took away a doubt."""

    def confirm(self) -> None:
        """Two persons say that it is right."""


class Entropy(Protocol):
    """The only source of random numbers, so that a test can name its seed."""

    def nibble(self) -> int:
        """Four random bits, for the RND field of a token."""

    def name(self) -> str:
        """A name that no other sale, station or payment ever gets: 16 characters, a-z and 0-9."""


# --- cards ------------------------------------------------------------------------------------


class CardReader(Protocol):
    """One card reader. Raises the CardFault classes of kiosk.errors, which say what to do next."""

    name: str

    def present(self) -> bool:
        """Whether a card is in the reader now. Raises ServiceLost."""

    def insertions(self) -> int:
        """Grows with every insertion; tells a card that came back from one that stayed."""

    def read(self) -> CardImage:
        """The whole image of the card, read once; CardUnusable for blank, foreign or damaged."""

    def write(self, serial: str, writes: Sequence[PlainWrite]) -> None:
        """Make `writes` in their order on the card with `serial`.

        CardUnusable with code "other_card" before the first write if another card is in the reader.
        After any other error the outcome is unknown: read the card before saying anything.
        """

    def inspect(self) -> CardImage:
        """As `read`, also of a card that is blank, not finished or not as it was written: for
        staff, who make and mend cards."""

    def personalise(self, serial: str, writes: Sequence[PlainWrite]) -> None:
        """As `write`, under the whitelist of staff; `serial` is the one that was just inspected.

        BadInput before the first write when it would change an identity that is finished.
        """

    def seals(self) -> bool:
        """Whether cards that are made here belong to a profile with keys."""


class SecurityModule(Protocol):
    """Holds the keys of cards, diversified by the serial of each chip, and never shows one.

    A PSAM in the reader's second slot, an HSM behind the line, or test keys in software. Raises
    VendorFault when it does not answer and BadInput when it has no key for the family.
    """

    @property
    def name(self) -> str:
        """What it is called in the journal."""

    def answer_to_card(self, family: str, serial: str, challenge: bytes) -> bytes:
        """8 bytes that prove to the card that we may write (EXTERNAL AUTHENTICATE)."""

    def is_genuine(self, family: str, serial: str, challenge: bytes, answer: bytes) -> bool:
        """Whether only a card of ours could have answered so (INTERNAL AUTHENTICATE)."""

    def content_mac(self, family: str, serial: str, content: bytes) -> bytes:
        """8 bytes over what is stored on the card."""

    def command_mac(self, family: str, serial: str, challenge: bytes, command: bytes) -> bytes:
        """4 bytes over one command, bound to the card's challenge (secure messaging)."""

    def access_code(self, family: str, serial: str, length: int) -> bytes:
        """The secret code (PSC) or sector key of a memory card."""


# --- tokens -----------------------------------------------------------------------------------


class TokenVendor(Protocol):
    """A security module that turns a request into 20 digits. The same request, the same digits."""

    name: str

    def keys(self) -> list[VendorKey]:
        """The vending keys that the module holds. Raises VendorFault."""

    def issue(self, request: TokenRequest) -> str | Refusal:
        """The 20 digits, or why the module refuses (no key, key expired, amount out of range).

        Raises VendorFault when the answer was lost: call again with the same `message_id`, which
        fetches the result and never issues twice (E06).
        """

    def manage(self, request: ManagementRequest) -> str | Refusal:
        """The 20 digits of a management token (class 2), under the same rules as `issue`."""

    def meter_test(self, request: MeterTestRequest) -> str | Refusal:
        """The 20 digits of a test or display (class 1): the same digits for everybody."""

    def change_key(self, request: KeyChangeRequest) -> list[str] | Refusal:
        """The tokens of a key change in printing order; no identifier is in them, so asking again
        gives the same digits. Raises VendorFault as `issue` does."""

    def verify(self, meter: str, algorithm: str, place: KeyPlace, token: str) -> Verified | Refusal:
        """What `token` says to `meter` under the key of `place`; `token_does_not_verify` when it is
        not for that meter. One random number in 65,000 passes: compare it with the journal."""


class KeyFiles(Protocol):
    """Where the keys of a software module stand, and how further ones come in from a file.

    Every method raises BadInput with one sentence for a file that cannot be used: wrong passphrase,
    truncated, altered, expired, of another module.
    """

    def look(self, path: Path, secret: str) -> LoadedFile:
        """What is in a key file; nothing is changed."""

    def load(self, path: Path, secret: str) -> TokenVendor:
        """Put the keys of a file into force beside those that are there: the module afterwards."""


class LoadedFile(msgspec.Struct, frozen=True):
    """A key file as it may be shown: its SHA-256, the module it is for, its keys without keys."""

    digest: str
    module: str
    keys: list[VendorKey]


# --- cash -------------------------------------------------------------------------------------

CashKind = Literal[
    "escrow", "stacked", "returned", "rejected", "jam", "full", "removed", "fraud", "lost", "back"
]


class CashEvent(msgspec.Struct, frozen=True):
    """What the note acceptor says. Only `stacked` is money (E22).

    `counter` is the device's own event counter at this event, kept over power cuts; `lost` means
    that more events happened than the device remembers, or that it does not answer; `back` that it
    answers again.
    """

    kind: CashKind
    amount_minor: int = 0
    counter: int = 0
    reason: str = ""


class CashIn(Protocol):
    """A note acceptor with escrow."""

    name: str

    def notes(self) -> list[int]:
        """The values that this acceptor knows, in minor units."""

    def enable(self, amounts_minor: Sequence[int]) -> None:
        """Take notes of these values from now on, and no others."""

    def disable(self) -> None:
        """Take no more notes. A note in escrow goes back."""

    def trouble(self) -> str:
        """What keeps it from taking notes now, in a few words for staff; "" when nothing does.

        Asked while nobody pays. Never raises: a device that does not answer is a trouble too.
        """

    def wait(self, timeout_s: float) -> CashEvent | None:
        """The next event, or None when nothing happened for `timeout_s`."""

    def stack(self) -> None:
        """Take the note in escrow; it is money when `stacked` comes."""

    def give_back(self) -> None:
        """Return the note in escrow."""

    def since(self, counter: int) -> list[CashEvent]:
        """The events after event `counter`, oldest first; `lost` first if some are gone.

        Asked at start to find what happened while nobody listened. Raises CashFault.
        """


# --- paper ------------------------------------------------------------------------------------


class PrinterStatus(msgspec.Struct, frozen=True):
    """What the printer says of itself; `unknown` is not `ok` (a silent printer has not printed)."""

    state: Literal["ok", "paper_low", "paper_out", "cover_open", "offline", "error", "unknown"]
    details: str = ""


class Printer(Protocol):
    """Bytes to paper, with a deadline for every write and every read."""

    name: str

    def status(self) -> PrinterStatus:
        """Asked now, from the device itself; never raises: no answer is `unknown` or `offline`."""

    def send(self, job: bytes) -> PrinterStatus:
        """Send one whole job and read the status after it. Raises PrinterFault when it broke off.

        Only `ok` and `paper_low` mean printed; `unknown` means nobody knows: offer a reprint.
        """


class SlipLine(msgspec.Struct, frozen=True):
    """One line of a slip; a small document is a list of these (receipts/paper.py draws them)."""

    text: str = ""
    right: str = ""
    style: Literal["plain", "bold", "large", "small", "rule", "space"] = "plain"
    align: Literal["left", "centre"] = "left"


SlipState = Literal["printing", "printed", "failed", "unknown"]


class Slips(Protocol):
    """The press: prints documents in the background and knows how each ended."""

    def submit(self, job: str, lines: Sequence[SlipLine]) -> None:
        """Print `lines`; `job` names the slip for `outcome`. Returns at once: no sale waits."""

    def outcome(self, job: str) -> SlipState:
        """How the job stands."""

    def abandon(self, job: str) -> None:
        """The customer has gone: a slip that did not come out yet must not come out later (E04)."""

    def state(self) -> PrinterStatus:
        """The printer as last seen; never waits."""

    def paper_left_lines(self) -> int:
        """Lines left on the roll by our own count."""

    def roll_changed(self) -> None:
        """Staff have put in a new roll: the count starts again."""


class SlipWriter(Protocol):
    """How a fact looks on paper, in the language of the customer; receipts/ is the adapter."""

    def sale(self, record: SaleRecord, customer: Customer | None, copy: int) -> list[SlipLine]:
        """The slip of a sale in any state: delivered, voided, or in doubt with its case number."""

    def token(self, record: TokenRecord, customer: Customer | None, copy: int) -> list[SlipLine]:
        """The slip of a token outside a sale; the sections of a key change are numbered."""

    def card(self, record: CardWorkRecord, customer: Customer | None, copy: int) -> list[SlipLine]:
        """The slip of a work on a card: what it carries now, what was paid or given back."""

    def card_money(
        self, record: MoveRecord, customer: Customer | None, copy: int
    ) -> list[SlipLine]:
        """The slip of money put on a card: what the card held then, or what became of it."""

    def registry(self, slip: RegistrySlip, copy: int) -> list[SlipLine]:
        """The slip of an account that was opened, or a meter that was replaced or cancelled."""

    def kept(self, payment: PaymentRecord) -> list[SlipLine]:
        """The slip of money that was kept for a meter."""

    def note(self, note: NoteOffered, time_ms: int, reason: str) -> list[SlipLine]:
        """The slip of a note that is neither in the box nor back with the customer (E22)."""

    def printer_test(self, profile: str, columns: int) -> list[SlipLine]:
        """A slip that shows by eye whether the width is right and every accent comes out (E36)."""

    def account(
        self, record: AccountRecord, customer: Customer | None, copy: int
    ) -> list[SlipLine]:
        """The slip of one event of a customer's money."""

    def statement(
        self,
        standing: Standing,
        purses: Sequence[Purse],
        customer: Customer,
        time_ms: int,
    ) -> list[SlipLine]:
        """The statement of a customer's account: each purse with what moved it."""

    def speaking(self, language: str) -> SlipWriter:
        """The same writer in the language that a customer has chosen."""


# --- the line ---------------------------------------------------------------------------------


class LinkState(msgspec.Struct, frozen=True):
    """The line upstream as the courier last saw it."""

    online: bool
    acknowledged: int
    last_contact_ms: int | None
    trouble: str = ""


class Link(Protocol):
    """What the till and the screens may know of the line upstream."""

    def state(self) -> LinkState:
        """Never waits."""

    def nudge(self) -> None:
        """Something new is in the journal: send it soon. Never waits."""


# --- a damaged ledger -------------------------------------------------------------------------


class FoundSource(msgspec.Struct, frozen=True):
    """Something that the ledger can be built from again; `upto` 0: only reading it tells."""

    kind: Literal["backup", "second_medium", "upstream"]
    place: str
    upto: int


class RescueReport(msgspec.Struct, frozen=True):
    """What came of a restore: the last entry now, what each source gave (its name, entries given,
    its last entry, its trouble), and `trouble` when nothing was changed."""

    upto: int
    given: list[tuple[str, int, int, str]]
    trouble: str = ""


class Rescue(Protocol):
    """How a damaged home is restored from the screen; kiosk.front is the adapter."""

    def found(self) -> list[FoundSource]:
        """The sources that are there now."""

    def restore(self) -> RescueReport:
        """Build the ledger again from all of them; may take minutes, call it from a worker."""


# --- the customer's hands, in a rehearsal -----------------------------------------------------


class HandsAnswer(msgspec.Struct, frozen=True):
    """What came of it: `done` or why not, and what can be read on the device afterwards; `display`
    is the text on a meter."""

    done: bool
    result: str
    energy_wh_added: int = 0
    energy_left_wh: int | None = None
    display: str = ""


class Hands(Protocol):
    """What a customer's hands do in a rehearsal: cards, notes and meters (design 8).

    `customer` is an account, a meter, a card number or the serial of a chip. Nothing here sells; it
    only moves things.
    """

    def insert_card(self, customer: str) -> HandsAnswer:
        """Put the customer's card into the reader of this machine."""

    def insert_other(self, kind: str, family: str = "open", meter: str = "") -> HandsAnswer:
        """Put in a card that is nobody's: a blank of `family`, a foreign or damaged one, or a State
        Grid tool card (inquiry, preset, meter-number, key-update), for one `meter` or for any."""

    def lose_card(self, customer: str) -> HandsAnswer:
        """The customer's card is lost: no hand can put it in until it is found."""

    def find_card(self, customer: str) -> HandsAnswer:
        """The lost card turns up again; `result` names its serial."""

    def pull_card(self) -> HandsAnswer:
        """Pull whatever card is in the reader."""

    def feed_note(self, amount_minor: int) -> HandsAnswer:
        """Push a note into the acceptor; `result` is waiting, stacked, returned or rejected."""

    def enter_token(self, meter: str, token: str) -> HandsAnswer:
        """Type the digits into a keypad meter."""

    def insert_in_meter(self, meter: str, card: str = "") -> HandsAnswer:
        """Put a card into a card meter: its customer's, or the one with serial `card`; it must not
        be in a reader."""

    def open_case(self, meter: str) -> HandsAnswer:
        """Open the case of a keypad meter: it switches off until a clear-tamper token is typed."""

    def provoke(self, meter: str, refusal: str) -> HandsAnswer:
        """Bring a keypad meter into a state in which it refuses the tokens made for it up to now:
        "old", "overflow", "key_expired" or "ddtk"."""

    def use(self, meter: str, amount: str) -> HandsAnswer:
        """Use so much of what is on the meter, in what it counts: kWh, m3, minutes or money."""

    def show_meter(self, meter: str) -> HandsAnswer:
        """Read the meter's display."""
