"""No slip can be printed: the customer decides before paying (E04)."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget
from textual.widgets import Static

from kiosk.screens.self_service.ending import cancelled
from kiosk.screens.self_service.payment import Payment
from kiosk.screens.self_service.visit import Step, Visit


class NoSlip(Step):
    """Asks whether to go on without a slip."""

    def __init__(self, visit: Visit) -> None:
        super().__init__()
        self.visit = visit

    def heading(self) -> str:
        """What does not work."""
        return self.say("kiosk.no_slips_now")

    def body(self) -> Iterable[Widget]:
        """The two ways on."""
        yield Static(self.say("kiosk.continue_without_slip"), id="sentence", markup=False)

    def hint(self) -> str:
        """The keys."""
        return self.hints(enter="go_on", cancel="stop")

    def press_enter(self) -> None:
        """Go on without a slip."""
        self.face_app.go(Payment(self.visit))

    def press_cancel(self) -> None:
        """Nothing was paid."""
        cancelled(self, self.visit)
