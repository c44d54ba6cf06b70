"""Numbered rows: the digit chooses, so touch, mouse and keypad are equal."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static


class Row(Static):
    """One row with its digit."""

    def __init__(self, digit: int, text: str) -> None:
        super().__init__(f" {digit}  {text}", markup=False)
        self.digit = digit

    def on_click(self, event: events.Click) -> None:
        """A touch is the digit."""
        event.stop()
        self.post_message(ChoiceList.Chosen(self.digit))


class ChoiceList(Vertical):
    """Up to ten rows, numbered from 1, the tenth with 0; `press` says whether the digit has a
    row."""

    class Chosen(Message):
        """A row was chosen by touch; the screen treats it as its digit."""

        def __init__(self, digit: int) -> None:
            super().__init__()
            self.digit = digit

    def __init__(self, rows: Sequence[str], *, chosen: int = 0) -> None:
        super().__init__()
        assert len(rows) <= 10, rows
        self.rows = list(rows)
        self.chosen = chosen

    def compose(self) -> ComposeResult:
        """The rows."""
        for digit, text in enumerate(self.rows, 1):
            row = Row(digit % 10, text)
            row.set_class(digit == self.chosen, "-chosen")
            yield row

    def press(self, digit: int) -> bool:
        """Mark the row with `digit`; False when there is none."""
        if not 1 <= digit <= len(self.rows):
            return False
        self.chosen = digit
        for row in self.query(Row):
            row.set_class(row.digit == digit, "-chosen")
        return True

    def unmark(self) -> None:
        """No row is chosen."""
        self.chosen = 0
        for row in self.query(Row):
            row.remove_class("-chosen")
