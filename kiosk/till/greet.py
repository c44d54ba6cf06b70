"""Who stands there: the buyer behind the card in the reader, and what is still open for them."""

from __future__ import annotations

import msgspec

from kiosk.domain.cards import families
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.till.cards.gate import stopped
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer, buyer_of
from kiosk.till.recover import card_image

_LOOKED_AT = 60


class Greeted(msgspec.Struct, frozen=True):
    """The buyer of the card in the reader; `unfinished` is a sale that must be settled first."""

    buyer: Buyer
    unfinished: SaleRecord | None


def find_buyer_by_card(desk: Desk) -> Greeted | Refusal:
    """Who the card in the reader belongs to, found by the serial of its chip.

    A card that nobody registered is refused with what it says of itself: blank, foreign, damaged.
    """
    image = card_image(desk)
    if isinstance(image, Refusal):
        return image
    refused = stopped(desk, image)
    if refused is not None:
        return refused
    card = desk.records.card(serial=image.serial)
    if card is None:
        state = families.of(image).state(image)
        return state if isinstance(state, Refusal) else Refusal("unknown_card", {"card": ""})
    buyer = buyer_of(desk, card.meter)
    if isinstance(buyer, Refusal):
        return buyer
    return Greeted(buyer, unfinished_of(desk, card.meter))


def unfinished_of(desk: Desk, meter: str) -> SaleRecord | None:
    """The sale of `meter` whose outcome is not known (E03); None when everything is settled."""
    open_sales = (r for r in desk.records.open_sales() if r.committed.meter == meter)
    return next(open_sales, None)


def suggestions(desk: Desk) -> list[Buyer]:
    """Whom a newcomer may play in a rehearsal: a keypad meter and a card meter without old debt."""
    assert desk.settings.site.mode == "rehearsal", "customers are shown to nobody else"
    found: dict[str, Buyer] = {}
    for meter in desk.records.search("", _LOOKED_AT):
        if meter.kind in found:
            continue
        buyer = buyer_of(desk, meter.number)
        if not isinstance(buyer, Refusal) and not buyer.debt_minor:
            found[meter.kind] = buyer
    return [found[kind] for kind in ("keypad", "card") if kind in found]
