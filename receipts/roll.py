"""How much paper is left, by our own count: most printers only say it when there is hardly any."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec


class Roll:
    """The lines used of the roll in the printer, kept in the small file `path` (E04).

    A file that cannot be read counts as an empty roll, so that somebody looks. A disk that takes
    nothing is not the press' trouble: the count then lives in memory. Faces that share a printer
    share the file: a count that another of them wrote is taken over.
    """

    def __init__(self, path: Path, roll_lines: int) -> None:
        assert roll_lines > 0, roll_lines
        self._path, self._roll_lines = path, roll_lines
        self._used = self._seen = self._read()

    def left(self) -> int:
        """Lines that are left, at least 0."""
        self._look()
        return max(0, self._roll_lines - self._used)

    def use(self, lines: int) -> None:
        """A slip of so many lines has gone through the printer."""
        assert lines >= 0, lines
        self._look()
        self._keep(self._used + lines)

    def change(self) -> None:
        """Staff have put in a new roll."""
        self._keep(0)

    def _look(self) -> None:
        found = self._read()
        if found != self._seen:
            self._used = self._seen = found

    def _read(self) -> int:
        try:
            used = msgspec.json.decode(self._path.read_bytes())["used_lines"]
        except FileNotFoundError:
            return 0
        except (OSError, ValueError, KeyError, TypeError, msgspec.MsgspecError):
            return self._roll_lines
        return used if isinstance(used, int) and used >= 0 else self._roll_lines

    def _keep(self, used: int) -> None:
        self._used = used
        aside = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            with aside.open("wb") as file:
                file.write(msgspec.json.encode({"used_lines": used}))
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self._path)
            self._seen = used
        except OSError:
            aside.unlink(missing_ok=True)
