"""The registry of a centre: the catalogues of the utility, and what terminals registered and
amended, merged so that the order of arrival makes no difference.

A record is the one of the highest catalogue that contains it, with every change on top that is not
merged in that catalogue. Changes of several terminals are put in one order by evidence: first by
the highest catalogue that the terminal had received when it wrote (whoever saw more comes later),
then by time, the terminal's own entries never against their numbers, then by name. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kiosk.domain.catalogue import Catalogue
from kiosk.domain.fact import Fact
from kiosk.domain.facts import CatalogueReceived
from kiosk.domain.registry import METER_KINDS, Card, Customer, Meter, shares_wrong
from kiosk.domain.registry_changes import REGISTERED, Change, applied, changes_of, registered
from kiosk.domain.tariff_pack import TariffPack

Record = Customer | Meter | Card

_Key = tuple[str, str]  # subject, number


class Doubt(msgspec.Struct, frozen=True, order=True):
    """What somebody must look at: `code` is registered_twice, unknown_record or dangling; of
    prices published_twice or other_currency."""

    code: str
    subject: str
    number: str
    origin: str


class _Placed(msgspec.Struct, frozen=True, order=True):
    """A change in the one order of all terminals."""

    catalogue: int
    time_ms: int
    origin: str
    sequence: int
    line: int
    change: Change


class Registry:
    """Takes catalogues and entries in any order; `merged` says what they come to."""

    def __init__(self) -> None:
        self._catalogues: dict[int, Catalogue] = {}
        self._entries: dict[str, dict[int, tuple[int, Fact]]] = {}

    def take_catalogue(self, catalogue: Catalogue) -> None:
        """A catalogue of the utility."""
        self._catalogues[catalogue.number] = catalogue

    def take_entry(self, origin: str, sequence: int, time_ms: int, fact: Fact) -> None:
        """An entry of a terminal; those that are not about the registry do no harm."""
        if isinstance(fact, CatalogueReceived) or changes_of(fact):
            self._entries.setdefault(origin, {})[sequence] = (time_ms, fact)

    def merged(
        self, number: int, issuer: str, upto: dict[str, int], prices: TariffPack | None = None
    ) -> Merged:
        """The next catalogue: everything about the customers whom terminals changed. `upto` is the
        last entry of each terminal that was taken; `prices` are those of the utility's newest
        catalogue unless a hall has published others."""
        assert prices or self._catalogues, "prices come from the utility or from a hall"
        tariff = prices or self._catalogues[max(self._catalogues)].tariff
        fold = _Fold(self._catalogues.values())
        for placed in sorted(self._placed()):
            fold.take(placed)
        customers, meters, cards = fold.touched({p.code for p in tariff.power_types})
        catalogue = Catalogue(number, issuer, tariff, customers, meters, cards, dict(upto))
        return Merged(catalogue, sorted(fold.doubts))

    def _placed(self) -> Iterable[_Placed]:
        for origin, entries in self._entries.items():
            seen, latest_ms = 0, 0
            for sequence in sorted(entries):
                time_ms, fact = entries[sequence]
                latest_ms = max(latest_ms, time_ms)
                if isinstance(fact, CatalogueReceived):
                    seen = max(seen, fact.number)
                for line, change in enumerate(changes_of(fact)):
                    yield _Placed(seen, latest_ms, origin, sequence, line, change)


class Merged(msgspec.Struct, frozen=True):
    """The catalogue to send down, and what could not be merged."""

    catalogue: Catalogue
    doubts: list[Doubt]


class _Fold:
    """The records as they become."""

    def __init__(self, catalogues: Iterable[Catalogue]) -> None:
        self.doubts: set[Doubt] = set()
        self._records: dict[_Key, Record] = {}
        self._marks: dict[_Key, dict[str, int]] = {}
        self._changed: set[_Key] = set()
        self._waiting: dict[_Key, list[_Placed]] = {}
        for catalogue in sorted(catalogues, key=lambda each: each.number):
            records: list[tuple[str, str, Record]] = [
                *(("customer", c.account, c) for c in catalogue.customers),
                *(("meter", m.number, m) for m in catalogue.meters),
                *(("card", k.number, k) for k in catalogue.cards),
            ]
            for subject, number, record in records:
                self._records[subject, number] = record
                self._marks[subject, number] = catalogue.merged

    def take(self, placed: _Placed) -> None:
        """Apply a change, unless the record's catalogue contains it already."""
        change = placed.change
        key = (change.subject, change.number)
        if placed.sequence <= self._marks.get(key, {}).get(placed.origin, 0):
            return
        record = self._records.get(key)
        if change.field == REGISTERED:
            self._register(placed, key, record)
        elif record is None:
            self._waiting.setdefault(key, []).append(placed)
        else:
            self._records[key] = applied(record, change)
            self._changed.add(key)

    def _register(self, placed: _Placed, key: _Key, record: Record | None) -> None:
        """The first registration of a number stands; another one is for a person to look at."""
        made = registered(placed.change)
        if record is None:
            self._records[key] = made
            self._changed.add(key)
            for waiting in self._waiting.pop(key, []):
                self.take(waiting)
        elif not _same(record, made):
            self.doubts.add(Doubt("registered_twice", *key, placed.origin))

    def touched(self, power_types: set[str]) -> tuple[list[Customer], list[Meter], list[Card]]:
        """Everything about the customers who were changed; what dangles is a doubt instead."""
        for key, waiting in self._waiting.items():
            self.doubts.update(Doubt("unknown_record", *key, each.origin) for each in waiting)
        accounts = {account for key in self._changed if (account := self._account(key))}
        customers: list[Customer] = []
        meters: list[Meter] = []
        cards: list[Card] = []
        for record in self._records.values():
            if isinstance(record, Customer):
                if record.account in accounts:
                    # The debts of the utility's own catalogue are booked already.
                    customers.append(msgspec.structs.replace(record, opening_debt_minor=0))
            elif (
                isinstance(record, Meter)
                and record.account in accounts
                and self._stands(record, power_types)
            ):
                meters.append(record)
        numbers, serials = {meter.number for meter in meters}, set[str]()
        for record in sorted(self._cards(), key=lambda card: card.number):
            if record.meter in numbers:
                if record.serial in serials:
                    self.doubts.add(Doubt("registered_twice", "card", record.number, ""))
                    continue
                serials.add(record.serial)
                cards.append(record)
        customers.sort(key=lambda each: each.account)
        return customers, sorted(meters, key=lambda each: each.number), cards

    def _cards(self) -> list[Card]:
        return [record for record in self._records.values() if isinstance(record, Card)]

    def _stands(self, meter: Meter, power_types: set[str]) -> bool:
        known = ("customer", meter.account) in self._records
        sold = meter.power_type in power_types
        parted = not shares_wrong(meter.shares, meter.power_type, power_types)
        if known and meter.kind in METER_KINDS and sold and parted:
            return True
        self.doubts.add(Doubt("dangling", "meter", meter.number, ""))
        return False

    def _account(self, key: _Key) -> str:
        record: Record | None = self._records[key]
        if isinstance(record, Card):
            record = self._records.get(("meter", record.meter))
        return record.account if isinstance(record, Customer | Meter) else ""


def _same(one: Record, other: Record) -> bool:
    """Whether two registrations say the same, whatever became of the first since."""
    if isinstance(one, Customer) and isinstance(other, Customer):
        return (one.name, one.address) == (other.name, other.address)
    if isinstance(one, Meter) and isinstance(other, Meter):
        return (one.account, one.kind) == (other.account, other.kind)
    return one == other
