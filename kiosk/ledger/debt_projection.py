"""The table of debts, drawn from the postings on receivables, whatever fact made them.

A debit is a debt: what was overpaid before takes it first. A credit pays open debts, one that the
fact names or all in the order of the customer's plan; what is beyond them is kept as credit. So the
open debts of an account, less its credit, are always the balance of its receivable.
"""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.domain import account_facts, chart, correction_facts, debt_facts, debts, facts
from kiosk.domain.fact import Fact
from kiosk.domain.posting import Posting
from kiosk.ledger.connection import Connection

_RECEIVABLE = chart.receivable("")

#: What the debt is called that a fact makes; `debt_recorded` says it itself.
_KINDS: dict[type[Fact], str] = {
    facts.CatalogueReceived: "opening",
    account_facts.TopUpBounced: "bounced",
    correction_facts.SaleReversed: "reopened",
    correction_facts.SaleReallocated: "reallocation",
    correction_facts.SaleRerated: "rerated",
}

#: Facts that may do no more than take back what was overpaid, and then make no debt.
_MAY_ONLY_USE_CREDIT = (correction_facts.SaleReversed, account_facts.MoneyTransferred)


def draw(
    c: Connection, sequence: int, time_ms: int, fact: Fact, postings: Sequence[Posting]
) -> None:
    """Bring the debts up to `fact`, which made `postings`."""
    for posting in postings:
        if posting.account.startswith(_RECEIVABLE):
            account = posting.account.removeprefix(_RECEIVABLE)
            if posting.amount < 0:
                _pay(c, sequence, account, fact, posting)
            else:
                _owe(c, sequence, time_ms, account, fact, posting)


def _owe(
    c: Connection, sequence: int, time_ms: int, account: str, fact: Fact, posting: Posting
) -> None:
    amount, currency = posting.amount, posting.currency
    if isinstance(fact, correction_facts.SaleReversed):
        amount -= _untake(c, fact.sale_id, amount)
    credit = min(amount, _credit(c, account, currency))
    _add_credit(c, account, currency, -credit)
    if amount == credit and isinstance(fact, _MAY_ONLY_USE_CREDIT):
        return
    debt_id = fact.debt_id if isinstance(fact, debt_facts.DebtRecorded) else f"{sequence}/{account}"
    kind = fact.kind if isinstance(fact, debt_facts.DebtRecorded) else _KINDS.get(type(fact), "")
    dated_ms = fact.dated_ms if isinstance(fact, debt_facts.DebtRecorded) else time_ms
    c.execute(
        "INSERT INTO debts (debt_id, sequence, account, kind, dated_ms, currency, amount_minor,"
        " paid_minor, written_off_minor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
        (debt_id, sequence, account, kind, dated_ms, currency, amount, credit),
    )
    if credit:
        _took(c, sequence, debt_id, credit)


def _pay(c: Connection, sequence: int, account: str, fact: Fact, posting: Posting) -> None:
    left = -posting.amount
    column = "written_off_minor" if isinstance(fact, debt_facts.DebtWrittenOff) else "paid_minor"
    named = isinstance(fact, debt_facts.DebtWrittenOff | debt_facts.DebtPaid)
    only = fact.debt_id if named else ""  # type: ignore[attr-defined]
    for debt_id, open_minor in _open(c, account, posting.currency):
        if only not in ("", debt_id):
            continue
        taken = min(left, open_minor)
        if not taken:
            break
        c.execute(
            f"UPDATE debts SET {column} = {column} + ? WHERE debt_id = ?",  # noqa: S608
            (taken, debt_id),
        )
        _took(c, sequence, debt_id, taken)
        left -= taken
    _add_credit(c, account, posting.currency, left)


def _untake(c: Connection, sale_id: str, most: int) -> int:
    """Give back what a sale had paid of each debt; how much that was."""
    given = 0
    takings = c.execute(
        "SELECT debt_id, debt_takings.amount_minor FROM debt_takings"
        " JOIN sales ON sales.ended = debt_takings.sequence WHERE sale_id = ?",
        (sale_id,),
    ).fetchall()
    for debt_id, taken in takings:
        c.execute(
            "UPDATE debts SET paid_minor = paid_minor - ? WHERE debt_id = ?", (taken, debt_id)
        )
        given += taken
    assert given <= most, (sale_id, given)
    return given


def _open(c: Connection, account: str, currency: str) -> list[tuple[str, int]]:
    row = c.execute("SELECT debt_order FROM debt_plans WHERE account = ?", (account,)).fetchone()
    order = debts.ORDERS[row[0] if row else "oldest"]
    rows: list[tuple[str, int]] = c.execute(
        "SELECT debt_id, amount_minor - paid_minor - written_off_minor FROM debts"  # noqa: S608
        " WHERE account = ? AND currency = ? AND amount_minor > paid_minor + written_off_minor"
        f" ORDER BY {order}",
        (account, currency),
    ).fetchall()
    return rows


def _took(c: Connection, sequence: int, debt_id: str, amount: int) -> None:
    c.execute(
        "INSERT INTO debt_takings (sequence, debt_id, amount_minor) VALUES (?, ?, ?)"
        " ON CONFLICT (sequence, debt_id) DO UPDATE SET"
        " amount_minor = amount_minor + excluded.amount_minor",
        (sequence, debt_id, amount),
    )


def _credit(c: Connection, account: str, currency: str) -> int:
    row = c.execute(
        "SELECT amount_minor FROM debt_credits WHERE account = ? AND currency = ?",
        (account, currency),
    ).fetchone()
    return int(row[0]) if row else 0


def _add_credit(c: Connection, account: str, currency: str, amount: int) -> None:
    """More or less credit; a row that would be empty is not there."""
    if not amount:
        return
    after = _credit(c, account, currency) + amount
    assert after >= 0, account
    c.execute("DELETE FROM debt_credits WHERE account = ? AND currency = ?", (account, currency))
    if after:
        c.execute(
            "INSERT INTO debt_credits (account, currency, amount_minor) VALUES (?, ?, ?)",
            (account, currency, after),
        )
