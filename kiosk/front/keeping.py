"""How the store is kept: encrypted or plain, under which seal, and how old sales leave it.

Every change makes another file, proves it, and lets it take the place of the old one; a power cut
leaves the one or the other, and the next start finds out which.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from pathlib import Path

import msgspec

from kiosk.config import Settings
from kiosk.domain.entry import entry_bytes
from kiosk.errors import BadInput, StoreFault
from kiosk.front import enrolment
from kiosk.front.home_file import HomeFile
from kiosk.front.unlock import (
    NEXT,
    PLAIN_NEXT,
    SEALED,
    finish_change,
    home_keys,
    secret_for,
    write_keys,
)  # fmt: skip
from kiosk.ledger import archive
from kiosk.ledger.archive import Archived, last_quiet
from kiosk.ledger.connection import library_version
from kiosk.ledger.connection import unlock as unlock_store
from kiosk.ledger.copying import FOLLOWING, alone, copy_store, put_in_force, settle_log
from kiosk.ledger.damage import forget_damage
from kiosk.ledger.entry_file import Cover, Kept, beginning, read_kept, record
from kiosk.ledger.files import replace_durably, sync_folder
from kiosk.ledger.keyring import HomeKeys, Lock, lock_of, seal
from kiosk.ledger.medium_check import check_medium, entries_on, older_than_medium
from kiosk.ledger.opening import Head, read_head
from kiosk.ledger.sealing import key_from
from kiosk.ledger.second_medium import MEDIUM_DAMAGE, PURPOSE, mark_medium
from kiosk.ledger.store import LEDGER_FILE, open_reader
from kiosk.ledger.updating import BEFORE_UPDATE, RolledBack, rollback
from kiosk.ledger.withdrawn import wipe
from kiosk.till.copies import COMPANIONS

_DAY_MS = 86_400_000
_ARCHIVING = "archiving"
_A_RECORD = 1000
#: Where the database of a backup has begun: what stands before it is small.
_FRONT_BYTES = 64 * 1024


class Shown(msgspec.Struct, frozen=True):
    """How a ledger is kept."""

    encrypted: bool
    lock: str
    sqlite: str
    ledger_bytes: int


def shown(path: Path, settings: Settings) -> Shown:
    """How the ledger in `path` is kept. BadInput where nothing was ever opened."""
    if not path.exists():
        raise BadInput(f"{path}: there is no home here yet; the first start of a face makes one.")
    keys = home_keys(path, settings.store, new=False)
    sealed = path / SEALED
    return Shown(
        bool(keys.store), lock_of(sealed.read_bytes()) if sealed.exists() else "none",
        library_version(), (path / LEDGER_FILE).stat().st_size,
    )  # fmt: skip


def change(path: Path, settings: Settings, word: str, lock: Lock | None) -> None:
    """Encrypt, rekey, seal or decrypt, alone in the home. BadInput, HomeFault, StoreFault."""
    keys = home_keys(path, settings.store, new=False)
    if bool(keys.store) == (word == "encrypt"):
        raise BadInput("This store is encrypted already." if keys.store else _PLAIN)
    following = HomeKeys(keys.signing, keys.pepper, _store_key(word, keys))
    chosen = _lock(path, settings, word, lock)
    with alone(path):
        if word == "seal":
            assert chosen is not None
            write_keys(path, following, chosen, secret_for(chosen, settings.store, again=True))
            return
        if copy_store(path, path / FOLLOWING, following.store) != _head(path):
            raise StoreFault(f"{path / FOLLOWING}: is not the same ledger; nothing was changed.")
        if chosen is None:
            replace_durably(path / PLAIN_NEXT, keys.signing + keys.pepper)
        else:
            secret = secret_for(chosen, settings.store, again=word == "rekey")
            replace_durably(path / NEXT, seal(following, chosen, secret))
        put_in_force(path)
        finish_change(path, settings.store)
        wipe(path / BEFORE_UPDATE)  # it is still as the store was
        unlock_store(path, following.store)
        _reseal_medium(path, settings, keys.store, following.store)


def roll_back(path: Path, settings: Settings) -> RolledBack:
    """Go back to the ledger from before the last update, alone in the home (E32)."""
    home_keys(path, settings.store, new=False)
    with alone(path):
        return rollback(path, COMPANIONS)


_PLAIN = "This store is plain: `kiosk store encrypt` first."


def _store_key(word: str, keys: HomeKeys) -> bytes:
    if word == "decrypt":
        return b""
    return keys.store if word == "seal" else secrets.token_bytes(32)


def _lock(path: Path, settings: Settings, word: str, lock: Lock | None) -> Lock | None:
    if word == "decrypt":
        return None
    if lock is not None:
        return lock
    if (path / SEALED).exists():
        return lock_of((path / SEALED).read_bytes())
    return settings.store.lock if settings.store.lock != "none" else "passphrase"


def _head(path: Path) -> Head:
    with contextlib.closing(open_reader(path)) as reader:
        return read_head(reader)


def take_medium(path: Path, settings: Settings, folder: Path) -> None:
    """Let `folder` be the second medium from now on; a file in it that is not as it was written is
    set aside, and written anew at the next start. BadInput when it holds what the ledger lacks."""
    if not folder.is_dir():
        raise BadInput(f"{folder}: there is no such folder.")
    home_keys(path, settings.store, new=False)
    origin = msgspec.json.decode((path / "home.json").read_bytes(), type=HomeFile).origin
    entries = entries_on(str(folder), origin)
    if entries is not None:
        if check_medium(path, origin, entries):  # also when it was sealed with an older key
            entries.replace(_free_name(entries))
        elif older_than_medium(path, origin, entries):
            raise BadInput(
                f"{entries}: holds entries that this ledger lacks: `kiosk restore --second-medium"
                f" {folder}`."
            )
    mark_medium(path, folder)
    forget_damage(path, MEDIUM_DAMAGE)


def plain_copies(path: Path, settings: Settings) -> list[Path]:
    """Whole copies of the ledger from when it was plain: sealing the store seals none of them."""
    places = [path / "damaged", path / "branches", path / "rolled-back"]
    files = [file for place in places for file in sorted(place.rglob("*"))]
    if settings.store.backup_folder:
        files += sorted(Path(settings.store.backup_folder).glob("*"))
    found = [file for file in files if file.is_file() and _holds_plain_tables(file)]
    if settings.store.second_medium:
        found += sorted(Path(settings.store.second_medium).glob("*.entries.damaged.*"))
    return found


def _holds_plain_tables(file: Path) -> bool:
    with file.open("rb") as opened:
        return b"SQLite format 3\0" in opened.read(_FRONT_BYTES)


def _free_name(entries: Path) -> Path:
    """Where a damaged file is set aside: each stays, for it may be all that is left of an entry."""
    number = 1
    while (place := entries.with_name(f"{entries.name}.damaged.{number}")).exists():
        number += 1
    return place


def _reseal_medium(path: Path, settings: Settings, old: bytes, new: bytes) -> None:
    """The second medium gets the new key too: it is written anew and then replaced."""
    folder = Path(settings.store.second_medium) if settings.store.second_medium else None
    origin = msgspec.json.decode((path / "home.json").read_bytes(), type=HomeFile).origin
    entries = folder / f"{origin}.entries" if folder else None
    if entries is None or not entries.is_file():
        return
    before, after = Cover(old, origin, PURPOSE), Cover(new, origin, PURPOSE)
    beside = entries.with_name(f".{entries.name}.new")
    page: list[Kept] = []
    with beside.open("wb") as target:
        beside.chmod(0o600)
        target.write(beginning(after))
        for entry, content in read_kept(entries, before):
            page.append(Kept(entry_bytes(entry), content))
            if len(page) == _A_RECORD:
                target.write(record(after, page))
                page = []
        if page:
            target.write(record(after, page))
        target.flush()
        os.fsync(target.fileno())
    beside.replace(entries)
    sync_folder(entries.parent)


def archive_old(
    path: Path, settings: Settings, file: Path, before_ms: int, now_ms: int, operator: str
) -> Archived:
    """Move what traded before `before_ms` into `file`. Raises BadInput when nothing may leave."""
    days = settings.store.retention_days
    if before_ms > now_ms - days * _DAY_MS:
        raise BadInput(
            f"Entries younger than {days} days stay: [store] retention_days in kiosk.toml."
        )
    if file.exists():
        raise BadInput(f"{file}: this file exists; an archive is never written over.")
    keys = home_keys(path, settings.store, new=False)
    with alone(path), contextlib.closing(open_reader(path)) as reader:
        row = reader.execute("SELECT max(sequence) FROM anchors").fetchone()
        last = read_head(reader).sequence - 1  # the head itself always stays
        at_most = min(int(row[0] or 0), last) if enrolment.enrolled(path) else last
        period = last_quiet(reader, before_ms, at_most)
    if not period.entries:
        raise BadInput("Nothing that may leave is that old, or upstream has not got it yet.")
    staging = path / _ARCHIVING
    with alone(path):
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        try:
            done = archive.archive(
                path, staging, file, period, key_from(keys.signing, path),
                lambda: (now_ms, "unsynced"), operator,
            )  # fmt: skip
            settle_log(staging)
            sync_folder(file.parent)
            (staging / LEDGER_FILE).replace(path / FOLLOWING)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        put_in_force(path)
    return done
