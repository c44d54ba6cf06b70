"""A card was left in the machine: it is locked until staff have closed its case (E23)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget
from textual.widgets import Static

from kiosk.domain.card_record import CardCase
from kiosk.errors import CardFault, Refusal
from kiosk.screens.self_service.visit import Step
from kiosk.till.cards import watch
from kiosk.till.desk import Desk

#: Looks (half a second each) between two tones.
_TONE_EVERY = 20


class LeftCard(Step):
    """Says nothing of the customer; takes no keys; ends when staff have dealt with the card."""

    PATIENCE = 0

    def __init__(self) -> None:
        super().__init__()
        self._case_id = ""
        self._looks = 0
        self._looking = False

    def heading(self) -> str:
        """What happened."""
        return self.say("cards.locked_title")

    def body(self) -> Iterable[Widget]:
        """Where to go."""
        yield Static(self.say("cards.locked"), classes="told -fault", markup=False)

    def on_mount(self) -> None:
        """Write it down, then wait for staff."""
        self.ask(partial(watch.left_behind, self.desk), self._written)

    def _written(self, case: CardCase | Refusal) -> None:
        if isinstance(case, Refusal):  # it was taken in the last moment, or cannot be read
            self.face_app.start_over()
            return
        self._case_id = case.case_id
        self.set_interval(0.5, self.look)

    def look(self) -> None:
        """Whether the case is closed and the card is out."""
        if not self._looking and self.app.screen is self:
            self._looking = True
            self.ask(partial(_is_over, self.desk, self._case_id), self._looked, quiet=True)

    def _looked(self, is_over: bool) -> None:
        self._looking = False
        self._looks += 1
        if is_over:
            self.face_app.start_over()
        elif self._looks % _TONE_EVERY == 1:
            self.app.bell()


def _is_over(desk: Desk, case_id: str) -> bool:
    try:
        inside = desk.reader is not None and desk.reader.present()
    except CardFault:
        inside = False
    return not inside and not watch.is_locked(desk, case_id)
