"""The home: the folder under which everything stands that the program writes.

    home.json      mode, origin, when it was opened      ledger.db   the journal
    keys/          signing key, secret of the PINs, or   stations/   who is selling now
                   both sealed with the store's key
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
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.config import Settings
from kiosk.domain import facts
from kiosk.errors import ConfigFault, HomeFault, LedgerDamaged, Refusal, StoreFault
from kiosk.front import enrolment
from kiosk.front.home_file import OPENED, HomeFile
from kiosk.front.unlock import SIGNING_KEY, home_keys, refuse_pipes_at
from kiosk.ledger.connection import key_of
from kiosk.ledger.copying import alone
from kiosk.ledger.damage import known_damage, note_damage
from kiosk.ledger.files import make_folder, write_durably
from kiosk.ledger.journal import Journal
from kiosk.ledger.keyring import HomeKeys
from kiosk.ledger.pen import Now
from kiosk.ledger.sealing import key_from, public_bytes
from kiosk.ledger.second_medium import SecondMedium
from kiosk.ledger.start_check import check_start
from kiosk.ledger.stations import takes_nothing
from kiosk.ledger.store import open_reader
from kiosk.ledger.withdrawn import is_withdrawn
from kiosk.till.copies import COMPANIONS
from sync.wire import is_origin

#: What only a home has that was opened once; each comes after the first fact is durable.
_TRACES = (OPENED, "stations", "damaged", enrolment.CENTRE_FILE)


class LedgerGone(HomeFault):
    """The ledger file is not there although the home was opened."""


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


def open_home(path: Path, settings: Settings, now: Now, *, read_only: bool = False) -> Home:
    """Open the home in `path`, making it on first use. HomeFault with what to do about it.

    `read_only` opens what is left of a damaged one, for enquiries alone.
    """
    refuse_pipes_at(path)
    _refuse_if_withdrawn(path, settings, now)
    _finish_what_was_begun(path)
    file = _home_file(path, settings)
    if read_only:
        return _open_damaged(path, settings, file, now)
    _ledger_is_there(path)
    if takes_nothing(path):
        raise StoreFault(
            f"{path}: its disk is read-only, as the system makes a worn one; nothing may be sold."
            " Look things up here, and restore onto a new disk."
        )
    _refuse_if_damaged(path)
    new = not (path / "ledger.db").exists()
    keys = home_keys(path, settings.store, new=new)
    key = key_from(keys.signing, path / SIGNING_KEY)
    journal = _journal(path, file.origin, key, now, settings)
    try:
        if not new:
            _check_start(path)
        if journal.head().sequence == 0:
            new = True
            opened = facts.HomeOpened(
                file.origin, file.mode, settings.site.currency, public_bytes(key)
            )
            outcome = journal.append(opened)
            assert not isinstance(outcome, Refusal), outcome
        _as_it_was_opened(path, journal.records.opened(), file, settings)
        if not (path / OPENED).exists():
            write_durably(path / OPENED, b"")
    except BaseException:
        journal.close()
        raise
    return Home(path, file.origin, journal, keys.pepper, new)


def _as_it_was_opened(
    path: Path, opened: facts.HomeOpened, file: HomeFile, settings: Settings
) -> None:
    """The first fact says what these books are, because home.json and kiosk.toml lie open: a real
    home that passes for a rehearsal would take its operators, whose PIN everybody knows (E34)."""
    if opened.mode != file.mode:
        raise HomeFault(
            f"{path}: its books were opened in {opened.mode} mode and home.json says"
            f" {file.mode}; put home.json back."
        )
    if opened.currency != settings.site.currency:
        raise HomeFault(
            f"{path}: its books are in {opened.currency}, kiosk.toml says"
            f" {settings.site.currency}; use another home."
        )


def _journal(
    path: Path, origin: str, key: Ed25519PrivateKey, now: Now, settings: Settings
) -> Journal:
    try:
        return Journal(path, origin, key, now, medium_of(path, origin, settings))
    except LedgerDamaged as damage:
        note_damage(path, damage.sentence)
        raise


def _refuse_if_damaged(path: Path) -> None:
    """What was found once stands until another ledger is in force (E17)."""
    found = known_damage(path)
    if found:
        ledger = path / "ledger.db"
        raise StoreFault(
            f"{ledger}: is damaged ({found.rstrip('.')});"
            " nothing may be sold until `kiosk restore`."
        )


def _refuse_if_withdrawn(path: Path, settings: Settings, now: Now) -> None:
    if is_withdrawn(path):
        from kiosk.front.revoking import refuse_if_withdrawn

        refuse_if_withdrawn(path, settings, now)


def _finish_what_was_begun(path: Path) -> None:
    """A rejoin that was interrupted after it was prepared is completed before anything else."""
    if (path / "rejoining" / "ready").exists():
        from kiosk.front.rejoining import finish_rejoin

        with alone(path):
            finish_rejoin(path)


def _open_damaged(path: Path, settings: Settings, file: HomeFile, now: Now) -> Home:
    keys = home_keys(path, settings.store, new=False)
    key = key_from(keys.signing, path / SIGNING_KEY)
    journal = Journal(path, file.origin, key, now, read_only=True)
    return Home(path, file.origin, journal, keys.pepper, False)


def _ledger_is_there(path: Path) -> None:
    """A home whose ledger is gone is never opened with empty books: used identifiers would be
    given again (E17)."""
    ledger = path / "ledger.db"
    if any((path / trace).exists() for trace in _TRACES) and not (
        ledger.exists() and ledger.stat().st_size
    ):
        raise LedgerGone(
            f"{ledger}: the ledger of this home is gone; restore it from a backup, or name"
            " another home."
        )


def _home_file(path: Path, settings: Settings) -> HomeFile:
    mode = settings.site.mode
    if path.exists() and not path.is_dir():
        raise HomeFault(f"{path}: the home must be a folder, and this is a file; choose another.")
    try:
        make_folder(path)
        marker = path / "home.json"
        if not marker.exists():
            if any(path.iterdir()) and (path / "ledger.db").exists():
                raise HomeFault(f"{path}: home.json is missing beside the ledger; restore it.")
            origin = settings.site.terminal or f"{mode[:1]}{secrets.token_hex(4)}"
            if not is_origin(origin):
                raise ConfigFault(
                    "[site] terminal must be 1 to 64 letters, digits, dots, dashes or underscores."
                )
            write_durably(marker, msgspec.json.encode(HomeFile(mode, origin)))
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


def medium_of(path: Path, origin: str, settings: Settings) -> SecondMedium | None:
    """The second medium of kiosk.toml."""
    folder = settings.store.second_medium
    if not folder:
        return None
    return SecondMedium(Path(folder), path, origin, key_of(path), COMPANIONS)


def _check_start(path: Path) -> None:
    with contextlib.closing(open_reader(path)) as connection:
        connection.execute("BEGIN")  # others may be writing: one moment is looked at
        found = check_start(connection)
    if found:
        note_damage(path, found)
        raise StoreFault(f"{path / 'ledger.db'}: is damaged ({found}); nothing may be sold.")


def check_owner(path: Path, opened: facts.HomeOpened, keys: HomeKeys) -> None:
    """That a ledger is the one of this home and of its signing key. Raises StoreFault."""
    try:
        origin = msgspec.json.decode((path / "home.json").read_bytes(), type=HomeFile).origin
    except (OSError, msgspec.MsgspecError) as error:
        raise HomeFault(f"{path / 'home.json'}: is missing or damaged; restore it.") from error
    if opened.origin != origin:
        raise StoreFault(f"{path}: this ledger belongs to {opened.origin}, not {origin}.")
    if opened.public_key != public_bytes(key_from(keys.signing, path / SIGNING_KEY)):
        raise StoreFault(
            f"{path}: the signing key is not the one that this ledger was opened with; restore it."
        )
