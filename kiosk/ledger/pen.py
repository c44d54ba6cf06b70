"""The pen: the one writer of a home. It decides nothing: it checks, chains, signs and commits.

Callers that wait together share one commit (`kiosk.ledger.turns`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

import msgspec

from kiosk.domain import facts
from kiosk.domain.entry import GENESIS, Entry, digest, signed_bytes
from kiosk.errors import KioskError, Refusal, StoreFault
from kiosk.ledger import checks
from kiosk.ledger.connection import Connection
from kiosk.ledger.draft import Draft as Draft  # noqa: PLC0414 - the name that all rooms use
from kiosk.ledger.entry_file import Written
from kiosk.ledger.opening import Head, open_books, read_head, read_written
from kiosk.ledger.sealing import Signer
from kiosk.ledger.second_medium import SecondMedium
from kiosk.ledger.store import checkpoint
from kiosk.ledger.turns import Turns, Waiting
from kiosk.ledger.writing import write_entry, write_head
from kiosk.marks import mark

#: Entries after which the log is moved into the file even if nobody was idle meanwhile.
_CHECKPOINT_EVERY = 2000

_ENDED = "Nothing was written: the program is ending."

Now = Callable[[], tuple[int, str]]

#: The numbers of what was written, or why nothing of it was.
Outcome = list[int] | Refusal | Exception


class Pen:
    """Holds the writing connection, the books in memory and the head of the chain."""

    def __init__(
        self,
        connection: Connection,
        origin: str,
        signer: Signer,
        now: Now,
        medium: SecondMedium | None = None,
    ) -> None:
        self._connection = connection
        self._medium = medium
        self._written: list[Written] = []
        self._origin = origin
        self._signer = signer
        self._now = now
        self._turns = Turns(self._commit)
        self._since_checkpoint = 0
        self.head = read_head(connection)
        self._books = open_books(connection)

    def append(self, drafts: Sequence[Draft]) -> list[int] | Refusal:
        """Write `drafts` in one commit, durable on return: their sequence numbers.

        A draft whose identity is there already with the same bytes gives its old number (`exists`);
        with other bytes the whole group is refused (`exists_with_different_content`).
        """
        waiting = Waiting(drafts)
        self._turns.take(waiting)
        if waiting.error is not None:
            raise waiting.error
        assert waiting.outcome is not None
        return waiting.outcome

    def rest(self) -> None:
        """Move the log into the file if nobody is writing, and let a second medium that was away
        catch up; called from idle time."""
        behind = self._medium is not None and self._medium.is_behind
        if not self._since_checkpoint and not behind:
            return
        with self._turns.alone_if_free() as is_free:
            if not is_free:
                return
            if behind and self._medium is not None:
                self._medium.follow([], self._read_after)
            self._checkpoint()

    def meet_medium(self) -> None:
        """Let the second medium catch up before anything new is written."""
        with self._turns.alone():
            if self._medium is not None:
                self._medium.follow([], self._read_after)

    def _read_after(self, sequence: int, limit: int) -> list[Written]:
        return read_written(self._connection, self._origin, sequence, limit)

    def run(self, work: Callable[[Connection], None]) -> None:
        """Let `work` use the writing connection in a transaction of its own: anchors, backup."""
        with self._turns.alone():
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                work(self._connection)
                self._connection.execute("COMMIT")
            except BaseException as error:
                raise self._roll_back(error) from error

    def close(self) -> None:
        """Put the pen down; the log goes into the file first."""
        with self._turns.alone():
            checkpoint(self._connection)
            self._connection.close()
            if self._medium is not None:
                self._medium.close()

    # --- one commit ---------------------------------------------------------------------------

    def _commit(self, group: list[Waiting]) -> None:
        head, books, committing = self.head, self._books, False
        self._written = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            outcomes = self._write_groups(group)
            if self.head != head:
                write_head(self._connection, self.head)
            mark("pen.before_commit")
            committing = True
            self._connection.execute("COMMIT")
        except BaseException as error:
            self.head, self._books = head, books
            fault = self._roll_back(error, committing=committing)
            for waiting in group:
                waiting.end(fault if isinstance(fault, Exception) else StoreFault(_ENDED))
            if not isinstance(error, Exception):
                raise
            return
        mark("pen.after_commit")
        if self._medium is not None and self._written:
            self._medium.follow(self._written, self._read_after)
            mark("pen.after_second_medium")
        for waiting, outcome in zip(group, outcomes, strict=True):
            waiting.end(outcome)
        self._since_checkpoint += self.head.sequence - head.sequence
        if self._since_checkpoint >= _CHECKPOINT_EVERY:
            self._checkpoint()

    def _write_groups(self, group: list[Waiting]) -> list[Outcome]:
        """What becomes of each. Refusals are rare, and a savepoint costs a copy of every page that
        is written: first without, and again from the beginning once something is refused."""
        head, books = self.head, self._books
        self._books = books.copy()
        outcomes: list[Outcome] = []
        for waiting in group:
            outcome = self._judged(waiting.drafts)
            if not isinstance(outcome, list):
                break
            outcomes.append(outcome)
        else:
            return outcomes
        self.head, self._books = head, books
        self._written = []
        self._connection.execute("ROLLBACK")
        self._connection.execute("BEGIN IMMEDIATE")
        return [self._write_group(waiting.drafts) for waiting in group]

    def _write_group(self, drafts: Sequence[Draft]) -> Outcome:
        """All drafts of a group or none: a refusal leaves the transaction as it was.

        What is wrong with one group is that caller's fault; the others of the commit stand.
        """
        execute, books, head = self._connection.execute, self._books, self.head
        self._books, written = books.copy(), len(self._written)
        execute("SAVEPOINT drafts")
        outcome = self._judged(drafts)
        if not isinstance(outcome, list):
            execute("ROLLBACK TO drafts")
            self._books, self.head = books, head
            del self._written[written:]
        execute("RELEASE drafts")
        return outcome

    def _judged(self, drafts: Sequence[Draft]) -> Outcome:
        try:
            return self._write_each(drafts)
        except (KeyError, msgspec.MsgspecError) as error:
            return StoreFault(f"Nothing was written: a fact cannot be read ({error}).")
        except AssertionError as error:
            return error

    def _write_each(self, drafts: Sequence[Draft]) -> list[int] | Refusal:
        """Each draft is judged by what stands before it, drafts of its own group included."""
        numbers: list[int] = []
        for draft in drafts:
            fact = facts.decode(draft.kind, draft.version, draft.body)
            known = self._known(fact, draft)
            if isinstance(known, Refusal):
                return known
            if known is not None:
                numbers.append(known)
                continue
            postings = self._books.apply(fact)
            if isinstance(postings, Refusal):
                return postings
            refused = checks.against_tables(self._connection, fact, postings)
            if refused is not None:
                return refused
            entry = self._entry(self.head, draft)
            write_entry(self._connection, entry, fact, postings, draft.content)
            self._written.append(Written(entry, draft.content))
            self.head = Head(entry.sequence, digest(entry))
            numbers.append(entry.sequence)
        return numbers

    def _known(self, fact: facts.Fact, draft: Draft) -> int | Refusal | None:
        identity = fact.identity()
        if identity is None:
            return None
        execute = self._connection.execute
        known = execute(
            "SELECT sequence FROM identities WHERE identity = ?", (identity,)
        ).fetchone()
        if known is None:
            return None
        written = execute(
            "SELECT kind, version, body FROM entries WHERE sequence = ?", known
        ).fetchone()
        if written == (draft.kind, draft.version, draft.body):
            return int(known[0])
        return Refusal("exists_with_different_content", {"identity": identity})

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

    def _roll_back(self, error: BaseException, *, committing: bool = False) -> BaseException:
        """Undo the transaction; a full disk may have undone it already (reliability 3)."""
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except Exception as second:
                error = second
        if isinstance(error, (AssertionError, KioskError)) or not isinstance(error, Exception):
            return error
        known = not committing or self._cannot_come_back()
        what = "Nothing was written" if known else "It is not known whether this was written"
        fault = StoreFault(f"{what}: the ledger refused the commit ({error}).")
        fault.__cause__ = error
        return fault

    def _cannot_come_back(self) -> bool:
        """A commit that failed in its sync stands whole in the log, and the next start would find
        it there. A further commit takes its place; when that fails too, nobody knows."""
        if not self.head.sequence:
            return False
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            # Something must change, or there would be no commit at all.
            self._connection.execute("UPDATE head SET sequence = sequence + 1")
            write_head(self._connection, self.head)
            self._connection.execute("COMMIT")
        except Exception:
            if self._connection.in_transaction:
                with contextlib.suppress(Exception):
                    self._connection.execute("ROLLBACK")
            return False
        return True

    def _checkpoint(self) -> None:
        checkpoint(self._connection)
        self._since_checkpoint = 0
