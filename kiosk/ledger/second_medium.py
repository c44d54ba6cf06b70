"""The second medium: every commit goes to another disk too, before the slip (reliability 7.9, 38).

A medium that is missing or fails is an alarm, never a stop of the commit: the till asks `state` and
decides by policy. When it comes back it catches up. A folder that does not carry the mark of our
medium is not written to: an empty mount point must not pass for the stick.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from kiosk.domain.entry import Entry, digest
from kiosk.errors import HomeFault, StoreFault
from kiosk.ledger.connection import Connection
from kiosk.ledger.damage import known_damage
from kiosk.ledger.entry_file import Cover, Written, beginning, last_of, record
from kiosk.ledger.files import refuse_pipes, replace_durably, write_durably
from kiosk.ledger.opening import read_head, read_written

PURPOSE = "second-medium"
#: In the home and on the medium: the same name of the medium, made when it is first used.
MARK = "medium.id"
#: In the home: what was found when the medium was read whole, until it is written anew.
MEDIUM_DAMAGE = "medium.damaged"
_BATCH = 1000


class MediumState(msgspec.Struct, frozen=True):
    """The second medium as last seen: `upto` is the last entry on it, `trouble` is "" when all is
    well. `ahead` is its last entry when the ledger has it not: then the ledger is the older of the
    two. `damaged`: it was read whole, and is not as it was written."""

    path: str
    upto: int
    trouble: str = ""
    ahead: int = 0
    damaged: bool = False


#: Entries after a number with their contents, oldest first: what a catch-up reads.
ReadAfter = Callable[[int, int], list[Written]]


class SecondMedium:
    """The copy of one home on one folder. Used by the pen under its lock."""

    def __init__(
        self, folder: Path, home: Path, origin: str, store_key: bytes, companions: Sequence[str]
    ) -> None:
        self._folder, self._home, self._companions = folder, home, companions
        self._cover = Cover(store_key, origin, PURPOSE)
        self._path = folder / f"{origin}.entries"
        self._handle: int | None = None
        self._upto, self._digest, self._end = 0, b"", 0
        self._trouble, self._ahead = "not opened yet", 0

    def state(self) -> MediumState:
        """Never waits."""
        damage = known_damage(self._home, MEDIUM_DAMAGE)
        trouble = self._trouble or damage
        return MediumState(str(self._folder), self._upto, trouble, self._ahead, bool(damage))

    @property
    def is_behind(self) -> bool:
        """Whether it was away, or failed, when it was last written to."""
        return bool(self._trouble)

    def follow(self, written: Sequence[Written], read_after: ReadAfter) -> None:
        """Copy what was just committed, and whatever is missing before it. Never raises."""
        try:
            self._open()
            if written and self._continues(written[0].entry):
                self._write(written)
            else:
                self._catch_up(read_after)
            self._trouble, self._ahead = "", 0
        except OSError as error:
            self._fail(f"{self._folder}: the second medium does not write ({error.strerror}).")
        except (StoreFault, HomeFault) as fault:
            self._fail(fault.sentence)
        except Exception as error:  # the commit stands, whatever became of its copy
            self._fail(f"{self._folder}: the second medium failed ({type(error).__name__}).")

    def close(self) -> None:
        """Let go of the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    # --- inside -------------------------------------------------------------------------------

    def _open(self) -> None:
        if self._handle is not None:
            if os.fstat(self._handle).st_nlink and self._path.exists():
                return
            self.close()
        if not self._folder.is_dir():
            raise StoreFault(f"{self._folder}: the second medium is missing.")
        refuse_pipes(self._folder)
        self._recognise()
        if not self._path.exists():
            write_durably(self._path, beginning(self._cover))
        last, self._end = last_of(self._path, self._cover)
        self._upto = last.sequence if last else 0
        self._digest = digest(last) if last else b""
        self._handle = os.open(self._path, os.O_RDWR)
        os.ftruncate(self._handle, self._end)
        for name in self._companions:
            if (self._home / name).exists():
                content = (self._home / name).read_bytes()
                replace_durably(self._folder.joinpath(Path(name).name), content)

    def _recognise(self) -> None:
        """The medium carries the mark that our home knows; the first one is given it."""
        ours, theirs = self._home / MARK, self._folder / MARK
        if not ours.exists():
            write_durably(ours, secrets.token_hex(8).encode())
            if not theirs.exists():
                write_durably(theirs, ours.read_bytes())
        if not theirs.exists() or theirs.read_bytes() != ours.read_bytes():
            raise StoreFault(
                f"{self._folder}: this is not the second medium of this home; plug it in, or take"
                " this one with `kiosk store medium`."
            )

    def _continues(self, entry: Entry) -> bool:
        return entry.sequence == self._upto + 1 and (
            self._upto == 0 or entry.previous == self._digest
        )

    def _catch_up(self, read_after: ReadAfter) -> None:
        if self._upto:
            ours = read_after(self._upto - 1, 1)
            if not ours or digest(ours[0].entry) != self._digest:
                self._ahead = self._upto
                raise StoreFault(
                    f"{self._home}: this home was rolled back to an old state, or its end was cut"
                    f" off: {self._path} holds entry {self._upto}, which its ledger does not have."
                    f" Sell nothing; use `kiosk restore --second-medium {self._folder}`."
                )
        while batch := read_after(self._upto, _BATCH):
            self._write(batch)

    def _write(self, written: Sequence[Written]) -> None:
        assert self._handle is not None
        data = record(self._cover, [each.kept() for each in written])
        os.lseek(self._handle, self._end, os.SEEK_SET)
        left = memoryview(data)
        while left:
            left = left[os.write(self._handle, left) :]
        os.fdatasync(self._handle)
        self._end += len(data)
        last = written[-1].entry
        self._upto, self._digest = last.sequence, digest(last)

    def _fail(self, trouble: str) -> None:
        self._trouble = trouble
        self.close()


def compare_medium(connection: Connection, path: Path, cover: Cover) -> tuple[int, str] | None:
    """Whether the ledger still has the last entry of the medium: the first missing entry and a
    sentence if its tail was cut off (reliability 7.4, 18)."""
    last, _ = last_of(path, cover)
    if last is None:
        return None
    head = read_head(connection)
    if last.sequence > head.sequence:
        first = head.sequence + 1
        return first, f"Entry {first}: is missing: the second medium holds {last.sequence}."
    ours = read_written(connection, last.origin, last.sequence - 1, 1)
    if ours and ours[0].entry.sequence == last.sequence and digest(ours[0].entry) != digest(last):
        return last.sequence, f"Entry {last.sequence}: the second medium holds another one."
    return None


def mark_medium(home: Path, folder: Path) -> None:
    """Let `folder` be the second medium of `home` from now on."""
    name = secrets.token_hex(8).encode()
    replace_durably(folder / MARK, name)
    replace_durably(home / MARK, name)


def free_bytes(folder: Path) -> int:
    """Free space on the medium; 0 when it is missing."""
    return shutil.disk_usage(folder).free if folder.is_dir() else 0
