"""Facts about cards outside sales: works on them, the hot list, cards that were found, their stock.

A work is a physical act and has an intention and an end, like a sale. Its end repeats what its
postings need, so that books which never saw the intention can fold it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.fact import Fact
from kiosk.domain.tariff import Line
from kiosk.domain.tender import Tender

#: What may be done with a card besides selling to it.
Operation = Literal["make", "reissue", "cancel", "repair", "tool"]

#: How a card stands: only an active one is sold to; hot and lost ones are the hot list.
CardState = Literal["active", "hot", "lost", "retired"]

StockMovement = Literal["received", "issued", "damaged", "counted"]


class CardContent(msgspec.Struct, frozen=True):
    """What a card carries after a work: a purchase under its number, or number 0 and nothing."""

    purchase_number: int = 0
    energy_wh: int = 0
    amount_minor: int = 0
    currency: str = ""
    sale_id: str = ""


class CardWorkCommitted(Fact, frozen=True):
    """A card shall be worked on: the intention, before the first byte of `writes` is written.

    `serial` is the chip's serial afterwards and `before` the card as it was. `replaces` is the
    serial that a reissue puts out of use, as `old_state` says. `sale_id` names the sale that is
    taken back or repeated, or whose purchase a repair moves: off the card unread where `content`
    does not name it. `second` is the other person where two are needed. `lines` and `tenders`
    are a fee that was paid, or, for a cancel, the lines of the sale, whose money goes to
    `returned_to`. `tool` is the kind of a tool card.
    """

    KIND = "card_work_committed"
    work_id: str
    station: str
    operator: str
    second: str
    face: str
    operation: Operation
    reason: str
    meter: str
    card_number: str
    serial: str
    issue: int
    before: CardImage
    writes: list[PlainWrite]
    content: CardContent
    replaces: str = ""
    old_state: str = ""
    sale_id: str = ""
    tool: str = ""
    currency: str = ""
    amount_minor: int = 0
    energy_wh: int = 0
    lines: list[Line] = msgspec.field(default_factory=list)
    tenders: list[Tender] = msgspec.field(default_factory=list)
    returned_to: str = ""

    def identity(self) -> str:
        """The id is made with the plan."""
        return f"card_work/{self.work_id}"


class CardWorkDone(Fact, frozen=True):
    """The card was read back as intended. `how` is normal, recovered or witnessed."""

    KIND = "card_work_done"
    work_id: str
    operation: Operation
    how: str
    meter: str
    currency: str
    amount_minor: int
    energy_wh: int
    lines: list[Line]
    returned_to: str

    def identity(self) -> str:
        """A work ends once; done and undone share the key."""
        return f"card_work_end/{self.work_id}"


class CardWorkUndone(Fact, frozen=True):
    """The card is known to be as it was, or was given up; a fee went back to `returned_to`."""

    KIND = "card_work_undone"
    work_id: str
    reason: str
    currency: str
    amount_minor: int
    returned_to: str

    def identity(self) -> str:
        """A work ends once; done and undone share the key."""
        return f"card_work_end/{self.work_id}"


class CardWorkInDoubt(Fact, frozen=True):
    """Nobody knows what the card carries now; the work waits for the card."""

    KIND = "card_work_in_doubt"
    work_id: str
    reason: str
    owner: str


class CardWorkReprinted(Fact, frozen=True):
    """A copy of the slip of a work, marked COPY n, left for the printer."""

    KIND = "card_work_reprinted"
    work_id: str
    copy: int
    by: str


class CardHotListed(Fact, frozen=True):
    """A card is sold to no more: `state` is hot, lost or retired; no catalogue undoes it."""

    KIND = "card_hot_listed"
    serial: str
    state: CardState
    reason: str
    operator: str


class CardReleased(Fact, frozen=True):
    """Two persons took a card off the hot list."""

    KIND = "card_released"
    serial: str
    reason: str
    operator: str
    second: str


class CardFound(Fact, frozen=True):
    """A card was left in a reader; it is locked until staff close the case (E23)."""

    KIND = "card_found"
    case_id: str
    station: str
    serial: str
    meter: str

    def identity(self) -> str:
        """A case is opened once."""
        return f"card_case/{self.case_id}"


class CardInspected(Fact, frozen=True):
    """A card that should not be there was seen: its image is kept as evidence, staff have a case.

    `reason` is hot, lost, retired or what the family refuses.
    """

    KIND = "card_inspected"
    case_id: str
    station: str
    operator: str
    reason: str
    serial: str
    meter: str
    image: CardImage

    def identity(self) -> str:
        """A case is opened once."""
        return f"card_case/{self.case_id}"


class CardCaseClosed(Fact, frozen=True):
    """Staff dealt with a case: `outcome` is handed_back, kept or retired."""

    KIND = "card_case_closed"
    case_id: str
    outcome: str
    note: str
    operator: str

    def identity(self) -> str:
        """A case is closed once."""
        return f"card_case_end/{self.case_id}"


class CardStockMoved(Fact, frozen=True):
    """Blank cards came, went or were counted (F063). `count` is how many; for `counted` how many
    are there. Cards that a work uses are counted from the work itself."""

    KIND = "card_stock_moved"
    family: str
    movement: StockMovement
    count: int
    note: str
    operator: str


class MeterReadByCard(Fact, frozen=True):
    """What a meter wrote on a card (F056); figures as in kiosk.domain.cards.work.MeterReading."""

    KIND = "meter_read_by_card"
    serial: str
    meter: str
    purchase_number: int
    credited_wh: int
    left_wh: int
    left_minor: int
    overdraft_minor: int
    result: int
    operator: str


FACTS: tuple[type[Fact], ...] = (
    CardWorkCommitted, CardWorkDone, CardWorkUndone, CardWorkInDoubt, CardWorkReprinted,
    CardHotListed, CardReleased, CardFound, CardInspected, CardCaseClosed, CardStockMoved,
    MeterReadByCard,
)  # fmt: skip
