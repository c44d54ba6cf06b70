"""The wizard of a damaged ledger: what it can be built from, and the act."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget

from kiosk.errors import Refusal
from kiosk.ports import FoundSource, RescueReport
from kiosk.screens import hall_telling
from kiosk.screens.staff.frame import Back
from kiosk.screens.staff.page import Page, Reading
from kiosk.screens.widgets.moving import Moving
from kiosk.till import copies


class RescuePage(Page):
    """Shows the damage and the sources found; Enter builds the ledger again, once."""

    def __init__(self, back: Back) -> None:
        super().__init__("", [], back)
        self._found: list[FoundSource] = []
        self._begun = self._whole = False

    def heading(self) -> str:
        """What is wrong."""
        return self.say("technician.rescue_title")

    def body(self) -> Iterable[Widget]:
        """A running bar while it works, and the lines."""
        yield Moving()
        yield Reading(self.lines)

    def hint(self) -> str:
        """Enter does it; once the ledger is whole, only Esc is left."""
        return self.say(f"technician.{'rescue_end_keys' if self._whole else 'rescue_keys'}")

    def on_mount(self) -> None:
        """Look for sources."""
        self.query_one(Moving).display = False
        self.ask(partial(copies.sources, self.desk), self._looked)

    def _looked(self, found: list[FoundSource]) -> None:
        self._found = found
        self.query_one(Reading).show(hall_telling.rescue_lines(self.words, self.desk.damage, found))

    def press_enter(self) -> None:
        """Build it again from everything that was found; the key is dead afterwards."""
        if self._begun or not self._found:
            return
        self._begun = True
        self.query_one(Moving).display = True
        self.note(self.say("technician.rescue_running"))
        self.ask(partial(copies.rescue, self.desk), self._ended)

    def _ended(self, outcome: RescueReport | Refusal) -> None:
        self._begun = not isinstance(outcome, Refusal) and not outcome.trouble
        self.query_one(Moving).display = False
        self.note("")
        if isinstance(outcome, Refusal):
            self.note(self.words.refusal(outcome), "fault")
            return
        self._whole = self._begun
        self.tell_keys()
        self.query_one(Reading).show(hall_telling.rescued_lines(self.words, outcome))
