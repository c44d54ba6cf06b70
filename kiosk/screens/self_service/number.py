"""The number of the meter or the card, judged while it is typed (E24)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget
from textual.widgets import Static

from kiosk.errors import Refusal
from kiosk.screens.self_service.confirm import Confirm
from kiosk.screens.self_service.read_card import ReadCard
from kiosk.screens.self_service.visit import Step, Visit, is_new_card
from kiosk.screens.widgets.entry import NumberEntry, judge_number
from kiosk.till.maintain import Readiness, readiness
from kiosk.till.quote import Buyer, find_buyer


class Number(Step):
    """Takes the digits of a meter or card number, or the card itself."""

    def __init__(self, typed: str = "") -> None:
        super().__init__()
        self.typed = typed
        self._looking = False

    def heading(self) -> str:
        """The question."""
        return self.say("kiosk.enter_number")

    def body(self) -> Iterable[Widget]:
        """The digits."""
        yield Static(self.say("kiosk.enter_number_help"), classes="line", markup=False)
        yield Static("", classes="gap")
        yield NumberEntry(self.typed)

    def hint(self) -> str:
        """The keys."""
        return self.hints(enter="go_on", clear="clear", cancel="stop", help="help")

    def help_key(self) -> str:
        """Where the number stands."""
        return "kiosk.help_number"

    def on_mount(self) -> None:
        """A card may come instead of digits."""
        self.set_interval(1.0, self._look)

    def _look(self) -> None:
        if not self._looking and not self.busy and self.app.screen is self:
            self._looking = True
            self.ask(partial(readiness, self.desk), self._looked, quiet=True)

    def _looked(self, seen: Readiness) -> None:
        self._looking = False
        if not self.busy and self.app.screen is self and is_new_card(self, seen):
            self.face_app.go(ReadCard(Confirm))

    @property
    def entry(self) -> NumberEntry:
        """The digits so far."""
        return self.query_one(NumberEntry)

    def press_digit(self, digit: int) -> None:
        """One more digit."""
        self.entry.press(digit)
        self._judge()

    def press_clear(self) -> None:
        """One digit less."""
        self.entry.clear_one()
        self._judge()

    def _judge(self) -> None:
        self.typed = self.entry.typed
        judged = judge_number(self.typed)
        if judged is None:
            self.note("")
        elif isinstance(judged, Refusal):
            self.note(self.words.refusal(judged), "warn")
        else:
            self.note(self.say("kiosk.number_good"), "good")

    def press_enter(self) -> None:
        """Ask who it is."""
        if not self.typed:
            return
        self.note(self.say("kiosk.please_wait"))
        self.ask(partial(find_buyer, self.desk, self.typed), self._found)

    def _found(self, found: Buyer | Refusal) -> None:
        if isinstance(found, Refusal):
            self.note(self.words.refusal(found), "warn")
        else:
            self.face_app.go(Confirm(Visit(found)))
