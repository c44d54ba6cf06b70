"""The linear face: the verbs of the three faces as plain numbered lines.

For output without a terminal, Braille displays and serial lines: one question a line, no control
codes, every figure and reason in words. What a line means never depends on where it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from kiosk.errors import KioskError
from kiosk.ports import Hands
from kiosk.screens.lines import cashier, self_service, technician
from kiosk.screens.lines.console import Console
from kiosk.till.desk import Desk
from kiosk.till.greet import suggestions
from kiosk.words.book import Words

_FACES: dict[str, Callable[[Console], None]] = {
    "self-service": self_service.run,
    "cashier": cashier.run,
    "technician": technician.run,
}


def run_linear(
    desk: Desk,
    words: Words,
    hands: Hands | None,
    read: TextIO,
    write: TextIO,
    face: str,
    *,
    pin: str = "",
) -> int:
    """Converse until the customer ends it or `read` does; gives the exit code.

    0 for an end in good order, which the end of the input is too; 1 for a surprise, in one clear
    sentence. `face` is a face of kiosk.toml; `pin` is the rehearsal PIN that staff are told.
    """
    console = Console(desk, words, hands, read, write)
    site = desk.settings.site
    console.tell("linear.welcome", utility=site.utility, hall=site.hall)
    if hands is not None:
        console.tell("mode.rehearsal_banner")
        _say_whom_to_play(console, face, pin)
    console.tell("linear.keys")
    try:
        _FACES[face](console)
    except EOFError:
        console.tell("linear.goodbye")
    except KioskError as error:
        console.say(error.sentence)
        return 1
    return 0


def _say_whom_to_play(console: Console, face: str, pin: str) -> None:
    """What a newcomer types first in a rehearsal."""
    if face == "self-service":
        for buyer in suggestions(console.desk)[:1]:
            meter, name = buyer.meter.number, buyer.customer.name
            console.tell("rehearsal.try_keypad", meter=meter, name=name)
    elif pin:
        console.tell("cashier.rehearsal_operators", pin=pin)
