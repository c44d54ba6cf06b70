"""The line upstream of this home: enrol once, then let the courier follow the journal.

Runs in a thread of its own from the first moment; until the centre answers, the state is "offline"
and selling goes on. Only the process that holds the pen sends; the others wait to inherit it.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from pathlib import Path

from kiosk.config import Upstream
from kiosk.domain.store_facts import ClockConfirmed
from kiosk.errors import KioskError
from kiosk.front import catalogue, enrolment, leasing
from kiosk.ledger.damage import FORK, known_damage, note_damage
from kiosk.ledger.journal import Journal
from kiosk.ledger.withdrawn import is_withdrawn
from kiosk.ports import Clock, Entropy, LinkState, TrustedClock
from sync import wire
from sync.courier import Courier, Retry, retry_delay_s
from sync.roads.apart import RoadApart

_LOOK_S = 1.0
_CATALOGUE_EVERY_S = 300

#: Gives the address of the centre, starting it where that is ours to do; LinkFault if it cannot.
Address = Callable[[], str]


class Line:
    """The port Link of a home; `start` once, `close` at the end."""

    def __init__(
        self,
        home: Path,
        journal: Journal,
        settings: Upstream,
        address: Address,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._home, self._journal, self._settings = home, journal, settings
        self._retry = Retry(settings.retry_first_s, settings.retry_longest_s)
        self._address, self._clock, self._entropy = address, clock, entropy
        #: Carries the order out when the centre has withdrawn this terminal.
        self.obey: Callable[[], None] = lambda: None
        self._courier: Courier | None = None
        self._trouble = "not reached yet"
        self._road: RoadApart | None = None
        self._ask_at_ms = 0
        self._ended = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="line", daemon=True)

    def start(self) -> None:
        """Begin to look for the centre."""
        self._thread.start()

    def state(self) -> LinkState:
        """The line as last seen; never waits."""
        if self._courier is not None:
            return self._courier.state()
        return LinkState(False, self._journal.acknowledged(), None, self._trouble)

    def nudge(self) -> None:
        """Something new is in the journal."""
        if self._courier is not None:
            self._courier.nudge()

    def close(self) -> None:
        """Stop sending; what is not acknowledged stays in the journal."""
        self._stop.set()
        if self._courier is not None:
            self._courier.close()
        if self._thread.is_alive():
            self._thread.join(self._settings.timeout_s)

    def _run(self) -> None:
        """Wait for the pen, then for the centre; afterwards watch for facts of other processes."""
        failures = 0
        while not self._stop.is_set():
            if is_withdrawn(self._home):
                self._end()
                return
            try:
                if self._courier is None and self._journal.try_pen():
                    self._open()
                    failures = 0
            except KioskError as error:
                failures += 1
                self._trouble = error.sentence
                self._rest(failures)
                continue
            self._look()
            self._stop.wait(_LOOK_S)

    def _end(self) -> None:
        """The centre has withdrawn this terminal: nothing is sent but what is sealed (E29)."""
        from kiosk.front import revoking

        self._trouble = "The centre has revoked this terminal."
        holds_pen, failures = self._journal.holds_pen, 0
        if self._courier is not None:
            self._courier.close()
            self._courier = None
        if not holds_pen:
            return  # whoever holds it does the rest
        while not self._stop.is_set():
            try:
                if not self._ended:
                    self.obey()
                    self._ended = True
                centre = enrolment.centre_of(self._home, self._journal.records)
                assert centre is not None, "only its own centre withdraws a terminal"
                with contextlib.closing(self.road()) as road:
                    revoking.bring(self._home, centre, road)
                return
            except KioskError as error:
                logging.getLogger("line").warning("%s", error.sentence)
                failures += 1
                self._rest(failures)

    def _rest(self, failures: int) -> None:
        self._stop.wait(retry_delay_s(failures, self._entropy.nibble() / 16, self._retry))

    def _look(self) -> None:
        """Entries that another process handed over are sent too; idle time goes to the log."""
        if self._courier is not None and (
            self._journal.head().sequence > self._courier.state().acknowledged
        ):
            self._courier.nudge()
        self._journal.rest()
        self._fetch_catalogue()

    def _fetch_catalogue(self) -> None:
        """Every few minutes, while the line is up, ask for what the centre has merged."""
        now_ms = self._clock.monotonic_ms()
        if self._road is None or self._courier is None or now_ms < self._ask_at_ms:
            return
        if not self._courier.state().online:
            return
        self._ask_at_ms = now_ms + _CATALOGUE_EVERY_S * 1000
        try:
            centre = enrolment.centre_of(self._home, self._journal.records)
            assert centre is not None, "a courier works for an enrolled home"
            catalogue.fetch_all(self._journal, self._road, centre)
        except KioskError as error:
            logging.getLogger("line").warning("%s", error.sentence)

    def _open(self) -> None:
        road = self.road()
        try:
            known = enrolment.centre_of(self._home, self._journal.records)
            centre = known or enrolment.enrol(self._home, self._journal, road)
        except BaseException:
            road.close()
            raise
        courier = Courier(
            self._journal, road, centre, self._clock, lambda: self._entropy.nibble() / 16,
            lambda time_ms: hear(self._journal, self._clock, centre.name, time_ms),
            lambda received: contact(self._home, self._journal, received),
            lambda sentence: note_fork(self._home, sentence),
            self._retry,
        )  # fmt: skip
        courier.start()
        self._courier, self._road = courier, road

    def road(self) -> RoadApart:
        """The way to the centre."""
        authority = Path(self._settings.ca_file) if self._settings.ca_file else None
        return RoadApart(self._address(), self._settings.timeout_s, authority)


def hear(journal: Journal, clock: Clock, centre: str, time_ms: int) -> None:
    """The centre's signed time has come in; when it takes away a doubt of our clock, that is a
    fact (E08)."""
    if not isinstance(clock, TrustedClock):
        return
    doubt, highest_ms = clock.now().doubt, journal.records.highest_time_ms()
    if clock.heard(time_ms):
        journal.append(ClockConfirmed(centre, "", doubt, highest_ms))


def contact(home: Path, journal: Journal, received: bytes) -> None:
    """What the courier has proved: an acknowledgement renews the lease, an order ends it (E29)."""
    answer = wire.decode_answer(received)
    if isinstance(answer, wire.Revoked):
        from kiosk.front.revoking import keep_order

        keep_order(home, received)
    elif isinstance(answer, wire.Acknowledgement):
        leasing.renew(journal, answer, received)


def note_fork(home: Path, sentence: str) -> None:
    """Nothing is sold from here on, in any process: two terminals would give the same identifiers
    to a meter, which takes only one of the tokens (E09)."""
    if not known_damage(home, FORK):
        note_damage(home, sentence, FORK)


def pause(seconds: float) -> None:
    """Wait between two tries of a command that has nothing else to do."""
    threading.Event().wait(seconds)
