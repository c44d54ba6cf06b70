"""The registry at the centre: the utility's catalogues and the terminals' facts, merged on demand.

`load` takes a catalogue of the utility, `issue` makes the next one from everything that is booked.
Both are kept; terminals fetch the newest that they do not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from kiosk.domain import catalogue as catalogues
from kiosk.domain import facts, tariff_merge
from kiosk.domain.catalogue import Catalogue
from kiosk.domain.entry import Entry
from kiosk.domain.registry_changes import changes_of
from kiosk.domain.registry_merge import Doubt, Registry
from kiosk.domain.tariff_pack import TariffPack
from kiosk.errors import BadInput, Refusal
from kiosk.ledger.sealing import Signer
from sync import catalogue_wire
from sync.centre.store import Row, Store

_ENTRIES = msgspec.msgpack.Decoder(Entry)


def concerns(fact: facts.Fact) -> bool:
    """Whether an entry is kept in `registry_entries`."""
    told = (facts.CatalogueReceived, facts.TariffPublished)
    return isinstance(fact, told) or bool(changes_of(fact))


class _Prices(msgspec.Struct, frozen=True):
    """What a catalogue says of prices."""

    number: int
    tariff: TariffPack


_PRICES = msgspec.msgpack.Decoder(_Prices)


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
        """Whether the newest catalogue lacks a change, or none has carried a pack that a hall has
        published. Before there are prices nothing is merged."""
        async with self._store.transaction() as transaction:
            rows = await transaction.fetch("SELECT content FROM catalogues ORDER BY number")
            entries = await transaction.fetch("SELECT content FROM registry_entries")
        written = _written(entries)
        if _waiting(rows, written).packs:
            return True
        merged = _decoded(rows[-1]).merged if rows else None
        return merged is not None and any(
            entry.sequence > merged.get(entry.origin, 0) and changes_of(fact)
            for entry, fact in written
        )

    async def issue(self) -> Issued:
        """Merge everything that is booked into the next catalogue; BadInput without any prices.

        A pack that a hall has published goes down in a catalogue of its own, the lowest number
        first, so that no hall misses one: then there are several, and this gives the last.
        """
        async with self._store.transaction() as transaction:
            await transaction.lock_centre()
            loaded = await transaction.fetch("SELECT content FROM catalogues WHERE issued = 0")
            rows = await transaction.fetch("SELECT content FROM catalogues ORDER BY number")
            # First how far: what is booked meanwhile is merged and merged again, which is the same.
            booked = await transaction.fetch("SELECT origin, sequence FROM books")
            entries = await transaction.fetch(
                "SELECT content FROM registry_entries ORDER BY origin, sequence"
            )
            written = _written(entries)
            registry, waiting = _registry(loaded, written), _waiting(rows, written)
            number = _PRICES.decode(rows[-1][0]).number if rows else 0
            for prices in waiting.packs or _newest(rows, loaded):
                number += 1
                merged = registry.merged(number, self._name, dict(booked), prices)
                await transaction.fetch(
                    "INSERT INTO catalogues (number, issued, content) VALUES ($1, 1, $2)",
                    number, catalogues.encode(merged.catalogue),
                )  # fmt: skip
        made = merged.catalogue
        doubts = sorted([*merged.doubts, *_doubts(waiting)])
        return Issued(made.number, len(made.customers), len(made.meters), doubts)

    async def next_after(self, number: int) -> catalogue_wire.SignedCatalogue | None:
        """The lowest catalogue above `number`, signed; None when there is none."""
        async with self._store.transaction() as transaction:
            rows = await transaction.fetch(
                "SELECT content FROM catalogues WHERE number > $1 ORDER BY number LIMIT 1", number
            )
        return (
            catalogue_wire.sign_catalogue(self._signer, self._name, bytes(rows[0][0]))
            if rows
            else None
        )


def _decoded(row: Row) -> Catalogue:
    catalogue = catalogues.decode(bytes(row[0]))
    assert not isinstance(catalogue, Refusal), "it was looked at when it was loaded"
    return catalogue


def _written(entries: Iterable[Row]) -> list[tuple[Entry, facts.Fact]]:
    decoded = [_ENTRIES.decode(row[0]) for row in entries]
    return [(each, facts.decode(each.kind, each.version, each.body)) for each in decoded]


def _registry(loaded: Iterable[Row], written: Iterable[tuple[Entry, facts.Fact]]) -> Registry:
    registry = Registry()
    for row in loaded:
        registry.take_catalogue(_decoded(row))
    for entry, fact in written:
        registry.take_entry(entry.origin, entry.sequence, entry.time_ms, fact)
    return registry


def _waiting(
    rows: Iterable[Row], written: Iterable[tuple[Entry, facts.Fact]]
) -> tariff_merge.Waiting:
    """The packs of halls that no catalogue has carried."""
    found = [
        tariff_merge.published(entry.origin, entry.sequence, entry.time_ms, fact)
        for entry, fact in written
        if isinstance(fact, facts.TariffPublished)
    ]
    return tariff_merge.waiting((_PRICES.decode(row[0]).tariff for row in rows), found)


def _newest(rows: Sequence[Row], loaded: Iterable[Row]) -> list[TariffPack]:
    """The prices that a catalogue repeats: of the utility's newest one, or what a hall has
    published under a higher number since. BadInput where nobody has brought any."""
    if not rows:
        raise BadInput(
            "There are no prices yet: load a catalogue of the utility, or publish prices in a hall"
            " and let it send."
        )
    utility = sorted((_PRICES.decode(row[0]) for row in loaded), key=lambda each: each.number)
    every = [each.tariff for each in utility[-1:]] + [_PRICES.decode(row[0]).tariff for row in rows]
    return [max(every, key=lambda pack: pack.number)]


def _doubts(waiting: tariff_merge.Waiting) -> list[Doubt]:
    return [
        *(Doubt("published_twice", "prices", str(n), origin) for n, origin in waiting.taken),
        *(Doubt("other_currency", "prices", str(n), origin) for n, origin in waiting.foreign),
    ]
