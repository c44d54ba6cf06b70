"""kiosk keys: what the module holds, loading a key file, and the key changes of meters."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from pathlib import Path

from kiosk.errors import Refusal
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.commands.persons import second_of
from kiosk.front.commands.tokens import record_json
from kiosk.front.operator import become
from kiosk.front.wiring import House, opened
from kiosk.screens import token_telling
from kiosk.till import keys


def arguments(_verb: str, parser: argparse.ArgumentParser) -> None:
    """What `kiosk keys` takes."""
    words = parser.add_subparsers(dest="word", required=True)
    words.add_parser("list", help="supply group, revision, base date, check value, times")
    load = words.add_parser("import", help="load a key file; passphrase on standard input")
    load.add_argument("file", type=Path)
    load.add_argument("--look", action="store_true", help="only show what is in it")
    say.second(load)
    seal = words.add_parser("seal", help="seal a JSON list of keys; passphrase on standard input")
    seal.add_argument("records", type=Path, help="with SGC, KRN, BDT, DKG, VK ...")
    seal.add_argument("out", type=Path)
    change = words.add_parser("change", help="make the key change tokens of a meter")
    change.add_argument("meter")
    change.add_argument("--group", default="", help="another supply group")
    change.add_argument("--tariff-index", type=int, default=-1)
    change.add_argument("--instead", default="", help="the set that shall not count any more")
    change.add_argument("--reason", required=True)
    confirm = words.add_parser("confirm", help="the meter has taken every token of a key change")
    confirm.add_argument("issue")
    words.add_parser("old", help="meters of a supply group with an old key").add_argument("group")
    for word in words.choices.values():
        say.who(word)


def run(_verb: str, options: argparse.Namespace, context: Context) -> int:
    """One word of `kiosk keys`."""
    act: Callable[[House, argparse.Namespace], int | Refusal] = {
        "list": _list, "import": _import, "seal": _seal, "change": _change, "confirm": _confirm,
        "old": _old,
    }[options.word]  # fmt: skip
    with opened(context.home, context.settings) as house:
        outcome = become(house.desk, options.operator) or act(house, options)
    return say.refused(outcome, context.settings) if isinstance(outcome, Refusal) else outcome


def _list(house: House, options: argparse.Namespace) -> int | Refusal:
    found = keys.keys(house.desk)
    if isinstance(found, Refusal):
        return found
    if options.json:
        say.json(found)
    for key in [] if options.json else found:
        say.out(token_telling.key_line(house.words, key))
    return 0


def _import(house: House, options: argparse.Namespace) -> int | Refusal:
    secret = _passphrase()
    if options.look:
        file = keys.look(house.desk, options.file, secret)
    else:
        file = keys.load(house.desk, options.file, secret, second_of(house, options))
    if isinstance(file, Refusal):
        return file
    if options.json:
        say.json(file)
        return 0
    for line in token_telling.file_lines(house.words, file):
        say.out(line)
    if not options.look:
        count, module = len(file.keys), file.module
        say.out(house.words.say("tokens.keys_loaded", count=count, module=module))
    return 0


def _seal(house: House, options: argparse.Namespace) -> int | Refusal:
    refused = house.desk.gate("keys")
    if refused is not None:
        return refused
    from kiosk.front.vending import seal_key_list

    module = house.settings.vending.module_id
    count = seal_key_list(options.records, options.out, module, _passphrase())
    say.out(f"{options.out}: {count} keys for module {module}")
    return 0


def _passphrase() -> str:
    """A passphrase never stands on a command line."""
    is_typed = sys.stdin.isatty()
    return getpass.getpass("passphrase: ") if is_typed else sys.stdin.readline().rstrip("\r\n")


def _change(house: House, options: argparse.Namespace) -> int | Refusal:
    record = keys.change_key(
        house.desk, options.meter, options.reason,
        supply_group=options.group, tariff_index=options.tariff_index,
        instead_of=options.instead,
    )  # fmt: skip
    if isinstance(record, Refusal):
        return record
    if options.json:
        say.json(record_json(record))
    else:
        for line in token_telling.record_lines(house.words, record):
            say.out(line)
    if record.state == "issued":
        return 0
    return say.trouble(token_telling.state_word(house.words, record.state))


def _confirm(house: House, options: argparse.Namespace) -> int | Refusal:
    meter = keys.confirm(house.desk, options.issue)
    if isinstance(meter, Refusal):
        return meter
    if options.json:
        say.json(meter)
    else:
        say.out(token_telling.confirmed_line(house.words, meter))
    return 0


def _old(house: House, options: argparse.Namespace) -> int | Refusal:
    found = keys.old_keys(house.desk, options.group)
    if isinstance(found, Refusal):
        return found
    if options.json:
        say.json(found)
        return 0
    for line in token_telling.old_key_lines(house.words, found, options.group):
        say.out(line)
    return 0
