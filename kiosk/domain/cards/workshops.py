"""Finding the workshop of a card, and what each family can be asked for."""

from __future__ import annotations

from kiosk.domain.cards import families, state_grid_shop
from kiosk.domain.cards.image import CardImage
from kiosk.domain.cards.open_shop import OpenShop
from kiosk.domain.cards.work import Workshop
from kiosk.errors import Refusal

SHOPS: dict[str, Workshop] = {
    shop.name: shop
    for shop in (
        OpenShop("open"),
        OpenShop("sle4442", copied=True, with_serial=False),
        OpenShop("at24", copied=True, with_serial=False),
        OpenShop("mifare", copied=True),
        state_grid_shop.SHOP,
    )
}
assert list(SHOPS) == list(families.FAMILIES)


def of(image: CardImage) -> Workshop | Refusal:
    """The workshop of an image; card_foreign when nobody knows its family."""
    shop = SHOPS.get(image.family)
    return shop or Refusal("card_foreign", {"family": image.family})


def able(shop: Workshop, work: str) -> Refusal | None:
    """Why this family does not know `work`, or None; only taking a purchase back is not for all."""
    if work in shop.abilities:
        return None
    return Refusal("card_copied_chip", {"family": shop.name})
