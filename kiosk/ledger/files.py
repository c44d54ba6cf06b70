"""Small files that are whole or absent, whatever happens while they are written."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from kiosk.errors import BadInput, HomeFault


def refuse_pipes(*folders: Path) -> None:
    """A pipe in the place of a file is waited for, and a device is read, for ever: nothing in these
    folders may be one. HomeFault names it."""
    for folder in folders:
        odd: list[str] = []
        with (
            contextlib.suppress(FileNotFoundError, NotADirectoryError),
            os.scandir(folder) as found,
        ):
            odd = [entry.path for entry in found if _is_pipe(entry)]
        if odd:
            raise HomeFault(f"{min(odd)}: is a pipe or a device, not a file; take it away.")


def _is_pipe(entry: os.DirEntry[str]) -> bool:
    try:
        mode = entry.stat().st_mode
    except OSError:  # a link to nothing: whoever opens it is told so
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISBLK(mode)


def refuse_taken(path: Path) -> None:
    """What leaves the ledger takes no file's place: it could be the ledger, a key, or yesterday's
    backup. BadInput names it."""
    if os.path.lexists(path):
        raise BadInput(f"{path}: this file exists and is never written over; name another.")


def refuse_inside(path: Path, home: Path) -> None:
    """Copies lie outside the home: in it, they could take a name that it needs. BadInput."""
    if path.resolve().is_relative_to(home.resolve()):
        raise BadInput(f"{path}: this is inside the home; name a place outside of it.")


def write_durably(path: Path, content: bytes) -> None:
    """Whole or not at all; of several processes that write at once, the first one's stays."""
    beside = draft(path)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        left = memoryview(content)
        while left:  # a disk that is nearly full takes a part
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    put_in_place(beside, path)


def replace_durably(path: Path, content: bytes) -> None:
    """The new content in place of the old one: a reader sees either, whole."""
    beside = draft(path)
    write_durably(beside.with_name(f"{beside.name}.new"), content)
    beside.with_name(f"{beside.name}.new").replace(path)
    sync_folder(path.parent)


def draft(path: Path) -> Path:
    """Where `path` is written first; what a killed process of this number left there goes."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    return beside


def put_in_place(beside: Path, path: Path) -> None:
    """Give the draft its name, unless another process was faster."""
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(beside)
    beside.unlink()
    sync_folder(path.parent)


def make_folder(path: Path) -> None:
    """The folder, and its name on the disk: a power cut must not take a home away again."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in missing:
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """A new file is durable only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
