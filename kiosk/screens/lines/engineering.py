"""Tokens and keys of a technician, line by line; the same verbs and questions as on the screen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from kiosk.domain.registry import Meter
from kiosk.domain.special_tokens import MANAGEMENT, METER_TESTS, management_value
from kiosk.errors import Refusal
from kiosk.screens import token_telling
from kiosk.screens.lines.console import Choice, Console
from kiosk.screens.lines.tokens import ask_second, say_made
from kiosk.till import credit, keys, tokens


def choices(console: Console) -> list[Choice]:
    """What a technician may do beside what all staff may."""
    acts: list[tuple[str, Callable[[Console], None]]] = [
        ("engineer", _engineer), ("test", _test), ("free", _free), ("change", _change),
        ("confirm", _confirm), ("old", _old), ("keys", _keys), ("import", _import),
    ]  # fmt: skip
    return [(console.words.say(f"tokens.menu_{name}"), partial(act, console)) for name, act in acts]


def _engineer(console: Console) -> None:
    meter = console.ask("tokens.ask_meter")
    names = [console.words.say(f"tokens.operation_{name}") for name in MANAGEMENT]
    place = console.pick("tokens.ask_operation", names)
    if place is None:
        return
    operation = list(MANAGEMENT)[place]
    value = token_telling.value_typed(operation, console.ask("tokens.ask_value"))
    if isinstance(value, Refusal):
        console.refuse(value)
        return
    carried = management_value(operation, value)
    if isinstance(carried, Refusal):
        console.refuse(carried)
        return
    reason = console.ask("tokens.ask_reason")
    say_made(console, tokens.engineer(console.desk, meter, operation, value, reason))


def _test(console: Console) -> None:
    tests = list(METER_TESTS)
    place = console.pick("tokens.ask_test", tests)
    if place is not None:
        reason = console.ask("tokens.ask_reason")
        say_made(console, tokens.meter_test(console.desk, tests[place], reason))


def _free(console: Console) -> None:
    meter = console.ask("tokens.ask_meter")
    amount = console.ask("tokens.ask_amount")
    reason = console.ask("tokens.ask_reason")
    second = ask_second(console)
    say_made(console, credit.give_credit(console.desk, meter, amount, reason, second))


def _change(console: Console) -> None:
    meter = console.ask("tokens.ask_meter")
    group = console.ask("tokens.ask_new_group")
    reason = console.ask("tokens.ask_reason")
    made = keys.change_key(console.desk, meter, reason, supply_group=group)
    if isinstance(made, Refusal) and made.code == "key_change_made":
        console.refuse(made)
        first = console.ask("tokens.ask_instead")
        if not first:
            return
        made = keys.change_key(console.desk, meter, reason, supply_group=group, instead_of=first)
    say_made(console, made)


def _confirm(console: Console) -> None:
    meter = keys.confirm(console.desk, console.ask("tokens.ask_issue"))
    if isinstance(meter, Meter):
        console.say(token_telling.confirmed_line(console.words, meter))
    else:
        console.refuse(meter)


def _old(console: Console) -> None:
    group = console.ask("tokens.ask_group")
    found = keys.old_keys(console.desk, group)
    if isinstance(found, Refusal):
        console.refuse(found)
    else:
        console.say(*token_telling.old_key_lines(console.words, found, group))


def _keys(console: Console) -> None:
    found = keys.keys(console.desk)
    if isinstance(found, Refusal):
        console.refuse(found)
        return
    for key in found:
        console.say(token_telling.key_line(console.words, key))
    if not found:
        console.tell("technician.keys_none")


def _import(console: Console) -> None:
    path = Path(console.ask("tokens.ask_file"))
    passphrase = console.ask_secret("tokens.ask_passphrase")
    file = keys.load(console.desk, path, passphrase, ask_second(console))
    if isinstance(file, Refusal):
        console.refuse(file)
        return
    console.say(*token_telling.file_lines(console.words, file))
    console.tell("tokens.keys_loaded", count=len(file.keys), module=file.module)
