"""A screen that writes a card, and asks for the same card when it was pulled out (E02)."""

from __future__ import annotations

import threading

from textual.message import Message

from kiosk.errors import CardFault
from kiosk.screens.staff.frame import StaffFrame

_LOOK_S = 0.2


class CardWait(StaffFrame):
    """No key stops the act; Esc only stops the wait for a card."""

    class CardAway(Message):
        """The card is away while it is written; `reason` as the till names it."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    def __init__(self) -> None:
        super().__init__()
        self._given_up = threading.Event()

    def press_cancel(self) -> None:
        """Wait no longer for the card; its outcome is in doubt then."""
        self._given_up.set()

    def card_back(self, reason: str) -> bool:
        """In a worker: wait for a card; true when one is there that was not there when it went
        wrong."""
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

    def on_card_wait_card_away(self, message: CardAway) -> None:
        """Ask for the same card."""
        self.app.bell()
        seconds = self.desk.settings.faces.card_back_s
        said = self.say("cashier.card_back", seconds=seconds)
        if message.reason == "card_other":
            said = f"{self.say('kiosk.card_other')} {said}"
        self.note(f"{said} {self.say('cashier.card_back_keys')}", "fault")
