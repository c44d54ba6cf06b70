"""What a ledger can be built from again: databases, files of entries, and what the centre holds."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec
from sqlcipher3 import dbapi2

from kiosk.domain.entry import Entry, is_whole
from kiosk.errors import KioskError, StoreFault
from kiosk.ledger.connection import Connection, connect
from kiosk.ledger.entry_file import Cover, Written, read_kept
from kiosk.ledger.opening import read_written
from kiosk.ledger.store import undo_half_done

_PAGE = 1000

#: An acknowledgement as it is kept: sequence, digest, centre, signed bytes.
Anchor = tuple[int, bytes, str, bytes]


class Source(Protocol):
    """Entries in rising order, each with the content that came with it."""

    name: str
    #: What is wrong with it is not known: each entry must prove itself before it is taken.
    doubted: bool

    def entries(self) -> Iterator[tuple[Entry, bytes]]:
        """From the first it has; KioskError where it cannot be read on."""

    def anchors(self) -> list[Anchor]:
        """Acknowledgements that it holds."""

    def close(self) -> None:
        """Let go of it."""


class DatabaseSource:
    """A ledger file that is not in force: the one of a backup, or a damaged one."""

    def __init__(
        self, name: str, path: Path, key: bytes, origin: str, *, doubted: bool = False
    ) -> None:
        self.name, self._path, self._origin, self.doubted = name, path, origin, doubted
        undo_half_done(path, key)
        self.connection: Connection = connect(path, key, "?mode=ro")

    def entries(self) -> Iterator[tuple[Entry, bytes]]:
        """All entries that the database can read."""
        after = 0
        while page := self._page(after):
            for written in page:
                if not is_whole(written.entry):
                    raise StoreFault(f"{self._path}: entry {written.entry.sequence} is not whole.")
                yield written.entry, written.content
            after = page[-1].entry.sequence

    def _page(self, after: int) -> list[Written]:
        try:
            return read_written(self.connection, self._origin, after, _PAGE)
        except (dbapi2.Error, TypeError, msgspec.MsgspecError) as error:
            raise StoreFault(f"{self._path}: cannot be read after entry {after} ({error}).") from (
                error
            )

    def anchors(self) -> list[Anchor]:
        """What upstream had acknowledged by then."""
        with contextlib.suppress(dbapi2.Error):
            rows = self.connection.execute("SELECT sequence, digest, centre, content FROM anchors")
            return [(row[0], bytes(row[1]), row[2], bytes(row[3])) for row in rows]
        return []

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


class FileSource:
    """A second medium or an archive."""

    doubted = False

    def __init__(self, name: str, path: Path, cover: Cover) -> None:
        self.name, self._path, self._cover = name, path, cover

    def entries(self) -> Iterator[tuple[Entry, bytes]]:
        """All whole records."""
        try:
            yield from read_kept(self._path, self._cover)
        except OSError as error:
            raise StoreFault(f"{self._path}: cannot be read ({error.strerror}).") from error

    def anchors(self) -> list[Anchor]:
        """There are none in it."""
        return []

    def close(self) -> None:
        """Nothing is open."""


class UpstreamSource:
    """What the centre holds; the contents of catalogues come from elsewhere, by their digest."""

    doubted = False

    def __init__(self, page: Callable[[int], list[Entry]], anchors: list[Anchor]) -> None:
        self.name = "upstream"
        self._next, self._anchors = page, anchors

    def entries(self) -> Iterator[tuple[Entry, bytes]]:
        """Page after page; LinkFault when the line is cut."""
        after = 0
        while page := self._next(after):
            for entry in page:
                yield entry, b""
            after = page[-1].sequence

    def anchors(self) -> list[Anchor]:
        """Its answer: up to where it stands."""
        return self._anchors

    def close(self) -> None:
        """The line belongs to the caller."""


class Reading:
    """One source while it is read: the entry that comes next, and why it ended."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.first = self.last = self.given = 0
        self.trouble = ""
        self._entries = source.entries()
        self.next: tuple[Entry, bytes] | None = None
        self.step()

    def step(self) -> None:
        """Go on to its next entry; None at the end or where it cannot be read."""
        try:
            self.next = next(self._entries, None)
        except KioskError as error:
            self.next, self.trouble = None, error.sentence
        self._note()

    def give_up(self, trouble: str) -> None:
        """Take nothing more of it."""
        self.next, self.trouble = None, trouble

    def _note(self) -> None:
        if self.next is not None:
            self.last = self.next[0].sequence
            self.first = self.first or self.last
