"""The open layout on any chip: the same files and the same rules, wherever the chip keeps them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.errors import Refusal


class OpenOn:
    """The family `name`: images carry that name, everything else is the open layout's."""

    def __init__(self, name: str) -> None:
        self.name = name

    def state(self, image: CardImage) -> layout.OpenCard | Refusal:
        """See kiosk.domain.cards.open.state."""
        if image.family != self.name:
            return Refusal("card_foreign", {"family": image.family})
        return layout.state(self._plain(image))

    def purchase(
        self,
        card: layout.OpenCard,
        image: CardImage,
        energy_wh: int,
        amount_minor: int,
        currency: str,
        sale_id: str = "",
    ) -> tuple[list[PlainWrite], int] | Refusal:
        """See kiosk.domain.cards.open.purchase."""
        plain = self._plain(image)
        return layout.purchase(card, plain, energy_wh, amount_minor, currency, sale_id)

    def witness(
        self, before: CardImage, now: CardImage, writes: Sequence[PlainWrite]
    ) -> layout.Testimony:
        """See kiosk.domain.cards.open.witness."""
        return layout.witness(self._plain(before), self._plain(now), writes)

    def allowed(self, write: PlainWrite) -> bool:
        """See kiosk.domain.cards.open.allowed."""
        return layout.allowed(write)

    def _plain(self, image: CardImage) -> CardImage:
        """The image under the layout's own name; one of another family keeps a name that is not."""
        own = image.family == self.name
        return msgspec.structs.replace(image, family=layout.FAMILY if own else f"not {self.name}")
