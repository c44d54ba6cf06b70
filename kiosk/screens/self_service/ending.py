"""How a visit ends: what happened, "take your card" until it is gone, thank you."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget
from textual.widgets import Static

from kiosk.errors import CardFault
from kiosk.ports import SlipState
from kiosk.screens.self_service.deeds import Deed
from kiosk.screens.self_service.left_card import LeftCard
from kiosk.screens.self_service.slip_state import (
    forget_slip,
    print_again,
    slip_sentence,
    slip_state,
)
from kiosk.screens.self_service.visit import Step, Visit
from kiosk.screens.self_service.why import WhySold
from kiosk.till.desk import Desk

#: Looks (half a second each) that the last screen stays after the card has gone.
_STAY = 12


class Ending(Step):
    """Says how it ended; "finished" comes only when the card is out."""

    PATIENCE = 0

    def __init__(
        self, sentences: list[str], kind: str = "plain", visit: Visit | None = None
    ) -> None:
        super().__init__()
        self.sentences, self.kind, self.visit = sentences, kind, visit
        self.card_inside: bool | None = None
        self._insertions = 0
        self.slip: SlipState | None = None
        self._looks = 0
        self._looking = False
        self._done_early = False

    def heading(self) -> str:
        """Take your card, or thank you."""
        return self.say("kiosk.take_card" if self.card_inside else "kiosk.thank_you")

    def body(self) -> Iterable[Widget]:
        """What happened."""
        for sentence in self.sentences:
            yield Static(sentence, classes=f"told -{self.kind}", markup=False)

    def hint(self) -> str:
        """The keys."""
        if self.card_inside:
            return ""
        enter = "print_again" if self._can_print() else "finish"
        if self.visit is None or self.visit.record is None:
            return self.hints(enter=enter)
        return self.hints(enter=enter, zero="why")

    def help_key(self) -> str:
        """What to do with the card."""
        return "kiosk.help_card"

    def deeds(self) -> list[Deed]:
        """Pull the card; afterwards put it into the meter."""
        if self.card_inside:
            return [Deed(self.say("rehearsal.card_out"), lambda hands: hands.pull_card())]
        if self.visit is None or self.visit.record is None:
            return []
        meter = self.visit.buyer.meter.number
        show = Deed(
            self.say("rehearsal.meter_show"), lambda hands: hands.show_meter(meter), looks=True
        )
        if not self.visit.by_card:
            token = self.visit.record.token or ""
            text = self.say("rehearsal.meter_enter")
            return [Deed(text, lambda hands: hands.enter_token(meter, token)), show]
        text = self.say("rehearsal.meter_insert")
        return [Deed(text, lambda hands: hands.insert_in_meter(meter)), show]

    def press_digit(self, digit: int) -> None:
        """0 says why every figure is what it is; the others are the hands'."""
        if digit == 0 and self.visit is not None and self.visit.record is not None:
            self.app.push_screen(WhySold(self.visit.record))
        else:
            super().press_digit(digit)

    def on_mount(self) -> None:
        """Watch the card and the slip."""
        self.set_interval(0.5, self.look)
        self.look()

    def look(self) -> None:
        """Ask the reader and the press, unless the last answer is still out."""
        if not self._looking and self.app.screen is self:
            self._looking = True
            self.ask(partial(_look, self.desk, self.visit), self._looked, quiet=True)

    def _looked(self, seen: tuple[bool, int, SlipState | None]) -> None:
        self._looking = False
        inside, insertions, slip = seen
        if inside and self.card_inside is not None and insertions != self._insertions:
            self._leave()  # the next customer's card: the first screen reads it
            return
        self._insertions = insertions
        changed = (inside, slip) != (self.card_inside, self.slip)
        self.card_inside, self.slip = inside, slip
        if changed:
            self._looks = 0
            self._tell()
        self._looks += 1
        done, self._done_early = self._done_early, False
        if done and not inside and not self._can_print():
            self._leave()
        elif inside:
            if self._looks % 10 == 0:
                self.app.bell()
                self.note(self.say("kiosk.take_card_forgotten"), "fault")
            if self._looks > 2 * self.desk.settings.faces.card_left_s:
                self._forget()
                self.face_app.go(LeftCard())
        elif self._looks > self._stay() and slip != "printing":
            self._leave()

    def _stay(self) -> int:
        """In a rehearsal the hands still want to go to the meter; a failed slip must be read."""
        if self.deeds() and self.face_app.hands is not None:
            return 2 * self.desk.settings.faces.idle_s
        return 2 * self.desk.settings.faces.more_time_s if self._can_print() else _STAY

    def _tell(self) -> None:
        self.query_one("#heading", Static).update(self.heading())
        if self.slip is not None and self.visit is not None:
            self.note(*slip_sentence(self, self.visit, self.slip))
        else:
            self.note("")
        self.tell_keys()
        self.offer_again()

    def _can_print(self) -> bool:
        failed = self.slip in {"failed", "unknown"} and self.desk.slips is not None
        return failed and self.visit is not None and self.visit.record is not None

    def press_enter(self) -> None:
        """Print again what did not come out, or finish; before the first look at the card the key
        is kept, because the screen offers it already."""
        self._done_early = self.card_inside is None
        if self.card_inside is not False:
            return
        if not self._can_print():
            self._leave()
            return
        assert self.visit is not None
        self.note(self.say("kiosk.slip_printing"))
        self.ask(partial(_print, self.desk, self.visit), lambda _done: self.look())

    def press_cancel(self) -> None:
        """Finish, once the card is out."""
        if self.card_inside is False:
            self._leave()

    def _forget(self) -> None:
        if self.visit is not None:
            forget_slip(self, self.visit)

    def _leave(self) -> None:
        self._forget()
        self.face_app.start_over()


def cancelled(step: Step, visit: Visit) -> None:
    """Stopped before any money: nothing was paid; a card in the reader must be taken."""
    step.face_app.go(Ending([step.say("kiosk.cancelled")], visit=visit))


def _look(desk: Desk, visit: Visit | None) -> tuple[bool, int, SlipState | None]:
    inside, insertions = False, 0
    try:
        if desk.reader is not None:
            inside, insertions = desk.reader.present(), desk.reader.insertions()
    except CardFault:
        inside = False
    has_slip = visit is not None and (visit.job or visit.record is not None)
    slip = slip_state(desk, visit) if visit is not None and has_slip else None
    return inside, insertions, slip


def _print(desk: Desk, visit: Visit) -> None:
    visit.job = print_again(desk, visit)
