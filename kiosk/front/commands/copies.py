"""kiosk backup, restore, rejoin: copies of the ledger, and how a home comes back from them."""

from __future__ import annotations

import argparse
from pathlib import Path

from kiosk.errors import Refusal
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.operator import become
from kiosk.front.wiring import opened
from kiosk.till.tokens import SecondPerson


def arguments(verb: str, parser: argparse.ArgumentParser) -> None:
    """What each verb takes."""
    if verb == "backup":
        parser.add_argument("file", type=Path, help="where the backup goes")
        say.who(parser)
        return
    if verb == "restore":
        parser.add_argument("--backup", type=Path, help="a file of `kiosk backup`")
        parser.add_argument("--second-medium", type=Path, help="the folder of the second medium")
        parser.add_argument("--upstream", action="store_true", help="what the centre holds")
        parser.add_argument("--archive", type=Path, action="append", default=[])
        parser.add_argument("--catalogue", type=Path, help="the newest catalogue, if nobody has it")
        parser.add_argument("--keys", type=Path, help="a copy of sealed.keys, if nobody has it")
        parser.add_argument(
            "--without-upstream", action="store_true",
            help="the centre cannot be asked; two persons agree",
        )  # fmt: skip
        parser.add_argument(
            "--without-second-medium", action="store_true",
            help="the second medium is lost; where the centre is not asked, two persons agree",
        )  # fmt: skip
        parser.add_argument(
            "--without-ledger", action="store_true",
            help="give up what stands in the ledger of this home alone; two persons agree",
        )  # fmt: skip
        parser.add_argument("--operator", default="", help="who gives it up; PIN on standard input")
        say.second(parser)
        parser.add_argument(
            "--terminal", default="", help="the number, if only the centre and the keys are left"
        )
    else:
        parser.add_argument("--terminal", default="", help="the new number (default: made)")
        parser.add_argument(
            "--by-hand", action="store_true",
            help="leave out what cannot be brought; it is named, and done again by hand",
        )  # fmt: skip
    parser.add_argument("--json", action="store_true")


def run(verb: str, options: argparse.Namespace, context: Context) -> int:
    """One verb."""
    return {"backup": _backup, "restore": _restore, "rejoin": _rejoin}[verb](options, context)


def _backup(options: argparse.Namespace, context: Context) -> int:
    from kiosk.till.copies import backup

    with opened(context.home, context.settings) as house:
        done = become(house.desk, options.operator) or backup(house.desk, options.file)
    if isinstance(done, Refusal):
        return say.refused(done, context.settings)
    if options.json:
        say.json({"file": str(options.file), "upto": done.upto, "bytes": done.bytes_written})
    else:
        say.out(f"{options.file}: everything up to entry {done.upto}, {done.bytes_written} bytes")
    return 0


def _restore(options: argparse.Namespace, context: Context) -> int:
    from kiosk.front.commands.persons import two_persons
    from kiosk.front.restoring import Wanted, restore
    from kiosk.front.system import SystemClock

    wanted = Wanted(
        options.backup, options.second_medium, options.upstream, tuple(options.archive),
        options.catalogue, options.keys, options.without_upstream, options.without_ledger,
        options.terminal, options.without_second_medium,
    )  # fmt: skip
    clock = SystemClock()

    def now() -> tuple[int, str]:
        return clock.now().time_ms, "unsynced"

    def agree(lost: str) -> tuple[SecondPerson, SecondPerson]:
        say.aside(lost)
        return two_persons(context.settings, options)

    done = restore(context.home, context.settings, wanted, now, agree=agree)
    if options.json:
        say.json(done)
        return 0
    for given in done.given:
        held = f"entries {given.first} to {given.last}" if given.last else "nothing"
        trouble = f"; {given.trouble}" if given.trouble else ""
        say.out(f"{given.source}: {held}, {given.entries} taken{trouble}")
    say.out(
        f"{done.origin} is whole up to entry {done.upto}: {done.sales} sales, proved."
        + (f" The damaged ledger is kept in {done.damaged}" if done.damaged else "")
    )
    return 0


def _rejoin(options: argparse.Namespace, context: Context) -> int:
    from kiosk.front.rejoining import rejoin

    done = rejoin(context.home, context.settings, options.terminal, by_hand=options.by_hand)
    if options.json:
        say.json(done)
        return 0
    say.out(
        f"{done.old_origin} goes on as {done.origin}: entry {done.common} is the last that the"
        f" centre has too, {done.brought} later ones were brought. The old journal is kept in"
        f" {done.kept_in}. Enrol now: `kiosk enrol`."
    )
    for left in done.by_hand:
        say.out(f"left out, to be done again by hand: {left}")
    return 0
