"""The token in large digits, for as long as the customer needs it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget
from textual.widgets import Static

from kiosk.ports import SlipState
from kiosk.screens.self_service.ending import Ending
from kiosk.screens.self_service.slip_state import (
    forget_slip,
    print_again,
    slip_sentence,
    slip_state,
)
from kiosk.screens.self_service.visit import Deed, Step, Visit
from kiosk.screens.self_service.why import WhySold
from kiosk.screens.widgets.digits import BigDigits, token_lines
from kiosk.till.desk import Desk


class TokenShown(Step):
    """Shows the 20 digits and how the slip stands; Enter shows and prints again."""

    PATIENCE = 3

    def __init__(self, visit: Visit) -> None:
        super().__init__()
        assert visit.record is not None
        assert visit.record.token
        self.visit, self.record, self.token = visit, visit.record, visit.record.token
        self.slip: SlipState = "printing"

    def heading(self) -> str:
        """What it is and what it is worth."""
        committed = self.record.committed
        energy = self.words.energy(committed.energy_wh)
        return (
            f"{self.say('kiosk.token_title')}: {energy}, {self.words.money(committed.amount_minor)}"
        )

    def body(self) -> Iterable[Widget]:
        """The digits, large, and once more in plain type."""
        from kiosk.domain.token import grouped

        yield BigDigits(token_lines(self.token))
        yield Static("", classes="gap")
        meter = f"{self.say('kiosk.meter')} {self.record.committed.meter}"
        yield Static(f"{grouped(self.token)}   {meter}", classes="strong", markup=False)
        yield Static(self.say("kiosk.token_help"), classes="line", markup=False)

    def hint(self) -> str:
        """The keys."""
        if self.slip in {"failed", "unknown"} and self.desk.slips is not None:
            return self.hints(enter="print_again", cancel="finish", zero="why", help="help")
        return self.hints(enter="finish", zero="why", help="help")

    def help_key(self) -> str:
        """What to do with it."""
        return "kiosk.help_token"

    def deeds(self) -> list[Deed]:
        """Try the token at the meter."""
        meter, token = self.record.committed.meter, self.token
        return [
            Deed(self.say("rehearsal.meter_enter"), lambda hands: hands.enter_token(meter, token)),
            Deed(
                self.say("rehearsal.meter_show"), lambda hands: hands.show_meter(meter), looks=True
            ),
        ]

    def press_digit(self, digit: int) -> None:
        """0 says why every figure is what it is; the others are the hands'."""
        if digit == 0:
            self.app.push_screen(WhySold(self.record))
        else:
            super().press_digit(digit)

    def on_mount(self) -> None:
        """Watch the slip."""
        self.set_interval(0.5, self._look)
        self._look()

    def _look(self) -> None:
        if self.app.screen is self:
            work = partial(slip_state, self.desk, self.visit)
            self.face_app.ask(work, self._looked, group="paper")

    def _looked(self, state: SlipState) -> None:
        self.slip = state
        if self in self.app.screen_stack and not self.busy:
            self.note(*slip_sentence(self, self.visit, state))
            self.tell_keys()

    def press_enter(self) -> None:
        """Print again what did not come out; otherwise the customer is done."""
        if self.slip not in {"failed", "unknown"} or self.desk.slips is None:
            self.press_cancel()
            return
        self.note(self.say("kiosk.slip_printing"))
        self.ask(partial(_print, self.desk, self.visit), lambda _state: self._look())

    def press_cancel(self) -> None:
        """Done."""
        self.face_app.go(Ending([self.say("kiosk.finished")], kind="good", visit=self.visit))

    def time_is_up(self) -> None:
        """The customer has gone: the token leaves the screen, the owner gets it at the counter."""
        forget_slip(self, self.visit)
        self.face_app.start_over()


def _print(desk: Desk, visit: Visit) -> SlipState:
    visit.job = print_again(desk, visit)
    return slip_state(desk, visit)
