"""Plans for a card that is in use: take its purchase back, or bring it to its meter's number."""

from __future__ import annotations

from kiosk.domain import chart
from kiosk.domain.card_facts import CardContent
from kiosk.domain.cards import families, workshops
from kiosk.domain.cards.family import CardState
from kiosk.domain.cards.image import CardImage
from kiosk.domain.cards.work import Purchase, Workshop
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.till.cards.look import inspected
from kiosk.till.cards.plan import Plan, owner
from kiosk.till.desk import Desk
from kiosk.till.money_of import drawer_short


def plan_cancel(desk: Desk, to: str = "meter_account") -> Plan | Refusal:
    """Take back the purchase on the card in the reader, which its meter has not taken (E13).

    Its money goes `to` the meter's account, or as "cash" over the counter to whoever may sell.
    Refused on a card that replaces another: the lost one still carries the purchase.
    """
    refused = desk.gate("card_cancel") or (desk.gate("sell") if to == "cash" else None)
    if refused is not None:
        return refused
    found = _user_card(desk)
    if isinstance(found, Refusal):
        return found
    shop, image, card = found
    refused = workshops.able(shop, "cancel")
    if refused is not None:
        return refused
    if not card.purchase_number:
        return Refusal("card_nothing_to_take_back")
    sale = _sale_on(desk, image.serial, card.purchase_number)
    if sale is None:
        return Refusal("card_purchase_unknown", {"purchase_number": card.purchase_number})
    delivery = sale.committed.card
    assert delivery is not None, sale
    writes = shop.cancel(card, image, delivery.before, delivery.purchase_number)
    if isinstance(writes, Refusal):
        return writes
    account = chart.cash(desk.operator) if to == "cash" else chart.meter_account(card.meter)
    committed = sale.committed
    short = drawer_short(desk, committed.amount_minor) if to == "cash" else None
    if short is not None:
        return short
    return Plan(
        "cancel", card.meter, card.card_number, image.serial, card.issue, image, writes,
        _content_before(desk, sale), sale_id=committed.sale_id,
        amount_minor=committed.amount_minor, energy_wh=committed.energy_wh, lines=committed.lines,
        returned_to=account, two_persons=True, customer=owner(desk, card.meter),
    )  # fmt: skip


def _sale_on(desk: Desk, serial: str, number: int) -> SaleRecord | None:
    """The sale that put purchase `number` on this very card."""
    sale = desk.records.sale_on_card(serial, number)
    taken_back = sale is not None and desk.records.cancellation_of(sale.committed.sale_id)
    return None if taken_back else sale


def _content_before(desk: Desk, sale: SaleRecord) -> CardContent:
    """What the card carried before the sale; the meter has taken it long ago."""
    delivery = sale.committed.card
    assert delivery is not None
    number = delivery.purchase_number - 1
    earlier = desk.records.sale_on_card(delivery.serial, number) if number else None
    if earlier is None:
        return CardContent(number, currency=sale.committed.currency if number else "")
    committed = earlier.committed
    return CardContent(
        number, committed.energy_wh, committed.amount_minor, committed.currency, committed.sale_id
    )


def plan_repair(desk: Desk, shown_number: int | None = None) -> Plan | Refusal:
    """Bring the card in the reader to the purchase number of its meter (F004).

    The number is the one that the meter wrote on the card, or `shown_number`, read from the meter.
    A paid purchase that the meter has not taken is kept and gets the next number; whatever else is
    in the purchase area is cleared. One that the meter's number has passed, although no meter wrote
    on the card that it took it, is named in `drops`: whoever confirms must know of it.
    """
    refused = desk.gate("card_mend")
    if refused is not None:
        return refused
    found = _user_card(desk)
    if isinstance(found, Refusal):
        return found
    shop, image, card = found
    number = _meter_number(shop, image, card, shown_number)
    if isinstance(number, Refusal):
        return number
    if card.purchase_valid and card.purchase_number in (number, number + 1):
        return Refusal("card_nothing_to_repair")
    sale = _sale_on(desk, image.serial, card.purchase_number)
    keep = card.purchase_valid and card.purchase_number > number and sale is not None
    writes = shop.repair(card, image, number, desk.currency, keep=keep)
    content = CardContent(number, currency=desk.currency if number else "")
    if keep:
        assert sale is not None
        committed = sale.committed
        content = CardContent(
            number + 1, committed.energy_wh, committed.amount_minor, committed.currency,
            committed.sale_id,
        )  # fmt: skip
    return Plan(
        "repair", card.meter, card.card_number, image.serial, card.issue, image, writes, content,
        sale_id=content.sale_id, two_persons=True, customer=owner(desk, card.meter),
        drops=Purchase() if keep or sale is None else _unread(card, sale),
    )  # fmt: skip


def _unread(card: CardState, sale: SaleRecord) -> Purchase:
    """The paid purchase on the card, if no meter has written on it that it took it."""
    if not card.purchase_valid or card.taken():
        return Purchase()
    paid = sale.committed
    return Purchase(
        card.purchase_number, paid.energy_wh, paid.amount_minor, paid.currency, paid.sale_id
    )


def _meter_number(
    shop: Workshop, image: CardImage, card: CardState, shown: int | None
) -> int | Refusal:
    """The purchase that the meter has taken last, by its own word."""
    reading = shop.reading(image)
    written = reading if reading is not None and reading.meter == card.meter else None
    if shown is None:
        return written.purchase_number if written else Refusal("card_meter_number_needed")
    lowest = written.purchase_number if written else 0
    if not lowest <= shown < 2**32 - 1:
        return Refusal("card_meter_number_wrong", {"purchase_number": lowest})
    return shown


def _user_card(desk: Desk) -> tuple[Workshop, CardImage, CardState] | Refusal:
    """The customer's card in the reader, in use and known here."""
    image = inspected(desk)
    if isinstance(image, Refusal):
        return image
    shop = workshops.of(image)
    if isinstance(shop, Refusal):
        return shop
    state = families.of(image).state(image)
    if isinstance(state, Refusal):
        return state
    known = desk.records.cards_of(serial=image.serial)
    if not known or known[0].card.meter != state.meter:
        return Refusal("unknown_card", {"card": state.card_number})
    if known[0].state != "active":
        return Refusal("card_not_accepted")
    return shop, image, state
