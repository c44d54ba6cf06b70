"""The wizard of a damaged ledger: what it can be built from, the act, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget
from textual.widgets import Static

from kiosk.errors import Refusal
from kiosk.ports import FoundSource, RescueReport
from kiosk.screens import hall_telling
from kiosk.screens.staff.frame import Back
from kiosk.screens.staff.page import Page, Reading
from kiosk.screens.widgets.moving import Moving
from kiosk.till import copies


class RescuePage(Page):
    """Shows the damage and the sources found; Enter builds the ledger again, once. A ledger that
    is whole again is shown as such, whoever comes back before the program is started anew."""

    def __init__(self, back: Back) -> None:
        super().__init__("", [], back)
        self._found: list[FoundSource] = []
        self._begun = False

    def heading(self) -> str:
        """How it stands now."""
        whole = self.desk.rescued is not None
        return self.say(f"technician.{'rescued_title' if whole else 'rescue_title'}")

    def body(self) -> Iterable[Widget]:
        """A running bar while it works, and the lines."""
        yield Moving()
        yield Reading(self.lines)

    def hint(self) -> str:
        """Enter does it; once the ledger is whole, only Esc is left."""
        whole = self.desk.rescued is not None
        return self.say(f"technician.{'rescue_end_keys' if whole else 'rescue_keys'}")

    def on_mount(self) -> None:
        """Look for sources, unless they were used."""
        self.query_one(Moving).display = False
        if self.desk.rescued is not None:
            self._tell(self.desk.rescued)
            return
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
        self._begun = False
        self.query_one(Moving).display = False
        self.note("")
        if isinstance(outcome, Refusal):
            self.note(self.words.refusal(outcome), "fault")
            return
        self._tell(outcome)

    def _tell(self, outcome: RescueReport) -> None:
        """What came of it; only a failure may be tried again."""
        self._begun = not outcome.trouble
        self.query_one("#heading", Static).update(self.heading())
        self.tell_keys()
        self.query_one(Reading).show(hall_telling.rescued_lines(self.words, outcome))
