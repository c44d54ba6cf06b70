"""How the hall stands now, in words, for the bar of a screen and for plain lines.

The bar is part of a face's first frame, so nothing of the till is imported here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.words.book import Words

if TYPE_CHECKING:
    from kiosk.till.maintain import Status


def status_parts(words: Words, seen: Status) -> list[str]:
    """What needs somebody, operator, line, facts not yet sent, sales in doubt, printer, clock."""
    return [
        *(words.say(f"status.{alarm}") for alarm in seen.alarms),
        words.say("status.operator", operator=seen.operator)
        if seen.operator
        else words.say("status.nobody"),
        words.say("status.online" if seen.online else "status.offline"),
        words.say("status.pending", count=seen.pending)
        if seen.pending
        else words.say("status.all_sent"),
        words.say("status.in_doubt", count=seen.in_doubt),
        f"{words.say('status.printer')} {_printer(words, seen.printer)}",
        words.time(seen.time_ms) if seen.clock == "synced" else words.say(f"clock.{seen.clock}"),
    ]


def _printer(words: Words, state: str) -> str:
    """The printer's state; "absent" is a hall without one."""
    return words.say("status.missing" if state == "absent" else f"printer.{state}")
