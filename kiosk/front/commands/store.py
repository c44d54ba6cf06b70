"""kiosk store, archive, clock: how the ledger is kept, how old sales leave it, what time it is."""

from __future__ import annotations

import argparse
import datetime
import getpass
import sys
from pathlib import Path

from kiosk.errors import BadInput, Refusal
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.operator import become
from kiosk.front.wiring import opened
from kiosk.ledger.updating import RolledBack

#: Who agrees in a rehearsal when nobody is named: its built-in second person.
_REHEARSAL_SECOND = "301"


def arguments(verb: str, parser: argparse.ArgumentParser) -> None:
    """What each verb takes."""
    if verb == "store":
        words = parser.add_subparsers(dest="word", required=True)
        words.add_parser("show", help="how the ledger is kept")
        for word in ("encrypt", "rekey", "seal"):
            change = words.add_parser(word, help=_WORDS[word])
            change.add_argument("--lock", choices=("passphrase", "credential"), default=None)
        for word in ("decrypt", "rollback"):
            words.add_parser(word, help=_WORDS[word])
        words.add_parser("medium", help="take a folder as the new second medium").add_argument(
            "folder", type=Path
        )
        for parsed in words.choices.values():
            parsed.add_argument("--json", action="store_true")
    elif verb == "archive":
        parser.add_argument("file", type=Path, help="where the old sales go")
        parser.add_argument("--before", required=True, help="a date, YYYY-MM-DD (UTC)")
        say.who(parser)
    else:
        parser.add_argument("word", nargs="?", choices=("show", "confirm"), default="show")
        say.who(parser)
        say.second(parser)


_WORDS = {
    "encrypt": "encrypt a plain store and seal its keys",
    "rekey": "give an encrypted store another key, and its keys another seal",
    "seal": "give the keys another passphrase or credential; the store stays as it is",
    "decrypt": "make an encrypted store plain again",
    "rollback": "go back to the ledger from before the last update of the program",
}


def run(verb: str, options: argparse.Namespace, context: Context) -> int:
    """One verb."""
    return {"store": _store, "archive": _archive, "clock": _clock}[verb](options, context)


def _store(options: argparse.Namespace, context: Context) -> int:
    from kiosk.front import keeping

    if options.word == "medium":
        keeping.take_medium(context.home, context.settings, options.folder)
        say.out(f"{options.folder} is the second medium; it is filled at the next start.")
        return 0
    if options.word == "rollback":
        return _rollback(options, keeping.roll_back(context.home, context.settings))
    if options.word != "show":
        lock = getattr(options, "lock", None)
        keeping.change(context.home, context.settings, options.word, lock)
        if options.word == "encrypt" and (
            left := keeping.plain_copies(context.home, context.settings)
        ):
            say.aside(
                f"These copies from before are plain still: {', '.join(map(str, left))}. Take them"
                " to where only you can read them, and wipe them here."
            )
    shown = keeping.shown(context.home, context.settings)
    if options.json:
        say.json(shown)
    else:
        sealed = f"encrypted, keys sealed by {shown.lock}" if shown.encrypted else "plain"
        say.out(f"{context.home}: {sealed}, SQLite {shown.sqlite}, {shown.ledger_bytes} bytes")
    return 0


def _rollback(options: argparse.Namespace, done: RolledBack) -> int:
    if options.json:
        say.json(done)
    elif done.entries_since:
        say.out(
            f"{done.entries_since} entries were written since the update. With the program before:"
            f" `kiosk restore --second-medium {done.folder}`."
        )
    else:
        say.out(f"The ledger is the one from before the update (schema {done.schema}).")
    return 0


def _archive(options: argparse.Namespace, context: Context) -> int:
    from kiosk.front import keeping

    with opened(context.home, context.settings) as house:
        refused = become(house.desk, options.operator) or house.desk.gate("archive")
        operator = house.desk.operator
        now_ms = house.desk.clock.now().time_ms
    if refused is not None:
        return say.refused(refused, context.settings)
    before_ms = _date_ms(options.before)
    done = keeping.archive_old(
        context.home, context.settings, options.file, before_ms, now_ms, operator
    )
    if options.json:
        say.json(done)
    else:
        say.out(
            f"{done.entries} entries up to {done.upto} are in {options.file} (archive"
            f" {done.number}); the ledger went from {done.bytes_before} to {done.bytes_after} bytes"
        )
    return 0


def _date_ms(text: str) -> int:
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is no date; write it as 2026-01-31.") from None
    moment = datetime.datetime.combine(day, datetime.time(), datetime.UTC)
    return int(moment.timestamp()) * 1000


def _clock(options: argparse.Namespace, context: Context) -> int:
    from kiosk.till.clock import clock_state, confirm_clock

    with opened(context.home, context.settings) as house:
        if options.word == "confirm":
            done = become(house.desk, options.operator)
            name, pin = _second(options, context)
            done = done or _refusal(confirm_clock(house.desk, name, pin))
            if done is not None:
                return say.refused(done, context.settings)
        state = clock_state(house.desk)
    if options.json:
        say.json(state)
    else:
        when = datetime.datetime.fromtimestamp(state.time_ms / 1000, datetime.UTC)
        doubt = f" ({state.doubt})" if state.doubt else ""
        say.out(f"{when:%Y-%m-%d %H:%M:%S} UTC, {state.quality}{doubt}")
    return 0


def _refusal(outcome: object) -> Refusal | None:
    return outcome if isinstance(outcome, Refusal) else None


def _second(options: argparse.Namespace, context: Context) -> tuple[str, str]:
    if not options.second:
        if context.settings.site.mode != "rehearsal":
            raise BadInput("Two persons confirm the time: --second NAME, with the PIN after.")
        from kiosk.front.utility import REHEARSAL_PIN

        return _REHEARSAL_SECOND, REHEARSAL_PIN
    if sys.stdin.isatty():
        return options.second, getpass.getpass("PIN of the second person: ")
    return options.second, sys.stdin.readline().strip()
