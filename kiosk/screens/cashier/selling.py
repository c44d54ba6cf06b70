"""The irreversible act: a running bar, and the same card asked for when it was pulled out (E02)."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from textual.message import Message
from textual.widget import Widget

from kiosk.domain.record import SaleRecord
from kiosk.errors import CardFault, Refusal
from kiosk.screens.cashier.tender import amount_again
from kiosk.screens.staff.frame import StaffFrame
from kiosk.screens.widgets.moving import Moving
from kiosk.till.paper import print_slip
from kiosk.till.quote import Offer
from kiosk.till.sell import Payment, sell

_LOOK_S = 0.2


class Selling(StaffFrame):
    """Makes the sale and its slip; no key stops it, Esc only stops the wait for a card."""

    class CardAway(Message):
        """The card is away while it is written; `reason` as the till names it."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    def __init__(self, offer: Offer, payment: Payment) -> None:
        super().__init__()
        self.offer, self.payment = offer, payment
        self._given_up = threading.Event()

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

    def press_cancel(self) -> None:
        """Wait no longer for the card; the sale is in doubt then."""
        self._given_up.set()

    # --- in a worker ----------------------------------------------------------------------------

    def _sell(self) -> tuple[SaleRecord | Refusal, str]:
        record = sell(self.desk, self.offer, self.payment, self._card_back)
        printable = self.desk.slips is not None and self.desk.writer is not None
        if isinstance(record, Refusal) or not printable:
            return record, ""
        return record, print_slip(self.desk, record)

    def _card_back(self, reason: str) -> bool:
        """Wait for a card; true when one is there that was not there when it went wrong."""
        self._given_up.clear()
        self.post_message(self.CardAway(reason))
        before = self._insertion() if reason != "card_away" else None
        for _ in range(int(self.desk.settings.faces.card_back_s / _LOOK_S)):
            if self.face_app.ending.is_set() or self._given_up.wait(_LOOK_S):
                return False
            if self._insertion() not in {None, before}:
                return True
        return False

    def _insertion(self) -> int | None:
        """The number of this insertion; None while no card is in."""
        reader = self.desk.reader
        try:
            return reader.insertions() if reader is not None and reader.present() else None
        except CardFault:
            return None

    # --- on the screen --------------------------------------------------------------------------

    def on_selling_card_away(self, message: CardAway) -> None:
        """Ask for the same card."""
        self.app.bell()
        seconds = self.desk.settings.faces.card_back_s
        said = self.say("cashier.card_back", seconds=seconds)
        if message.reason == "card_other":
            said = f"{self.say('kiosk.card_other')} {said}"
        self.note(f"{said} {self.say('cashier.card_back_keys')}", "fault")

    def _sold(self, sold: tuple[SaleRecord | Refusal, str]) -> None:
        record, job = sold
        if isinstance(record, Refusal):
            self.face_app.go(amount_again(self, self.offer, self.words.refusal(record)))
            return
        from kiosk.screens.cashier.result import Result

        self.face_app.go(Result(record, job))
