"""Two halls that never hear of each other, one customer, his meter and his chips.

What the harnesses of cards stand on: homes of production, readers on a world of files, and hands
that put a chip into a reader of either hall, or into the meter.
"""

from __future__ import annotations

import copy
import functools
import os
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import msgspec

from drivers.card.reader import ReaderOnSession
from drivers.card.sealing import seal_files
from drivers.card.sim import CardRack, SimulatedSlot
from drivers.card.simulated_reader import CardFaults, SimulatedSession, SimulatedTransport
from drivers.vending.card_keys import PUBLISHED_MASTER, card_key
from kiosk.config import Settings
from kiosk.domain import catalogue as catalogues
from kiosk.domain.cards import account_area
from kiosk.domain.cards import open as layout
from kiosk.domain.catalogue import Catalogue
from kiosk.domain.record import SaleRecord
from kiosk.domain.registry import Card, Customer
from kiosk.domain.registry import Meter as Registered
from kiosk.errors import Refusal
from kiosk.front import utility
from kiosk.front.wiring import House, build
from kiosk.ports import SecurityModule
from kiosk.till import operators
from kiosk.till.desk import Desk
from tests.builders import SeededEntropy
from tests.drivers.card.card_kinds import (
    BLANKS,
    CUSTOMER,
    KINDS,
    METER,
    MODULE,
    Kind,
    Meter,
    OpenMeter,
)
from tests.till.hall import HallClock

HALLS = ("hall-1", "hall-2")
AMOUNT_MINOR, OTHER_AMOUNT_MINOR = 20_00, 15_00
ACCOUNT = "20000001"
#: Another reader of the first hall.
OTHER_TILL = "till-2"


def _make_with_account(rack: CardRack, serial: str) -> None:
    files = layout.make(serial, CUSTOMER, METER) | {account_area.SECOND_SLOT: bytes(48)}
    key = card_key(PUBLISHED_MASTER, 2, serial)
    rack.make(serial, seal_files(MODULE, "open", serial, files), chip="keyed", key=key)


WITH_ACCOUNT = msgspec.structs.replace(
    next(kind for kind in KINDS if kind.name == "open with keys"),
    name="open with account", make=_make_with_account, meter=lambda: OpenMeter("open", True),
)  # fmt: skip
ALL_KINDS = [*KINDS, WITH_ACCOUNT]


def kind_named(name: str) -> Kind:
    return next(kind for kind in ALL_KINDS if kind.name == name)


def settings_of(kind: Kind) -> Settings:
    base = Settings()
    return msgspec.structs.replace(
        base,
        site=msgspec.structs.replace(base.site, currency=kind.currency),
        rehearsal=msgspec.structs.replace(base.rehearsal, customers=2, centre=False),
    )


def make_template(kind: Kind, folder: Path, *, has_card: bool = True) -> Path:
    """Two homes that know the customer of `kind`, and the world with the card, or with a blank
    one for a customer who has none yet; copied for use."""
    for hall in HALLS:
        house = build(folder / hall, settings_of(kind), clock=HallClock())
        content = Catalogue(
            2, "utility", utility.tariff_pack(kind.currency),
            [Customer(ACCOUNT, "Amina Noor", "1 River Road", "")],
            [Registered(METER, ACCOUNT, "card", "home")],
            [Card(CUSTOMER, kind.serial, METER)] if has_card else [],
        )  # fmt: skip
        outcome = house.home.journal.append(
            catalogues.received(content), content=catalogues.encode(content)
        )
        assert not isinstance(outcome, Refusal), outcome
        house.close()
    (kind.make if has_card else BLANKS[kind.name])(CardRack(folder / "table"), kind.serial)
    return folder


_REMEMBERED = functools.lru_cache(operators._matches)


def remembered_pins() -> AbstractContextManager[object]:
    """A PIN is checked by a slow hash on purpose; the answer for the same PIN stays the same."""
    return patch.object(operators, "_matches", _REMEMBERED)


class Trouble(msgspec.Struct, frozen=True):
    """What goes wrong: "pull" or "kill", at which command, and how many bytes of a write arrive."""

    kind: str
    at: int
    written_bytes: int


class Dying(SimulatedTransport):
    """The process ends at the n-th command, when so many bytes of its write have arrived."""

    def __init__(self, slot: SimulatedSlot, trouble: Trouble) -> None:
        super().__init__(slot)
        self.trouble, self.seen = trouble, 0

    def connect(self) -> SimulatedSession:
        session = SimulatedSession(self.slot)
        plain = session.transmit

        def transmit(apdu: bytes, timeout_s: float) -> bytes:
            self.seen += 1
            if self.seen < self.trouble.at:
                return plain(apdu, timeout_s)
            if self.trouble.written_bytes:
                session.card.answer(apdu, self.trouble.written_bytes)
            os._exit(9)

        session.transmit = transmit  # type: ignore[method-assign]
        return session


class Counting(SimulatedTransport):
    """Notes of every command whether it changed the chip."""

    def __init__(self, slot: SimulatedSlot) -> None:
        super().__init__(slot)
        self.changed: list[bool] = []

    def connect(self) -> SimulatedSession:
        session = SimulatedSession(self.slot)
        plain = session.transmit

        def transmit(apdu: bytes, timeout_s: float) -> bytes:
            before = session.card.files()
            answer = plain(apdu, timeout_s)
            self.changed.append(session.card.files() != before)
            return answer

        session.transmit = transmit  # type: ignore[method-assign]
        return session


@dataclass
class Stage:
    """Two halls, a customer with the card of one family, and his meter.

    `chip` is the one that hands use now, `chips` all that exist. `old_credit` is what a meter that
    was replaced had credited.
    """

    folder: Path
    kind: Kind
    houses: dict[str, House] = field(default_factory=dict)
    seeds: int = 0
    old_credit: int = 0

    def __post_init__(self) -> None:
        self.world = self.folder / "table"
        self.rack, self.meter = CardRack(self.world), self.kind.meter()
        self.chip = self.kind.serial
        self.chips = [self.kind.serial]
        self.slots = {hall: hall for hall in HALLS}
        #: Halls in which anything can have happened.
        self.visited = [HALLS[0]]

    # --- tills ----------------------------------------------------------------------------------

    def open(self, hall: str) -> Desk:
        if hall not in self.houses:
            self.visited = sorted({*self.visited, hall})
            self.seeds += 1
            house = build(
                self.folder / hall, settings_of(self.kind), clock=HallClock(),
                entropy=SeededEntropy(self.seeds * 100 + HALLS.index(hall)),
            )  # fmt: skip
            house.desk.operator, house.desk.role = "101", "supervisor"
            house.desk.reader = self.reader(hall)
            self.houses[hall] = house
        return self.houses[hall].desk

    def leave(self, hall: str) -> None:
        self.houses.pop(hall).close()

    def close(self) -> None:
        for hall in list(self.houses):
            self.leave(hall)

    def go_to_other_till(self) -> None:
        """The first till of the first hall is closed for today; there is another one."""
        self.take_out()
        self.leave(HALLS[0])
        self.slots[HALLS[0]] = OTHER_TILL

    def module(self) -> SecurityModule | None:
        """A site without keys has no module."""
        return MODULE if self.kind.with_keys else None

    def reader(self, hall: str, trouble: Trouble | None = None) -> ReaderOnSession:
        slot = SimulatedSlot(self.world, self.slots[hall])
        faults = None
        if trouble is not None and trouble.kind == "pull":
            faults = CardFaults("pull", trouble.at, trouble.written_bytes)
        transport = SimulatedTransport(slot, faults)
        if trouble is not None and trouble.kind == "kill":
            transport = Dying(slot, trouble)
        return ReaderOnSession(transport, 0.001, self.module())

    # --- hands ----------------------------------------------------------------------------------

    def put_in(self, hall: str) -> None:
        """The chip in use comes into the reader of `hall`, and out of any other."""
        name = self.slots[hall]
        if SimulatedSlot(self.world, name).state().card != self.chip:
            self.take_out()
            SimulatedSlot(self.world, name).insert(self.chip)

    def take_out(self) -> None:
        for name in (*HALLS, OTHER_TILL):
            slot = SimulatedSlot(self.world, name)
            if slot.state().card is not None:
                slot.pull()

    def in_meter(self, chip: str = "") -> int:
        """Put the chip in use, or another, into the meter; what it gains."""
        self.take_out()
        before, chip = self.meter.credited, chip or self.chip
        self.kind.put(self.rack, chip, self.takes(self.meter, chip))
        return self.meter.credited - before

    def takes(self, meter: Meter, chip: str) -> dict[int, bytes]:
        """The files of a chip after `meter` has seen it."""
        files = self.kind.get(self.rack, chip)
        has_own_serial = self.kind.family not in ("sle4442", "at24")
        return meter.take(files, chip if has_own_serial else files[1][4:12].hex())

    # --- worth ----------------------------------------------------------------------------------

    @property
    def gained(self) -> int:
        """All that the customer's meters have credited."""
        return self.old_credit + self.meter.credited

    def worth(self) -> int:
        """What the meter would gain from all chips as they are now, in one order or the other."""
        return max(self._worth(self.chips), self._worth(self.chips[::-1]))

    def _worth(self, chips: list[str]) -> int:
        meter = copy.deepcopy(self.meter)
        for chip in (*chips, *chips):
            self.takes(meter, chip)
        return meter.credited - self.meter.credited

    def unit(self, record: SaleRecord) -> int:
        """What a sale is worth to the meter: energy, or money where the meter has the tariff."""
        committed = record.committed
        money = self.kind.family == "state-grid"
        return int(committed.amount_minor if money else committed.energy_wh)

    def sales(self) -> list[SaleRecord]:
        return [r for hall in self.visited for r in self.open(hall).records.last_sales(50)]
