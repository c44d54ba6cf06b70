"""What the till may ask of any card family, and of what a card of any family says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.cards.open import Testimony
from kiosk.errors import Refusal


class CardState(Protocol):
    """What a user card of any family says. Energy in Wh, money in minor units.

    `purchase_energy_wh` is 0 where the meter holds the tariff and the card carries money.
    `written_back_number` is 0 unless `write_back_valid`.
    """

    @property
    def serial(self) -> str: ...  # noqa: D102 - a field; the class says what it means
    @property
    def card_number(self) -> str: ...  # noqa: D102
    @property
    def meter(self) -> str: ...  # noqa: D102
    @property
    def issue(self) -> int: ...  # noqa: D102
    @property
    def purchase_number(self) -> int: ...  # noqa: D102
    @property
    def purchase_energy_wh(self) -> int: ...  # noqa: D102
    @property
    def purchase_amount_minor(self) -> int: ...  # noqa: D102
    @property
    def purchase_valid(self) -> bool: ...  # noqa: D102
    @property
    def written_back_number(self) -> int: ...  # noqa: D102
    @property
    def write_back_meter(self) -> str: ...  # noqa: D102
    @property
    def write_back_valid(self) -> bool: ...  # noqa: D102

    def taken(self) -> bool:
        """Whether the meter has taken the last purchase, so that the next may overwrite it."""


class Family(Protocol):
    """One card family: pure rules over images, no reader and no key.

    The till takes the family of the image that it read (`kiosk.domain.cards.families.of`) and hands
    the state that this family made back to this family only.
    """

    name: str

    def state(self, image: CardImage) -> Any | Refusal:
        """The CardState of the image, or why the card cannot be sold to."""

    def purchase(
        self,
        card: Any,
        image: CardImage,
        energy_wh: int,
        amount_minor: int,
        currency: str,
        sale_id: str = "",
    ) -> tuple[list[PlainWrite], int] | Refusal:
        """The ordered writes of one sale, validity last, and its purchase number."""

    def witness(self, before: CardImage, now: CardImage, writes: Sequence[PlainWrite]) -> Testimony:
        """What the card says became of `writes` (E01-E03)."""

    def allowed(self, write: PlainWrite) -> bool:
        """Whether a seller may make `write` (the whitelist of E02)."""
