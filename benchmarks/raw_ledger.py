"""The baseline of the ledger: the same rows in the same two commits, with nothing around them.

The same SQLite, the same tables and pragmas. It encodes the fact, chains it and writes; it checks
nothing, folds nothing, knows no second caller and does not sign. The bench compares every row that
both have written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kiosk.domain import facts
from kiosk.domain.entry import GENESIS, Entry, digest
from kiosk.domain.posting import Posting
from kiosk.ledger.store import checkpoint, open_writer

ENTRY = (
    "INSERT INTO entries (sequence, time_ms, quality, kind, version, body, previous, signature)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
POSTING = (
    "INSERT INTO postings (sequence, line, account, currency, amount, state)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
BALANCE = (
    "INSERT INTO balances (account, currency, amount) VALUES (?, ?, ?)"
    " ON CONFLICT (account, currency) DO UPDATE SET amount = amount + excluded.amount"
)
IDENTITY = "INSERT INTO identities (identity, sequence) VALUES (?, ?)"
HEAD = "INSERT OR REPLACE INTO head (id, sequence, digest) VALUES (1, ?, ?)"
SALE = (
    "INSERT INTO sales (sale_id, sequence, state, meter, account, card, station, operator, face,"
    " currency, amount_minor, energy_wh, purchase_number, committed_ms)"
    " VALUES (?, ?, 'paid', ?, ?, NULL, ?, ?, ?, ?, ?, ?, NULL, ?)"
)
IDENTIFIER = (
    "INSERT INTO identifiers (meter, base_date, key_revision, identifier, sale_id)"
    " VALUES (?, ?, ?, ?, ?)"
)
SALE_END = "UPDATE sales SET state = 'delivered', token = ?, ended = ? WHERE sale_id = ?"

NO_SIGNATURE = bytes(64)


class RawLedger:
    """A ledger of nothing but statements."""

    def __init__(self, home: Path, origin: str) -> None:
        home.mkdir(parents=True)
        self.connection = open_writer(home)
        self._origin, self._sequence, self._previous = origin, 0, GENESIS
        self._join = self._joined = 0

    def join_commits(self, count: int) -> None:
        """Put `count` commits into one transaction from now on, to fill a ledger; 0: no more."""
        if self._joined:
            self.connection.execute("COMMIT")
        self._join, self._joined = count, 0

    def commit_one(self, fact: facts.SaleCommitted, time_ms: int, postings: list[Posting]) -> None:
        """The paid sale."""
        execute = self.connection.execute
        self._begin()
        self._entry(fact, time_ms, postings)
        execute(SALE, (
            fact.sale_id, self._sequence, fact.meter, fact.account, fact.station, fact.operator,
            fact.face, fact.currency, fact.amount_minor, fact.energy_wh, time_ms,
        ))  # fmt: skip
        token = fact.token
        assert token is not None
        execute(IDENTIFIER, (
            fact.meter, token.base_date, token.key_revision, token.identifier, fact.sale_id,
        ))  # fmt: skip
        self._commit()

    def commit_two(self, fact: facts.SaleDelivered, time_ms: int, postings: list[Posting]) -> None:
        """The delivery."""
        self._begin()
        self._entry(fact, time_ms, postings)
        self.connection.execute(SALE_END, (fact.token, self._sequence, fact.sale_id))
        self._commit()

    def open(self, fact: facts.HomeOpened, time_ms: int) -> None:
        """The first entry."""
        self._begin()
        self._entry(fact, time_ms, [])
        self._commit()

    def rest(self) -> None:
        """Idle time: move the log into the file."""
        checkpoint(self.connection)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def _begin(self) -> None:
        if not self._joined:
            self.connection.execute("BEGIN IMMEDIATE")

    def _commit(self) -> None:
        self._joined += 1
        if self._joined >= self._join:
            self.connection.execute("COMMIT")
            self._joined = 0

    def _entry(self, fact: facts.Fact, time_ms: int, postings: list[Posting]) -> None:
        execute, many = self.connection.execute, self.connection.executemany
        self._sequence += 1
        entry = Entry(
            self._origin, self._sequence, time_ms, "synced", fact.KIND, fact.VERSION,
            facts.encode(fact), self._previous, NO_SIGNATURE,
        )  # fmt: skip
        execute(ENTRY, (
            entry.sequence, time_ms, "synced", entry.kind, entry.version, entry.body,
            entry.previous, entry.signature,
        ))  # fmt: skip
        if postings:
            many(POSTING, [
                (entry.sequence, place, p.account, p.currency, p.amount, p.state)
                for place, p in enumerate(postings)
            ])  # fmt: skip
            many(BALANCE, [(p.account, p.currency, p.amount) for p in postings])
        execute(IDENTITY, (fact.identity(), entry.sequence))
        self._previous = digest(entry)
        execute(HEAD, (entry.sequence, self._previous))


def contents(connection: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, for the comparison of two ledgers."""
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    return {
        table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
        for (table,) in tables
    }
