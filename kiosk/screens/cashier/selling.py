"""The irreversible act at the counter, with a running bar."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.screen import Screen
from textual.widget import Widget

from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.screens.cashier.result import Result
from kiosk.screens.staff.card_wait import CardWait
from kiosk.screens.widgets.moving import Moving
from kiosk.till.paper import print_slip
from kiosk.till.quote import Offer
from kiosk.till.sell import Payment, sell

#: Makes the screen that asks for the amount, with that of the offer, and says why it is back.
Again = Callable[[Offer, str], Screen[None]]


class Selling(CardWait):
    """Makes the sale and its slip."""

    def __init__(self, offer: Offer, payment: Payment, again: Again) -> None:
        super().__init__()
        self.offer, self.payment, self.again = offer, payment, again

    def heading(self) -> str:
        """What is done."""
        by_card = self.offer.buyer.meter.kind == "card"
        return self.say("cashier.writing_card" if by_card else "kiosk.making_token")

    def body(self) -> Iterable[Widget]:
        """A running bar."""
        yield Moving()

    def on_mount(self) -> None:
        """Begin at once: the cashier has confirmed."""
        self.ask(self._sell, self._sold, quiet=True)

    # --- in a worker ----------------------------------------------------------------------------

    def _sell(self) -> tuple[SaleRecord | Refusal, str]:
        record = sell(self.desk, self.offer, self.payment, self.card_back)
        printable = self.desk.slips is not None and self.desk.writer is not None
        if isinstance(record, Refusal) or not printable:
            return record, ""
        return record, print_slip(self.desk, record)

    # --- on the screen --------------------------------------------------------------------------

    def _sold(self, sold: tuple[SaleRecord | Refusal, str]) -> None:
        record, job = sold
        if isinstance(record, Refusal):
            self.face_app.go(self.again(self.offer, self.words.refusal(record)))
            return
        self.face_app.go(Result(record, job))
