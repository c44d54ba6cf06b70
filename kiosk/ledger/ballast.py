"""Ballast: a file of reserved space that is let go when the disk is nearly full (E18).

What is open can then end: sales in delivery, the closing of a shift, the way upstream. Selling
begins again only when there is room for the ballast too.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

_FILE = "ballast"
_MIB = 1024 * 1024


def lay(home: Path, size_mib: int, reserve_mib: int) -> None:
    """Reserve the space if there is enough beside it; called from idle time."""
    path = home / _FILE
    if _size(path) == size_mib * _MIB:
        return
    if shutil.disk_usage(home).free < (size_mib + reserve_mib) * _MIB:
        return
    if not size_mib:
        path.unlink(missing_ok=True)
        return
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.ftruncate(handle, 0)
        with contextlib.suppress(OSError):
            os.posix_fallocate(handle, 0, size_mib * _MIB)
    finally:
        os.close(handle)


def release(home: Path) -> None:
    """Give the space back; an empty file says that it is owed."""
    path = home / _FILE
    if _size(path) > 0:
        os.truncate(path, 0)


def owed_mib(home: Path, size_mib: int) -> int:
    """What must be free beside the reserve before anything is sold again."""
    return size_mib if _size(home / _FILE) == 0 else 0


def _size(path: Path) -> int:
    """The size of the ballast; -1 when none was ever laid."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1
