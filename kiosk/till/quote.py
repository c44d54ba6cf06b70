"""The verb quote: what an amount buys for a meter, with every reason, before any money is taken."""

from __future__ import annotations

import msgspec

from kiosk.domain import chart, tariff
from kiosk.domain.registry import (
    CARD_DIGITS,
    METER_DIGITS,
    Card,
    Customer,
    Meter,
    check_number,
    power_type_at,
)
from kiosk.errors import Refusal
from kiosk.till.desk import Desk


class Buyer(msgspec.Struct, frozen=True):
    """A meter and whose it is. `credit_minor` is money kept for the meter, `debt_minor` is owed."""

    meter: Meter
    customer: Customer
    card: Card | None
    debt_minor: int
    credit_minor: int
    minimum_minor: int
    maximum_minor: int


class Offer(msgspec.Struct, frozen=True):
    """A quote with its sale id; it lives for `quote_life_s` and is bound to one tariff pack."""

    sale_id: str
    buyer: Buyer
    quote: tariff.Quote
    made_ms: int


def find_buyer(desk: Desk, number: str) -> Buyer | Refusal:
    """Who `number` is: a meter number or a card number, told apart by its length (E24)."""
    bare = number.replace(" ", "")
    if len(bare) == CARD_DIGITS:
        checked = check_number(bare, CARD_DIGITS, "card")
        if isinstance(checked, Refusal):
            return checked
        card = desk.records.card(number=checked)
        if card is None:
            return Refusal("unknown_card", {"card": checked})
        return buyer_of(desk, card.meter)
    checked = check_number(bare, METER_DIGITS, "meter")
    return checked if isinstance(checked, Refusal) else buyer_of(desk, checked)


def buyer_of(desk: Desk, meter_number: str) -> Buyer | Refusal:
    """The buyer behind a meter, refused when it may not buy at all (blocked, or in doubt)."""
    meter = desk.records.meter(meter_number)
    if meter is None:
        return Refusal("unknown_meter", {"meter": meter_number})
    if meter.retired:
        return retired(meter)
    if meter.blocked:
        return Refusal("blocked_meter", {"meter": meter_number})
    power_type = power_type_at(meter, desk.clock.now().time_ms)
    meter = msgspec.structs.replace(meter, power_type=power_type)
    customer = desk.records.customer(meter.account)
    found = desk.records.tariff()
    assert customer is not None and found is not None, meter
    prices = found[1].power_type(meter.power_type)
    return Buyer(
        meter=meter,
        customer=customer,
        card=desk.records.card(meter=meter_number),
        debt_minor=max(0, desk.records.balance(chart.receivable(meter.account), desk.currency)),
        credit_minor=-desk.records.balance(chart.meter_account(meter_number), desk.currency),
        minimum_minor=prices.minimum_minor,
        maximum_minor=prices.maximum_minor,
    )


def retired(meter: Meter) -> Refusal:
    """Why nothing can be bought for a meter that was taken out, and which one is there now."""
    if meter.replaced_by:
        details: dict[str, str | int] = {"meter": meter.number, "new_meter": meter.replaced_by}
        return Refusal("replaced_meter", details)
    return Refusal("retired_meter", {"meter": meter.number})


def quote(desk: Desk, buyer: Buyer, amount_minor: int, sale_id: str = "") -> Offer | Refusal:
    """What `amount_minor` buys now. `sale_id` keeps the id when a quote is made again."""
    refused = desk.gate("quote") or _card_in_doubt(desk, buyer)
    if refused is not None:
        return refused
    found = desk.records.tariff()
    assert found is not None
    _digest, pack = found
    quoted = tariff.quote(
        pack,
        buyer.meter.power_type,
        amount_minor,
        account=buyer.meter.account,
        debt_minor=buyer.debt_minor,
        carrier="token" if buyer.meter.kind == "keypad" else "card",
    )
    if isinstance(quoted, Refusal):
        return quoted
    return Offer(sale_id or desk.entropy.name(), buyer, quoted, desk.clock.now().time_ms)


def _card_in_doubt(desk: Desk, buyer: Buyer) -> Refusal | None:
    """A second write would overwrite the evidence of the first: finish that one before (E03)."""
    if buyer.meter.kind != "card":
        return None
    for record in desk.records.open_sales():
        if record.committed.meter == buyer.meter.number:
            return Refusal("sale_in_doubt_for_meter", {"sale": record.committed.sale_id})
    return None
