"""The verb sell: two commits around the one irreversible act (design 4).

Commit one writes the paid sale and the intended delivery; then the token is made or the card is
written and read back; commit two writes the outcome. A crash anywhere leaves a state that
`kiosk.till.recover` understands. Nothing is printed in here: a sale never depends on paper.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kiosk.domain import card_account_facts, chart, facts
from kiosk.domain.cards import families
from kiosk.domain.cards.image import CardImage
from kiosk.domain.energy import STS_STEP_WH
from kiosk.domain.free_units import FreeToken, message_id
from kiosk.domain.record import SaleRecord
from kiosk.domain.special_tokens import credit_request, place_of
from kiosk.domain.token import next_identifier
from kiosk.errors import Refusal
from kiosk.marks import mark
from kiosk.till import card_accounts
from kiosk.till.card_accounts import CardBack
from kiosk.till.cards.gate import stopped
from kiosk.till.deliver import Stages, deliver, no_card_back
from kiosk.till.desk import Desk
from kiosk.till.meter_key import base_date_refused, key_refused
from kiosk.till.quote import Buyer, Offer
from kiosk.till.suspicions import read_card
from kiosk.till.usage import depends_on_usage, usage_of

_IDENTIFIER_TRIES = 20


class Payment(msgspec.Struct, frozen=True):
    """How a sale is paid: tenders that sum to its amount, and the cash that changed hands."""

    tenders: list[facts.Tender]
    tendered_minor: int
    change_minor: int = 0


def cash_due(offer: Offer) -> int:
    """What the customer still has to pay when the money kept for the meter is used first."""
    return offer.quote.amount_minor - _kept(offer.buyer, offer.quote.amount_minor)


def cash_payment(
    desk: Desk, amount_minor: int, tendered_minor: int, buyer: Buyer | None = None
) -> Payment | Refusal:
    """Cash over the counter, with change; money kept for the meter of `buyer` is used first."""
    kept_minor = _kept(buyer, amount_minor)
    due_minor = amount_minor - kept_minor
    if tendered_minor < due_minor:
        return Refusal("tender_too_small", {"needed_minor": due_minor})
    tenders = []
    if due_minor:
        tenders.append(facts.Tender("cash", due_minor, chart.cash(desk.operator)))
    if buyer is not None and kept_minor:
        account = chart.meter_account(buyer.meter.number)
        tenders.append(facts.Tender("meter_account", kept_minor, account))
    return Payment(tenders, tendered_minor, tendered_minor - due_minor)


def card_payment(desk: Desk, offer: Offer) -> Payment | Refusal:
    """The whole amount from the account on the card in the reader, which is the customer's own."""
    held = card_accounts.purse(desk)
    if isinstance(held, Refusal):
        return held
    amount_minor = offer.quote.amount_minor
    planned = _spend(desk, offer, held)
    if isinstance(planned, Refusal):
        return planned
    account = chart.card_account(held.account)
    return Payment([facts.Tender("card_account", amount_minor, account)], amount_minor)


def _spend(
    desk: Desk, offer: Offer, held: card_accounts.CardPurse
) -> card_account_facts.AccountMoveCommitted | Refusal:
    """The movement that pays for `offer`, or why the money on this card cannot."""
    if held.account != offer.buyer.meter.account:
        return Refusal("wrong_card", {"meter": offer.buyer.meter.number})
    return card_accounts.unfinished(desk, held.image.serial) or card_accounts.intended(
        desk, held, "spend", offer.quote.amount_minor, offer.sale_id
    )


def _kept(buyer: Buyer | None, amount_minor: int) -> int:
    return 0 if buyer is None else min(buyer.credit_minor, amount_minor)


def sell(
    desk: Desk, offer: Offer, payment: Payment, card_back: CardBack = no_card_back
) -> SaleRecord | Refusal:
    """Sell what `offer` promises. The record's state is delivered, voided or in_doubt.

    A refusal means that nothing was written and nothing was taken. `card_back` is called when the
    card was pulled out while it was written: it may wait for the customer to put it back.
    """
    refused = (
        desk.gate("sell") or desk.room_to_sell() or desk.clock_set_back() or stale(desk, offer)
    )
    if refused is not None:
        return refused
    with desk.selling() as free:
        if not free:
            return Refusal("sale_under_way")
        stages = Stages(desk.clock)
        committed = _commit_one(desk, offer, payment)
        if isinstance(committed, Refusal):
            return committed
        stages.done("commit")
        return deliver(desk, committed, card_back, stages)


def stale(desk: Desk, offer: Offer) -> Refusal | None:
    """Why `offer` cannot be sold any more. A quote has a short life and is bound to one pack (E12):
    that of the moment when it was made, so a change at midnight spares it. It ends when another
    sale has moved what it depends on."""
    age_ms = desk.clock.now().time_ms - offer.made_ms
    if abs(age_ms) > desk.settings.limits.quote_life_s * 1000:
        return Refusal("quote_too_old")
    found = desk.records.tariff_at(offer.made_ms)
    if found is None or found[0] != offer.quote.tariff_digest:
        return Refusal("quote_too_old")
    pack, buyer = found[1], offer.buyer
    again = desk.records.sale(offer.sale_id) is not None  # a second press meets its own sale (E05)
    if again or not depends_on_usage(pack, buyer.meter, buyer.customer):
        return None
    usage = usage_of(desk, pack, buyer.meter, buyer.customer, offer.made_ms)
    return None if usage == offer.quote.usage else Refusal("quote_too_old")


def _commit_one(desk: Desk, offer: Offer, payment: Payment) -> facts.SaleCommitted | Refusal:
    """The durable intention. Another station may take the identifier first: then the next one."""
    image = _image(desk, offer, payment)
    if isinstance(image, Refusal):
        return image
    spends = _spends(desk, offer, payment, image)
    if isinstance(spends, Refusal):
        return spends
    make: Callable[[], facts.SaleCommitted | Refusal]
    if offer.buyer.meter.kind == "keypad":
        make = lambda: _token_sale(desk, offer, payment)  # noqa: E731 - one of two, named by use
    else:
        card_sale = _card_sale(desk, offer, payment, image)
        make = lambda: card_sale  # noqa: E731
    for _ in range(_IDENTIFIER_TRIES):
        committed = make()
        if isinstance(committed, Refusal):
            return committed
        mark("sale.before_commit_one")
        outcome = desk.journal.append(*spends, committed)
        if not isinstance(outcome, Refusal):
            mark("sale.after_commit_one")
            return committed
        if outcome.code != "identifier_taken":
            return outcome
    return Refusal("identifier_taken", {"meter": offer.buyer.meter.number})


def _from_card(payment: Payment) -> bool:
    return any(tender.kind == "card_account" for tender in payment.tenders)


def _image(desk: Desk, offer: Offer, payment: Payment) -> CardImage | Refusal | None:
    """The card that is written on or paid from, read once for both; None where there is none."""
    needed = offer.buyer.meter.kind == "card" or _from_card(payment)
    return read_card(desk) if needed else None


def _spends(
    desk: Desk, offer: Offer, payment: Payment, image: CardImage | None
) -> list[facts.Fact] | Refusal:
    """The intended movement on the card of a sale that is paid from it; it stands before the sale
    in the same commit."""
    if not _from_card(payment):
        return []
    assert image is not None
    held = card_accounts.purse_of(desk, image)
    if isinstance(held, Refusal):
        return held
    move = _spend(desk, offer, held)
    return move if isinstance(move, Refusal) else [move]


def _base(desk: Desk, offer: Offer, payment: Payment) -> facts.SaleCommitted:
    quote, meter = offer.quote, offer.buyer.meter
    return facts.SaleCommitted(
        sale_id=offer.sale_id,
        station=desk.station.name,
        operator=desk.operator,
        face=desk.face,
        meter=meter.number,
        account=meter.account,
        power_type=quote.power_type,
        tariff_digest=quote.tariff_digest,
        currency=quote.currency,
        amount_minor=quote.amount_minor,
        energy_wh=quote.energy_wh,
        lines=quote.lines,
        tenders=payment.tenders,
        tendered_minor=payment.tendered_minor,
        change_minor=payment.change_minor,
        usage=quote.usage,
    )


def identifiers_for(desk: Desk, offer: Offer) -> list[int] | Refusal:
    """The identifiers that the tokens would carry now, the paid one first and those of free units
    next, or why there are none (E09); asked before any money is taken, and again when they are
    journalled."""
    meter, now_ms, lane = offer.buyer.meter, desk.clock.now().time_ms, desk.lane()
    last = desk.records.last_identifier(meter.number, meter.base_date)
    found: list[int] = []
    for _ in range(1 + len(offer.free)):
        identifier = next_identifier(now_ms, last, meter.base_date, lane)
        if isinstance(identifier, Refusal):
            return identifier
        found.append(identifier)
        last = identifier
    return found


def _token_sale(desk: Desk, offer: Offer, payment: Payment) -> facts.SaleCommitted | Refusal:
    meter = offer.buyer.meter
    refused = vending_key_refused(desk, offer)
    if refused is not None:
        return refused
    identifiers = identifiers_for(desk, offer)
    if isinstance(identifiers, Refusal):
        return identifiers
    units = offer.quote.energy_wh // STS_STEP_WH
    paid = credit_request(meter, offer.sale_id, identifiers[0], desk.entropy.nibble(), units)
    sale = msgspec.structs.replace(_base(desk, offer, payment), token=paid)
    return facts.with_free(sale, _free_tokens(desk, offer, identifiers[1:]))


def _free_tokens(desk: Desk, offer: Offer, identifiers: list[int]) -> list[FreeToken]:
    tokens = []
    for place, (free, identifier) in enumerate(zip(offer.free, identifiers, strict=True), 1):
        request = credit_request(
            offer.buyer.meter, message_id(offer.sale_id, place), identifier,
            desk.entropy.nibble(), free.energy_wh // STS_STEP_WH,
        )  # fmt: skip
        tokens.append(FreeToken(free.code, free.reason, free.second, request))
    return tokens


def vending_key_refused(desk: Desk, offer: Offer) -> Refusal | None:
    """Why the tokens of `offer` could not be made now: the base date of the meter, its key or the
    identifiers (E26); asked before any money is taken."""
    meter = offer.buyer.meter
    refused = base_date_refused(desk, meter.number, meter.base_date)
    if refused is not None:
        return refused
    identifiers = identifiers_for(desk, offer)
    if isinstance(identifiers, Refusal):
        return identifiers
    energies_wh = [offer.quote.energy_wh, *(free.energy_wh for free in offer.free)]
    units = [energy_wh // STS_STEP_WH for energy_wh in energies_wh]
    tokens = list(zip(identifiers, units, strict=True))
    return key_refused(desk, meter.number, place_of(meter), meter.algorithm, tokens)


def _card_sale(
    desk: Desk, offer: Offer, payment: Payment, image: CardImage | None
) -> facts.SaleCommitted | Refusal:
    if offer.free:
        return Refusal("meter_takes_no_token", {"meter": offer.buyer.meter.number})
    assert image is not None
    delivery = _planned(desk, offer, image)
    if isinstance(delivery, Refusal):
        return delivery
    return msgspec.structs.replace(_base(desk, offer, payment), card=delivery)


def card_delivery(desk: Desk, offer: Offer) -> facts.CardDelivery | Refusal:
    """What would be written on the card in the reader; refuses a card that cannot take it."""
    image = read_card(desk)
    return image if isinstance(image, Refusal) else _planned(desk, offer, image)


def _planned(desk: Desk, offer: Offer, image: CardImage) -> facts.CardDelivery | Refusal:
    refused = stopped(desk, image)
    if refused is not None:
        return refused
    family = families.of(image)
    state = family.state(image)
    if isinstance(state, Refusal):
        return state
    card = desk.records.card(serial=image.serial)
    if card is None or card.meter != offer.buyer.meter.number or state.meter != card.meter:
        return Refusal("wrong_card", {"meter": offer.buyer.meter.number})
    planned = family.purchase(
        state, image, offer.quote.energy_wh, offer.quote.amount_minor, offer.quote.currency,
        offer.sale_id,
    )  # fmt: skip
    if isinstance(planned, Refusal):
        return planned
    writes, purchase_number = planned
    return facts.CardDelivery(image.serial, purchase_number, image, writes)
