"""The printer of a counter without one: every job becomes a numbered file."""

from __future__ import annotations

import os
from pathlib import Path

from kiosk.errors import PrinterFault
from kiosk.ports import PrinterStatus


class FilePrinter:
    """Jobs as 0001.bin, 0002.bin ... in `folder`; implements kiosk.ports.Printer.

    A file appears whole and synced or not at all; numbers go on from the highest one there.
    """

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self._folder = folder

    def status(self) -> PrinterStatus:
        """`ok` while the folder can be written, `offline` otherwise."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as trouble:
            return PrinterStatus("offline", trouble.strerror or str(trouble))
        writable = os.access(self._folder, os.W_OK | os.X_OK)
        return PrinterStatus("ok") if writable else PrinterStatus("offline", "folder is read-only")

    def send(self, job: bytes) -> PrinterStatus:
        """Keep the job; PrinterFault when the disk does not take it (E18)."""
        status = self.status()
        if status.state != "ok":
            return status
        try:
            keep_numbered(self._folder, {".bin": job})
        except OSError as trouble:
            raise PrinterFault(f"{self._folder} took no slip: {trouble.strerror}.") from trouble
        return status


def keep_numbered(folder: Path, contents: dict[str, bytes]) -> str:
    """Keep `contents` (by suffix) under the next free number of `folder`, and return the number.

    The last suffix is the one that takes the number: files of an unfinished set are replaced.
    """
    last = list(contents)[-1]
    taken = [int(path.stem) for path in folder.glob(f"*{last}") if path.stem.isdecimal()]
    number = f"{max(taken, default=0) + 1:04d}"
    for suffix, content in contents.items():
        write_whole(folder / f"{number}{suffix}", content)
    return number


def write_whole(path: Path, content: bytes) -> None:
    """Write `path` so that a power cut leaves the old or the new content, never a part."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
