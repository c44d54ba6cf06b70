"""Facts that undo or correct a sale, or say what became of one. Nothing is deleted: each is a new
fact."""

from __future__ import annotations

from typing import Literal

from kiosk.domain.cards.image import PlainWrite
from kiosk.domain.fact import Fact
from kiosk.domain.tariff import Line

#: What two persons may say of a purchase that was to be written on a card; "never_paid": neither it
#: nor the movement was written that should pay for it from the card.
Verdict = Literal["delivered", "never_written", "never_paid"]


class ReversalIntended(Fact, frozen=True):
    """The unread purchase of a card sale shall be taken off its card: the intention, before the
    card is touched (E13)."""

    KIND = "reversal_intended"
    sale_id: str
    serial: str
    writes: list[PlainWrite]
    station: str
    operator: str


class ReversalGivenUp(Fact, frozen=True):
    """An interrupted reversal cannot be finished: `evidence` says what the card has shown."""

    KIND = "reversal_given_up"
    sale_id: str
    evidence: str
    operator: str


class SaleReversed(Fact, frozen=True):
    """A delivered sale was taken back: money, debt, tax and energy go the other way (F010).

    `how` is "same_day" (by the same operator, before closing) or "red_entry" (afterwards, with a
    second person). `evidence` is what proved that nothing was used. The figures of the sale stand
    here again, so that postings need nothing else. `returned_to` is where the money went.
    """

    KIND = "sale_reversed"
    sale_id: str
    how: str
    evidence: str
    meter: str
    account: str
    currency: str
    amount_minor: int
    energy_wh: int
    lines: list[Line]
    returned_to: str
    reason: str
    operator: str
    second: str

    def identity(self) -> str:
        """A sale is undone once, by a reversal or a reallocation."""
        return f"undone/{self.sale_id}"


class SaleReallocated(Fact, frozen=True):
    """A purchase for the wrong meter: its value went to the right customer, agreed by two persons.

    The token stays valid. `consumed`: the wrong meter has used it, so its customer owes the value;
    otherwise the utility bears it, and only `debt_minor`, which the purchase had paid off for the
    wrong customer, is owed again.
    """

    KIND = "sale_reallocated"
    sale_id: str
    account: str
    consumed: bool
    currency: str
    amount_minor: int
    debt_minor: int
    right_account: str
    moved_to: str
    reason: str
    operator: str
    second: str

    def identity(self) -> str:
        """A sale is undone once, by a reversal or a reallocation."""
        return f"undone/{self.sale_id}"


class SaleRerated(Fact, frozen=True, omit_defaults=True):
    """A sale at prices that were out of date was priced again (E07, E11). The token is not touched.

    `due_minor` is what its energy costs by the pack `tariff_digest`; the difference to `paid_minor`
    is borne by the "utility", or it is the "customer's" with the next purchase: what is missing as
    debt, what is too much as money kept for `meter`, or on the capital account where that is empty.
    """

    KIND = "sale_rerated"
    sale_id: str
    account: str
    tariff_digest: str
    currency: str
    paid_minor: int
    due_minor: int
    borne_by: str
    operator: str
    meter: str = ""

    def identity(self) -> str:
        """A sale is priced again once."""
        return f"rerated/{self.sale_id}"


class SaleJudged(Fact, frozen=True):
    """Two persons say what became of a card sale in doubt whose card has moved on, from what the
    other halls' purchases show at the centre; its end stands in the same commit."""

    KIND = "sale_judged"
    sale_id: str
    verdict: Verdict
    reason: str
    operator: str
    second: str

    def identity(self) -> str:
        """A sale is judged once."""
        return f"judged/{self.sale_id}"


FACTS: tuple[type[Fact], ...] = (
    ReversalIntended, ReversalGivenUp, SaleReversed, SaleReallocated, SaleRerated,
    SaleJudged,
)  # fmt: skip
