"""A copy of a slip, asked for at a page: printed in the background, told in the notice."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kiosk.errors import Refusal
from kiosk.screens import telling
from kiosk.screens.staff.frame import StaffFrame


def make(screen: StaffFrame, reprint: Callable[[], str | Refusal]) -> None:
    """Print it, and say in the notice which copy it is or why there is none."""
    screen.ask_or_say(reprint, partial(_made, screen))


def _made(screen: StaffFrame, job: str) -> None:
    screen.note(telling.copy_line(screen.words, job), "good" if job else "warn")
