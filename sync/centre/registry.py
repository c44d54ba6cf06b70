"""The registry at the centre: the utility's catalogues and the terminals' facts, merged on demand.

`load` takes a catalogue of the utility, `issue` makes the next one from everything that is booked.
Both are kept; terminals fetch the newest that they do not have.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kiosk.domain import catalogue as catalogues
from kiosk.domain import facts
from kiosk.domain.catalogue import Catalogue
from kiosk.domain.entry import Entry
from kiosk.domain.registry_changes import changes_of
from kiosk.domain.registry_merge import Doubt, Registry
from kiosk.errors import BadInput, Refusal
from kiosk.ledger.sealing import Signer
from sync import wire
from sync.centre.store import Row, Store

_ENTRIES = msgspec.msgpack.Decoder(Entry)


def concerns(fact: facts.Fact) -> bool:
    """Whether an entry is kept in `registry_entries`."""
    return isinstance(fact, facts.CatalogueReceived) or bool(changes_of(fact))


class Issued(msgspec.Struct, frozen=True):
    """A catalogue that was issued, and what a person must look at."""

    number: int
    customers: int
    meters: int
    doubts: list[Doubt]


class CentreRegistry:
    """The verbs, over one store."""

    def __init__(self, store: Store, name: str, signer: Signer) -> None:
        self._store, self._name, self._signer = store, name, signer

    async def load(self, content: bytes) -> Catalogue:
        """Keep a catalogue of the utility; its number is above all that are here. BadInput."""
        catalogue = catalogues.decode(content)
        if isinstance(catalogue, Refusal):
            raise BadInput(f"This is no catalogue that can be used ({catalogue.details}).")
        async with self._store.transaction() as transaction:
            await transaction.lock_centre()
            rows = await transaction.fetch("SELECT number, content FROM catalogues")
            held = {row[0]: bytes(row[1]) for row in rows}
            if held.get(catalogue.number) == content:
                return catalogue
            if catalogue.number <= max(held, default=0):
                raise BadInput(
                    f"Catalogue {catalogue.number} is not newer than {max(held)}, which is here."
                )
            await transaction.fetch(
                "INSERT INTO catalogues (number, issued, content) VALUES ($1, 0, $2)",
                catalogue.number, content,
            )  # fmt: skip
        return catalogue

    async def load_first(self, content: bytes) -> None:
        """`load` where no catalogue is here yet: what a rehearsal begins with. BadInput."""
        if await self.next_after(0) is None:
            await self.load(content)

    async def issue_if_changed(self) -> Issued | None:
        """`issue`, if a terminal registered or amended something that no catalogue contains yet."""
        return await self.issue() if await self._changed() else None

    async def _changed(self) -> bool:
        """Whether the newest catalogue lacks a change. Nothing is merged before the first one."""
        async with self._store.transaction() as transaction:
            newest = await transaction.fetch(
                "SELECT content FROM catalogues ORDER BY number DESC LIMIT 1"
            )
            entries = await transaction.fetch("SELECT content FROM registry_entries")
        if not newest:
            return False
        merged = _decoded(newest[0]).merged
        decoded = (_ENTRIES.decode(row[0]) for row in entries)
        return any(
            entry.sequence > merged.get(entry.origin, 0)
            and changes_of(facts.decode(entry.kind, entry.version, entry.body))
            for entry in decoded
        )

    async def issue(self) -> Issued:
        """Merge everything that is booked into the next catalogue. BadInput without a first one."""
        async with self._store.transaction() as transaction:
            await transaction.lock_centre()
            loaded = await transaction.fetch("SELECT content FROM catalogues WHERE issued = 0")
            if not loaded:
                raise BadInput("Prices come with a catalogue of the utility: load one first.")
            highest = await transaction.fetch("SELECT max(number) FROM catalogues")
            # First how far: what is booked meanwhile is merged and merged again, which is the same.
            booked = await transaction.fetch("SELECT origin, sequence FROM books")
            entries = await transaction.fetch(
                "SELECT content FROM registry_entries ORDER BY origin, sequence"
            )
            registry = _registry(loaded, entries)
            merged = registry.merged(highest[0][0] + 1, self._name, dict(booked))
            catalogue = merged.catalogue
            await transaction.fetch(
                "INSERT INTO catalogues (number, issued, content) VALUES ($1, 1, $2)",
                catalogue.number, catalogues.encode(catalogue),
            )  # fmt: skip
        return Issued(
            catalogue.number, len(catalogue.customers), len(catalogue.meters), merged.doubts
        )

    async def next_after(self, number: int) -> wire.SignedCatalogue | None:
        """The lowest catalogue above `number`, signed; None when there is none."""
        async with self._store.transaction() as transaction:
            rows = await transaction.fetch(
                "SELECT content FROM catalogues WHERE number > $1 ORDER BY number LIMIT 1", number
            )
        return wire.sign_catalogue(self._signer, self._name, bytes(rows[0][0])) if rows else None


def _decoded(row: Row) -> Catalogue:
    catalogue = catalogues.decode(bytes(row[0]))
    assert not isinstance(catalogue, Refusal), "it was looked at when it was loaded"
    return catalogue


def _registry(loaded: Iterable[Row], entries: Iterable[Row]) -> Registry:
    registry = Registry()
    for row in loaded:
        registry.take_catalogue(_decoded(row))
    for row in entries:
        entry = _ENTRIES.decode(row[0])
        fact = facts.decode(entry.kind, entry.version, entry.body)
        registry.take_entry(entry.origin, entry.sequence, entry.time_ms, fact)
    return registry
