"""A disk that loses power: what is certainly on it, and what may be.

A write that was not synced survives in pieces of 512 bytes, each or not. A name (a new file, a
link, a rename, a removal) that no sync of its folder followed survives or not, within a folder in
the order in which names were made; a sync of the file alone does not make its name durable. What a
customer carries away (the `world`) is no part of this machine.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from tests.power.recorder import Op

SECTOR_BYTES = 512


@dataclass(eq=False)
class Inode:
    """A file without a name: its durable content, and what was done to it since the last sync."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Op] = field(default_factory=list)

    def sync(self) -> None:
        for op in self.pending:
            _apply(self.durable, op)
        self.pending.clear()

    def survivor(self, chance: random.Random) -> bytes:
        """The content after a power cut, as the dice fall."""
        if not self.pending:
            return bytes(self.durable)
        content, likely = bytearray(self.durable), chance.choice((0.0, 0.5, 0.5, 0.9, 1.0))
        for op in self.pending:
            if op.kind == "t":
                if chance.random() < likely:
                    _apply(content, op)
                continue
            for start in _sectors(op):
                if chance.random() < likely:
                    piece = op.data[max(0, start - op.offset) : start + SECTOR_BYTES - op.offset]
                    _apply(content, Op("w", op.path, "", max(start, op.offset), piece))
        return bytes(content)


def _sectors(op: Op) -> range:
    first = op.offset - op.offset % SECTOR_BYTES
    return range(first, op.offset + len(op.data), SECTOR_BYTES)


def _apply(content: bytearray, op: Op) -> None:
    if op.kind == "t":
        del content[op.offset :]
        content.extend(bytes(max(0, op.offset - len(content))))
        return
    content.extend(bytes(max(0, op.offset - len(content))))
    content[op.offset : op.offset + len(op.data)] = op.data


#: Files by path; None is a folder, text the target of a symbolic link.
Names = dict[str, Inode | str | None]


class Disk:
    """What a recorded program has done so far to the disk of its machine."""

    def __init__(self, *outside: str) -> None:
        self._outside = outside
        self._live: Names = {}
        self._durable: Names = {}
        self._pending: dict[str, list[Op]] = {}
        self._made: dict[int, Inode] = {}
        self._moved: dict[int, Inode | str | None] = {}

    @property
    def certain(self) -> bool:
        """Whether a power cut now could leave only one state."""
        return not any(self._pending.values()) and not any(
            isinstance(file, Inode) and file.pending for file in self._durable.values()
        )

    def do(self, op: Op) -> None:
        """One more operation."""
        if op.kind in "wt":
            file = self._live[op.path]
            assert isinstance(file, Inode)
            file.pending.append(op)
        elif op.kind == "s":
            self._sync(op.path)
        else:
            if op.kind == "c":
                self._made[id(op)] = Inode()
            elif op.kind in "lr":
                self._moved[id(op)] = self._live[op.path]
            self._name(self._live, op)
            self._pending.setdefault(_folder(op), []).append(op)
        if op.path.startswith(self._outside) or op.second.startswith(self._outside):
            self._outside_is_safe(op)

    def survivor(self, chance: random.Random) -> dict[str, bytes | str | None]:
        """One state that a power cut at this moment can leave: content by path."""
        names = dict(self._durable)
        for waiting in self._pending.values():
            for op in waiting[: chance.randint(0, len(waiting))]:
                self._name(names, op)
        return {
            path: file.survivor(chance) if isinstance(file, Inode) else file
            for path, file in sorted(names.items())
            if all(str(above) in names for above in PurePosixPath(path).parents[:-1])
        }

    def _sync(self, path: str) -> None:
        file = self._live.get(path)
        if isinstance(file, Inode):
            file.sync()
            return
        for op in self._pending.pop(path, []):
            self._name(self._durable, op)

    def _outside_is_safe(self, op: Op) -> None:
        """A chip, a meter and the box keep what they were told."""
        for waiting in self._pending.pop(_folder(op), []):
            self._name(self._durable, waiting)
        file = self._live.get(op.path)
        if isinstance(file, Inode):
            file.sync()

    def _name(self, names: Names, op: Op) -> None:
        if op.kind == "c":
            names[op.path] = self._made[id(op)]
        elif op.kind == "d":
            names[op.path] = None
        elif op.kind == "y":
            names[op.path] = op.second
        elif op.kind == "l":
            names[op.second] = self._moved[id(op)]
        elif op.kind == "r":
            moved = self._moved[id(op)]
            if names.get(op.path) is moved:  # another may have got the name since
                del names[op.path]
            names[op.second] = moved
        else:
            names.pop(op.path, None)


def _folder(op: Op) -> str:
    """The folder whose names an operation changes: that of the new name, for a link and for a
    rename, which a journal of the file system keeps whole with whichever folder is synced."""
    return str(PurePosixPath(op.second if op.kind in "lr" else op.path).parent)
