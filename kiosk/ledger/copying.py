"""A second file with the same tables: for a backup, for another key, for fewer entries.

The copy is taken from one moment (a read transaction) while selling goes on. Putting it in the
place of the ledger is done alone, with the pen's lock held and every face closed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from kiosk.errors import BadInput, StoreFault
from kiosk.ledger.connection import connect, faults, key_of, key_text
from kiosk.ledger.files import sync_folder
from kiosk.ledger.opening import Head, read_head
from kiosk.ledger.stations import OPEN_LOCK, living
from kiosk.ledger.store import LEDGER_FILE, undo_half_done
from kiosk.marks import mark

FOLLOWING = "ledger.db.next"


def copy_store(home: Path, target: Path, key: bytes) -> Head:
    """Write the ledger of `home` to `target`, encrypted with `key` unless that is empty.

    Gives the head of the copy, which was read back and checked whole. Raises StoreFault.
    """
    target.unlink(missing_ok=True)
    undo_half_done(home / LEDGER_FILE, key_of(home))
    with faults(target), contextlib.closing(connect(home / LEDGER_FILE, key_of(home), _READ)) as c:
        version = c.execute("PRAGMA user_version").fetchone()[0]
        uri = f"{target.absolute().as_uri()}?mode=rwc"
        c.execute(f'ATTACH ? AS following KEY "{key_text(key)}"', (uri,))
        c.execute("BEGIN")
        c.execute("SELECT sqlcipher_export('following')").fetchone()
        c.execute("COMMIT")
        c.execute(f"PRAGMA following.user_version={version:d}")
        c.execute("DETACH following")
    target.chmod(0o600)
    return checked_copy(target, key)


_READ = "?mode=ro"


def checked_copy(path: Path, key: bytes) -> Head:
    """The head of a database file whose every page is sound; it is on the disk afterwards."""
    with faults(path), contextlib.closing(connect(path, key)) as connection:
        found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise StoreFault(f"{path}: the copy is damaged ({found}).")
        head = read_head(connection)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(path.parent)
    return head


@contextlib.contextmanager
def alone(home: Path, ours: str = "") -> Iterator[None]:
    """Nobody but station `ours` has this home open meanwhile, nor can open it. BadInput if so."""
    with contextlib.ExitStack() as held:
        if not ours:
            held.enter_context(_locked(home, OPEN_LOCK))
        held.enter_context(_locked(home, "pen.lock"))
        stations = [name for name in living(home) if name != ours]
        if stations:
            raise BadInput(f"{home}: {stations[0]} is open; close it first.")
        yield


@contextlib.contextmanager
def _locked(home: Path, name: str) -> Iterator[None]:
    handle = os.open(home / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BadInput(f"{home}: a face is open; close it first.") from None
    finally:
        os.close(handle)


def put_in_force(home: Path) -> None:
    """Let the prepared copy take the place of the ledger; call it alone in the home.

    The log of the old file must be in it already: with another file it would be poison.
    """
    settle_log(home)
    mark("store.before_swap")
    (home / FOLLOWING).replace(home / LEDGER_FILE)
    sync_folder(home)
    mark("store.after_swap")


def settle_log(home: Path) -> None:
    """Move the log into the ledger and let it go. StoreFault when a reader holds it."""
    path = home / LEDGER_FILE
    with faults(path), contextlib.closing(connect(path, key_of(home))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    for suffix in ("-wal", "-shm"):
        left = home / f"{LEDGER_FILE}{suffix}"
        if left.exists() and left.stat().st_size:
            raise StoreFault(f"{left}: somebody still reads this ledger; nothing was changed.")
        left.unlink(missing_ok=True)
