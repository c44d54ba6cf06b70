"""kiosk bills: the bills of old meters, taken in from a file or by hand, listed, collected."""

from __future__ import annotations

import argparse
from pathlib import Path

from kiosk.errors import Refusal
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.commands.account import amount_of, told
from kiosk.front.operator import become
from kiosk.front.wiring import House, opened
from kiosk.screens import account_telling
from kiosk.till import bills


def arguments(_verb: str, parser: argparse.ArgumentParser) -> None:
    """What `kiosk bills` takes."""
    words = parser.add_subparsers(dest="word", required=True)
    taken = words.add_parser("import", help=f"a CSV file: {', '.join(bills.COLUMNS)}")
    taken.add_argument("file", type=Path)
    added = words.add_parser("add", help="one bill by hand")
    for name in bills.COLUMNS:
        needed = name in {"bill", "account", "amount", "due"}
        added.add_argument(f"--{name.replace('_', '-')}", required=needed, default="")
    listed = words.add_parser("list", help="open bills by number, account, meter or name")
    listed.add_argument("search", nargs="?", default="")
    listed.add_argument("--limit", type=int, default=50)
    listed.add_argument("--paid", action="store_true", help="paid ones too")
    collect = words.add_parser("collect", help="collect a bill, whole or in part")
    collect.add_argument("bill")
    collect.add_argument("--amount", default="", help="default: all of it")
    collect.add_argument("--from", dest="source", default="cash", help="cash or capital")
    collect.add_argument("--tender", default="", help="cash given")
    collect.add_argument("--id", default="", help="the same id twice is one payment")
    for word in words.choices.values():
        say.who(word)


def run(_verb: str, options: argparse.Namespace, context: Context) -> int:
    """One word."""
    act = {"import": _import, "add": _add, "list": _list, "collect": _collect}[options.word]
    with opened(context.home, context.settings) as house:
        outcome = become(house.desk, options.operator) or act(house, options)
    return say.refused(outcome, context.settings) if isinstance(outcome, Refusal) else outcome


def _import(house: House, options: argparse.Namespace) -> int | Refusal:
    return _told_taken(house, bills.take_file(house.desk, options.file), options)


def _add(house: House, options: argparse.Namespace) -> int | Refusal:
    row = {name: getattr(options, name) for name in bills.COLUMNS}
    return _told_taken(house, bills.add(house.desk, row), options)


def _told_taken(
    house: House, taken: bills.Taken | Refusal, options: argparse.Namespace
) -> int | Refusal:
    if isinstance(taken, Refusal):
        return taken
    if options.json:
        say.json(taken)
    else:
        say.out(house.words.say("account.bills_taken", new=taken.new, known=taken.known))
    return 0


def _list(house: House, options: argparse.Namespace) -> int | Refusal:
    found = bills.listed(house.desk, options.search, options.limit, paid=options.paid)
    if isinstance(found, Refusal):
        return found
    now_ms = house.desk.clock.now().time_ms
    if options.json:
        say.json(
            [
                {
                    "bill": bill.bill_id, "account": bill.account, "name": bill.name,
                    "meter": bill.meter, "period": bill.period, "state": bill.state,
                    "amount_minor": bill.amount_minor, "open_minor": bill.open_minor,
                    "due_ms": bill.due_ms, "late_fee_minor": bill.late_fee_due_minor(now_ms),
                }
                for bill in found
            ]
        )  # fmt: skip
    if not (found or options.json):
        say.aside(house.words.say("account.no_bills"))
    for bill in [] if options.json else found:
        say.out(account_telling.bill_line(house.words, bill, now_ms))
    return 0


def _collect(house: House, options: argparse.Namespace) -> int | Refusal:
    record = bills.collect(
        house.desk, options.bill, amount_of(house, options.amount) if options.amount else None,
        source=options.source, event_id=options.id,
        tendered_minor=amount_of(house, options.tender) if options.tender else None,
    )  # fmt: skip
    return told(house, record, options)
