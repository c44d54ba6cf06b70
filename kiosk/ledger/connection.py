"""Which library may touch the database of a home, and with which key.

One copy of SQLite touches a home, the one inside sqlcipher3 (3.53: without the WAL-reset fault of
3.7.0 to 3.51.2, reliability 3).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from kiosk.errors import StoreFault

Connection = Any  # sqlcipher3 has no type information; this is its sqlite3-like Connection

#: The store keys of the homes that this process has unlocked; a plain home has none.
_keys: dict[str, bytes] = {}


def unlock(home: Path, key: bytes) -> None:
    """Open the store in `home` with `key` from now on, 32 raw bytes; empty: it is plain."""
    assert len(key) in (0, 32)
    _keys[str(home.absolute())] = key


def key_of(home: Path) -> bytes:
    """The key that the store in `home` was unlocked with; empty when it is plain."""
    return _keys.get(str(home.absolute()), b"")


def key_text(key: bytes) -> str:
    """How SQLCipher names a raw key: no passphrase is derived, so opening costs nothing."""
    return f"x'{key.hex()}'" if key else ""


def connect(path: Path, key: bytes, options: str = "", statements: int = 32) -> Connection:
    """A connection to the database in `path`, encrypted with `key` unless that is empty."""
    connection = dbapi2.connect(
        f"{path.absolute().as_uri()}{options}", uri=True, isolation_level=None,
        check_same_thread=False, cached_statements=statements,
    )  # fmt: skip
    # SQLCipher would write to standard error, over the screen of a face.
    connection.execute("PRAGMA cipher_log_level=NONE")
    if key:
        connection.execute(f'PRAGMA key="{key_text(key)}"')
    return connection


def connect_scratch() -> Connection:
    """A connection to an empty database that is gone when it is closed."""
    connection = dbapi2.connect(
        "", isolation_level=None, check_same_thread=False, cached_statements=128
    )
    if any(_keys.values()):  # what spills onto the disk is as secret as the store
        connection.execute(f'PRAGMA key="{key_text(os.urandom(32))}"')
    return connection


def wal_is_safe(version: str) -> bool:
    """Whether this SQLite repairs the WAL-reset fault: 3.51.3 and later, 3.50.7+, 3.44.6+."""
    major, minor, patch = (int(part) for part in version.split(".")[:3])
    if major != 3:
        return major > 3
    return minor > 51 or (minor, patch) >= (51, 3) or _backported(minor, patch)


def _backported(minor: int, patch: int) -> bool:
    return (minor == 50 and patch >= 7) or (minor == 44 and patch >= 6)


def library_version() -> str:
    """The version of the SQLite that this program uses."""
    return str(dbapi2.sqlite_version)


@contextmanager
def faults(path: Path) -> Iterator[None]:
    """What the database says about the file at `path` becomes one clear sentence."""
    try:
        yield
    except dbapi2.Error as error:
        gone = any(sign in str(error) for sign in ("malformed", "not a database"))
        advice = " It is damaged: `kiosk restore`." if gone else ""
        raise StoreFault(f"{path}: the database cannot be used ({error}).{advice}") from error
