"""kiosk operators: who may sign in, with which role, PIN and card, and who has left."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable

import msgspec

from kiosk.errors import BadInput, Refusal
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.operator import become
from kiosk.front.wiring import House, opened
from kiosk.till import staff
from kiosk.till.operators import ROLES


def arguments(_verb: str, parser: argparse.ArgumentParser) -> None:
    """What `kiosk operators` takes; PINs come from the terminal or standard input."""
    words = parser.add_subparsers(dest="word", required=True)
    words.add_parser("list", help="name, role, state and card of everybody")
    words.add_parser("first", help="the first supervisor of a new home").add_argument("name")
    register = words.add_parser("register", help="let somebody new sign in")
    register.add_argument("name")
    register.add_argument("--role", required=True, help=", ".join(ROLES))
    role = words.add_parser("role", help="another role, with a new PIN")
    role.add_argument("name")
    role.add_argument("--role", required=True, help=", ".join(ROLES))
    words.add_parser("pin", help="a new PIN for somebody; your own asks for the old").add_argument(
        "name"
    )
    words.add_parser("unlock", help="end the wait after wrong PINs").add_argument("name")
    retire = words.add_parser("retire", help="somebody has left")
    retire.add_argument("name")
    retire.add_argument("--reason", required=True)
    card = words.add_parser("card", help="the card in the reader is this operator's")
    card.add_argument("name")
    card.add_argument("--none", action="store_true", help="sign in without a card again")
    for word in words.choices.values():
        say.who(word)


def run(_verb: str, options: argparse.Namespace, context: Context) -> int:
    """One word of `kiosk operators`."""
    act: Callable[[House, argparse.Namespace], Refusal | str] = {
        "first": _first, "register": _register, "role": _role, "pin": _pin, "unlock": _unlock,
        "retire": _retire, "card": _card, "list": _list,
    }[options.word]  # fmt: skip
    with opened(context.home, context.settings) as house:
        outcome: Refusal | str | None = None
        if options.word != "first":
            outcome = become(house.desk, options.operator)
        outcome = outcome or act(house, options)
    if isinstance(outcome, Refusal):
        return say.refused(outcome, context.settings)
    if options.json and options.word != "list":
        say.json({"done": outcome})
    else:
        say.out(outcome)
    return 0


def _list(house: House, options: argparse.Namespace) -> Refusal | str:
    rows = staff.staff(house.desk)
    if isinstance(rows, Refusal):
        return rows
    if options.json:
        return msgspec.json.format(msgspec.json.encode(rows)).decode()
    return "\n".join(f"{row.operator:<16} {row.role:<12} {row.state:<8} {row.card}" for row in rows)


def _first(house: House, options: argparse.Namespace) -> Refusal | str:
    if house.settings.site.mode == "rehearsal" and house.desk.records.operators():
        return Refusal("operators_exist")
    refused = staff.register_first(house.desk, options.name, _new_pin())
    return refused or f"{options.name} is the supervisor of this home."


def _register(house: House, options: argparse.Namespace) -> Refusal | str:
    refused = staff.register(house.desk, options.name, options.role, _new_pin())
    return refused or f"{options.name} may sign in as {options.role}."


def _role(house: House, options: argparse.Namespace) -> Refusal | str:
    refused = staff.change_role(house.desk, options.name, options.role, _new_pin())
    return refused or f"{options.name} is {options.role} now, with the new PIN."


def _pin(house: House, options: argparse.Namespace) -> Refusal | str:
    if options.name == house.desk.operator:
        refused = staff.change_pin(house.desk, _read("Old PIN: "), _new_pin())
    else:
        refused = staff.reset_pin(house.desk, options.name, _new_pin())
    return refused or f"{options.name} has a new PIN."


def _unlock(house: House, options: argparse.Namespace) -> Refusal | str:
    return staff.unlock(house.desk, options.name) or f"{options.name} may sign in again."


def _retire(house: House, options: argparse.Namespace) -> Refusal | str:
    refused = staff.retire(house.desk, options.name, options.reason)
    return refused or f"{options.name} signs in no more."


def _card(house: House, options: argparse.Namespace) -> Refusal | str:
    if options.none:
        refused = staff.take_card(house.desk, options.name)
        return refused or f"{options.name} signs in without a card."
    image = staff.give_card(house.desk, options.name)
    if isinstance(image, Refusal):
        return image
    return f"{options.name} signs in with card {image.serial}."


def _new_pin() -> str:
    """A PIN, twice where somebody types it."""
    pin = _read("New PIN: ")
    if sys.stdin.isatty() and _read("Once more: ") != pin:
        raise BadInput("The two PINs differ; nothing was changed.")
    return pin


def _read(prompt: str) -> str:
    return getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline().strip()
