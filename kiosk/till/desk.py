"""The Desk: the only dependency that travels. What a verb needs of this terminal, and the gate.

The gate is one place for what every verb must ask: may this role do it, is there room on the disk,
is no other sale under way at this station.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kiosk.config import Settings
from kiosk.domain.organisation import may
from kiosk.domain.token import Lane
from kiosk.errors import Refusal
from kiosk.ledger.journal import Journal
from kiosk.ledger.records import Records
from kiosk.ledger.stations import Station, is_gone
from kiosk.ledger.store import free_bytes
from kiosk.ports import (
    CardReader,
    CashIn,
    Clock,
    Entropy,
    KeyFiles,
    Link,
    Slips,
    SlipWriter,
    TokenVendor,
)


class Desk:
    """One station of a home: its journal, its devices, and who works at it."""

    def __init__(
        self,
        *,
        home: Path,
        settings: Settings,
        journal: Journal,
        station: Station,
        clock: Clock,
        entropy: Entropy,
        face: str,
        vendor: TokenVendor | None = None,
        key_files: KeyFiles | None = None,
        reader: CardReader | None = None,
        cash: CashIn | None = None,
        slips: Slips | None = None,
        writer: SlipWriter | None = None,
        link: Link | None = None,
        pepper: bytes = b"",
    ) -> None:
        self.home, self.settings = home, settings
        self.journal, self.station = journal, station
        self.clock, self.entropy, self.face = clock, entropy, face
        self.vendor, self.key_files = vendor, key_files
        self.reader, self.cash = reader, cash
        self.slips, self.writer, self.link = slips, writer, link
        self.pepper = pepper
        self.operator, self.role = "self-service", "self_service"
        self._selling = threading.Lock()

    @property
    def records(self) -> Records:
        """What can be read."""
        return self.journal.records

    @property
    def currency(self) -> str:
        """The money taken here."""
        return self.settings.site.currency

    def gate(self, right: str) -> Refusal | None:
        """Whether the operator of this desk may call a verb that needs `right`."""
        return None if may(self.role, right) else Refusal("no_right", {"right": right})

    def room_to_sell(self) -> Refusal | None:
        """Whether the disk has room for a sale and everything that follows from it (E18)."""
        reserve = self.settings.limits.free_space_reserve_mib
        if free_bytes(self.home) < reserve * 1024 * 1024:
            return Refusal("disk_full", {"needed_mib": reserve})
        return None

    def clock_set_back(self) -> Refusal | None:
        """Whether the clock is behind what was committed: its tokens and prices would be wrong."""
        if self.clock.now().quality == "doubtful":
            return Refusal("clock_set_back", {"highest_ms": self.records.highest_time_ms()})
        return None

    @contextmanager
    def selling(self) -> Iterator[bool]:
        """One sale at a time a station: gives False when another one is under way (E05)."""
        free = self._selling.acquire(blocking=False)
        try:
            yield free
        finally:
            if free:
                self._selling.release()

    def lane(self) -> Lane:
        """The residues of the identifier grid that were given to this terminal."""
        given = self.records.last_of("lane_given")
        return Lane(given.residue, given.lanes) if given is not None else Lane()  # type: ignore[attr-defined]

    def is_ours_to_settle(self, station: str) -> bool:
        """Whether this desk may finish what `station` began: it is gone, or it is ourselves."""
        return station == self.station.name or is_gone(self.home, station)

    def nudge(self) -> None:
        """Something is in the journal that upstream wants to know."""
        if self.link is not None:
            self.link.nudge()
