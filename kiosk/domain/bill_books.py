"""The rules of the books for bills of old meters, and what a bill asks for now."""

from __future__ import annotations

from typing import Any

import msgspec

from kiosk.domain import bill_facts, chart
from kiosk.domain.account_books import is_payment, moved, wrong
from kiosk.domain.fact import Fact
from kiosk.domain.posting import Posting
from kiosk.errors import Refusal


class Bill(msgspec.Struct, frozen=True):
    """A bill and what was paid on it."""

    bill_id: str
    account: str
    name: str
    meter: str
    period: str
    currency: str
    amount_minor: int
    paid_minor: int
    due_ms: int
    late_fee_minor: int
    late_fee_paid_minor: int

    @property
    def open_minor(self) -> int:
        """What is still to be collected, without a late fee."""
        return self.amount_minor - self.paid_minor

    @property
    def state(self) -> str:
        """Open, part (paid in part) or paid."""
        return "paid" if not self.open_minor else "part" if self.paid_minor else "open"

    def late_fee_due_minor(self, now_ms: int) -> int:
        """The late fee that a payment must carry now: once for a bill, and only after its day."""
        late = now_ms > self.due_ms and self.open_minor and not self.late_fee_paid_minor
        return self.late_fee_minor if late else 0


def _received(_books: object, fact: bill_facts.BillReceived) -> list[Posting] | Refusal:
    if fact.amount_minor <= 0 or fact.late_fee_minor < 0 or not fact.bill_id or not fact.account:
        return wrong(fact.bill_id)
    to_collect = chart.bills_receivable(fact.account)
    return moved(fact.currency, fact.amount_minor, to_collect, chart.BILLED)


def _collected(_books: object, fact: bill_facts.BillCollected) -> list[Posting] | Refusal:
    in_cash = fact.paid_from.startswith(chart.cash(""))
    total = fact.amount_minor + fact.late_fee_minor
    if fact.amount_minor <= 0 or fact.late_fee_minor < 0:
        return wrong(fact.collection_id)
    if fact.tendered_minor - fact.change_minor != (total if in_cash else 0):
        return wrong(fact.collection_id)
    if not is_payment(fact.paid_from, fact.account):
        return wrong(fact.collection_id)
    collected = chart.bills_receivable(fact.account)
    return [
        *moved(fact.currency, fact.amount_minor, fact.paid_from, collected),
        *moved(fact.currency, fact.late_fee_minor, fact.paid_from, chart.revenue("late_fee")),
    ]


RULES: dict[type[Fact], Any] = {
    bill_facts.BillReceived: _received,
    bill_facts.BillCollected: _collected,
}
