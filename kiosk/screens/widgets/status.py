"""The status bar of the staff's faces: operator, line, unsent facts, doubts, printer, clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Static

from kiosk.words.book import Words

if TYPE_CHECKING:
    from kiosk.till.maintain import Status


class StatusBar(Static):
    """One line that the app fills once a second."""

    def __init__(self, words: Words, seen: Status | None = None) -> None:
        super().__init__(status_line(words, seen) if seen else "", markup=False)
        self.words = words

    def show(self, seen: Status) -> None:
        """Show a new status."""
        self.update(status_line(self.words, seen))


def status_line(words: Words, seen: Status) -> str:
    """The status in words."""
    operator = words.say("status.operator", operator=seen.operator) if seen.operator else ""
    pending = (
        words.say("status.pending", count=seen.pending)
        if seen.pending
        else words.say("status.all_sent")
    )
    printer = words.say(f"printer.{seen.printer}") if seen.printer != "absent" else ""
    parts = [
        *(words.say(f"status.{alarm}") for alarm in seen.alarms),
        operator or words.say("status.nobody"),
        words.say("status.online" if seen.online else "status.offline"),
        pending,
        words.say("status.in_doubt", count=seen.in_doubt),
        f"{words.say('status.printer')} {printer or words.say('status.missing')}",
        words.time(seen.time_ms) if seen.clock == "synced" else words.say(f"clock.{seen.clock}"),
    ]
    return " | ".join(parts)
