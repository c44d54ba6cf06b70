"""`kiosk verify`: the whole journal is read, hashed, folded again and compared with what is stored.

Names the first entry that is not as it was written. Nothing is repaired.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from kiosk.domain import facts
from kiosk.domain.books import Books, Posting
from kiosk.domain.entry import GENESIS, Entry, digest
from kiosk.errors import Refusal
from kiosk.ledger.sealing import entry_is_genuine
from kiosk.ledger.store import Connection

_BATCH = 2000


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
    """One pass over the journal; keeps what the stored tables must equal."""

    def __init__(self, connection: Connection, origin: str, every_signature: bool) -> None:
        self.connection, self.origin = connection, origin
        self.every_signature = every_signature
        self.books = Books()
        self.balances: dict[tuple[str, str], int] = {}
        #: sale -> (sequence, state, token, ended)
        self.sales: dict[str, tuple[int, str, str | None, int | None]] = {}
        self.identifiers: dict[tuple[str, int, int, int], str] = {}
        self.anchors = {
            sequence: bytes(anchored)
            for sequence, anchored in connection.execute("SELECT sequence, digest FROM anchors")
        }
        self.public_key = b""
        self.count = self.postings = 0

    def run(self) -> bytes:
        """Prove everything; the digest of the last entry. Raises _Bad."""
        stored = _Postings(self.connection)
        previous, last = GENESIS, None
        for entry in self._entries():
            self._place(entry, last, previous)
            fact = self._fact(entry)
            self._postings(entry, fact, stored)
            self._note(entry, fact)
            previous, last = digest(entry), entry
            anchored = self.anchors.get(entry.sequence)
            if anchored is not None and anchored != previous:
                raise _Bad(entry.sequence, "is not the entry that upstream has acknowledged")
        if last is not None and not entry_is_genuine(self.public_key, last):
            raise _Bad(last.sequence, "its signature is not that of this home")
        self._end(previous)
        beyond = stored.first_beyond(self.count)
        if beyond is not None:
            raise _Bad(beyond, "has postings, but the entry is missing")
        self._tables()
        return previous

    def _entries(self) -> Iterator[Entry]:
        after = 0
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
        if entry.sequence != self.count:
            raise _Bad(self.count, "is missing")
        if entry.previous != previous:
            # The chain breaks between two entries; the signature says which of them was changed.
            if last is not None and not entry_is_genuine(self.public_key, last):
                raise _Bad(last.sequence, "was changed after it was written")
            raise _Bad(entry.sequence, "does not follow the entry before it")
        if (
            self.every_signature
            and self.public_key
            and not entry_is_genuine(self.public_key, entry)
        ):
            raise _Bad(entry.sequence, "its signature is not that of this home")

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
                raise _Bad(entry.sequence, "its signature is not that of this home")
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

    def _note(self, entry: Entry, fact: facts.Fact) -> None:
        if isinstance(fact, facts.SaleCommitted):
            self.sales[fact.sale_id] = (entry.sequence, "paid", None, None)
            if fact.token:
                key = (
                    fact.meter, fact.token.base_date, fact.token.key_revision,
                    fact.token.identifier,
                )  # fmt: skip
                if key in self.identifiers:
                    raise _Bad(entry.sequence, "uses a token identifier a second time")
                self.identifiers[key] = fact.sale_id
        elif isinstance(fact, facts.SaleDelivered):
            sequence = self.sales[fact.sale_id][0]
            self.sales[fact.sale_id] = (sequence, "delivered", fact.token, entry.sequence)
        elif isinstance(fact, facts.SaleVoided):
            sequence = self.sales[fact.sale_id][0]
            self.sales[fact.sale_id] = (sequence, "voided", None, entry.sequence)
        elif isinstance(fact, facts.SaleInDoubt):
            self.sales[fact.sale_id] = (self.sales[fact.sale_id][0], "in_doubt", None, None)

    def _end(self, last_digest: bytes) -> None:
        head = self.connection.execute("SELECT sequence, digest FROM head").fetchone()
        if head is None or head[0] != self.count:
            raise _Bad(self.count + 1, "is missing: the end of the journal was cut off")
        if bytes(head[1]) != last_digest:
            raise _Bad(self.count, "was changed after it was written")
        lost = [sequence for sequence in self.anchors if sequence > self.count]
        if lost:
            raise _Bad(self.count + 1, "is missing: upstream has acknowledged more")

    def _tables(self) -> None:
        """Stored totals and states equal what the fold gives; a difference names its entry."""
        stored = {
            (account, currency): amount
            for account, currency, amount in self.connection.execute("SELECT * FROM balances")
        }
        for key in sorted(stored.keys() | self.balances.keys()):
            if stored.get(key, 0) != self.balances.get(key, 0):
                raise _Bad(
                    self.count, f"the stored total of {key[0]} is not the sum of its postings"
                )
        sales = {
            row[0]: row[1:]
            for row in self.connection.execute(
                "SELECT sale_id, sequence, state, token, ended FROM sales"
            )
        }
        for sale_id in sorted(sales.keys() | self.sales.keys()):
            if sales.get(sale_id) != self.sales.get(sale_id):
                sequence = (self.sales.get(sale_id) or sales[sale_id])[0]
                raise _Bad(
                    sequence, f"the list of sales shows {sale_id} otherwise than the journal"
                )
        identifiers = {
            row[:4]: row[4]
            for row in self.connection.execute(
                "SELECT meter, base_date, key_revision, identifier, sale_id FROM identifiers"
            )
        }
        if identifiers != self.identifiers:
            raise _Bad(self.count, "the list of token identifiers is not that of the journal")


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
                raise _Bad(row[0], "has a posting that its fact does not make")
            if row[1] != len(found):
                raise _Bad(sequence, "its postings are not numbered as they were")
            found.append(Posting(*row[2:]))
            self._next = self._rows.fetchone()
        return found

    def first_beyond(self, count: int) -> int | None:
        """The entry number of a posting beyond the journal's end."""
        return self._next[0] if self._next is not None and self._next[0] > count else None


def prove(connection: Connection, origin: str, *, every_signature: bool = False) -> Proof:
    """Verify the ledger behind `connection`: chain, facts, postings, totals, last signature, anchors.

    `every_signature` checks all signatures too (about 0.11 ms each).
    """
    prover = _Prover(connection, origin, every_signature)
    try:
        head = prover.run()
    except _Bad as bad:
        return Proof(
            prover.count, prover.postings, len(prover.sales), "", bad.sequence,
            f"Entry {bad.sequence}: {bad.fault}.",
        )  # fmt: skip
    return Proof(prover.count, prover.postings, len(prover.sales), head.hex())
