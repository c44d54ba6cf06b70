"""The printer in the technician's hands: a slip to look at, and a new roll."""

from __future__ import annotations

from kiosk.errors import Refusal
from kiosk.till.desk import Desk


def print_test(desk: Desk) -> str | Refusal:
    """Print a slip that shows by eye whether the settings suit the printer (E36); its job."""
    refused = desk.gate("maintain")
    if refused is not None:
        return refused
    if desk.slips is None or desk.writer is None:
        return Refusal("no_printer")
    job = f"printer-test/{desk.clock.now().time_ms}"
    settings = desk.settings.printer
    desk.slips.submit(job, desk.writer.printer_test(settings.profile, settings.columns))
    return job


def roll_changed(desk: Desk) -> int | Refusal:
    """A new roll is in: the count of paper starts again. Gives the lines that are left (E04)."""
    refused = desk.gate("maintain")
    if refused is not None:
        return refused
    if desk.slips is None:
        return Refusal("no_printer")
    desk.slips.roll_changed()
    return desk.slips.paper_left_lines()
