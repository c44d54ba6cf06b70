"""The tables of customers' money, bills and corrections, drawn from their facts."""

from __future__ import annotations

from typing import Any

from kiosk.domain import account_facts, bill_facts, correction_facts, debt_facts
from kiosk.domain.fact import Fact
from kiosk.ledger.connection import Connection


def _event(c: Connection, account: str, sequence: int) -> None:
    """`sequence` is in the history of `account`; a fact of two customers is in both."""
    c.execute(
        "INSERT OR IGNORE INTO account_events (account, sequence) VALUES (?, ?)",
        (account, sequence),
    )


def _received(c: Connection, sequence: int, time_ms: int, f: account_facts.TopUpReceived) -> None:
    _event(c, f.account, sequence)
    state = "cleared" if f.method == "cash" else "received"
    c.execute(
        "INSERT INTO top_ups (top_up_id, sequence, state, account, method, reference, currency,"
        " amount_minor, spendable, received_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            f.top_up_id, sequence, state, f.account, f.method, f.reference, f.currency,
            f.amount_minor, int(f.spendable), time_ms,
        ),
    )  # fmt: skip


def _cleared(c: Connection, sequence: int, _time_ms: int, f: account_facts.TopUpCleared) -> None:
    _event(c, f.account, sequence)
    c.execute("UPDATE top_ups SET state = 'cleared' WHERE top_up_id = ?", (f.top_up_id,))


def _bounced(c: Connection, sequence: int, _time_ms: int, f: account_facts.TopUpBounced) -> None:
    _event(c, f.account, sequence)
    c.execute("UPDATE top_ups SET state = 'bounced' WHERE top_up_id = ?", (f.top_up_id,))


def _transferred(
    c: Connection, sequence: int, _time_ms: int, f: account_facts.MoneyTransferred
) -> None:
    _event(c, f.from_customer, sequence)
    _event(c, f.to_customer, sequence)


def _of_customer(c: Connection, sequence: int, _time_ms: int, f: Any) -> None:
    _event(c, f.account, sequence)


def _closed(c: Connection, sequence: int, _time_ms: int, f: account_facts.AccountClosed) -> None:
    _event(c, f.account, sequence)
    c.execute(
        "INSERT INTO closed_accounts (account, sequence) VALUES (?, ?)", (f.account, sequence)
    )


def _plan(c: Connection, sequence: int, _time_ms: int, f: debt_facts.DebtPlanSet) -> None:
    _event(c, f.account, sequence)
    c.execute(
        "INSERT INTO debt_plans (account, sequence, rule, amount_minor, share_ppm, debt_order)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (account) DO UPDATE SET"
        " sequence = excluded.sequence, rule = excluded.rule,"
        " amount_minor = excluded.amount_minor, share_ppm = excluded.share_ppm,"
        " debt_order = excluded.debt_order",
        (f.account, sequence, f.rule, f.amount_minor, f.share_ppm, f.order),
    )


def _bill(c: Connection, sequence: int, _time_ms: int, f: bill_facts.BillReceived) -> None:
    _event(c, f.account, sequence)
    c.execute(
        "INSERT INTO bills (bill_id, sequence, account, name, meter, period, currency,"
        " amount_minor, paid_minor, due_ms, late_fee_minor, late_fee_paid_minor)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, 0)",
        (
            f.bill_id, sequence, f.account, f.name, f.meter, f.period, f.currency, f.amount_minor,
            f.due_ms, f.late_fee_minor,
        ),
    )  # fmt: skip


def _collected(c: Connection, sequence: int, _time_ms: int, f: bill_facts.BillCollected) -> None:
    _event(c, f.account, sequence)
    c.execute(
        "UPDATE bills SET paid_minor = paid_minor + ?,"
        " late_fee_paid_minor = late_fee_paid_minor + ? WHERE bill_id = ?",
        (f.amount_minor, f.late_fee_minor, f.bill_id),
    )


def _intended(
    c: Connection, sequence: int, _time_ms: int, f: correction_facts.ReversalIntended
) -> None:
    c.execute(
        "INSERT OR IGNORE INTO undone_sales (sale_id, sequence, state) VALUES (?, ?, 'intended')",
        (f.sale_id, sequence),
    )


def _given_up(
    c: Connection, _sequence: int, _time_ms: int, f: correction_facts.ReversalGivenUp
) -> None:
    c.execute("DELETE FROM undone_sales WHERE sale_id = ? AND state = 'intended'", (f.sale_id,))


def _undone(c: Connection, sequence: int, sale_id: str, state: str) -> None:
    c.execute(
        "INSERT INTO undone_sales (sale_id, sequence, state) VALUES (?, ?, ?)"
        " ON CONFLICT (sale_id) DO UPDATE SET sequence = excluded.sequence, state = excluded.state",
        (sale_id, sequence, state),
    )


def _reversed(
    c: Connection, sequence: int, _time_ms: int, f: correction_facts.SaleReversed
) -> None:
    _event(c, f.account, sequence)
    _undone(c, sequence, f.sale_id, "reversed")


def _reallocated(
    c: Connection, sequence: int, _time_ms: int, f: correction_facts.SaleReallocated
) -> None:
    _event(c, f.account, sequence)
    _event(c, f.right_account, sequence)
    _undone(c, sequence, f.sale_id, "reallocated")


def _rerated(c: Connection, sequence: int, _time_ms: int, f: correction_facts.SaleRerated) -> None:
    _event(c, f.account, sequence)
    c.execute(
        "INSERT INTO rerated_sales (sale_id, sequence, tariff_digest, difference_minor)"
        " VALUES (?, ?, ?, ?)",
        (f.sale_id, sequence, f.tariff_digest, f.due_minor - f.paid_minor),
    )


DRAWS: dict[type[Fact], Any] = {
    account_facts.TopUpReceived: _received,
    account_facts.TopUpCleared: _cleared,
    account_facts.TopUpBounced: _bounced,
    account_facts.MoneyTransferred: _transferred,
    account_facts.MoneyRefunded: _of_customer,
    account_facts.DepositTaken: _of_customer,
    account_facts.AccountClosed: _closed,
    account_facts.CreditLeft: _of_customer,
    debt_facts.DebtRecorded: _of_customer,
    debt_facts.DebtPaid: _of_customer,
    debt_facts.DebtWrittenOff: _of_customer,
    debt_facts.DebtPlanSet: _plan,
    bill_facts.BillReceived: _bill,
    bill_facts.BillCollected: _collected,
    correction_facts.ReversalIntended: _intended,
    correction_facts.ReversalGivenUp: _given_up,
    correction_facts.SaleReversed: _reversed,
    correction_facts.SaleReallocated: _reallocated,
    correction_facts.SaleRerated: _rerated,
}

#: The tables drawn here and in debt_projection, and their keys; `kiosk verify` compares them.
DRAWN = {
    "account_events": "account, sequence",
    "top_ups": "top_up_id",
    "debts": "debt_id",
    "debt_takings": "sequence, debt_id",
    "debt_credits": "account, currency",
    "debt_plans": "account",
    "bills": "bill_id",
    "undone_sales": "sale_id",
    "rerated_sales": "sale_id",
    "closed_accounts": "account",
}
