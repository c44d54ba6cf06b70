"""The upstream side's own command line: serve, enrol, import, cards, status.

Exit codes: 0 done; 1 refused or failed, with one sentence on standard error; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from kiosk.errors import BadInput, KioskError
from sync import wire
from sync.centre import status as figures
from sync.centre.hall import (
    DATABASE_FILE,
    DEFAULT_LANES,
    DEFAULT_LEASE_DAYS,
    Settings,
    opened,
)
from sync.roads import file as stick

if TYPE_CHECKING:
    from sync.centre.cards import Doubt

DEFAULT_PORT = 8650
_LONGEST_REASON = 200


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return _run(arguments.command(arguments))
    except KioskError as error:
        sys.stderr.write(error.sentence + "\n")
        return 1


# --- commands ---------------------------------------------------------------------------------


async def _serve(arguments: argparse.Namespace) -> int:
    from sync.centre.serve import serve

    settings, first = _settings(arguments), arguments.catalogue
    await serve(
        settings, arguments.host, arguments.port, auto_enrol=arguments.auto_enrol,
        first=stick.read_content(first) if first is not None else b"",
        issue_every_s=arguments.issue_every,
    )  # fmt: skip
    return 0


async def _enrol(arguments: argparse.Namespace) -> int:
    origin = arguments.origin
    if not wire.is_origin(origin):
        raise BadInput(f"{origin!r} cannot name a terminal: letters, digits, dots and dashes.")
    async with opened(_settings(arguments), keep_books=False) as centre:
        if arguments.public_key is None:
            code = secrets.token_hex(10)
            await centre.holdings.keep_code(origin, code)
            _say(f"{origin} can enrol once with the code {code}")
            return 0
        request = wire.EnrolmentRequest(origin, arguments.public_key)
        enrolled = await centre.reception.enrol(request, code=None)
    if isinstance(enrolled, wire.Refused):
        raise BadInput(enrolled.sentence)
    _say(msgspec.json.encode({"origin": origin, **msgspec.structs.asdict(enrolled)}).decode())
    return 0


async def _import(arguments: argparse.Namespace) -> int:
    path: Path = arguments.file
    async with opened(_settings(arguments), keep_books=False) as centre:
        bundles = stick.read_bundles(path, centre.reception.unsealed)
        for bundle in bundles:
            answer = await centre.reception.take(bundle)
            if isinstance(answer, wire.Refused):
                break
        await centre.bookkeeper.catch_up()
    target = arguments.answer or path.with_name(path.name + ".answer")
    stick.write_answer(target, answer)
    if isinstance(answer, wire.Refused):
        raise BadInput(answer.sentence)
    _say(_told(bundles[-1].origin, answer, target))
    return 0


async def _catalogue(arguments: argparse.Namespace) -> int:
    """Load a catalogue of the utility, issue the next one, or write one for a stick."""
    async with opened(_settings(arguments), keep_books=False) as centre:
        registry = centre.registry
        if arguments.act == "load":
            loaded = await registry.load(stick.read_content(_named(arguments)))
            _say(f"catalogue {loaded.number}: {len(loaded.customers)} customers")
        elif arguments.act == "issue":
            await centre.bookkeeper.catch_up()
            issued = await registry.issue()
            _say(f"catalogue {issued.number}: {issued.customers} customers, {issued.meters} meters")
            for doubt in issued.doubts:
                _say(f"  {doubt.code}: {doubt.subject} {doubt.number} {doubt.origin}".rstrip())
        else:
            found = await registry.next_after(arguments.after)
            if found is None:
                raise BadInput(f"There is no catalogue after {arguments.after}.")
            stick.write_catalogue(_named(arguments), found)
            _say(f"written to {arguments.file}; take it to the terminal: kiosk import")
    return 0


def _named(arguments: argparse.Namespace) -> Path:
    if arguments.file is None:
        raise BadInput(f"Name the file: `centre catalogue {arguments.act} FILE`.")
    path: Path = arguments.file
    return path


async def _revoke(arguments: argparse.Namespace) -> int:
    reason = arguments.reason.strip()
    if not reason or len(reason) > _LONGEST_REASON:
        raise BadInput(f"A reason has 1 to {_LONGEST_REASON} characters.")
    async with opened(_settings(arguments), keep_books=False) as centre:
        fresh = await centre.revocations.revoke(arguments.origin, reason)
    what = "is revoked" if fresh else "was revoked before"
    _say(f"{arguments.origin} {what}; it is told at its next contact")
    return 0


async def _status(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    if settings.database is None and not (settings.home / DATABASE_FILE).exists():
        raise BadInput(f"{settings.home}: there is no centre here; run `centre serve` once.")
    async with opened(settings, keep_books=False) as centre:
        current = await centre.figures()
    _say(msgspec.json.encode(current).decode() if arguments.json else figures.plain(current))
    return 0


async def _cards(arguments: argparse.Namespace) -> int:
    from sync.centre.cards import examine

    async with opened(_settings(arguments), keep_books=False) as centre:
        found = await examine(centre.holdings)
    stop = found.cards_to_stop()
    if arguments.json:
        shown = {"cards_to_stop": stop, **msgspec.structs.asdict(found)}
        _say(msgspec.json.encode(shown).decode())
        return 1 if stop else 0
    for serial in stop:
        _say(f"{serial}: more than one chip carries this card, or it was set back; stop it")
    for doubt in found.doubts:
        _say(_told_doubt(doubt))
    _say(f"{len(found.chains)} cards with an account, {len(stop)} to stop")
    return 1 if stop else 0


def _told_doubt(doubt: Doubt) -> str:
    """What a sale in doubt was, and what two persons type in its hall."""
    sale = (
        f"{doubt.origin}: sale {doubt.sale_id}, purchase {doubt.purchase_number} of {doubt.meter}"
    )
    if doubt.by is None:
        return f"{sale} is in doubt, and no other hall has told of it yet"
    by = f"{doubt.by.origin} with sale {doubt.by.sale_id}"
    said, typed = {
        "never_paid": (f"was never paid nor written: {by} gave its number", "never-paid"),
        "never_written": (f"was never written: {by} gave its number", "never-written"),
        "delivered": (f"was delivered: {by} found it on the card", "delivered"),
    }[doubt.verdict]
    return f"{sale} {said}; there: kiosk recover --judge {doubt.sale_id} --as {typed}"


def _told(origin: str, answer: wire.Answer, target: Path) -> str:
    if isinstance(answer, wire.WantFrom):
        return f"{origin}: entries before are missing, from {answer.sequence} on; see {target}"
    if isinstance(answer, wire.Revoked):
        return f"{origin} is revoked; held up to entry {answer.upto}; {target} tells it so"
    assert isinstance(answer, wire.Acknowledgement)
    return f"{origin}: held up to entry {answer.upto}; take {target} back to the terminal"


# --- the line ---------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    common, founding = _shared()
    parser = argparse.ArgumentParser(prog="centre", description="The upstream server.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser(
        "serve", parents=[common, founding], help="take bundles in and acknowledge them"
    )
    command.add_argument("--host", default="127.0.0.1")
    command.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one")
    command.add_argument(
        "--auto-enrol", action="store_true", help="rehearsal only: enrol whoever asks"
    )
    command.add_argument(
        "--catalogue", type=Path, metavar="FILE", help="begin with this one, if there is none yet"
    )
    command.add_argument(
        "--issue-every", type=float, default=0.0, metavar="SECONDS",
        help="merge what terminals registered into a catalogue by itself; 0: `catalogue issue`",
    )  # fmt: skip
    command.set_defaults(command=_serve)

    command = commands.add_parser(
        "enrol", parents=[common, founding], help="make a terminal known, or a code for it"
    )
    command.add_argument("origin")
    command.add_argument("--public-key", metavar="HEX", help="enrol now, without a code")
    command.set_defaults(command=_enrol)

    command = commands.add_parser(
        "revoke", parents=[common], help="withdraw a terminal that was stolen or lost"
    )
    command.add_argument("origin")
    command.add_argument("--reason", default="stolen", help="why, for whoever looks later")
    command.set_defaults(command=_revoke)

    command = commands.add_parser("import", parents=[common], help="take in a file of bundles")
    command.add_argument("file", type=Path)
    command.add_argument("--answer", type=Path, metavar="FILE", help="default: FILE.answer")
    command.set_defaults(command=_import)

    command = commands.add_parser(
        "cards", parents=[common], help="cards that cannot be the only ones of their kind"
    )
    command.add_argument("--json", action="store_true")
    command.set_defaults(command=_cards)

    command = commands.add_parser(
        "catalogue", parents=[common], help="load, issue and write catalogues for terminals"
    )
    command.add_argument("act", choices=("load", "issue", "write"))
    command.add_argument("file", type=Path, nargs="?", default=None)
    command.add_argument("--after", type=int, default=0, help="write: the first one after this")
    command.set_defaults(command=_catalogue)

    command = commands.add_parser("status", parents=[common], help="what this centre holds")
    command.add_argument("--json", action="store_true")
    command.set_defaults(command=_status)
    return parser


def _shared() -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """What every command takes, and what counts when a centre is founded or served."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--home", type=Path, metavar="DIR", help="the centre lives in DIR/centre")
    common.add_argument(
        "--database",
        metavar="URL",
        help="postgresql://...; a URL with a password belongs into CENTRE_DATABASE",
    )
    founding = argparse.ArgumentParser(add_help=False)
    founding.add_argument("--name", help="the centre's name, given when it is founded")
    founding.add_argument(
        "--lanes", type=int, help=f"lanes to hand out, at its founding ({DEFAULT_LANES})"
    )
    founding.add_argument(
        "--lease-days", type=int, default=None,
        help="a terminal that enrols sells so many days after the last answer from here;"
        f" 0: no limit ({DEFAULT_LEASE_DAYS})",
    )  # fmt: skip
    return common, founding


def _settings(arguments: argparse.Namespace) -> Settings:
    home = arguments.home or Path(os.environ.get("KIOSK_HOME") or _default_home())
    database = arguments.database or os.environ.get("CENTRE_DATABASE") or None
    name, lanes = getattr(arguments, "name", None), getattr(arguments, "lanes", None)
    return Settings(home / "centre", database, name, lanes, _lease_days(arguments))


def _lease_days(arguments: argparse.Namespace) -> int:
    """A rehearsal may be left alone for months: who enrols by itself has no limit unless asked."""
    wanted: int | None = getattr(arguments, "lease_days", None)
    if wanted is not None:
        return wanted
    return 0 if getattr(arguments, "auto_enrol", False) else DEFAULT_LEASE_DAYS


def _default_home() -> Path:
    return Path.home() / ".local" / "share" / "kiosk" / "rehearsal"


def _run(work: Coroutine[Any, Any, int]) -> int:
    """Run `work` on the fastest loop that is installed."""
    try:
        import uvloop
    except ImportError:  # no uvloop for this system
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
