"""The verb sell: two commits around the one irreversible act (design 4).

Commit one writes the paid sale and the intended delivery; then the token is made or the card is
written and read back; commit two writes the outcome. A crash anywhere leaves a state that
`kiosk.till.recover` understands. Nothing is printed in here: a sale never depends on paper.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kiosk.domain import chart, facts
from kiosk.domain.cards import families
from kiosk.domain.record import SaleRecord
from kiosk.domain.token import (
    BASE_DATE_MS,
    LAST_IDENTIFIER,
    TokenRequest,
    next_identifier,
)
from kiosk.errors import CardFault, Refusal
from kiosk.marks import mark
from kiosk.till.cards.gate import stopped
from kiosk.till.deliver import CardBack, Stages, deliver, no_card_back
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer, Offer

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
        desk.gate("sell") or desk.room_to_sell() or desk.clock_set_back() or _stale(desk, offer)
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


def _stale(desk: Desk, offer: Offer) -> Refusal | None:
    """A quote has a short life and is bound to one pack (E12)."""
    age_ms = desk.clock.now().time_ms - offer.made_ms
    if abs(age_ms) > desk.settings.limits.quote_life_s * 1000:
        return Refusal("quote_too_old")
    newest = desk.records.tariff()
    if newest is None or newest[0] != offer.quote.tariff_digest:
        return Refusal("quote_too_old")
    return None


def _commit_one(desk: Desk, offer: Offer, payment: Payment) -> facts.SaleCommitted | Refusal:
    """The durable intention. Another station may take the identifier first: then the next one."""
    make: Callable[[], facts.SaleCommitted | Refusal]
    if offer.buyer.meter.kind == "keypad":
        make = lambda: _token_sale(desk, offer, payment)  # noqa: E731 - one of two, named by use
    else:
        card_sale = _card_sale(desk, offer, payment)
        make = lambda: card_sale  # noqa: E731
    for _ in range(_IDENTIFIER_TRIES):
        committed = make()
        if isinstance(committed, Refusal):
            return committed
        mark("sale.before_commit_one")
        outcome = desk.journal.append(committed)
        if not isinstance(outcome, Refusal):
            mark("sale.after_commit_one")
            return committed
        if outcome.code != "identifier_taken":
            return outcome
    return Refusal("identifier_taken", {"meter": offer.buyer.meter.number})


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
    )


def identifier_for(desk: Desk, offer: Offer) -> int | Refusal:
    """The identifier that the token would carry now, or why there is none (E09); asked before any
    money is taken, and again when it is journalled."""
    meter = offer.buyer.meter
    last = desk.records.last_identifier(meter.number, meter.base_date)
    return next_identifier(desk.clock.now().time_ms, last, meter.base_date, desk.lane())


def _token_sale(desk: Desk, offer: Offer, payment: Payment) -> facts.SaleCommitted | Refusal:
    meter = offer.buyer.meter
    refused = vending_key_missing(desk, offer)
    if refused is not None:
        return refused
    identifier = identifier_for(desk, offer)
    if isinstance(identifier, Refusal):
        return identifier
    request = TokenRequest(
        message_id=offer.sale_id,
        meter=meter.number,
        supply_group=meter.supply_group,
        key_revision=meter.key_revision,
        tariff_index=meter.tariff_index,
        key_type=meter.key_type,
        algorithm=meter.algorithm,
        base_date=meter.base_date,
        identifier=identifier,
        random=desk.entropy.nibble(),
        units=offer.quote.energy_wh // 100,
    )
    return msgspec.structs.replace(_base(desk, offer, payment), token=request)


def vending_key_missing(desk: Desk, offer: Offer) -> Refusal | None:
    """Whether the module holds the key of this meter, and whether that key may still carry the
    time of day (E26); asked before any money is taken."""
    meter = offer.buyer.meter
    now_ms = desk.clock.now().time_ms
    if now_ms >= BASE_DATE_MS[meter.base_date] + (LAST_IDENTIFIER + 1) * 60_000:
        # Key change tokens are an operator's own act and never slip into a sale.
        return Refusal("rollover_due", {"meter": meter.number, "base_date": meter.base_date})
    wanted = (meter.supply_group, meter.key_revision, meter.key_type, meter.base_date)
    keys = desk.vendor.keys() if desk.vendor is not None else []
    held = {(k.supply_group, k.key_revision, k.key_type, k.base_date) for k in keys}
    return None if wanted in held else Refusal("no_vending_key", {"meter": meter.number})


def _card_sale(desk: Desk, offer: Offer, payment: Payment) -> facts.SaleCommitted | Refusal:
    delivery = card_delivery(desk, offer)
    if isinstance(delivery, Refusal):
        return delivery
    return msgspec.structs.replace(_base(desk, offer, payment), card=delivery)


def card_delivery(desk: Desk, offer: Offer) -> facts.CardDelivery | Refusal:
    """What would be written on the card in the reader; refuses a card that cannot take it."""
    if desk.reader is None:
        return Refusal("no_card")
    try:
        if not desk.reader.present():
            return Refusal("no_card")
        image, again = desk.reader.read(), desk.reader.read()
    except CardFault as error:
        return Refusal("card_unreadable", {"reason": error.sentence})
    if image != again:
        return Refusal("card_unreadable", {"reason": "two readings differ"})
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
