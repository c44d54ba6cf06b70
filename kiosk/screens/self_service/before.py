"""What is asked before any money is taken: whether it can be delivered, and printed."""

from __future__ import annotations

import msgspec

from kiosk.errors import Refusal
from kiosk.screens.deliverable import cannot_deliver
from kiosk.till.desk import Desk
from kiosk.till.maintain import readiness
from kiosk.till.quote import Offer


class Before(msgspec.Struct, frozen=True):
    """Why it cannot be sold, or None; and whether a slip will come."""

    refusal: Refusal | None
    slips: bool


def before_payment(desk: Desk, offer: Offer) -> Before:
    """Ask card, module, disk, acceptor and printer; runs in a worker."""
    ready = readiness(desk)
    refusal = desk.room_to_sell() or cannot_deliver(desk, offer)
    needs_notes = offer.buyer.credit_minor < offer.quote.amount_minor
    if refusal is None and needs_notes and not ready.notes_minor:
        refusal = Refusal("no_acceptor")
    return Before(refusal, ready.slips)
