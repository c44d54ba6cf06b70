"""Stations: one process or face each, known by a lock that it holds while it lives.

Every sale and every payment names its station; recovery touches only those whose station is gone
(design 2, One pen).
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from kiosk.errors import BadInput

#: Held shared by everybody who has the home open, and alone by whoever changes its files.
OPEN_LOCK = "open.lock"


def takes_nothing(home: Path) -> bool:
    """Whether the disk of this home is read-only, as the system makes a worn one."""
    return home.is_dir() and not os.access(home, os.W_OK)


def hold_open(home: Path) -> int:
    """Say that this home is open, until the handle is closed. BadInput while it is changed."""
    if takes_nothing(home):
        return os.open(home, os.O_RDONLY)  # nobody can change it either
    handle = os.open(home / OPEN_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise BadInput(f"{home}: its ledger is being changed; start again in a moment.") from None
    return handle


class Station:
    """A process as a seller. The lock goes with the process, however it ends."""

    def __init__(self, home: Path, name: str) -> None:
        self.name = name
        self._left = takes_nothing(home)
        if self._left:  # for enquiries alone, and those need no lock
            return
        self._path = _path(home, name)
        self._path.parent.mkdir(exist_ok=True, mode=0o700)
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._handle)
            raise

    def close(self) -> None:
        """Leave in good order."""
        if self._left:
            return
        self._path.unlink(missing_ok=True)
        os.close(self._handle)


def is_gone(home: Path, name: str) -> bool:
    """Whether the station `name` has ended: its lock is not held by anybody."""
    try:
        handle = os.open(_path(home, name), os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def _path(home: Path, name: str) -> Path:
    return home / "stations" / f"{name}.lock"


def living(home: Path) -> list[str]:
    """The stations that are at work in this home."""
    folder = home / "stations"
    names = sorted(path.stem for path in folder.glob("*.lock")) if folder.is_dir() else []
    return [name for name in names if not is_gone(home, name)]
