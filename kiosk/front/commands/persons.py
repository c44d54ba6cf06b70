"""What commands that give energy ask for: the second person, and kilowatt-hours as typed."""

from __future__ import annotations

import argparse
import getpass
import sys

from kiosk.config import Settings
from kiosk.errors import BadInput
from kiosk.front.wiring import House
from kiosk.till.tokens import SecondPerson

#: Who agrees in a rehearsal when nobody is named: its built-in second person.
_REHEARSAL_SECONDS = ("301", "302")


def second_of(house: House, options: argparse.Namespace) -> SecondPerson:
    """The second person: a name, and a PIN that never stands on a command line."""
    if options.second:
        return SecondPerson(options.second, _pin("second PIN: "))
    if house.settings.site.mode != "rehearsal":
        raise BadInput("Two persons are needed: --second NAME, with the PIN on standard input.")
    from kiosk.front.utility import REHEARSAL_PIN

    other = next(name for name in _REHEARSAL_SECONDS if name != house.desk.operator)
    return SecondPerson(other, REHEARSAL_PIN)


def two_persons(
    settings: Settings, options: argparse.Namespace
) -> tuple[SecondPerson, SecondPerson]:
    """Both persons of an act that is done without a house: names, and their PINs one after the
    other. In a rehearsal, where nobody is named, its built-in ones."""
    if options.operator and options.second:
        first = SecondPerson(options.operator, _pin("PIN: "))
        return first, SecondPerson(options.second, _pin("second PIN: "))
    if settings.site.mode != "rehearsal":
        raise BadInput(
            "Two persons are needed: --operator NAME --second NAME, with both PINs on standard"
            " input."
        )
    from kiosk.front.utility import REHEARSAL_PIN

    one, other = (SecondPerson(name, REHEARSAL_PIN) for name in _REHEARSAL_SECONDS)
    return one, other


def _pin(prompt: str) -> str:
    return getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline().strip()


def energy_typed(text: str, option: str = "--energy") -> int:
    """Kilowatt-hours as they are typed, in watt-hours; BadInput for anything finer than 1 Wh."""
    whole, point, fraction = text.partition(".")
    digits = whole + fraction
    if not (digits.isascii() and digits.isdecimal()) or len(fraction) > 3 or len(digits) > 12:
        raise BadInput(
            f"{option} {text[:40]!r}: write kilowatt-hours with at most three"
            " decimals, such as 12.5."
        )
    assert point or not fraction
    return int(whole or "0") * 1000 + int(fraction.ljust(3, "0"))
