"""Facts of money on a customer's card (F018): movements of its account, and cards under suspicion.

A movement is a physical act: its intention stands in the journal before the card is written, its
end after the card was read again. A spend belongs to the sale with the same id.
"""

from __future__ import annotations

from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.fact import Fact


class AccountMoveCommitted(Fact, frozen=True):
    """Money shall be put on a card or taken off it; nothing has been written yet.

    `kind` is top_up or spend; `number` is the sequence that the card will show, `balance_minor`
    what it will hold, `previous` the mark that it shows now. `paid_into` is the cash account that
    took the money of a top-up, and empty for a spend.
    """

    KIND = "account_move_committed"
    move_id: str
    station: str
    operator: str
    face: str
    account: str
    meter: str
    card: str
    kind: str
    currency: str
    amount_minor: int
    number: int
    balance_minor: int
    previous: bytes
    mark: bytes
    paid_into: str
    before: CardImage
    writes: list[PlainWrite]

    def identity(self) -> str:
        """A movement is intended once; a spend has the id of its sale."""
        return f"account_move/{self.move_id}"


class AccountMoved(Fact, frozen=True):
    """The card shows the movement; `how` is normal, recovered or witnessed."""

    KIND = "account_moved"
    move_id: str
    how: str

    def identity(self) -> str:
        """A movement ends once; moved and undone share the key."""
        return f"account_move_end/{self.move_id}"


class AccountMoveUndone(Fact, frozen=True):
    """The card shows that it never happened; the money of a top-up is at `returned_to`."""

    KIND = "account_move_undone"
    move_id: str
    reason: str
    returned_to: str

    def identity(self) -> str:
        """A movement ends once; moved and undone share the key."""
        return f"account_move_end/{self.move_id}"


class AccountMoveReprinted(Fact, frozen=True):
    """A copy of the slip of a movement, marked COPY n, left for the printer."""

    KIND = "account_move_reprinted"
    move_id: str
    copy: int
    by: str


class CardMoneyReturned(Fact, frozen=True):
    """What a card that is out of use was last seen to hold is kept for its meter; two persons.

    It takes the place of the movement that the card will never make: `number` is the one after the
    last, `previous` the mark of that, `mark` its own. A movement of another hall with this number
    shows at the merge that the card was spent from meanwhile.
    """

    KIND = "card_money_returned"
    return_id: str
    card: str
    account: str
    meter: str
    currency: str
    amount_minor: int
    number: int
    previous: bytes
    mark: bytes
    reason: str
    operator: str
    second: str

    def identity(self) -> str:
        """A chip that is out of use for good gives its money back once."""
        return f"card_money_returned/{self.card}"


class CardSuspected(Fact, frozen=True):
    """A card is not what it should be (E16): nothing was sold, its image is kept as evidence.

    `reason` is a word of `kiosk.domain.cards.suspicion`; `known` is what the ledger holds against
    it, for staff to read.
    """

    KIND = "card_suspected"
    case_id: str
    station: str
    operator: str
    reason: str
    serial: str
    card_number: str
    meter: str
    known: dict[str, int | str]
    image: CardImage

    def identity(self) -> str:
        """A case is opened once."""
        return f"suspicion/{self.case_id}"


class SuspicionClosed(Fact, frozen=True, omit_defaults=True):
    """Staff have looked at the card: what they found, the two who say so, and a note of theirs.

    Entries of before there were notes have none; an empty note is left out of the bytes.
    """

    KIND = "suspicion_closed"
    case_id: str
    finding: str
    operator: str
    second: str
    note: str = ""

    def identity(self) -> str:
        """A case is closed once."""
        return f"suspicion_end/{self.case_id}"


FACTS: tuple[type[Fact], ...] = (
    AccountMoveCommitted, AccountMoved, AccountMoveUndone, AccountMoveReprinted,
    CardMoneyReturned, CardSuspected, SuspicionClosed,
)  # fmt: skip
