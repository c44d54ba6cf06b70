"""Plans for a card that is in use: take its purchase back, or bring it to its meter's number."""

from __future__ import annotations

from kiosk.domain import chart
from kiosk.domain.card_facts import CardContent
from kiosk.domain.cards import families, workshops
from kiosk.domain.cards.family import CardState
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.cards.work import Purchase, Workshop
from kiosk.domain.facts import SaleCommitted
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.till.cards.look import inspected, not_a_choice
from kiosk.till.cards.plan import Plan, owner
from kiosk.till.desk import Desk
from kiosk.till.money_of import drawer_short

#: Where the money of a purchase goes that is taken back.
RETURNS = ("meter_account", "cash")


def plan_cancel(desk: Desk, to: str = "meter_account") -> Plan | Refusal:
    """Take back the purchase on the card in the reader, which its meter has not taken (E13).

    Its money goes `to` the meter's account, or as "cash" over the counter to whoever may sell.
    Refused on a card that replaces another: the lost one still carries the purchase.
    """
    refused = desk.gate("card_cancel") or (desk.gate("sell") if to == "cash" else None)
    if refused is not None:
        return refused
    if to not in RETURNS:
        return not_a_choice(to, RETURNS)
    found = _user_card(desk)
    if isinstance(found, Refusal):
        return found
    shop, image, card = found
    refused = workshops.able(shop, "cancel")
    if refused is not None:
        return refused
    if not (card.purchase_number and (card.purchase_energy_wh or card.purchase_amount_minor)):
        return Refusal("card_nothing_to_take_back")
    if card.purchase_valid and card.taken():
        return Refusal("purchase_consumed", {"purchase_number": card.purchase_number})
    sale = _own_sale_on(desk, image.serial, card)
    if sale is None:
        return Refusal("card_purchase_unknown", {"purchase_number": card.purchase_number})
    off = _off_again(desk, shop, image, card, sale)
    if isinstance(off, Refusal):
        return off
    writes, content = off
    account = chart.cash(desk.operator) if to == "cash" else chart.meter_account(card.meter)
    committed = sale.committed
    short = drawer_short(desk, committed.amount_minor) if to == "cash" else None
    if short is not None:
        return short
    return Plan(
        "cancel", card.meter, card.card_number, image.serial, card.issue, image, writes, content,
        sale_id=committed.sale_id,
        amount_minor=committed.amount_minor, energy_wh=committed.energy_wh, lines=committed.lines,
        returned_to=account, two_persons=True, customer=owner(desk, card.meter),
    )  # fmt: skip


def _sale_on(desk: Desk, serial: str, card: CardState) -> SaleRecord | None:
    """The sale whose purchase the card carries, whatever number a repair gave it."""
    sale = desk.records.sale_on_card(serial, card.meter, card.purchase_number)
    taken_back = sale is not None and desk.records.cancellation_of(sale.committed.sale_id)
    return None if taken_back else sale


def _own_sale_on(desk: Desk, serial: str, card: CardState) -> SaleRecord | None:
    """As _sale_on; None on a card that replaces another, which carries the purchase too."""
    sale = _sale_on(desk, serial, card)
    delivery = sale.committed.card if sale is not None else None
    return sale if delivery is not None and delivery.serial == serial else None


def _off_again(
    desk: Desk, shop: Workshop, image: CardImage, card: CardState, sale: SaleRecord
) -> tuple[list[PlainWrite], CardContent] | Refusal:
    """The card as it was before the sale; one whose purchase got its number from a repair is
    cleared, because what it carried before was another meter's."""
    delivery = sale.committed.card
    assert delivery is not None, sale
    number = card.purchase_number
    writes = shop.cancel(card, image, delivery.before, number)
    if isinstance(writes, Refusal) or number == delivery.purchase_number:
        return writes if isinstance(writes, Refusal) else (writes, _content_before(desk, sale))
    currency = sale.committed.currency
    cleared = shop.repair(card, image, number - 1, currency, keep=False)
    return cleared, CardContent(number - 1, currency=currency if number > 1 else "")


def _content_before(desk: Desk, sale: SaleRecord) -> CardContent:
    """What the card carried before the sale; the meter has taken it long ago."""
    delivery = sale.committed.card
    assert delivery is not None
    number = delivery.purchase_number - 1
    meter = sale.committed.meter
    earlier = desk.records.sale_on_card(delivery.serial, meter, number) if number else None
    if earlier is None:
        return CardContent(number, currency=sale.committed.currency if number else "")
    return _content(number, earlier.committed)


def _content(number: int, sale: SaleCommitted) -> CardContent:
    return CardContent(number, sale.energy_wh, sale.amount_minor, sale.currency, sale.sale_id)


def plan_repair(desk: Desk, shown_number: int | None = None) -> Plan | Refusal:
    """Bring the card in the reader to the purchase number of its meter (F004).

    The number is the one that the meter wrote on the card, or `shown_number`, read from the meter.
    A paid purchase that the meter has not taken is kept and gets the next number; whatever else is
    in the purchase area is cleared. One that the meter's number has passed, although no meter wrote
    on the card that it took it, is named in `drops`: whoever confirms must know of it. The next
    repair puts it back, in `restores`, when the meter turns out to stand just before it: under its
    own number, which a meter takes once, so that nothing typed can give it twice.
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
    back = _to_restore(desk, card, number + 1)
    if not back.number and card.purchase_valid and card.purchase_number in (number, number + 1):
        return Refusal("card_nothing_to_repair")
    sale = _own_sale_on(desk, image.serial, card)
    keep = card.purchase_valid and card.purchase_number > number and sale is not None
    content, drops = CardContent(number, currency=desk.currency if number else ""), Purchase()
    if back.number:
        writes = shop.restore(card, image, back)
        content = CardContent(
            back.number, back.energy_wh, back.amount_minor, back.currency, back.sale_id
        )
    else:
        writes = shop.repair(card, image, number, desk.currency, keep=keep)
        if keep and sale is not None:
            content = _content(number + 1, sale.committed)
        else:
            drops = _unread(card, _sale_on(desk, image.serial, card))
    return Plan(
        "repair", card.meter, card.card_number, image.serial, card.issue, image, writes, content,
        sale_id=content.sale_id or drops.sale_id, two_persons=True,
        customer=owner(desk, card.meter), drops=drops, restores=back,
    )  # fmt: skip


def _unread(card: CardState, sale: SaleRecord | None) -> Purchase:
    """The paid purchase on the card, if no meter has written on it that it took it."""
    if sale is None or not card.purchase_valid or card.taken():
        return Purchase()
    return _purchase(card.purchase_number, sale.committed)


def _to_restore(desk: Desk, card: CardState, number: int) -> Purchase:
    """The paid purchase `number` that a repair took off the card of this meter, unless the card
    carries another one that waits for the meter."""
    carries = card.purchase_energy_wh or card.purchase_amount_minor
    if card.purchase_valid and carries and not card.taken():
        return Purchase()
    for record in desk.records.dropped(card.meter):
        before = families.of(record.committed.before).state(record.committed.before)
        if not isinstance(before, Refusal) and before.purchase_number == number:
            sale = desk.records.sale(record.committed.sale_id)
            assert sale is not None, record
            return _purchase(number, sale.committed)
    return Purchase()


def _purchase(number: int, sale: SaleCommitted) -> Purchase:
    return Purchase(number, sale.energy_wh, sale.amount_minor, sale.currency, sale.sale_id)


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
