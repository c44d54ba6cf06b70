"""`kiosk verify`: the whole journal is read, hashed, folded again and compared with what is stored.

Names the first entry that is not as it was written. Nothing is repaired.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec
from sqlcipher3 import dbapi2

from kiosk.domain import catalogue as catalogues
from kiosk.domain import facts
from kiosk.domain.books import Books
from kiosk.domain.entry import GENESIS, Entry, digest
from kiosk.domain.posting import Posting
from kiosk.errors import Refusal
from kiosk.ledger import projection
from kiosk.ledger.sealing import entry_is_genuine
from kiosk.ledger.store import LEDGER_FILE, Connection, faults, open_scratch

_BATCH = 2000
_LOWEST = -(2**63)
_FORGED = "its signature is not that of this home"

#: The tables beside the journal and their keys; projection.py draws them. `balances` are sums.
_DRAWN = {
    "sales": "sale_id",
    "identifiers": "meter, base_date, key_revision, identifier",
    "identities": "identity",
    "issued_tokens": "issue_id",
    "notes": "payment, note",
    "held": "payment",
    "operators": "operator",
    "catalogues": "number",
    "tariffs": "digest",
    "customers": "account",
    "meters": "number",
    "cards": "number",
    "amendments": "sequence, line",
    "installations": "meter",
    "readings": "reading_id",
    "replacements": "replacement_id",
    "registry_index": "account",
}


class Proof(msgspec.Struct, frozen=True):
    """What verification found: `first_bad` is 0 when everything is as it was written."""

    entries: int
    postings: int
    sales: int
    head: str
    first_bad: int = 0
    fault: str = ""


class _Bad(Exception):
    """The first entry that is wrong, and how."""

    def __init__(self, sequence: int, fault: str) -> None:
        self.sequence, self.fault = sequence, fault


class _Prover:
    """One pass over the journal; draws the tables beside it again in memory, to compare them."""

    def __init__(self, connection: Connection, origin: str, every_signature: bool) -> None:
        self.connection, self.origin = connection, origin
        self.every_signature = every_signature
        self.drawn = open_scratch()
        self.books = Books()
        self.balances: dict[tuple[str, str], int] = {}
        self.anchors = {
            sequence: bytes(anchored)
            for sequence, anchored in connection.execute("SELECT sequence, digest FROM anchors")
        }
        self.public_key = b""
        self.count = self.postings = self.sales = 0

    def run(self) -> bytes:
        """Prove everything; the digest of the last entry. Raises _Bad."""
        try:
            last_digest = self._journal()
        except _Bad as bad:
            raise self._earliest(bad) from bad
        self._totals()
        for table, order in _DRAWN.items():
            self._table(table, order)
        return last_digest

    def _journal(self) -> bytes:
        stored = _Postings(self.connection)
        previous, last = GENESIS, None
        for entry in self._entries():
            self._place(entry, last, previous)
            fact = self._fact(entry)
            self._postings(entry, fact, stored)
            self._draw(entry, fact)
            previous, last = digest(entry), entry
            anchored = self.anchors.get(entry.sequence)
            if anchored is not None and anchored != previous:
                raise _Bad(entry.sequence, "is not the entry that upstream has acknowledged")
        if last is not None and not entry_is_genuine(self.public_key, last):
            raise _Bad(last.sequence, _FORGED)
        self._end(previous)
        beyond = stored.first_beyond(self.count)
        if beyond is not None:
            raise _Bad(beyond, "has postings, but the entry is missing")
        return previous

    def _earliest(self, bad: _Bad) -> _Bad:
        """Whoever changes an entry without the key may mend the chain after it, but not its
        signature: the first entry with a wrong one is where it began."""
        for entry in self._entries() if self.public_key else ():
            if entry.sequence >= bad.sequence:
                break
            if not entry_is_genuine(self.public_key, entry):
                return _Bad(entry.sequence, "was changed after it was written")
        return bad

    def _entries(self) -> Iterator[Entry]:
        after = _LOWEST
        while True:
            rows = self.connection.execute(
                "SELECT sequence, time_ms, quality, kind, version, body, previous, signature"
                " FROM entries WHERE sequence > ? ORDER BY sequence LIMIT ?",
                (after, _BATCH),
            ).fetchall()
            if not rows:
                return
            for row in rows:
                yield Entry(self.origin, *row)
            after = rows[-1][0]

    def _place(self, entry: Entry, last: Entry | None, previous: bytes) -> None:
        self.count += 1
        broken = (entry.sequence, entry.previous) != (self.count, previous)
        # The chain breaks between two entries; the signature says which of them was changed.
        if broken and last is not None and not entry_is_genuine(self.public_key, last):
            raise _Bad(last.sequence, "was changed after it was written")
        if entry.sequence != self.count:
            raise _Bad(self.count, "is missing")
        if entry.previous != previous:
            raise _Bad(entry.sequence, "does not follow the entry before it")
        wanted = self.every_signature and last is not None
        if wanted and not entry_is_genuine(self.public_key, entry):
            raise _Bad(entry.sequence, _FORGED)

    def _fact(self, entry: Entry) -> facts.Fact:
        try:
            fact = facts.decode(entry.kind, entry.version, entry.body)
        except (KeyError, msgspec.MsgspecError) as error:
            raise _Bad(entry.sequence, f"cannot be read ({error})") from error
        if isinstance(fact, facts.HomeOpened):
            if entry.sequence != 1:
                raise _Bad(entry.sequence, "opens the journal a second time")
            self.public_key = fact.public_key
            if not entry_is_genuine(self.public_key, entry):
                raise _Bad(entry.sequence, _FORGED)
        elif entry.sequence == 1:
            raise _Bad(1, "is not the opening of a journal")
        return fact

    def _postings(self, entry: Entry, fact: facts.Fact, stored: _Postings) -> None:
        made = self.books.apply(fact)
        if isinstance(made, Refusal):
            raise _Bad(entry.sequence, f"cannot stand where it stands ({made.code})")
        if stored.of(entry.sequence) != made:
            raise _Bad(entry.sequence, "its postings are not those that its fact makes")
        self.postings += len(made)
        for posting in made:
            key = (posting.account, posting.currency)
            self.balances[key] = self.balances.get(key, 0) + posting.amount

    def _draw(self, entry: Entry, fact: facts.Fact) -> None:
        """What the tables beside the journal hold after this entry."""
        try:
            projection.project(self.drawn, entry.sequence, entry.time_ms, fact)
            if isinstance(fact, facts.CatalogueReceived):
                self._draw_catalogue(entry, fact)
        except dbapi2.IntegrityError as error:
            raise _Bad(entry.sequence, f"stands here a second time ({error})") from error
        self.sales += isinstance(fact, facts.SaleCommitted)

    def _draw_catalogue(self, entry: Entry, fact: facts.CatalogueReceived) -> None:
        row = self.connection.execute(
            "SELECT content FROM catalogues WHERE number = ?", (fact.number,)
        ).fetchone()
        content = bytes(row[0]) if row else b""
        catalogue = catalogues.decode(content)
        if isinstance(catalogue, Refusal) or catalogues.received(catalogue, content) != fact:
            raise _Bad(entry.sequence, "its catalogue is not the one that came down")
        projection.project_catalogue(self.drawn, catalogue, content, self.origin)

    def _end(self, last_digest: bytes) -> None:
        head = self.connection.execute("SELECT sequence, digest FROM head").fetchone()
        kept = head[0] if head else 0
        if kept > self.count or not self.count:
            raise _Bad(self.count + 1, "is missing: the end of the journal was cut off")
        if kept < self.count:
            raise _Bad(kept + 1, "was not written by this program: the journal ended before it")
        if bytes(head[1]) != last_digest:
            raise _Bad(self.count, "was changed after it was written")
        if max(self.anchors, default=0) > self.count:
            raise _Bad(self.count + 1, "is missing: upstream has acknowledged more")

    def _totals(self) -> None:
        """Stored totals equal what the fold gives."""
        rows = self.connection.execute("SELECT account, currency, amount FROM balances")
        stored = {(account, currency): amount for account, currency, amount in rows}
        for key in sorted(stored.keys() | self.balances.keys()):
            if stored.get(key) != self.balances.get(key):
                fault = f"the stored total of {key[0]} is not the sum of its postings"
                raise _Bad(self.count, fault)

    def _table(self, table: str, order: str) -> None:
        """A table beside the journal holds what is drawn again; a difference names its entry."""
        sql = f"SELECT * FROM {table} ORDER BY {order}"  # noqa: S608
        stored, drawn = self.connection.execute(sql), self.drawn.execute(sql)
        columns = [column[0] for column in stored.description]
        for row, wanted in zip_longest(stored, drawn):
            if row != wanted:
                shown = dict(zip(columns, wanted or row, strict=True))
                raise _Bad(
                    shown.get("sequence", self.count),
                    f"the table {table} shows {shown[columns[0]]} otherwise than the journal",
                )


class _Postings:
    """The stored postings, read along with the entries in one ordered pass."""

    def __init__(self, connection: Connection) -> None:
        self._rows = connection.execute(
            "SELECT sequence, line, account, currency, amount, state FROM postings"
            " ORDER BY sequence, line"
        )
        self._next: tuple[Any, ...] | None = self._rows.fetchone()

    def of(self, sequence: int) -> list[Posting]:
        """The postings of an entry; a row of an earlier entry that nobody asked for is a fault."""
        found: list[Posting] = []
        while self._next is not None and self._next[0] <= sequence:
            row = self._next
            if row[0] < sequence:
                raise _Bad(max(row[0], 1), "has a posting that its fact does not make")
            if row[1] != len(found):
                raise _Bad(sequence, "its postings are not numbered as they were")
            found.append(Posting(*row[2:]))
            self._next = self._rows.fetchone()
        return found

    def first_beyond(self, count: int) -> int | None:
        """The entry number of a posting beyond the journal's end."""
        return self._next[0] if self._next is not None and self._next[0] > count else None


def prove(connection: Connection, origin: str, *, every_signature: bool = False) -> Proof:
    """Verify the ledger behind `connection`: chain, facts, postings, tables, anchors, end.

    `every_signature` checks all signatures too (about 0.11 ms each). StoreFault for a file that
    the database itself cannot read.
    """
    with faults(Path(LEDGER_FILE)):
        return _prove(connection, origin, every_signature=every_signature)


def _prove(connection: Connection, origin: str, *, every_signature: bool) -> Proof:
    prover = _Prover(connection, origin, every_signature)
    try:
        head = prover.run().hex()
        bad = _Bad(0, "")
    except _Bad as found:
        head, bad = "", found
    finally:
        prover.drawn.close()
    fault = f"Entry {bad.sequence}: {bad.fault}." if bad.fault else ""
    return Proof(prover.count, prover.postings, prover.sales, head, bad.sequence, fault)
