"""A sale as it is looked at: its facts joined to one value, for screens, paper and commands."""

from __future__ import annotations

from typing import Literal

import msgspec

from kiosk.domain.facts import SaleCommitted
from kiosk.domain.free_units import FreeToken
from kiosk.domain.sale import SaleState
from kiosk.domain.token_facts import TokenCommitted

TokenState = Literal["committed", "issued", "refused"]


class SaleRecord(msgspec.Struct, frozen=True):
    """One sale and how it stands. Times are UTC milliseconds.

    `sequence` is the entry of commit one and `head` the first 8 hex digits of the digest of that
    entry: printed on the slip, it anchors the books on paper. `copies` counts reprints.
    """

    committed: SaleCommitted
    sequence: int
    head: str
    time_ms: int
    quality: str
    state: SaleState
    how: str = ""
    token: str | None = None
    purchase_number: int | None = None
    ended_ms: int | None = None
    reason: str = ""
    #: The account that the money of a voided sale went to.
    returned_to: str = ""
    copies: int = 0
    stages_ms: dict[str, int] = {}
    #: The free tokens beside the paid one, in printing order.
    free_tokens: list[str] = []
    #: What became of a delivered sale: "reversed", "reallocated", "taken_back" off its card,
    #: "dropped" off it by a repair, "intended" while it is taken back; empty for nothing.
    undone: str = ""

    @property
    def standing(self) -> str:
        """What a list says of it: its state, unless it was undone since."""
        return self.undone or self.state

    def tokens(self) -> list[str]:
        """All tokens in printing order; none for a card, or before they are made."""
        return [self.token, *self.free_tokens] if self.token is not None else []

    def free(self) -> list[tuple[FreeToken, str]]:
        """Each free token that was made: what it is, and its digits."""
        if not self.free_tokens:
            return []
        return list(zip(self.committed.free_tokens(), self.free_tokens, strict=True))


class PaymentRecord(msgspec.Struct, frozen=True):
    """Notes that became no sale: what was kept for which meter, for the slip that says so (E23)."""

    payment: str
    meter: str
    amount_minor: int
    currency: str
    time_ms: int
    reason: str


class TokenRecord(msgspec.Struct, frozen=True):
    """A token outside a sale and how it stands; `committed` waits for the module's answer.

    `tokens` are in printing order: one, or the sections of a key change. `key_changed` is the entry
    in which somebody confirmed that the meter took them all.
    """

    committed: TokenCommitted
    sequence: int
    head: str
    time_ms: int
    quality: str
    state: TokenState
    tokens: list[str]
    reason: str = ""
    copies: int = 0
    key_changed: int | None = None


class GivenToken(msgspec.Struct, frozen=True):
    """A row of the list of all tokens, those of sales (`operation` "sale") and all others."""

    issue_id: str
    operation: str
    meter: str
    state: str
    energy_wh: int
    tokens: list[str]
    time_ms: int
