"""The Desk: the only dependency that travels. What a verb needs of this terminal, and the gate.

The gate is one place for what every verb must ask: may this role do it, is there room on the disk,
is no other sale under way at this station.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kiosk.config import Settings
from kiosk.domain.organisation import may
from kiosk.domain.record import SaleRecord
from kiosk.domain.store_facts import LeaseGiven
from kiosk.domain.token import Lane
from kiosk.errors import Refusal
from kiosk.ledger import ballast
from kiosk.ledger.damage import FORK, known_damage, note_damage
from kiosk.ledger.journal import Journal
from kiosk.ledger.records import Records
from kiosk.ledger.stations import Station, is_gone
from kiosk.ledger.store import free_bytes
from kiosk.ledger.withdrawn import is_withdrawn
from kiosk.ports import (
    CardReader,
    CashIn,
    Clock,
    Entropy,
    KeyFiles,
    Link,
    Rescue,
    RescueReport,
    Slips,
    SlipWriter,
    TokenVendor,
)

_DAY_MS = 86_400_000

#: What may be done while the ledger is damaged.
_READING = frozenset({"quote", "search", "history", "reprint", "maintain"})


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
        rescue: Rescue | None = None,
    ) -> None:
        #: What is wrong with the ledger: nothing is sold and nothing is written while it stands.
        self.damage = ""
        self.told_of_damage = False
        #: Built again here; this process still reads the damaged one, so it is started anew.
        self.rescued: RescueReport | None = None
        #: Sales that an interruption left and the start of this face has ended; told once.
        self.settled_at_start: list[SaleRecord] = []
        #: Called once a second with the seconds in which nobody was there.
        self.when_idle: Callable[[int], None] = lambda _idle_s: None
        #: The signed time of the newest answer of the centre; 0: there is none.
        self.contact_ms: Callable[[], int] = lambda: 0
        self.rescue = rescue
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
        if is_withdrawn(self.home):
            return Refusal("revoked")
        if self._is_damaged() and right not in _READING:
            return Refusal("read_only")
        return None if may(self.role, right) else Refusal("no_right", {"right": right})

    def room_to_sell(self) -> Refusal | None:
        """Whether this terminal may sell: it is not withdrawn and its lease runs (E29), it is not
        known for a copy (E09), and the disk has room for a sale and what follows from it (E18)."""
        if is_withdrawn(self.home):
            return Refusal("revoked")
        if self._is_damaged():
            return Refusal("read_only")
        if known_damage(self.home, FORK):
            return Refusal("forked", {"terminal": self.journal.origin})
        ended = self._lease_ended()
        if ended is not None:
            return ended
        needed_mib = self.settings.limits.free_space_reserve_mib + ballast.owed_mib(
            self.home, self.settings.store.ballast_mib
        )
        if free_bytes(self.home) < needed_mib * 1024 * 1024:
            ballast.release(self.home)
            return Refusal("disk_full", {"needed_mib": needed_mib})
        return self._second_medium()

    def _is_damaged(self) -> bool:
        """What one process of this home has found stops all of them (E17)."""
        self.damage = self.damage or known_damage(self.home)
        return bool(self.damage)

    def _lease_ended(self) -> Refusal | None:
        """Whether the centre was not heard from for longer than it allowed. A clock that was set
        back to outlive it is in doubt, and sells nothing either."""
        given = self.records.last_of(LeaseGiven.KIND)
        if not isinstance(given, LeaseGiven) or not given.days:
            return None
        from_ms = max(self.contact_ms(), self.records.time_of(LeaseGiven.KIND))
        if self.clock.now().time_ms <= from_ms + given.days * _DAY_MS:
            return None
        return Refusal("lease_ended", {"days": given.days, "centre": given.centre})

    def _second_medium(self) -> Refusal | None:
        """By policy nothing is sold without the second medium; otherwise it is an alarm. One that
        came back with more than this ledger holds stops everything (E17)."""
        settings = self.settings.store
        state = self.journal.medium() if self.journal.holds_pen else None
        if state is not None and state.ahead:
            note_damage(self.home, state.trouble)
            return Refusal("read_only")
        if not (settings.second_medium and settings.second_medium_required):
            return None
        away = state.trouble if state else not Path(settings.second_medium).is_dir()
        return Refusal("second_medium_missing", {"path": settings.second_medium}) if away else None

    def clock_set_back(self) -> Refusal | None:
        """Whether the clock is in doubt: its tokens and prices would be wrong (E08)."""
        moment = self.clock.now()
        if moment.quality != "doubtful":
            return None
        code = {"ahead": "clock_ahead", "disagrees": "clock_disagrees"}.get(moment.doubt)
        return Refusal(code or "clock_set_back", {"highest_ms": self.records.highest_time_ms()})

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
