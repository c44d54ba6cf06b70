"""How a part of something was paid; shared by the facts of sales and of cards."""

from __future__ import annotations

import msgspec


class Tender(msgspec.Struct, frozen=True):
    """How a part of a sale was paid: "cash" over the counter, "notes" held by a kiosk,
    "meter_account" (money kept for the meter), "capital_account" (the customer's own money) or
    "card_account" (money on the customer's card).
    `account` is the ledger account it comes from."""

    kind: str
    amount_minor: int
    account: str
