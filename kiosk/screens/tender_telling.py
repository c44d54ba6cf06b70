"""What pays for a sale, in words: money that is kept for the meter before, the tenders after."""

from __future__ import annotations

from kiosk.domain.facts import SaleCommitted
from kiosk.till.quote import Offer
from kiosk.till.sell import cash_due
from kiosk.words.book import Words


def kept_lines(words: Words, offer: Offer) -> list[str]:
    """Money that is kept for the meter pays first: how much it pays, and what is still to pay."""
    due_minor = cash_due(offer)
    kept_minor = offer.quote.amount_minor - due_minor
    if not kept_minor:
        return []
    currency = offer.quote.currency
    return [
        words.say("linear.kept_pays", currency=currency, kept_minor=kept_minor, due_minor=due_minor)
    ]


def tender_lines(words: Words, committed: SaleCommitted) -> list[str]:
    """What a sale was paid with, where it was not cash alone."""
    if all(tender.kind == "cash" for tender in committed.tenders):
        return []
    return [
        words.say(
            "linear.paid_with",
            currency=committed.currency, tender=words.say(f"tender.{tender.kind}"),
            amount_minor=tender.amount_minor,
        )
        for tender in committed.tenders
    ]  # fmt: skip
