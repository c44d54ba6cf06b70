"""What pays, in words: money kept for the meter, the tenders of a sale, a payment that bounced."""

from __future__ import annotations

from kiosk.domain.account_record import AccountRecord
from kiosk.domain.facts import SaleCommitted
from kiosk.till.quote import Offer
from kiosk.till.sell import cash_due
from kiosk.words import accounts
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


def bounced_line(words: Words, record: AccountRecord) -> str:
    """What a payment that the bank did not pay has done to the account, and what to do now."""
    figures = {figure.name: figure.amount_minor for figure in record.figures}
    spent = "spent" if figures["owed"] else "unspent"
    return words.say(
        f"account.bounced_{spent}", currency=record.currency, sequence=record.sequence,
        method=accounts.said(words, "method", record.texts["method"]),
        taken_minor=figures["taken"], owed_minor=figures["owed"],
    )  # fmt: skip
