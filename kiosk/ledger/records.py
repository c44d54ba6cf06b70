"""What can be read: the journal itself, sales, registry, balances. One read-only connection.

Reads are short (under a second), so that the log can always be moved into the file.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec

from kiosk.domain import facts
from kiosk.domain.entry import GENESIS, Entry, digest
from kiosk.domain.record import SaleRecord
from kiosk.ledger.account_records import AccountReads
from kiosk.ledger.card_account_records import CardAccountReads
from kiosk.ledger.card_records import CardReads
from kiosk.ledger.connection import Connection, faults
from kiosk.ledger.history_records import HistoryReads
from kiosk.ledger.opening import Head, committed_in
from kiosk.ledger.operator_records import OperatorReads
from kiosk.ledger.registry_records import RegistryReads
from kiosk.ledger.store import LEDGER_FILE
from kiosk.ledger.tariff_records import TariffReads
from kiosk.ledger.token_records import IN_A_SALE, TokenReads, has_token

_FILE = Path(LEDGER_FILE)
_ENTRY = "sequence, time_ms, quality, kind, version, body, previous, signature"
_SALE = "sale_id, sequence, state, token, purchase_number, ended, copies"


class NoteRecord(msgspec.Struct, frozen=True):
    """A note that has not ended, or is lost."""

    payment: str
    note: int
    state: str
    station: str
    device: str
    meter: str
    counter: int
    amount_minor: int
    currency: str


class HeldRecord(msgspec.Struct, frozen=True):
    """Money of a payment that is not a sale."""

    payment: str
    station: str
    meter: str
    currency: str
    amount_minor: int


class Records(
    OperatorReads,
    TokenReads,
    RegistryReads,
    CardReads,
    CardAccountReads,
    TariffReads,
    AccountReads,
    HistoryReads,
):
    """Reads of one process; a lock makes the one connection safe for its threads."""

    def __init__(self, connection: Connection, origin: str) -> None:
        self._connection = connection
        self._origin = origin
        self._lock = threading.Lock()
        self._begins: dict[str, tuple[int, int]] = {}
        #: By kind: up to which entry its newest one was looked for, and that one.
        self._newest: dict[str, tuple[int, Entry | None]] = {}

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    def _all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            with faults(_FILE):
                rows: list[tuple[Any, ...]] = self._connection.execute(sql, values).fetchall()
            return rows

    def _one(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        rows = self._all(sql, *values)
        return rows[0] if rows else None

    # --- the journal --------------------------------------------------------------------------

    def head(self) -> Head:
        """Number and digest of the last entry."""
        row = self._one("SELECT sequence, digest FROM head")
        return Head(row[0], row[1]) if row else Head(0, GENESIS)

    def after(self, sequence: int, limit: int) -> list[Entry]:
        """Entries after `sequence`, oldest first."""
        rows = self._all(
            f"SELECT {_ENTRY} FROM entries WHERE sequence > ? ORDER BY sequence LIMIT ?",  # noqa: S608
            sequence, limit,
        )  # fmt: skip
        return [Entry(self._origin, *row) for row in rows]

    def acknowledged(self) -> int:
        """The last anchored entry; 0 for none."""
        row = self._one("SELECT max(sequence) FROM anchors")
        return int(row[0] or 0) if row else 0

    def fact(self, sequence: int) -> facts.Fact:
        """The fact at `sequence`."""
        row = self._one("SELECT kind, version, body FROM entries WHERE sequence = ?", sequence)
        assert row is not None, sequence
        return facts.decode(*row)

    def fact_of(self, identity: str) -> facts.Fact | None:
        """The fact that stands under `identity`."""
        row = self._one(
            "SELECT kind, version, body FROM identities JOIN entries USING (sequence)"
            " WHERE identity = ?",
            identity,
        )
        return facts.decode(*row) if row else None

    def opened(self) -> facts.HomeOpened:
        """The first fact of the journal."""
        fact = self.fact(1)
        assert isinstance(fact, facts.HomeOpened)
        return fact

    def last_entry_of(self, kind: str) -> Entry | None:
        """The newest entry of `kind`. The journal has no index of kinds, and a sale asks for some:
        only what was written since the last question is looked at."""
        looked_upto, found = self._newest.get(kind, (0, None))
        head = self.head().sequence
        if head != looked_upto:
            row = self._one(
                f"SELECT {_ENTRY} FROM entries WHERE kind = ? AND sequence > ? AND sequence <= ?"  # noqa: S608
                " ORDER BY sequence DESC LIMIT 1",
                kind, looked_upto, head,
            )  # fmt: skip
            found = Entry(self._origin, *row) if row else found
            self._newest[kind] = head, found
        return found

    def last_of(self, kind: str) -> facts.Fact | None:
        """The newest fact of `kind`."""
        entry = self.last_entry_of(kind)
        return facts.decode(entry.kind, entry.version, entry.body) if entry else None

    def time_of(self, kind: str) -> int:
        """When the newest fact of `kind` was written, UTC milliseconds; 0 when there is none."""
        entry = self.last_entry_of(kind)
        return entry.time_ms if entry else 0

    def entries_between(self, from_ms: int, until_ms: int, limit: int) -> list[Entry]:
        """The newest entries of a time, newest first. Found by halving: entries are in the order
        of their writing, which is that of time unless a clock was set back."""
        first, last = self._first_at(from_ms), self._first_at(until_ms + 1) - 1
        first = max(first, last - limit + 1)
        return self.after(first - 1, last - first + 1)[::-1] if last >= first else []

    def _first_at(self, time_ms: int) -> int:
        """The number of the first entry at `time_ms` or later."""
        low, high = 1, self.head().sequence + 1
        while low < high:
            middle = (low + high) // 2
            row = self._one("SELECT time_ms FROM entries WHERE sequence = ?", middle)
            if row is not None and row[0] < time_ms:
                low = middle + 1
            else:
                high = middle
        return low

    def highest_time_ms(self) -> int:
        """The highest time committed near the end of the journal by a clock that was believed; what
        was written before the last confirmation of the clock does not count (E08)."""
        row = self._one(
            "WITH newest AS (SELECT sequence, time_ms, quality, kind FROM entries"
            " ORDER BY sequence DESC LIMIT 1000) SELECT max(time_ms) FROM newest"
            " WHERE (quality <> 'doubtful' OR kind = 'clock_confirmed') AND sequence >="
            " coalesce((SELECT max(sequence) FROM newest WHERE kind = 'clock_confirmed'), 0)"
        )
        return int(row[0] or 0) if row else 0

    def newest_anchor(self) -> bytes:
        """The newest acknowledgement as upstream signed it; empty when there is none."""
        row = self._one("SELECT content FROM anchors ORDER BY sequence DESC LIMIT 1")
        return bytes(row[0]) if row else b""

    def any_operator(self) -> bool:
        """Whether anybody is registered who may sign in."""
        return self._one("SELECT 1 FROM operators LIMIT 1") is not None

    # --- sales --------------------------------------------------------------------------------

    def sale(self, sale_id: str) -> SaleRecord | None:
        """The sale `sale_id`."""
        rows = self._sales("sale_id = ?", sale_id)
        return rows[0] if rows else None

    def sales_of(self, *, meter: str = "", account: str = "", limit: int = 20) -> list[SaleRecord]:
        """The newest sales of a meter or an account, newest first."""
        column, value = ("meter", meter) if meter else ("account", account)
        return self._sales(f"{column} = ? ORDER BY sequence DESC LIMIT {limit:d}", value)

    def last_sales(self, limit: int) -> list[SaleRecord]:
        """The newest sales of this home, newest first."""
        return self._sales(f"1 ORDER BY sequence DESC LIMIT {limit:d}")

    def sales_between(self, from_ms: int, until_ms: int, limit: int) -> list[SaleRecord]:
        """The sales of a time, newest first."""
        newest = f"ORDER BY committed_ms DESC, sequence DESC LIMIT {limit:d}"
        return self._sales(
            f"committed_ms BETWEEN ? AND ? {newest}",
            from_ms, until_ms,
        )  # fmt: skip

    def open_sales(self) -> list[SaleRecord]:
        """Sales whose money is pending, oldest first."""
        return self._sales("state IN ('paid', 'in_doubt') ORDER BY sequence")

    def sale_on_card(self, serial: str, meter: str, purchase_number: int) -> SaleRecord | None:
        """The sale whose purchase this number on this chip of a meter is, by the newest of what put
        it there; None for a number that was given without a purchase."""
        return self.sale(self.purchase_on_card(serial, meter, purchase_number))

    def sale_by_token(self, token: str) -> SaleRecord | None:
        """The sale that gave this token, paid or free."""
        rows = self._sales(has_token("token", IN_A_SALE), token) if len(token) == 20 else []
        return rows[0] if rows else None

    def _sales(self, condition: str, *values: Any) -> list[SaleRecord]:
        rows = self._all(f"SELECT {_SALE} FROM sales WHERE {condition}", *values)  # noqa: S608
        return [self._record(row) for row in rows]

    def _record(self, row: tuple[Any, ...]) -> SaleRecord:
        sale_id, sequence, state, token, purchase_number, ended, copies = row
        entry = self.after(sequence - 1, 1)[0]
        committed = committed_in(facts.decode(entry.kind, entry.version, entry.body), sale_id)
        paid, *free = (token or "").split() or [None]
        how, reason, returned_to, ended_ms, stages = "", "", "", None, {}
        if ended is not None:
            last = self.after(ended - 1, 1)[0]
            fact = facts.decode(last.kind, last.version, last.body)
            ended_ms = last.time_ms
            if isinstance(fact, facts.SaleDelivered):
                how, stages = fact.how, fact.stages_ms
            elif isinstance(fact, facts.SaleVoided):
                reason, returned_to = fact.reason, fact.returned_to
        return SaleRecord(
            committed, sequence, digest(entry).hex()[:8], entry.time_ms, entry.quality, state,
            how, paid, purchase_number, ended_ms, reason, returned_to, copies, stages, free,
            self._undone_since(sale_id),
        )  # fmt: skip

    def _undone_since(self, sale_id: str) -> str:
        """See SaleRecord.undone."""
        rows = self._all(
            "SELECT state FROM undone_sales WHERE sale_id = ? UNION ALL"
            " SELECT CASE state WHEN 'done' THEN 'taken_back' ELSE 'intended' END FROM card_works"
            " WHERE sale_id = ? AND operation = 'cancel' AND state <> 'undone'",
            sale_id, sale_id,
        )  # fmt: skip
        if rows:
            return str(rows[0][0])
        return "dropped" if self.is_off_its_card(sale_id) else ""

    def sales_table(self) -> dict[str, tuple[int, int, int]]:
        """Per state: how many sales, their money, their energy."""
        return {
            state: (count, money, energy)
            for state, count, money, energy in self._all(
                "SELECT state, count(*), sum(amount_minor), sum(energy_wh) FROM sales"
                " GROUP BY state"
            )
        }

    # --- identifiers, notes, money ------------------------------------------------------------

    def last_identifier(self, meter: str, base_date: int) -> int | None:
        """The highest identifier that the meter was given under `base_date`."""
        row = self._one(
            "SELECT max(identifier) FROM identifiers WHERE meter = ? AND base_date = ?",
            meter, base_date,
        )  # fmt: skip
        return row[0] if row else None

    def balance(self, account: str, currency: str) -> int:
        """The stored total of an account."""
        row = self._one(
            "SELECT amount FROM balances WHERE account = ? AND currency = ?", account, currency
        )
        return int(row[0]) if row else 0

    def balances(self) -> list[tuple[str, str, int]]:
        """All stored totals."""
        return [(a, c, n) for a, c, n in self._all("SELECT * FROM balances ORDER BY 1, 2")]

    def open_notes(self) -> list[NoteRecord]:
        """Notes that were offered and have not ended, and lost ones."""
        rows = self._all(
            "SELECT payment, note, state, station, device, meter, counter, amount_minor, currency"
            " FROM notes WHERE state IN ('offered', 'in_doubt') ORDER BY sequence"
        )
        return [NoteRecord(*row) for row in rows]

    def notes_of(self, payment: str) -> int:
        """How many notes were offered for `payment` so far."""
        row = self._one("SELECT coalesce(max(note), 0) FROM notes WHERE payment = ?", payment)
        return int(row[0]) if row else 0

    def last_note_counter(self, device: str) -> int:
        """The device's event counter at the newest note that we know of."""
        row = self._one(
            "SELECT counter FROM notes WHERE device = ? ORDER BY sequence DESC LIMIT 1", device
        )
        return int(row[0]) if row else 0

    def held(self) -> list[HeldRecord]:
        """Payments that are not sales yet."""
        rows = self._all("SELECT payment, station, meter, currency, amount_minor FROM held")
        return [HeldRecord(*row) for row in rows]

    def is_known(self, identity: str) -> bool:
        """Whether a fact with this identity is in the journal."""
        return self._one("SELECT 1 FROM identities WHERE identity = ?", identity) is not None
