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
from kiosk.domain.facts import Fact
from kiosk.errors import BadInput, Refusal, StoreFault
from kiosk.ledger.handover import HandoverServer, hand_over
from kiosk.ledger.pen import Draft, Head, Now, Pen, origin_of
from kiosk.ledger.records import Records
from kiosk.ledger.sealing import Signer
from kiosk.ledger.store import Connection, open_reader, open_writer

#: How often a process tries the pen's holder and then the lock before it says that both are stuck.
_TRIES = 40


class Journal:
    """One home's journal. Safe for several threads; every process of a home has its own."""

    def __init__(self, home: Path, origin: str, signer: Signer, now: Now) -> None:
        self._home, self._signer, self._now = home, signer, now
        self.origin = origin
        self._lock = threading.Lock()
        self._pen: Pen | None = None
        self._lock_handle: int | None = None
        self._server: HandoverServer | None = None
        self._take_pen()
        self.records = Records(open_reader(home), origin)

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
    def holds_pen(self) -> bool:
        """Whether this process writes; the courier runs where the pen is."""
        return self._pen is not None

    def try_pen(self) -> bool:
        """Take the pen if nobody holds it; true when this process holds it afterwards."""
        return self._pen is not None or self._take_pen()

    def rest(self) -> None:
        """Idle time: move the log into the file."""
        if self._pen is not None:
            self._pen.rest()

    def close(self) -> None:
        """Let go of everything; the pen is free for the next process."""
        if self._server is not None:
            self._server.close()
        self.records.close()
        if self._pen is not None:
            self._pen.close()
            self._pen = None
        if self._lock_handle is not None:
            os.close(self._lock_handle)
            self._lock_handle = None

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
                connection = open_writer(self._home)
                pen = Pen(connection, self.origin, self._signer, self._now)
                if pen.head.sequence:
                    self._check_origin(connection)
                self._server = HandoverServer(self._home, pen)
            except BaseException:
                os.close(handle)
                raise
            self._lock_handle, self._pen = handle, pen
            return True

    def _check_origin(self, connection: Connection) -> None:
        written = origin_of(connection)
        if written != self.origin:
            raise StoreFault(f"{self._home}: this ledger belongs to {written}, not {self.origin}.")

    def _pause(self, attempt: int) -> None:
        """Wait a little for the holder to start answering or to let go of the lock."""
        threading.Event().wait(min(0.005 * 2**attempt, 0.25))
