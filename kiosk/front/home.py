"""The home: the folder under which everything stands that the program writes.

    home.json      mode, origin, when it was opened      ledger.db   the journal
    keys/          signing key, secret of the PINs       stations/   who is selling now
    world/         simulated devices (rehearsal)         centre/     the rehearsal's own centre
    slips/         what a file printer printed

A rehearsal home is refused in real mode and the other way round (E34).
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

import msgspec

from kiosk.config import Settings
from kiosk.domain import facts
from kiosk.errors import ConfigFault, HomeFault, Refusal
from kiosk.ledger.journal import Journal
from kiosk.ledger.pen import Now
from kiosk.ledger.sealing import load_key, make_key, public_bytes
from kiosk.ledger.store import check, open_reader, sync_folder
from sync.wire import is_origin

SIGNING_KEY = Path("keys") / "signing.key"
#: Stands beside the ledger once its first fact is durable.
OPENED = "opened"
PEPPER = Path("keys") / "pins.secret"


class HomeFile(msgspec.Struct, frozen=True):
    """What home.json says."""

    mode: str
    origin: str


class Home(msgspec.Struct, frozen=True):
    """An opened home. `new` is true for the process that has just made it."""

    path: Path
    origin: str
    journal: Journal
    pepper: bytes
    new: bool


def default_home(mode: str) -> Path:
    """Where a home is when nobody says otherwise."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "kiosk" / mode


def open_home(path: Path, settings: Settings, now: Now) -> Home:
    """Open the home in `path`, making it on first use. HomeFault with what to do about it."""
    file = _home_file(path, settings)
    _ledger_is_there(path)
    key_path = path / SIGNING_KEY
    new = not (path / "ledger.db").exists()
    _make_folder(key_path.parent)
    if new and not key_path.exists():
        draft = _draft(key_path)
        make_key(draft)
        _put_in_place(draft, key_path)
    if new and not (path / PEPPER).exists():
        _write_durably(path / PEPPER, secrets.token_bytes(32))
    key = load_key(key_path)
    journal = Journal(path, file.origin, key, now)
    try:
        _check_file(path)
        if journal.head().sequence == 0:
            new = True
            opened = facts.HomeOpened(
                file.origin, file.mode, settings.site.currency, public_bytes(key)
            )
            outcome = journal.append(opened)
            assert not isinstance(outcome, Refusal), outcome
        written = journal.records.opened()
        if written.currency != settings.site.currency:
            raise HomeFault(
                f"{path}: its books are in {written.currency}, kiosk.toml says"
                f" {settings.site.currency}; use another home."
            )
        pepper = _pepper(path / PEPPER)
        if not (path / OPENED).exists():
            _write_durably(path / OPENED, b"")
    except BaseException:
        journal.close()
        raise
    return Home(path, file.origin, journal, pepper, new)


def _pepper(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise HomeFault(f"{path}: the secret of the PINs is missing; restore it.") from error


def _ledger_is_there(path: Path) -> None:
    """A home whose ledger is gone is never opened with empty books: used identifiers would be
    given again (E17)."""
    ledger = path / "ledger.db"
    if (path / OPENED).exists() and not (ledger.exists() and ledger.stat().st_size):
        raise HomeFault(
            f"{ledger}: the ledger of this home is gone; restore it from a backup, or name"
            " another home."
        )


def _home_file(path: Path, settings: Settings) -> HomeFile:
    mode = settings.site.mode
    if path.exists() and not path.is_dir():
        raise HomeFault(f"{path}: the home must be a folder, and this is a file; choose another.")
    try:
        _make_folder(path)
        marker = path / "home.json"
        if not marker.exists():
            if any(path.iterdir()) and (path / "ledger.db").exists():
                raise HomeFault(f"{path}: home.json is missing beside the ledger; restore it.")
            origin = settings.site.terminal or f"{mode[:1]}{secrets.token_hex(4)}"
            if not is_origin(origin):
                raise ConfigFault(
                    "[site] terminal must be 1 to 64 letters, digits, dots, dashes or underscores."
                )
            _write_durably(marker, msgspec.json.encode(HomeFile(mode, origin)))
        file = msgspec.json.decode(marker.read_bytes(), type=HomeFile)
    except OSError as error:
        raise HomeFault(f"{path}: the home cannot be used ({error.strerror}).") from error
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise HomeFault(f"{path / 'home.json'}: is damaged ({error}).") from error
    if file.mode != mode:
        raise HomeFault(
            f"{path}: this is a {file.mode} home and [site] mode is {mode!r}; name another home."
        )
    return file


def _check_file(path: Path) -> None:
    connection = open_reader(path)
    try:
        found = check(connection)
    finally:
        connection.close()
    if found:
        raise HomeFault(f"{path / 'ledger.db'}: is damaged ({found}); nothing may be sold.")


def _make_folder(path: Path) -> None:
    """The folder, and its name on the disk: a power cut must not take a home away again."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in missing:
        sync_folder(folder.parent)


def _write_durably(path: Path, content: bytes) -> None:
    """Whole or not at all; several processes may open a new home in the same moment."""
    draft = _draft(path)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    _put_in_place(draft, path)


def _draft(path: Path) -> Path:
    """Where `path` is written first; what a killed process of this number left there goes."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    return draft


def _put_in_place(draft: Path, path: Path) -> None:
    """Give the draft its name, unless another process was faster."""
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
    sync_folder(path.parent)
