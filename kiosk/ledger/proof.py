"""`kiosk verify`: the whole journal is read, hashed, folded again and compared with what is stored.

Names the first entry that is not as it was written. Nothing is repaired.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

import msgspec

from kiosk.domain import catalogue as catalogues
from kiosk.domain import facts, store_facts
from kiosk.domain.books import Books
from kiosk.domain.entry import GENESIS, Entry, digest
from kiosk.domain.posting import Posting
from kiosk.errors import Refusal
from kiosk.ledger import projection
from kiosk.ledger.archive_runs import archived_runs, runs_digest
from kiosk.ledger.connection import Connection, faults
from kiosk.ledger.drawing import Drawing, Duplicate
from kiosk.ledger.proof_tables import Bad, compare_identities, compare_tables, compare_totals
from kiosk.ledger.sealing import entry_is_genuine
from kiosk.ledger.store import LEDGER_FILE, open_scratch

#: Small enough to stay in the processor's cache: 2000 takes a fifth longer.
_BATCH = 100
_LOWEST = -(2**63)
_POSTINGS = (
    "SELECT sequence, line, account, currency, amount, state FROM postings"
    " WHERE sequence > ? AND sequence <= ? ORDER BY sequence, line"
)
_FORGED = "its signature is not that of this home"

Part = Literal["all", "journal", "tables"]


class Proof(msgspec.Struct, frozen=True):
    """What verification found: `first_bad` is 0 when everything is as it was written."""

    entries: int
    postings: int
    sales: int
    head: str
    first_bad: int = 0
    fault: str = ""


class _Prover:
    """One pass over the journal; draws the tables beside it again in memory, to compare them."""

    def __init__(
        self, connection: Connection, origin: str, every_signature: bool, part: Part
    ) -> None:
        self.journal, self.tables = part != "tables", part != "journal"
        self.connection, self.origin = connection, origin
        self.every_signature = every_signature
        self.archives: set[int] = set()
        self.drawn = open_scratch(searchable=False)
        self.drawing = Drawing(self.drawn)
        self.identities: list[tuple[str, int]] = []
        self.books = Books()
        self.balances: dict[tuple[str, str], int] = {}
        self.anchors = {
            sequence: bytes(anchored)
            for sequence, anchored in connection.execute("SELECT sequence, digest FROM anchors")
        }
        self.compared = _LOWEST
        self.gaps = archived_runs(connection)
        self.expected: list[tuple[Any, ...]] = []
        self.public_key, self.previous = b"", GENESIS
        self.count = self.postings = self.sales = 0

    def run(self) -> bytes:
        """Prove everything; the digest of the last entry. Raises Bad."""
        try:
            last_digest = self._journal()
        except Bad as bad:
            raise self._earliest(bad) from bad
        if self.journal:
            compare_totals(self.connection, self.balances, self.count)
        if not self.tables:
            return last_digest
        compare_identities(self.connection, self.identities)
        compare_tables(self.connection, self.drawn, self.count)
        return last_digest

    def _journal(self) -> bytes:
        last = None
        for batch in self._batches():
            owed = {} if self.journal else self._owed(batch[0].sequence, batch[-1].sequence)
            try:
                for entry in batch:
                    if self.journal:
                        last = self._place(entry, last)
                    self.count = entry.sequence
                    fact = self._fact(entry)
                    made = self._fold(entry, fact) if self.journal else owed.get(entry.sequence, [])
                    if self.tables:
                        self._draw(entry, fact, made)
                    if self.journal:
                        self._anchor(entry)
                self.drawing.rest()
            except Bad as bad:
                raise self._before(bad) from bad
            except Duplicate as twice:
                reason = f"stands here a second time ({twice.reason})"
                raise self._before(Bad(twice.sequence, reason)) from twice
            if self.journal:
                self._compare(batch[-1].sequence)
        self._finish_drawing()
        if not self.journal:
            return b""
        if last is not None and not entry_is_genuine(self.public_key, last):
            raise Bad(last.sequence, _FORGED)
        self._end(self.previous)
        self._all_archived_for_a_reason()
        beyond = self.connection.execute(
            "SELECT min(sequence) FROM postings WHERE sequence > ?", (self.compared,)
        ).fetchone()[0]
        if beyond is not None:
            raise Bad(beyond, "has postings, but the entry is missing")
        return self.previous

    def _owed(self, first: int, last: int) -> dict[int, list[Posting]]:
        """The stored postings from which debts are drawn; that they are right is for whoever folds
        the journal to prove."""
        found: dict[int, list[Posting]] = {}
        for sequence, *posting in self.connection.execute(
            "SELECT sequence, account, currency, amount, state FROM postings"
            " WHERE sequence BETWEEN ? AND ? AND account >= 'receivable:'"
            " AND account < 'receivable;' ORDER BY sequence, line",
            (first, last),
        ):
            found.setdefault(sequence, []).append(Posting(*posting))
        return found

    def _finish_drawing(self) -> None:
        try:
            self.drawing.end()
        except Duplicate as twice:
            raise Bad(twice.sequence, f"stands here a second time ({twice.reason})") from twice

    def _before(self, bad: Bad) -> Bad:
        """Postings and rows before a bad entry may be bad too: the first one is named."""
        try:
            if self.journal:
                self._compare(bad.sequence - 1)
            self._finish_drawing()
        except Bad as earlier:
            return min(bad, earlier, key=lambda each: each.sequence)
        return bad

    def _anchor(self, entry: Entry) -> None:
        self.previous = digest(entry)
        anchored = self.anchors.get(entry.sequence)
        if anchored is not None and anchored != self.previous:
            raise Bad(entry.sequence, "is not the entry that upstream has acknowledged")

    def _earliest(self, bad: Bad) -> Bad:
        """Whoever changes an entry without the key may mend the chain after it, but not its
        signature: the first entry with a wrong one is where it began."""
        for batch in self._batches() if self.public_key else ():
            for entry in batch:
                if entry.sequence >= bad.sequence:
                    return bad
                if not entry_is_genuine(self.public_key, entry):
                    return Bad(entry.sequence, "was changed after it was written")
        return bad

    def _batches(self) -> Iterator[list[Entry]]:
        after = _LOWEST
        while True:
            rows = self.connection.execute(
                "SELECT sequence, time_ms, quality, kind, version, body, previous, signature"
                " FROM entries WHERE sequence > ? ORDER BY sequence LIMIT ?",
                (after, _BATCH),
            ).fetchall()
            if not rows:
                return
            yield [Entry(self.origin, *row) for row in rows]
            after = rows[-1][0]

    def _place(self, entry: Entry, last: Entry | None) -> Entry:
        self.count += 1
        while self.count in self.gaps and self.count != entry.sequence:
            run = self.gaps[self.count]
            self.count, self.previous, last = run.last + 1, run.digest, None
        broken = (entry.sequence, entry.previous) != (self.count, self.previous)
        # The chain breaks between two entries; the signature says which of them was changed.
        if broken and last is not None and not entry_is_genuine(self.public_key, last):
            raise Bad(last.sequence, "was changed after it was written")
        if entry.sequence != self.count:
            raise Bad(self.count, "is missing")
        if entry.previous != self.previous:
            raise Bad(entry.sequence, "does not follow the entry before it")
        wanted = self.every_signature and entry.sequence > 1
        if wanted and not entry_is_genuine(self.public_key, entry):
            raise Bad(entry.sequence, _FORGED)
        return entry

    def _fact(self, entry: Entry) -> facts.Fact:
        try:
            fact = facts.decode(entry.kind, entry.version, entry.body)
        except (KeyError, TypeError, msgspec.MsgspecError) as error:
            raise Bad(entry.sequence, f"cannot be read ({error})") from error
        if isinstance(fact, facts.HomeOpened):
            if entry.sequence != 1:
                raise Bad(entry.sequence, "opens the journal a second time")
            self.public_key = fact.public_key
            if not entry_is_genuine(self.public_key, entry):
                raise Bad(entry.sequence, _FORGED)
        elif entry.sequence == 1:
            raise Bad(1, "is not the opening of a journal")
        return fact

    def _fold(self, entry: Entry, fact: facts.Fact) -> list[Posting]:
        made = self.books.apply(fact)
        if isinstance(made, Refusal):
            raise Bad(entry.sequence, f"cannot stand where it stands ({made.code})")
        if isinstance(fact, store_facts.PeriodArchived):
            self._archived(entry, fact)
        sequence, balances, line = entry.sequence, self.balances, 0
        for account, currency, amount, state in map(msgspec.structs.astuple, made):
            self.expected.append((sequence, line, account, currency, amount, state))
            key = (account, currency)
            balances[key] = balances.get(key, 0) + amount
            line += 1
        self.postings += line
        return made

    def _archived(self, entry: Entry, fact: store_facts.PeriodArchived) -> None:
        """What went into an archive: the runs are those of the fact, the totals carried forward."""
        runs = [run for run in self.gaps.values() if run.archive == fact.number]
        if not runs:
            return  # restored in full: the entries are here again, and so are their postings
        if runs_digest(runs) != fact.runs_digest or entry.sequence <= fact.upto:
            raise Bad(entry.sequence, "names other entries as archived than are missing")
        self.archives.add(fact.number)
        for total in fact.totals:
            key = (total.account, total.currency)
            self.balances[key] = self.balances.get(key, 0) + total.amount

    def _all_archived_for_a_reason(self) -> None:
        for run in self.gaps.values():
            if run.archive not in self.archives:
                raise Bad(run.first, "is missing, and no fact says that it was archived")

    def _compare(self, upto: int) -> None:
        """The stored postings up to entry `upto` are those that the facts make."""
        stored = self.connection.execute(_POSTINGS, (self.compared, upto)).fetchall()
        expected, self.expected = self.expected, []
        if expected and expected[-1][0] > upto:
            expected = [row for row in expected if row[0] <= upto]
        self.compared = upto
        if stored == expected:
            return
        for row, wanted in zip_longest(stored, expected):
            if row != wanted:
                first = min(each[0] for each in (row, wanted) if each)
                raise Bad(max(first, 1), "its postings are not those that its fact makes")

    def _draw(self, entry: Entry, fact: facts.Fact, postings: list[Posting]) -> None:
        """What the tables beside the journal hold after this entry."""
        identity = fact.identity()
        if identity is not None:
            self.identities.append((identity, entry.sequence))
        self.drawing.sequence = entry.sequence
        projection.draw(self.drawing, entry.sequence, entry.time_ms, fact, postings)
        if isinstance(fact, facts.CatalogueReceived):
            self._draw_catalogue(entry, fact)
        self.sales += isinstance(fact, facts.SaleCommitted)

    def _draw_catalogue(self, entry: Entry, fact: facts.CatalogueReceived) -> None:
        row = self.connection.execute(
            "SELECT content FROM catalogues WHERE number = ?", (fact.number,)
        ).fetchone()
        content = bytes(row[0]) if row else b""
        catalogue = catalogues.decode(content)
        if isinstance(catalogue, Refusal) or catalogues.received(catalogue, content) != fact:
            raise Bad(entry.sequence, "its catalogue is not the one that came down")
        projection.project_catalogue(self.drawing, catalogue, content, self.origin)

    def _end(self, last_digest: bytes) -> None:
        head = self.connection.execute("SELECT sequence, digest FROM head").fetchone()
        kept = head[0] if head else 0
        self.compared = max(self.compared, self.count)
        if kept > self.count or not self.count:
            raise Bad(self.count + 1, "is missing: the end of the journal was cut off")
        if kept < self.count:
            raise Bad(kept + 1, "was not written by this program: the journal ended before it")
        if bytes(head[1]) != last_digest:
            raise Bad(self.count, "was changed after it was written")
        if max(self.anchors, default=0) > self.count:
            raise Bad(self.count + 1, "is missing: upstream has acknowledged more")


def prove(
    connection: Connection, origin: str, *, every_signature: bool = False, part: Part = "all"
) -> Proof:
    """Verify the ledger behind `connection`: chain, facts, postings, tables, anchors, end.

    `every_signature` checks all signatures too (about 0.11 ms each). `part` proves the journal with
    its postings and totals alone, or the tables beside it alone (proof_apart.py). StoreFault for a
    file that the database itself cannot read.
    """
    with faults(Path(LEDGER_FILE)), _no_collection():
        return _prove(connection, origin, every_signature, part)


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Millions of small values and not one cycle: looking for some takes a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _prove(connection: Connection, origin: str, every_signature: bool, part: Part) -> Proof:
    prover = _Prover(connection, origin, every_signature, part)
    try:
        head = prover.run().hex()
        bad = Bad(0, "")
    except Bad as found:
        head, bad = "", found
    finally:
        prover.drawn.close()
    fault = f"Entry {bad.sequence}: {bad.fault}." if bad.fault else ""
    return Proof(prover.count, prover.postings, prover.sales, head, bad.sequence, fault)
