"""A sale as it is looked at: its facts joined to one value, for screens, paper and commands."""

from __future__ import annotations

import msgspec

from kiosk.domain.facts import SaleCommitted
from kiosk.domain.sale import SaleState


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


class PaymentRecord(msgspec.Struct, frozen=True):
    """Notes that became no sale: what was kept for which meter, for the slip that says so (E23)."""

    payment: str
    meter: str
    amount_minor: int
    currency: str
    time_ms: int
    reason: str
