"""The token in large digits, for as long as the customer needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from textual.widget import Widget
from textual.widgets import Static

from kiosk.ports import SlipState
from kiosk.screens.self_service.deeds import Deed
from kiosk.screens.self_service.ending import Ending
from kiosk.screens.self_service.slip_state import (
    forget_slip,
    print_again,
    slip_sentence,
    slip_state,
)
from kiosk.screens.self_service.visit import Step, Visit
from kiosk.screens.self_service.why import WhySold
from kiosk.screens.widgets.digits import BigDigits, token_lines
from kiosk.till.desk import Desk
from kiosk.till.hand_over import HandedOver


class TokenShown(Step):
    """Shows the 20 digits and how the slip stands; Enter shows and prints again.

    Of a set, one token after the other (`place` counts from 0). A purchase that was finished later
    has `go_on`: `then` are further ones, and after them the customer goes on to buy there.
    """

    PATIENCE = 3

    def __init__(
        self,
        visit: Visit,
        place: int = 0,
        *,
        then: Sequence[HandedOver] = (),
        go_on: Callable[[Visit], Step] | None = None,
    ) -> None:
        super().__init__()
        assert visit.record is not None
        assert visit.record.token
        self.visit, self.record, self.place = visit, visit.record, place
        self.then, self.go_on = then, go_on
        self.tokens = visit.record.tokens()
        self.token = self.tokens[place]
        self.slip: SlipState = "printing"

    def heading(self) -> str:
        """What it is and what it is worth."""
        committed = self.record.committed
        count = len(self.tokens)
        energy_wh = committed.energy_wh
        title = self.say("kiosk.token_earlier" if self.go_on else "kiosk.token_title")
        if self.place:
            energy_wh = committed.free_tokens()[self.place - 1].energy_wh
            return self.say(
                "slip.token_free", number=self.place + 1, count=count, energy_wh=energy_wh
            )
        if count > 1:
            title = self.say("slip.token_paid", number=1, count=count)
        energy, money = self.words.energy(energy_wh), self.words.money(committed.amount_minor)
        return f"{title}: {energy}, {money}"

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
        if self._is_followed():
            return self.hints(enter="next_token", cancel="finish", help="help")
        if self.slip in {"failed", "unknown"} and self.desk.slips is not None:
            return self.hints(enter="print_again", cancel="finish", zero="why", help="help")
        if self.go_on:
            return self.hints(enter="go_on", cancel="finish", help="help")
        return self.hints(enter="finish", zero="why", help="help")

    def _is_followed(self) -> bool:
        """Whether another token comes after this one."""
        return self.place + 1 < len(self.tokens) or bool(self.then)

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
        """The next token; then print again what did not come out; then the customer is done."""
        if self._is_followed():
            self.face_app.go(self._next())
        elif self.slip in {"failed", "unknown"} and self.desk.slips is not None:
            self.note(self.say("kiosk.slip_printing"))
            self.ask(partial(_print, self.desk, self.visit), lambda _state: self._look())
        elif self.go_on:
            self.face_app.go(self.go_on(Visit(self.visit.buyer)))
        else:
            self.press_cancel()

    def _next(self) -> TokenShown:
        """The next token of the set, or of the next purchase that was finished later."""
        if self.place + 1 < len(self.tokens):
            return TokenShown(self.visit, self.place + 1, then=self.then, go_on=self.go_on)
        first, *others = self.then
        visit = Visit(self.visit.buyer, record=first.record, job=first.job)
        return TokenShown(visit, then=others, go_on=self.go_on)

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
