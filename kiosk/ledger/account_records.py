"""What can be read of customers' money: history, books, top-ups, debts, bills, corrections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kiosk.domain import chart, facts
from kiosk.domain.account_record import AccountRecord, BookLine, Figure, TopUp
from kiosk.domain.account_story import balances_named, story_of
from kiosk.domain.bill_books import Bill
from kiosk.domain.debts import Debt, Plan
from kiosk.domain.entry import Entry, digest
from kiosk.domain.record import SaleRecord

_TOP_UP = (
    "top_up_id, state, account, method, reference, currency, amount_minor, spendable, received_ms"
)
_DEBT = "debt_id, account, kind, dated_ms, currency, amount_minor, paid_minor, written_off_minor"
_BILL = (
    "bill_id, account, name, meter, period, currency, amount_minor, paid_minor, due_ms,"
    " late_fee_minor, late_fee_paid_minor"
)


class AccountReads:
    """The reads of `Records` that are about money; `Records` gives the connection."""

    def _all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def after(self, sequence: int, limit: int) -> list[Entry]:
        """Entries after `sequence`, oldest first."""
        raise NotImplementedError

    def _sales(self, condition: str, *values: Any) -> list[SaleRecord]:
        raise NotImplementedError

    # --- events and books ---------------------------------------------------------------------

    def account_event(self, account: str, sequence: int) -> AccountRecord:
        """The event at `sequence` as the customer `account` sees it."""
        entry = self.after(sequence - 1, 1)[0]
        fact: Any = facts.decode(entry.kind, entry.version, entry.body)
        event_id, figures, texts = story_of(fact)
        currency = getattr(fact, "currency", "")
        balances = self._balances_at(account, currency, sequence)
        return AccountRecord(
            fact.KIND, event_id, account, currency, figures, texts, balances, fact.operator,
            getattr(fact, "second", ""), getattr(fact, "reason", ""), sequence,
            digest(entry).hex()[:8], entry.time_ms, entry.quality,
        )  # fmt: skip

    def account_events(self, account: str, limit: int) -> list[AccountRecord]:
        """The newest events of a customer's money, newest first; sales are not among them."""
        rows = self._all(
            "SELECT sequence FROM account_events WHERE account = ? ORDER BY sequence DESC LIMIT ?",
            account, limit,
        )  # fmt: skip
        return [self.account_event(account, sequence) for (sequence,) in rows]

    def sequence_of(self, identity: str) -> int | None:
        """Where the fact with this identity stands."""
        rows = self._all("SELECT sequence FROM identities WHERE identity = ?", identity)
        return int(rows[0][0]) if rows else None

    def _balances_at(self, account: str, currency: str, sequence: int) -> list[Figure]:
        """What a customer has and owes right after an entry, without what is nothing; owed below
        zero where it was overpaid."""
        found = []
        for name, book in balances_named(account).items():
            amount = self.balance_at(book, currency, sequence)
            if amount:
                found.append(Figure(name, amount if name in {"debt", "bills"} else -amount))
        return found

    def balance_at(self, account: str, currency: str, sequence: int) -> int:
        """The sum of the postings on an account up to an entry; debit above zero."""
        rows = self._all(
            "SELECT coalesce(sum(amount), 0) FROM postings WHERE account = ?"
            " AND (currency = ? OR ? = '') AND sequence <= ?",
            account, currency, currency, sequence,
        )  # fmt: skip
        return int(rows[0][0])

    def book(self, account: str, currency: str) -> list[BookLine]:
        """Every posting on an account of the chart, oldest first, with the balance after it."""
        lines, balance = [], 0
        for sequence, time_ms, kind, amount, state in self._all(
            "SELECT sequence, time_ms, kind, amount, state FROM postings"
            " JOIN entries USING (sequence) WHERE account = ? AND currency = ?"
            " ORDER BY sequence, line",
            account, currency,
        ):  # fmt: skip
            balance += amount
            lines.append(BookLine(sequence, time_ms, kind, amount, state, balance))
        return lines

    # --- top-ups, debts, bills ----------------------------------------------------------------

    def top_up(self, top_up_id: str) -> TopUp | None:
        """The top-up with this id."""
        found = self._top_ups("top_up_id = ?", top_up_id)
        return found[0] if found else None

    def top_ups(self, account: str, *, state: str = "") -> list[TopUp]:
        """The top-ups of a customer, newest first; `state` chooses among them."""
        found = self._top_ups("account = ? ORDER BY sequence DESC", account)
        return [top_up for top_up in found if state in ("", top_up.state)]

    def top_ups_numbered(self, reference: str) -> list[TopUp]:
        """The payments with this number that did not bounce; of two methods it may be the same."""
        return self._top_ups("reference = ? AND state <> 'bounced' ORDER BY sequence", reference)

    def waiting_top_ups(self) -> list[TopUp]:
        """Every payment that the bank has not confirmed, oldest first."""
        return self._top_ups("state = 'received' ORDER BY sequence")

    def _top_ups(self, condition: str, *values: Any) -> list[TopUp]:
        rows = self._all(f"SELECT {_TOP_UP} FROM top_ups WHERE {condition}", *values)  # noqa: S608
        return [_top_up(row) for row in rows]

    def open_debts(self, account: str = "") -> list[Debt]:
        """Debts of a customer, or of all, that are not paid, oldest first."""
        one = " AND account = ?" if account else ""
        rows = self._all(
            f"SELECT {_DEBT} FROM debts WHERE amount_minor > paid_minor + written_off_minor{one}"  # noqa: S608
            " ORDER BY account, dated_ms, sequence, debt_id",
            *([account] if account else []),
        )
        return [Debt(*row) for row in rows]

    def debt(self, debt_id: str) -> Debt | None:
        """The debt with this id, paid or not."""
        rows = self._all(f"SELECT {_DEBT} FROM debts WHERE debt_id = ?", debt_id)  # noqa: S608
        return Debt(*rows[0]) if rows else None

    def debt_credit(self, account: str, currency: str) -> int:
        """What was paid beyond all debts."""
        rows = self._all(
            "SELECT amount_minor FROM debt_credits WHERE account = ? AND currency = ?",
            account, currency,
        )  # fmt: skip
        return int(rows[0][0]) if rows else 0

    def debt_plan(self, account: str) -> Plan | None:
        """How the customer pays old debt; None: as the tariff pack says."""
        rows = self._all(
            "SELECT rule, amount_minor, share_ppm, debt_order FROM debt_plans WHERE account = ?",
            account,
        )
        return Plan(*rows[0]) if rows else None

    def bill(self, bill_id: str) -> Bill | None:
        """The bill with this number."""
        rows = self._all(f"SELECT {_BILL} FROM bills WHERE bill_id = ?", bill_id)  # noqa: S608
        return Bill(*rows[0]) if rows else None

    def bills(self, text: str, limit: int, *, paid: bool) -> list[Bill]:
        """Bills by number, account, meter or part of the name; open ones, or paid ones too."""
        which = "" if paid else " AND paid_minor < amount_minor"
        rows = self._all(
            f"SELECT {_BILL} FROM bills WHERE (? = '' OR bill_id = ?1 OR account = ?1"  # noqa: S608
            f" OR meter = ?1 OR instr(lower(name), lower(?1)) > 0){which}"
            " ORDER BY due_ms, bill_id LIMIT ?2",
            text, limit,
        )  # fmt: skip
        return [Bill(*row) for row in rows]

    # --- corrections --------------------------------------------------------------------------

    def undone(self, sale_id: str) -> tuple[str, int] | None:
        """Whether a sale was reversed or reallocated, or shall be ("intended"), and the entry."""
        rows = self._all("SELECT state, sequence FROM undone_sales WHERE sale_id = ?", sale_id)
        return (rows[0][0], int(rows[0][1])) if rows else None

    def waiting_reversals(self) -> list[str]:
        """Sales whose card was being taken back when it was interrupted, oldest first."""
        rows = self._all(
            "SELECT sale_id FROM undone_sales WHERE state = 'intended' ORDER BY sequence"
        )
        return [row[0] for row in rows]

    def rerated(self, sale_id: str) -> tuple[int, int] | None:
        """The difference of a sale that was priced again, and the entry."""
        rows = self._all(
            "SELECT difference_minor, sequence FROM rerated_sales WHERE sale_id = ?", sale_id
        )
        return (int(rows[0][0]), int(rows[0][1])) if rows else None

    def is_closed(self, account: str) -> bool:
        """Whether the customer has left."""
        return bool(self._all("SELECT 1 FROM closed_accounts WHERE account = ?", account))

    def has_since(self, sequence: int, kinds: Iterable[str]) -> bool:
        """Whether a fact of one of `kinds` stands after `sequence`."""
        wanted = list(kinds)
        marks = ", ".join("?" for _ in wanted)
        return bool(
            self._all(
                f"SELECT 1 FROM entries WHERE sequence > ? AND kind IN ({marks}) LIMIT 1",  # noqa: S608
                sequence, *wanted,
            )
        )  # fmt: skip

    def moved_sales(self, meter: str) -> list[tuple[int, int]]:
        """Purchases of a meter whose value was moved: where that stands, and their energy (Wh)."""
        return self._all(
            "SELECT undone_sales.sequence, energy_wh FROM sales JOIN undone_sales USING (sale_id)"
            " WHERE meter = ? AND undone_sales.state = 'reallocated'",
            meter,
        )

    def sales_to_price(self, from_ms: int) -> list[SaleRecord]:
        """Delivered sales since `from_ms` that were neither priced again nor undone."""
        return self._sales(
            "state = 'delivered' AND committed_ms >= ?"
            " AND sale_id NOT IN (SELECT sale_id FROM rerated_sales)"
            " AND sale_id NOT IN (SELECT sale_id FROM undone_sales) ORDER BY sequence",
            from_ms,
        )

    def meter_purses(self, account: str) -> list[str]:
        """The accounts of the chart of a customer's meters."""
        rows = self._all("SELECT number FROM meters WHERE account = ? ORDER BY number", account)
        return [chart.meter_account(number) for (number,) in rows]


def _top_up(row: tuple[Any, ...]) -> TopUp:
    top_up_id, state, account, method, reference, currency, amount, spendable, received_ms = row
    return TopUp(
        top_up_id, state, account, method, reference, currency, amount, bool(spendable), received_ms
    )
