"""The command line: which verb, which home, which kiosk.toml; sentences instead of tracebacks.

Each group of verbs is a file in commands/, imported only when one of its verbs is called, so that
`kiosk` reaches its first screen without loading what it does not need.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from kiosk.config import Settings, load
from kiosk.errors import KioskError, trace

#: verb -> (file in commands/, what it does)
VERBS = {
    "run": ("run", "start a face (self-service, cashier, technician)"),
    "customers": ("registry", "list, search, open, amend, import and export customers"),
    "meters": ("registry", "install, amend, read, replace and cancel meters"),
    "search": ("registry", "find by name, address, phone, account, meter or card"),
    "records": ("records", "purchases, meters, readings, checks, amendments, the diary"),
    "cards": ("cards", "list, read, make, replace and mend cards; hot list, stock"),
    "quote": ("sell", "what an amount buys, line by line"),
    "sell": ("sell", "sell for a meter or a card"),
    "why": ("why", "explain every figure of a sale"),
    "tariff": ("tariff", "prices: check a file, show, preview, publish"),
    "recover": ("sell", "finish or undo what was interrupted"),
    "account": ("account", "customers' money: show, top-up, transfer, debts, plan, close ..."),
    "book": ("account", "the debit and credit book of an account"),
    "bills": ("bills", "bills of old meters: import, add, list, collect"),
    "reverse": ("correct", "take a delivered sale back"),
    "refund": ("correct", "pay a customer's money out"),
    "reallocate": ("correct", "move a purchase for the wrong meter to the right one"),
    "rerate": ("correct", "price sales again that were made at old prices"),
    "card-account": ("card_accounts", "money on a customer's card: show, top up, put together"),
    "suspicions": ("card_accounts", "cards under suspicion: list and close"),
    "tokens": ("tokens", "list, show, verify, issue and reprint tokens"),
    "keys": ("keys", "vending keys: list and import; key changes of meters"),
    "operators": ("operators", "who may sign in: register, unlock, retire, PINs, cards"),
    "clinic": ("clinic", "a meter refuses a token: the right next step"),
    "verify": ("ledger", "check chain, postings, totals and signatures"),
    "export": ("ledger", "write unsent or all facts to a file"),
    "import": ("ledger", "read an acknowledgement that came back as a file"),
    "sync": ("ledger", "send now what upstream has not acknowledged"),
    "enrol": ("ledger", "become known to the centre"),
    "backup": ("copies", "write a backup while selling goes on"),
    "restore": ("copies", "build a lost or damaged ledger again"),
    "rejoin": ("copies", "go on under a new number after a fork"),
    "store": ("store", "how the ledger is kept; encrypt, rekey, decrypt it"),
    "archive": ("store", "move old sales into a sealed file"),
    "clock": ("store", "what the clock is worth; confirm it"),
    "rehearse": ("rehearse", "play the customer's hands"),
    "marks": ("rehearse", "list the named crash and wait points"),
    "sts": ("sts", "check token test vectors"),
    "doctor": ("doctor", "devices, database, clock, keys, line: what is wrong"),
    "printer": ("printer", "print a test slip; say that a new roll is in"),
    "demo": ("demo", "terminals and a centre on this machine; figures converge"),
    "config": ("doctor", "print kiosk.toml with every setting"),
}


#: Older traces of what nobody expected go when there are more.
_MOST_FAULT_FILES = 20


class Context:
    """What every command gets: where the home is and what kiosk.toml says."""

    def __init__(self, home: str = "", config: str = "") -> None:
        self._settings: Settings | None = None
        self.use(home, config)

    def use(self, home: str, config: str) -> None:
        """Take what the command line says."""
        self._home = home or os.environ.get("KIOSK_HOME", "")
        self._config = config

    @property
    def settings(self) -> Settings:
        """The settings of --config, of HOME/kiosk.toml, or of ./kiosk.toml, else the defaults."""
        if self._settings is None:
            self._settings = load(self._config_path())
        return self._settings

    @property
    def home(self) -> Path:
        """The home folder."""
        if self._home:
            return Path(self._home)
        from kiosk.front.home import default_home

        return default_home(self.settings.site.mode)

    def _config_path(self) -> Path | None:
        if self._config:
            return Path(self._config)
        places = [Path(self._home) / "kiosk.toml"] if self._home else []
        places.append(Path("kiosk.toml"))
        return next((place for place in places if place.is_file()), None)


class _Parser(argparse.ArgumentParser):
    """Wrong usage is one sentence too, and exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where the rest is explained."""
        self.exit(2, f"{self.prog}: {message}; `{self.prog} --help` says more.\n")


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code."""
    signal.signal(signal.SIGTERM, _end)
    context = Context()
    try:
        return _run(list(arguments), context)
    except SystemExit as done:
        return int(done.code or 0)
    except KioskError as error:
        print(f"kiosk: {error.sentence}", file=sys.stderr)  # noqa: T201
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        return 1
    except UnicodeEncodeError:
        print("kiosk: an argument is not readable text; type it again.", file=sys.stderr)  # noqa: T201
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"kiosk: {where}cannot be used ({error.strerror}).", file=sys.stderr)  # noqa: T201
        return 1
    except Exception as error:
        print(f"kiosk: {_fault_sentence(error, context)}", file=sys.stderr)  # noqa: T201
        return 1


def _run(arguments: list[str], context: Context) -> int:
    common = _Parser(prog="kiosk", add_help=False, allow_abbrev=False)
    common.add_argument("--home", default=argparse.SUPPRESS, help="everything is written under it")
    common.add_argument("--config", default=argparse.SUPPRESS, help="another kiosk.toml")
    before, rest = common.parse_known_args(arguments)
    verb = rest[0] if rest and not rest[0].startswith("-") else ""
    if not verb and rest and rest[0] in {"-h", "--help"}:
        return _help()
    verb = verb or "run"
    if verb not in VERBS:
        known = ", ".join(VERBS)
        print(f"kiosk: {verb!r} is no command; one of {known}.", file=sys.stderr)  # noqa: T201
        return 2
    module = importlib.import_module(f"kiosk.front.commands.{VERBS[verb][0]}")
    if verb != "run":
        gc.enable()  # a face does so itself, after its first screen
    parser = _Parser(prog=f"kiosk {verb}", description=VERBS[verb][1], parents=[common])
    module.arguments(verb, parser)
    options = parser.parse_args(rest[1:] if rest and rest[0] == verb else rest)
    home = getattr(options, "home", getattr(before, "home", ""))
    config = getattr(options, "config", getattr(before, "config", ""))
    context.use(home, config)
    return int(module.run(verb, options, context))


def _help() -> int:
    lines = ["usage: kiosk [--home DIR] [--config FILE] COMMAND ...", ""]
    lines += [f"  {verb:<10} {sentence}" for verb, (_, sentence) in VERBS.items()]
    lines += ["", "kiosk COMMAND --help says more. Without a command: the face of kiosk.toml."]
    print("\n".join(lines))  # noqa: T201
    return 0


def _end(_number: int, _frame: object) -> None:
    """SIGTERM closes the house like the end of the program; a running sale ends first."""
    raise KeyboardInterrupt


def _fault_sentence(error: Exception, context: Context) -> str:
    """Something nobody expected: one sentence for the person, the trace for the engineer."""
    text = trace(error)
    path = _log_folder(context) / f"kiosk-fault-{os.getpid()}.txt"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(text)
        _keep_few(path.parent)
    except OSError:
        return f"something unexpected happened ({type(error).__name__})."
    return f"something unexpected happened ({type(error).__name__}); details are in {path}."


def _log_folder(context: Context) -> Path:
    """HOME/log, where the other logs are and only the owner reads; elsewhere without a home."""
    with contextlib.suppress(KioskError, OSError):
        if context.home.is_dir():
            folder = context.home / "log"
            folder.mkdir(exist_ok=True, mode=0o700)
            return folder
    import tempfile

    return Path(tempfile.gettempdir())


def _keep_few(folder: Path) -> None:
    """Logs have a quota (E18)."""
    written = sorted(folder.glob("kiosk-fault-*.txt"), key=lambda path: path.stat().st_mtime_ns)
    for old in written[:-_MOST_FAULT_FILES]:
        old.unlink()
