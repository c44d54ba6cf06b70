"""The two files of a home that its centre has withdrawn (E29), and what nobody can read of it.

Every process of the home looks for the order before it does anything; what comes after it is done
by one of them (kiosk.front.revoking).
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

#: The signed order of the centre, as it came.
ORDER = "revoked.order"
#: What the centre has not got yet, sealed to it.
LEFT_BEHIND = "unsent.sealed"

_PIECE = bytes(1024 * 1024)


def is_withdrawn(home: Path) -> bool:
    """Whether the centre has withdrawn this terminal."""
    return (home / ORDER).exists()


def wipe(path: Path) -> None:
    """Write over a file, or all files of a folder, and let it go; nothing to do when it is gone.

    On flash the old cells may outlive this: what must not be read is encrypted, and its key goes
    first.
    """
    if path.is_dir() and not path.is_symlink():
        for each in sorted(path.iterdir()):
            wipe(each)
        shutil.rmtree(path, ignore_errors=True)
        return
    with contextlib.suppress(FileNotFoundError):
        if path.is_file() and not path.is_symlink():
            path.chmod(0o600)
            _write_over(path)
        path.unlink()


def _write_over(path: Path) -> None:
    with path.open("r+b") as file:
        left = os.fstat(file.fileno()).st_size
        while left > 0:
            left -= file.write(_PIECE[: min(left, len(_PIECE))])
        file.flush()
        os.fsync(file.fileno())
