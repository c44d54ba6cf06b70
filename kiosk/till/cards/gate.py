"""Whether a card may be sold to at all: asked at every face, and loads nothing of the card room."""

from __future__ import annotations

from kiosk.domain import card_facts
from kiosk.domain.cards.image import CardImage
from kiosk.errors import Refusal
from kiosk.till.desk import Desk


def stopped(desk: Desk, image: CardImage) -> Refusal | None:
    """Why nobody is sold to on this card, in neutral words; a stopped one becomes a case."""
    if desk.records.card_cases(serial=image.serial):
        return Refusal("card_not_accepted")
    found = desk.records.cards_of(serial=image.serial)
    if not found or found[0].state == "active":
        return None
    card = found[0].card
    desk.journal.append(
        card_facts.CardInspected(
            desk.entropy.name(), desk.station.name, desk.operator, found[0].state, image.serial,
            card.meter, image,
        )
    )  # fmt: skip
    desk.nudge()
    return Refusal("card_not_accepted")
