"""Taking an unread purchase off its card: the one place that a reversal touches a card (E13).

The writes are those of the sale, in their order: first the purchase is made invalid, then every
byte is as it was before. A card that is pulled out in between carries nothing that a meter takes,
and putting it in again finishes the same writes.
"""

from __future__ import annotations

from kiosk.domain import facts
from kiosk.domain.cards import families
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.cards.open import Testimony
from kiosk.domain.reversal import Evidence
from kiosk.errors import CardFault, Refusal
from kiosk.till.desk import Desk
from kiosk.till.recover import card_image

_EVIDENCE: dict[Testimony, Evidence] = {
    "delivered": "unread",
    "not_delivered": "taken_back",
    "torn": "taken_back",
    "consumed": "consumed",
    "superseded": "absent",
    "other": "absent",
}


def evidence(desk: Desk, sale: facts.SaleCommitted) -> Evidence:
    """What proves how the value of a sale stands; a card is asked now."""
    if sale.card is None:
        return "shown"
    testimony = _testimony(desk, sale.card)
    return _EVIDENCE[testimony] if testimony is not None else "absent"


def _testimony(desk: Desk, delivery: facts.CardDelivery) -> Testimony | None:
    image = card_image(desk)
    if not isinstance(image, CardImage):
        return None
    return families.of(delivery.before).witness(delivery.before, image, delivery.writes)


def writes_of(sale: facts.SaleCommitted) -> list[PlainWrite] | Refusal:
    """The writes that take the purchase back; refused for a card that does not allow them, and for
    chips that anybody can copy, because the other one would still be credited (E13, E16)."""
    from kiosk.domain.cards import workshops  # a face that only sells does not need them

    delivery = sale.card
    assert delivery is not None, sale.sale_id
    refused = workshops.able(workshops.SHOPS[delivery.before.family], "cancel")
    if refused is not None:
        return refused
    places = [(write.file, write.address) for write in delivery.writes]
    planned = []
    for number, write in enumerate(delivery.writes):
        comes_again = places[number] in places[number + 1 :]
        before = delivery.before.files[write.file][write.address :][: len(write.data)]
        data = write.data if comes_again else before
        planned.append(PlainWrite(write.file, write.address, data, write.sealed))
    allowed = families.of(delivery.before).allowed
    if not all(allowed(write) for write in planned):
        return Refusal("card_keeps_purchase", {"sale": sale.sale_id})
    return planned


def take_back(desk: Desk, sale: facts.SaleCommitted, writes: list[PlainWrite]) -> Refusal | None:
    """Make the writes and read them back; refused when the card does not show them."""
    delivery = sale.card
    assert delivery is not None, sale.sale_id
    if _testimony(desk, delivery) == "not_delivered":
        return None
    try:
        assert desk.reader is not None
        desk.reader.write(delivery.serial, writes)
    except CardFault as error:
        return Refusal("card_not_taken_back", {"sale": sale.sale_id, "reason": error.sentence})
    if _testimony(desk, delivery) != "not_delivered":
        reason = "it does not read back as it was written"
        return Refusal("card_not_taken_back", {"sale": sale.sale_id, "reason": reason})
    return None
