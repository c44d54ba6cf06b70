"""What came of a sale: the token in large digits or the written card, the change, the slip."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget
from textual.widgets import Static

from kiosk.domain.record import SaleRecord
from kiosk.ports import SlipState
from kiosk.screens import telling, tender_telling
from kiosk.screens.staff.frame import StaffFrame
from kiosk.screens.staff.sale import begin
from kiosk.screens.widgets.digits import BigDigits, token_lines

_KINDS = {"printing": "plain", "printed": "good", "unknown": "warn", "failed": "warn"}
_LOOK_S = 0.3


class Result(StaffFrame):
    """Shows the result until Enter; a slip that did not come out changes nothing about it (E04)."""

    def __init__(self, record: SaleRecord, job: str) -> None:
        super().__init__()
        self.record, self.job = record, job

    def heading(self) -> str:
        """How it ended."""
        return telling.outcome_lines(self.words, self.record, self.desk.station.name)[0]

    def body(self) -> Iterable[Widget]:
        """The token large, or what the card carries; then the change."""
        if self.record.token is not None:
            yield BigDigits(token_lines(self.record.token))
        lines = telling.delivery_lines(self.words, self.record)
        if self.record.state == "voided":
            lines += telling.reason_told(self.words, self.record.reason)
        lines += tender_telling.tender_lines(self.words, self.record.committed)
        if self.record.committed.change_minor:
            due = self.record.committed.change_minor
            lines.append(self.say("cashier.change_due", change_minor=due))
        if self.record.committed.card is not None:
            lines.append(self.say("cashier.card_end"))
        for line in lines:
            yield Static(line, classes="strong", markup=False)

    def hint(self) -> str:
        """Enter goes on."""
        return self.say("cashier.result_keys")

    def on_mount(self) -> None:
        """Watch the slip."""
        if self.job:
            self._look()
            self.set_interval(_LOOK_S, self._look)
        else:
            self.note(self.say("cashier.no_printer"), "warn")

    def _look(self) -> None:
        slips = self.desk.slips
        if slips is not None:
            self.face_app.ask(partial(slips.outcome, self.job), self._slip, group="paper")

    def _slip(self, state: SlipState) -> None:
        if self.is_current:
            shown = self.say(f"job.{state}")
            self.note(self.say("linear.slip_line", state=shown), _KINDS[state])

    def press_enter(self) -> None:
        """The next customer."""
        self.go_menu()

    def press_cancel(self) -> None:
        """The same; a result cannot be cancelled."""
        self.press_enter()

    def press_digit(self, digit: int) -> None:
        """1 prints a copy, 2 says why."""
        begin(self, digit, self.record, partial(Result, self.record, self.job))

    def press_other(self, key: str) -> None:
        """w says why, as on every list of sales."""
        if key == "w":
            self.press_digit(2)
