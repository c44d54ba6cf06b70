"""A ledger built again from its entries: each is judged by the books, as when it was written.

Several sources are read side by side. Whoever has the next entry gives it; where two have the same
number they must have the same entry, or nothing is built (a fork is for a person to decide).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from kiosk.domain import facts
from kiosk.domain.books import Books
from kiosk.domain.entry import GENESIS, Entry, digest
from kiosk.errors import LedgerDamaged, Refusal, StoreFault
from kiosk.ledger.connection import Connection, unlock
from kiosk.ledger.opening import Head
from kiosk.ledger.proof import Proof, prove
from kiosk.ledger.sealing import entry_is_genuine
from kiosk.ledger.sources import Reading, Source
from kiosk.ledger.store import LEDGER_FILE, open_reader, open_writer
from kiosk.ledger.writing import write_entry, write_head

_A_COMMIT = 2000

#: The content of a catalogue by its fact, from wherever it can be had; b"" when nobody has it.
Contents = Callable[[facts.CatalogueReceived], bytes]


class Given(msgspec.Struct, frozen=True):
    """What one source was good for: it holds `first` to `last`, and gave `entries` of them."""

    source: str
    first: int
    last: int
    entries: int
    trouble: str = ""


class Rebuilt(msgspec.Struct, frozen=True):
    """The new ledger and where it came from."""

    upto: int
    given: list[Given]
    proof: Proof


def rebuild(
    folder: Path, store_key: bytes, sources: Sequence[Source], contents: Contents
) -> Rebuilt:
    """Build and prove a ledger in the empty `folder`. Raises LedgerDamaged or StoreFault."""
    unlock(folder, store_key)
    connection = open_writer(folder)
    with contextlib.closing(connection):
        connection.execute("PRAGMA synchronous=OFF")  # nothing is in force before it was proved
        builder = _Builder(connection, contents)
        readings = [Reading(source) for source in sources]
        builder.run(readings)
        anchors = {row[0]: row for source in sources for row in source.anchors()}
        connection.executemany(
            "INSERT INTO anchors (sequence, digest, centre, content) VALUES (?, ?, ?, ?)",
            [row for row in anchors.values() if row[0] <= builder.head.sequence],
        )
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        connection.execute("PRAGMA synchronous=FULL")
    given = [
        Given(each.source.name, each.first, each.last, each.given, each.trouble)
        for each in readings
    ]
    if builder.head.sequence == 0:
        told = "; ".join(f"{each.source}: {each.trouble or 'no entry 1'}" for each in given)
        raise StoreFault(f"No source has the first entry ({told}).")
    with contextlib.closing(open_reader(folder)) as reader:
        proof = prove(reader, builder.origin)
    if proof.first_bad:
        raise LedgerDamaged(proof.fault, proof.first_bad)
    return Rebuilt(builder.head.sequence, given, proof)


class _Builder:
    def __init__(self, connection: Connection, contents: Contents) -> None:
        self._connection, self._contents = connection, contents
        self._books = Books()
        self._digests: list[bytes] = []
        self._last: Entry | None = None
        self._public_key = b""
        self.origin = ""

    @property
    def head(self) -> Head:
        return Head(len(self._digests), self._digests[-1] if self._digests else GENESIS)

    def run(self, readings: list[Reading]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        turn = True
        while turn:
            turn = False
            for reading in readings:
                turn = self._take(reading) or turn
        self._no_gap(readings)
        if self._last is not None:
            self._genuine(self._last)
            write_head(self._connection, self.head)
        self._connection.execute("COMMIT")

    def _no_gap(self, readings: list[Reading]) -> None:
        """What nobody can attach is not forgotten: no shorter ledger is put in force."""
        for reading in readings:
            if reading.next is not None and self.head.sequence:
                missing = self.head.sequence + 1
                raise LedgerDamaged(
                    f"Entry {missing}: is in no source, and {reading.source.name} goes on with"
                    f" {reading.next[0].sequence}; add the archive that holds it.",
                    missing,
                )

    def _take(self, reading: Reading) -> bool:
        """Everything that `reading` has next; whether anything came of it."""
        taken = reading.given
        while reading.next is not None and reading.next[0].sequence <= self.head.sequence + 1:
            entry, content = reading.next
            if entry.sequence <= self.head.sequence:
                self._same(entry, reading)
            elif reading.source.doubted and not self._proves_itself(entry):
                reading.give_up(f"Entry {entry.sequence}: is not as it was written.")
                break
            else:
                self._add(entry, content)
                reading.given += 1
            reading.step()
        if reading.given > taken and self._last is not None:
            self._genuine(self._last)
        return reading.given > taken

    def _same(self, entry: Entry, reading: Reading) -> None:
        if digest(entry) != self._digests[entry.sequence - 1]:
            if reading.source.doubted and not self._proves_itself(entry):
                return  # damage, and another source has the entry as it was
            raise LedgerDamaged(
                f"Entry {entry.sequence}: {reading.source.name} holds another one than the sources"
                " before it; restore from one of them alone, or rejoin.",
                entry.sequence,
            )

    def _add(self, entry: Entry, content: bytes) -> None:
        if entry.previous != self.head.digest:
            raise LedgerDamaged(
                f"Entry {entry.sequence}: does not follow the entry before it.", entry.sequence
            )
        fact = self._fact(entry)
        postings = self._books.apply(fact)
        if isinstance(postings, Refusal):
            raise LedgerDamaged(
                f"Entry {entry.sequence}: cannot stand there ({postings.code}).", entry.sequence
            )
        if isinstance(fact, facts.CatalogueReceived):
            content = content or self._contents(fact)
            if not content:
                raise StoreFault(
                    f"Catalogue {fact.number} is not in any source: add --catalogue FILE."
                )
        write_entry(self._connection, entry, fact, postings, content)
        self._digests.append(digest(entry))
        self._last = entry
        if len(self._digests) % _A_COMMIT == 0:
            self._connection.execute("COMMIT")
            self._connection.execute("BEGIN IMMEDIATE")

    def _proves_itself(self, entry: Entry) -> bool:
        """Whether this home signed this very entry; the first one brings the key."""
        if not self._public_key:
            return entry.sequence == 1
        return entry_is_genuine(self._public_key, entry)

    def _fact(self, entry: Entry) -> facts.Fact:
        try:
            fact = facts.decode(entry.kind, entry.version, entry.body)
        except (KeyError, msgspec.MsgspecError) as error:
            raise LedgerDamaged(
                f"Entry {entry.sequence}: cannot be read ({error}).", entry.sequence
            ) from error
        if isinstance(fact, facts.HomeOpened):
            self.origin, self._public_key = fact.origin, fact.public_key
        return fact

    def _genuine(self, entry: Entry) -> None:
        """Each source's last entry is signed; the chain holds those before it."""
        if not entry_is_genuine(self._public_key, entry):
            raise LedgerDamaged(
                f"Entry {entry.sequence}: its signature is not that of this home.", entry.sequence
            )


def set_aside(home: Path) -> Path | None:
    """Move what is left of a damaged ledger to `damaged/N`; it is evidence and is never deleted."""
    left = [path for path in home.glob(f"{LEDGER_FILE}*") if not path.name.endswith(".next")]
    if not left:
        return None
    number = 1
    while (home / "damaged" / f"{number}").exists():
        number += 1
    folder = home / "damaged" / f"{number}"
    folder.mkdir(parents=True, mode=0o700)
    for path in left:
        path.replace(folder.joinpath(path.name))
    return folder
