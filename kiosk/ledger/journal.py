"""The journal of a home as its processes use it: append, after, head, whoever holds the pen.

The first process takes HOME/pen.lock and writes; the others hand their facts to it over
HOME/pen.sock. When the holder dies, the lock is free: the next one takes the pen and re-reads the
head. A fact that was handed over and never answered is handed over again: its identity makes that
safe (E05, E06).
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from kiosk.domain.entry import Entry
from kiosk.domain.facts import Fact, HomeOpened
from kiosk.errors import BadInput, LedgerDamaged, Refusal, StoreFault
from kiosk.ledger.connection import Connection, faults
from kiosk.ledger.handover import HandoverServer, hand_over
from kiosk.ledger.opening import Head, opening
from kiosk.ledger.pen import Draft, Now, Pen
from kiosk.ledger.records import Records
from kiosk.ledger.sealing import Signer, is_genuine
from kiosk.ledger.second_medium import MediumState, SecondMedium
from kiosk.ledger.stations import hold_open
from kiosk.ledger.store import LEDGER_FILE, is_made, open_reader, open_scratch, open_writer
from kiosk.ledger.updating import update_if_older

#: How often a process tries the pen's holder and then the lock before it says that both are stuck.
_TRIES = 40


class Journal:
    """One home's journal. Safe for several threads; every process of a home has its own."""

    def __init__(
        self,
        home: Path,
        origin: str,
        signer: Signer,
        now: Now,
        medium: SecondMedium | None = None,
        *,
        read_only: bool = False,
    ) -> None:
        self._home, self._signer, self._now = home, signer, now
        self.origin, self.read_only = origin, read_only
        self._medium = medium
        self._lock = threading.Lock()
        self._pen: Pen | None = None
        self._lock_handle: int | None = None
        self._server: HandoverServer | None = None
        self._held_open = hold_open(home)
        try:
            self._open()
            self.records = Records(self._readable(), origin)
        except BaseException:
            self._put_down()
            os.close(self._held_open)
            raise

    def append(self, *facts: Fact, content: bytes = b"") -> list[int] | Refusal:
        """Write `facts` in one commit; durable on return. `content` belongs to the only fact.

        Gives the sequence numbers, or the refusal of the books: nothing is written then. Raises
        StoreFault when the disk or the pen's holder fails; nothing is known to be written then.
        """
        assert facts
        assert not content or len(facts) == 1
        return self.append_drafts([Draft.of(fact, content) for fact in facts])

    def append_drafts(self, drafts: Sequence[Draft]) -> list[int] | Refusal:
        """As `append`, for facts that are encoded already."""
        if self.read_only:
            return Refusal("read_only")
        trouble = "no answer"
        for attempt in range(_TRIES):
            if self._pen is not None or self._take_pen():
                assert self._pen is not None
                return self._pen.append(drafts)
            try:
                return hand_over(self._home, drafts)
            except OSError as error:
                trouble = str(error)
                self._pause(attempt)
        raise StoreFault(
            f"{self._home}: the process that holds the pen does not answer ({trouble})."
        )

    def head(self) -> Head:
        """The last entry: its number and digest."""
        return self.records.head()

    def after(self, sequence: int, limit: int = 500) -> list[Entry]:
        """The entries after `sequence`, oldest first: what a follower reads."""
        return self.records.after(sequence, limit)

    def acknowledged(self) -> int:
        """The last entry that upstream has acknowledged with its signature; 0 for none."""
        return self.records.acknowledged()

    def keep_anchor(self, sequence: int, digest: bytes, centre: str, content: bytes) -> None:
        """Keep a signed acknowledgement; it anchors the journal up to `sequence` (design 3)."""

        def work(connection: Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO anchors (sequence, digest, centre, content)"
                " VALUES (?, ?, ?, ?)",
                (sequence, digest, centre, content),
            )

        if self._pen is None and not self._take_pen():
            raise BadInput("Anchors are kept by the process that holds the pen.")
        assert self._pen is not None
        self._pen.run(work)

    @property
    def signer(self) -> Signer:
        """What signs for this home: a question to the centre is signed too."""
        return self._signer

    @property
    def holds_pen(self) -> bool:
        """Whether this process writes; the courier runs where the pen is."""
        return self._pen is not None

    def medium(self) -> MediumState | None:
        """The second medium as last seen by whoever holds the pen here; None: there is none."""
        return self._medium.state() if self._medium is not None else None

    def reader(self) -> Connection:
        """A connection of its own that can only read; the caller closes it."""
        return open_reader(self._home)

    def stop_writing(self) -> None:
        """Damage was found: read on, write nothing more."""
        self.read_only = True
        self._put_down()

    def try_pen(self) -> bool:
        """Take the pen if nobody holds it; true when this process holds it afterwards."""
        if self.read_only:
            return False
        return self._pen is not None or self._take_pen()

    def rest(self) -> None:
        """Idle time: move the log into the file."""
        if self._pen is not None:
            self._pen.rest()

    def close(self) -> None:
        """Let go of everything; the pen is free for the next process."""
        self.records.close()
        self._put_down()
        if self._held_open >= 0:
            os.close(self._held_open)
            self._held_open = -1

    def _readable(self) -> Connection:
        """The ledger; of one that is damaged beyond reading, empty tables."""
        try:
            return open_reader(self._home)
        except StoreFault:
            if not self.read_only:
                raise
            return open_scratch()

    def _put_down(self) -> None:
        """The lock goes last: until then nobody else answers at the socket."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._pen is not None:
            self._pen.close()
            self._pen = None
        if self._lock_handle is not None:
            os.close(self._lock_handle)
            self._lock_handle = None

    def _open(self) -> None:
        """Take the pen, or wait until its holder has made the tables of a new home."""
        if self.read_only:
            return
        for attempt in range(_TRIES):
            if self._take_pen() or is_made(self._home):
                return
            self._pause(attempt)

    def _take_pen(self) -> bool:
        with self._lock:
            if self._pen is not None:
                return True
            handle = os.open(self._home / "pen.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                return False
            try:
                pen = self._open_pen()
                self._server = HandoverServer(self._home, pen)
            except BaseException:
                os.close(handle)
                raise
            self._lock_handle, self._pen = handle, pen
            return True

    def _open_pen(self) -> Pen:
        update_if_older(self._home)
        connection = open_writer(self._home)
        try:
            with faults(self._home / LEDGER_FILE):
                pen = Pen(connection, self.origin, self._signer, self._now, self._medium)
                if pen.head.sequence:
                    self._check_opening(opening(connection))
                if self._medium is not None:
                    pen.meet_medium()
                    _refuse_if_older(self._medium.state())
        except BaseException:
            connection.close()
            raise
        return pen

    def _check_opening(self, opened: HomeOpened) -> None:
        """Whoever opened this ledger writes on: the same origin, the same key."""
        if opened.origin != self.origin:
            raise StoreFault(
                f"{self._home}: this ledger belongs to {opened.origin}, not {self.origin}."
            )
        probe = opened.origin.encode()
        if not is_genuine(opened.public_key, self._signer.sign(probe), probe):
            raise StoreFault(
                f"{self._home}: the signing key is not the one that this ledger was opened with;"
                " restore it."
            )

    def _pause(self, attempt: int) -> None:
        """Wait a little for the holder to start answering or to let go of the lock."""
        threading.Event().wait(min(0.005 * 2**attempt, 0.25))


def _refuse_if_older(medium: MediumState) -> None:
    """A ledger that lacks what the second medium holds would give identifiers a second time."""
    if medium.ahead:
        raise LedgerDamaged(medium.trouble, medium.ahead)
