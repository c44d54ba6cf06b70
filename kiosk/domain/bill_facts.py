"""Facts about the bills of old, not prepaid meters, which a payment hall collects (F009)."""

from __future__ import annotations

from kiosk.domain.fact import Fact


class BillReceived(Fact, frozen=True):
    """The billing system, or a person with the paper bill, says what is to be collected.

    `name` and `meter` are those of the bill: its customer need not be in the registry.
    `late_fee_minor` is added once when the bill is paid after `due_ms`.
    """

    KIND = "bill_received"
    bill_id: str
    account: str
    name: str
    meter: str
    period: str
    currency: str
    amount_minor: int
    due_ms: int
    late_fee_minor: int
    operator: str

    def identity(self) -> str:
        """A bill comes once; the same number with other figures is refused loudly (E05)."""
        return f"bill/{self.bill_id}"


class BillCollected(Fact, frozen=True):
    """A bill was paid, whole or in part: `amount_minor` of it, and the late fee where it is due."""

    KIND = "bill_collected"
    collection_id: str
    bill_id: str
    account: str
    currency: str
    amount_minor: int
    late_fee_minor: int
    paid_from: str
    tendered_minor: int
    change_minor: int
    operator: str

    def identity(self) -> str:
        """A payment is taken once."""
        return f"bill_collected/{self.collection_id}"


FACTS: tuple[type[Fact], ...] = (BillReceived, BillCollected)
