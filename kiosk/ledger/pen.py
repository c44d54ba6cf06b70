"""The pen: the one writer of a home. It decides nothing: it checks, chains, signs and commits.

Callers that wait together share one commit: whoever gets the lock writes for everybody in the
queue, so a lone sale costs no thread switch and sixteen cashiers cost one disk sync.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from kiosk.domain import catalogue as catalogues
from kiosk.domain import facts
from kiosk.domain.books import Books, Posting
from kiosk.domain.entry import GENESIS, Entry, digest, signed_bytes
from kiosk.errors import LedgerDamaged, Refusal, StoreFault
from kiosk.ledger import projection
from kiosk.ledger.sealing import Signer
from kiosk.ledger.store import Connection, checkpoint
from kiosk.marks import mark

#: Entries after which the log is moved into the file even if nobody was idle meanwhile.
_CHECKPOINT_EVERY = 2000

Now = Callable[[], tuple[int, str]]


class Draft(msgspec.Struct, frozen=True):
    """A fact on its way into the journal; `content` travels with it into its own table."""

    kind: str
    version: int
    body: bytes
    content: bytes = b""

    @classmethod
    def of(cls, fact: facts.Fact, content: bytes = b"") -> Draft:
        """The draft of `fact`; this is the one place where a fact is encoded."""
        return cls(fact.KIND, fact.VERSION, facts.encode(fact), content)


class Head(msgspec.Struct, frozen=True):
    """The last entry of a journal: its number and its digest; (0, zeros) when empty."""

    sequence: int
    digest: bytes


class _Waiting:
    """A group of drafts that stand or fall together, and what became of it."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.drafts = drafts
        self.outcome: list[int] | Refusal | None = None
        self.error: Exception | None = None


class Pen:
    """Holds the writing connection, the books in memory and the head of the chain."""

    def __init__(self, connection: Connection, origin: str, signer: Signer, now: Now) -> None:
        self._connection = connection
        self._origin = origin
        self._signer = signer
        self._now = now
        self._lock = threading.Lock()
        self._queue: deque[_Waiting] = deque()
        self._since_checkpoint = 0
        self.head = _read_head(connection)
        self._books = _open_books(connection)

    def append(self, drafts: Sequence[Draft]) -> list[int] | Refusal:
        """Write `drafts` in one commit, durable on return: their sequence numbers.

        A draft whose identity is there already with the same bytes gives its old number (`exists`);
        with other bytes the whole group is refused (`exists_with_different_content`).
        """
        waiting = _Waiting(drafts)
        self._queue.append(waiting)
        with self._lock:
            if waiting.outcome is None and waiting.error is None:
                group = [self._queue.popleft() for _ in range(len(self._queue))]
                self._commit(group)
        if waiting.error is not None:
            raise waiting.error
        assert waiting.outcome is not None
        return waiting.outcome

    def rest(self) -> None:
        """Move the log into the file if nobody is writing; called from idle time."""
        if self._since_checkpoint and self._lock.acquire(blocking=False):
            try:
                self._checkpoint()
            finally:
                self._lock.release()

    def run(self, work: Callable[[Connection], None]) -> None:
        """Let `work` use the writing connection in a transaction of its own: anchors, backup."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                work(self._connection)
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Put the pen down; the log goes into the file first."""
        with self._lock:
            checkpoint(self._connection)
            self._connection.close()

    # --- one commit ---------------------------------------------------------------------------

    def _commit(self, group: list[_Waiting]) -> None:
        head, books = self.head, self._books
        outcomes: list[list[int] | Refusal] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for waiting in group:
                outcomes.append(self._write_group(waiting.drafts))
            self._write_head()
            mark("pen.before_commit")
            self._connection.execute("COMMIT")
        except Exception as error:
            self.head, self._books = head, books
            fault = self._roll_back(error)
            for waiting in group:
                waiting.error = fault
            return
        mark("pen.after_commit")
        for waiting, outcome in zip(group, outcomes, strict=True):
            waiting.outcome = outcome
        self._since_checkpoint += self.head.sequence - head.sequence
        if self._since_checkpoint >= _CHECKPOINT_EVERY:
            self._checkpoint()

    def _write_group(self, drafts: Sequence[Draft]) -> list[int] | Refusal:
        """All drafts of a group or none: a refusal leaves the transaction as it was."""
        books, head = self._books.copy(), self.head
        staged: list[tuple[Entry, facts.Fact, list[Posting], Draft]] = []
        numbers: list[int] = []
        for draft in drafts:
            fact = facts.decode(draft.kind, draft.version, draft.body)
            known = self._known(fact, draft)
            if isinstance(known, Refusal):
                return known
            if known is not None:
                numbers.append(known)
                continue
            postings = books.apply(fact)
            if isinstance(postings, Refusal):
                return postings
            refused = self._identifier_taken(fact) or self._meter_account_overdrawn(fact)
            if refused is not None:
                return refused
            entry = self._entry(head, draft)
            staged.append((entry, fact, postings, draft))
            head = Head(entry.sequence, digest(entry))
            numbers.append(entry.sequence)
        for entry, fact, postings, draft in staged:
            self._insert(entry, fact, postings, draft)
        self._books, self.head = books, head
        return numbers

    def _known(self, fact: facts.Fact, draft: Draft) -> int | Refusal | None:
        identity = fact.identity()
        if identity is None:
            return None
        row = self._connection.execute(
            "SELECT entries.sequence, kind, version, body FROM identities"
            " JOIN entries USING (sequence) WHERE identity = ?",
            (identity,),
        ).fetchone()
        if row is None:
            return None
        if row[1:] == (draft.kind, draft.version, draft.body):
            return int(row[0])
        return Refusal("exists_with_different_content", {"identity": identity})

    def _identifier_taken(self, fact: facts.Fact) -> Refusal | None:
        if not isinstance(fact, facts.SaleCommitted) or fact.token is None:
            return None
        token = fact.token
        row = self._connection.execute(
            "SELECT 1 FROM identifiers WHERE meter = ? AND base_date = ? AND key_revision = ?"
            " AND identifier = ?",
            (fact.meter, token.base_date, token.key_revision, token.identifier),
        ).fetchone()
        return Refusal("identifier_taken", {"meter": fact.meter}) if row else None

    def _meter_account_overdrawn(self, fact: facts.Fact) -> Refusal | None:
        """Money kept for a meter is spent once, whoever is faster."""
        if not isinstance(fact, facts.SaleCommitted):
            return None
        for tender in fact.tenders:
            if tender.kind == "meter_account":
                row = self._connection.execute(
                    "SELECT amount FROM balances WHERE account = ? AND currency = ?",
                    (tender.account, fact.currency),
                ).fetchone()
                if row is None or -row[0] < tender.amount_minor:
                    return Refusal("meter_account_too_small", {"meter": fact.meter})
        return None

    def _entry(self, head: Head, draft: Draft) -> Entry:
        time_ms, quality = self._now()
        sequence = head.sequence + 1
        previous = head.digest if head.sequence else GENESIS
        signature = self._signer.sign(
            signed_bytes(
                self._origin, sequence, time_ms, quality, draft.kind, draft.version, draft.body,
                previous,
            )
        )  # fmt: skip
        assert len(signature) == 64
        return Entry(
            self._origin, sequence, time_ms, quality, draft.kind, draft.version, draft.body,
            previous, signature,
        )  # fmt: skip

    def _insert(
        self, entry: Entry, fact: facts.Fact, postings: list[Posting], draft: Draft
    ) -> None:
        execute, many = self._connection.execute, self._connection.executemany
        execute(
            "INSERT INTO entries (sequence, time_ms, quality, kind, version, body, previous,"
            " signature) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                entry.sequence, entry.time_ms, entry.quality, entry.kind, entry.version,
                entry.body, entry.previous, entry.signature,
            ),
        )  # fmt: skip
        if postings:
            many(
                "INSERT INTO postings (sequence, line, account, currency, amount, state)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [(entry.sequence, n, p.account, p.currency, p.amount, p.state)
                 for n, p in enumerate(postings)],
            )  # fmt: skip
            many(
                "INSERT INTO balances (account, currency, amount) VALUES (?, ?, ?)"
                " ON CONFLICT (account, currency) DO UPDATE SET amount = amount + excluded.amount",
                [(p.account, p.currency, p.amount) for p in postings],
            )
        identity = fact.identity()
        if identity is not None:
            execute(
                "INSERT INTO identities (identity, sequence) VALUES (?, ?)",
                (identity, entry.sequence),
            )
        projection.project(self._connection, entry.sequence, entry.time_ms, fact)
        if isinstance(fact, facts.CatalogueReceived):
            content = catalogues.decode(draft.content)
            assert not isinstance(content, Refusal), content
            assert catalogues.received(content) == fact, "the content is another catalogue"
            projection.project_catalogue(self._connection, content, draft.content)

    def _write_head(self) -> None:
        self._connection.execute(
            "INSERT INTO head (id, sequence, digest) VALUES (1, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence,"
            " digest = excluded.digest",
            (self.head.sequence, self.head.digest),
        )

    def _roll_back(self, error: Exception) -> Exception:
        """Undo the transaction; a full disk may have undone it already (reliability 3)."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        if isinstance(error, (AssertionError, LedgerDamaged)):
            return error
        fault = StoreFault(f"Nothing was written: the ledger refused the commit ({error}).")
        fault.__cause__ = error
        return fault

    def _checkpoint(self) -> None:
        checkpoint(self._connection)
        self._since_checkpoint = 0


def _read_head(connection: Connection) -> Head:
    """The head as the last entry says; the head row must agree, or the tail was cut off."""
    row = connection.execute(
        "SELECT sequence, time_ms, quality, kind, version, body, previous, signature FROM entries"
        " ORDER BY sequence DESC LIMIT 1"
    ).fetchone()
    kept = connection.execute("SELECT sequence, digest FROM head").fetchone()
    if row is None and kept is None:
        return Head(0, GENESIS)
    origin = origin_of(connection)
    found = Head(row[0], digest(Entry(origin, *row))) if row else Head(0, GENESIS)
    if kept is None or Head(*kept) != found:
        raise LedgerDamaged(
            f"Entry {found.sequence}: the end of the journal is not where it was; run"
            " `kiosk verify`.",
            found.sequence,
        )
    return found


def origin_of(connection: Connection) -> str:
    """The origin that the first fact of the journal names."""
    row = connection.execute(
        "SELECT body FROM entries WHERE sequence = 1 AND kind = 'home_opened'"
    ).fetchone()
    if row is None:
        raise LedgerDamaged("Entry 1: the journal does not begin with its opening.", 1)
    opened = facts.decode(facts.HomeOpened.KIND, facts.HomeOpened.VERSION, row[0])
    assert isinstance(opened, facts.HomeOpened)
    return opened.origin


def _open_books(connection: Connection) -> Books:
    """The books as they stand: only what is still open is needed to judge a further fact."""
    books = Books()
    rows = connection.execute(
        "SELECT body, state FROM sales JOIN entries USING (sequence)"
        " WHERE state IN ('paid', 'in_doubt')"
    ).fetchall()
    for body, state in rows:
        committed = facts.decode("sale_committed", 1, body)
        assert isinstance(committed, facts.SaleCommitted)
        books.reopen_sale(committed, state)
    notes = connection.execute(
        "SELECT body, state FROM notes JOIN entries USING (sequence)"
        " WHERE state IN ('offered', 'in_doubt')"
    ).fetchall()
    for body, state in notes:
        offered = facts.decode("note_offered", 1, body)
        assert isinstance(offered, facts.NoteOffered)
        books.reopen_note(offered, lost=state == "in_doubt")
    for payment, meter, currency, amount_minor in connection.execute(
        "SELECT payment, meter, currency, amount_minor FROM held"
    ):
        books.held[payment] = (meter, currency, amount_minor)
    return books
