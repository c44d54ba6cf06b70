"""What every face asks before it takes money: whether this offer could be delivered now."""

from __future__ import annotations

from kiosk.errors import Refusal
from kiosk.till.desk import Desk
from kiosk.till.quote import Offer
from kiosk.till.sell import card_delivery, vending_key_refused


def cannot_deliver(desk: Desk, offer: Offer) -> Refusal | None:
    """Why not, or None. Asks the module or the card in the reader, so call it from a worker."""
    if offer.buyer.meter.kind == "keypad":
        return vending_key_refused(desk, offer)
    planned = card_delivery(desk, offer)
    return planned if isinstance(planned, Refusal) else None
