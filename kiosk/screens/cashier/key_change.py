"""The roll-over at the counter: tokens numbered, typed, confirmed; then the meter buys (E26)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget

from kiosk.domain.record import TokenRecord
from kiosk.errors import Refusal
from kiosk.screens import token_telling
from kiosk.screens.staff.frame import Back
from kiosk.screens.staff.page import Confirm, Page
from kiosk.till import keys, rollover, token_book
from kiosk.till.desk import Desk
from kiosk.till.rollover import RollOver


class BeginRollOver(Confirm):
    """Restates why the meter cannot buy; Enter makes its key change tokens."""

    def __init__(self, due: RollOver, title: str, sentences: list[str], keys_: str, back: Back):
        super().__init__(title, sentences, keys_, self._begin, back)
        self._due, self._after = due, back

    def _begin(self) -> None:
        reason = self.say("tokens.rollover_reason")
        self.ask_or_say(partial(_made, self.desk, self._due, reason), self._answered)

    def _answered(self, record: TokenRecord) -> None:
        self.face_app.go(RollOverTokens(record, self._after))


class RollOverTokens(Page):
    """The tokens, "1 of 3"; Enter says that the meter took all of them."""

    def __init__(self, record: TokenRecord, back: Back) -> None:
        super().__init__("", [], back)
        self.record = record

    def heading(self) -> str:
        """What they are."""
        return self.say("tokens.operation_key_change")

    def body(self) -> Iterable[Widget]:
        """The digits, numbered."""
        self.lines = token_telling.record_lines(self.words, self.record)
        yield from super().body()

    def hint(self) -> str:
        """Enter confirms."""
        return self.say("tokens.rollover_keys")

    def press_enter(self) -> None:
        """The meter took all of them."""
        if self.record.state == "issued":
            work = partial(keys.confirm, self.desk, self.record.committed.issue_id)
            self.ask_or_say(work, lambda _meter: self.face_app.go(self.back()))


def _made(desk: Desk, due: RollOver, reason: str) -> TokenRecord | Refusal:
    """The tokens, and their slip where there is a printer."""
    record = rollover.begin(desk, due, reason)
    printable = desk.slips is not None and desk.writer is not None
    if isinstance(record, TokenRecord) and record.state == "issued" and printable:
        token_book.print_slip(desk, record)
    return record
