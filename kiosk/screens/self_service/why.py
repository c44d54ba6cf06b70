"""Why the figures of the sale that was just made are what they are; one key leads here and back."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget

from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.screens import account_telling
from kiosk.screens.self_service.visit import Step
from kiosk.screens.staff.page import Reading
from kiosk.till import history
from kiosk.till.history import Explained


class WhySold(Step):
    """Every line of the sale with its reason, replayed from the prices of that day."""

    def __init__(self, record: SaleRecord) -> None:
        super().__init__()
        self.record = record

    def heading(self) -> str:
        """The question."""
        return self.say("cashier.why_title")

    def body(self) -> Iterable[Widget]:
        """The lines."""
        yield Reading([])

    def hint(self) -> str:
        """The keys."""
        return self.hints(enter="back")

    def aside(self) -> str:
        """The hands wait on the screen below."""
        return ""

    def on_mount(self) -> None:
        """Replay the sale."""
        work = partial(history.why, self.desk, self.record.committed.sale_id)
        self.ask(work, self._read, quiet=True)

    def _read(self, explained: Explained | Refusal) -> None:
        if isinstance(explained, Refusal):
            self.note(self.words.refusal(explained), "warn")
        else:
            self.query_one(Reading).show(account_telling.why_lines(self.words, explained))

    def press_digit(self, digit: int) -> None:
        """The same key leads back."""
        if digit == 0:
            self.press_enter()

    def press_enter(self) -> None:
        """Back to the sale."""
        self.app.pop_screen()

    press_cancel = press_clear = press_help = press_enter
