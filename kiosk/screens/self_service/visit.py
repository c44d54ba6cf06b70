"""What one customer's visit carries from step to step, and the base of all steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from kiosk.screens.frame import Frame
from kiosk.screens.self_service.deeds import Handed
from kiosk.screens.self_service.help import Help

if TYPE_CHECKING:
    from kiosk.domain.record import SaleRecord
    from kiosk.till.maintain import Readiness
    from kiosk.till.quote import Buyer, Offer


class Visit(msgspec.Struct):
    """One customer from confirming the meter to the last slip; the sale id never changes."""

    buyer: Buyer
    offer: Offer | None = None
    record: SaleRecord | None = None
    job: str = ""

    @property
    def sale_id(self) -> str:
        """The id made at the first quote, or "" before it."""
        return self.offer.sale_id if self.offer is not None else ""

    @property
    def by_card(self) -> bool:
        """Whether the card carries the energy."""
        return self.buyer.meter.kind == "card"


def is_new_card(screen: Frame, seen: Readiness) -> bool:
    """Whether a card is in that nobody has dealt with; asked once, it is dealt with."""
    new = seen.card_inside and seen.insertions != screen.face_app.handled_insertion
    if new:
        screen.face_app.handled_insertion = seen.insertions
    return new


class Step(Handed):
    """One step of the customer's way."""

    PATIENCE: ClassVar[int] = 1

    def press_help(self) -> None:
        """Help on this step."""
        self.app.push_screen(Help(self.help_key()))

    def help_key(self) -> str:
        """Which help text belongs to this step."""
        return "kiosk.help_start"

    def press_cancel(self) -> None:
        """Before money was taken: nothing was paid, nothing is owed."""
        self.face_app.start_over()
