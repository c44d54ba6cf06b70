"""What facts about customers' money must agree with in the tables; asked in their own commit."""

from __future__ import annotations

from typing import Any

from kiosk.domain import account_facts, bill_facts, chart, correction_facts, debt_facts, facts
from kiosk.domain.bill_books import Bill
from kiosk.domain.fact import Fact
from kiosk.errors import Refusal
from kiosk.ledger.connection import Connection

_BILL = (
    "bill_id, account, name, meter, period, currency, amount_minor, paid_minor, due_ms,"
    " late_fee_minor, late_fee_paid_minor"
)


def _open_account(c: Connection, account: str) -> Refusal | None:
    """Nothing is booked for a customer who has left."""
    row = c.execute("SELECT 1 FROM closed_accounts WHERE account = ?", (account,)).fetchone()
    return Refusal("account_closed", {"account": account}) if row else None


def _of_customer(c: Connection, fact: Any) -> Refusal | None:
    return _open_account(c, fact.account)


def _received(c: Connection, fact: account_facts.TopUpReceived) -> Refusal | None:
    """A cheque or a transfer is credited once; one that bounced may be presented again."""
    if fact.reference and reference_used(c, fact.method, fact.reference):
        return Refusal("reference_used", {"reference": fact.reference})
    return _open_account(c, fact.account)


def reference_used(c: Connection, method: str, reference: str) -> bool:
    """Whether money with this reference came in and did not bounce."""
    row = c.execute(
        "SELECT 1 FROM top_ups WHERE method = ? AND reference = ? AND state <> 'bounced'",
        (method, reference),
    ).fetchone()
    return row is not None


def _top_up_is(c: Connection, state: str, fact: Any) -> Refusal | None:
    row = c.execute(
        "SELECT state, account, method, currency, amount_minor, spendable FROM top_ups"
        " WHERE top_up_id = ?",
        (fact.top_up_id,),
    ).fetchone()
    wanted = (
        state, fact.account, fact.method, fact.currency, fact.amount_minor, int(fact.spendable),
    )  # fmt: skip
    return None if row == wanted else Refusal("top_up_not_open", {"top_up": fact.top_up_id})


def _cleared(c: Connection, fact: account_facts.TopUpCleared) -> Refusal | None:
    return _top_up_is(c, "received", fact)


def _bounced(c: Connection, fact: account_facts.TopUpBounced) -> Refusal | None:
    """What the customer still has goes back first; only what was spent becomes a debt."""
    found = _top_up_is(c, fact.was, fact)
    if found is not None or not fact.owed_minor:
        return found
    has = -_balance(c, chart.capital_account(fact.account), fact.currency)
    spent = has == fact.taken_minor and (fact.spendable or fact.was == "cleared")
    return None if spent else Refusal("balance_changed", {"account": fact.account})


def _transferred(c: Connection, fact: account_facts.MoneyTransferred) -> Refusal | None:
    closed = _open_account(c, fact.from_customer) or _open_account(c, fact.to_customer)
    if closed is None and fact.from_account == chart.receivable(fact.from_customer):
        overpaid = -_balance(c, fact.from_account, fact.currency)
        if overpaid < fact.amount_minor:
            return Refusal("not_overpaid", {"account": fact.from_customer})
    return closed


def _drawer_short(c: Connection, paid_to: str, currency: str, amount_minor: int) -> Refusal | None:
    """Cash is paid out of a drawer that holds it: whoever pays it has it in hand."""
    there_minor = _balance(c, paid_to, currency)
    if paid_to == chart.BANK or there_minor >= amount_minor:
        return None
    return Refusal("drawer_too_small", {"there_minor": max(0, there_minor)})


def _refunded(c: Connection, fact: account_facts.MoneyRefunded) -> Refusal | None:
    closed = _open_account(c, fact.account)
    return closed or _drawer_short(c, fact.paid_to, fact.currency, fact.amount_minor)


def _closed(c: Connection, fact: account_facts.AccountClosed) -> Refusal | None:
    """Everything that is kept and everything that is owed, nothing open beside it."""
    account, currency = fact.account, fact.currency
    kept = {name: -_balance(c, name, currency) for name in purses_of(c, account)}
    owed = _balance(c, chart.receivable(account), currency)
    still = {name: amount for name, amount in kept.items() if amount}
    if still != fact.kept or owed != fact.debt_minor:
        return Refusal("balance_changed", {"account": account})
    open_still = _open_account(c, account) or unfinished(c, account, currency)
    return open_still or _drawer_short(c, fact.paid_to, currency, fact.paid_out_minor)


def _left(c: Connection, fact: account_facts.CreditLeft) -> Refusal | None:
    """Of a meter of this customer, before it is retired and before the account is closed."""
    row = c.execute("SELECT account FROM meters WHERE number = ?", (fact.meter,)).fetchone()
    if row != (fact.account,):
        return Refusal("unknown_meter", {"meter": fact.meter})
    return None if fact.treatment == "given_up" else _open_account(c, fact.account)


def purses_of(c: Connection, account: str) -> list[str]:
    """The accounts of the chart that hold a customer's money."""
    meters = c.execute("SELECT number FROM meters WHERE account = ?", (account,)).fetchall()
    own = [chart.capital_account(account), chart.deposit(account)]
    return [*own, *(chart.meter_account(number) for (number,) in meters)]


def unfinished(c: Connection, account: str, currency: str) -> Refusal | None:
    """What must end before a customer can leave: uncleared money, open sales, bills."""
    if _balance(c, chart.uncleared_account(account), currency) or _pending(c, account):
        return Refusal("money_uncleared", {"account": account})
    if _balance(c, chart.bills_receivable(account), currency):
        return Refusal("bills_open", {"account": account})
    sale = c.execute(
        "SELECT sale_id FROM sales WHERE account = ? AND state IN ('paid', 'in_doubt')", (account,)
    ).fetchone()
    return Refusal("sale_in_doubt_for_meter", {"sale": sale[0]}) if sale else None


def _pending(c: Connection, account: str) -> bool:
    row = c.execute(
        "SELECT 1 FROM top_ups WHERE account = ? AND state = 'received'", (account,)
    ).fetchone()
    return row is not None


def _debt_paid(c: Connection, fact: debt_facts.DebtPaid) -> Refusal | None:
    """Somebody who has left pays in cash what came up since: there is no purse to pay from."""
    in_cash = fact.paid_from == chart.cash(fact.operator)
    closed = None if in_cash else _open_account(c, fact.account)
    return closed or _debt_open(c, fact)


def _debt_open(c: Connection, fact: Any) -> Refusal | None:
    """No more is paid or written off than is owed: on one debt, or on all of them."""
    one = " AND debt_id = ?" if fact.debt_id else ""
    values = (fact.account, fact.currency, *((fact.debt_id,) if fact.debt_id else ()))
    (open_minor,) = c.execute(
        "SELECT coalesce(sum(amount_minor - paid_minor - written_off_minor), 0) FROM debts"  # noqa: S608
        f" WHERE account = ? AND currency = ?{one}",
        values,
    ).fetchone()
    if fact.amount_minor > open_minor:
        return Refusal("debt_smaller", {"open_minor": open_minor})
    return None


def _collected(c: Connection, fact: bill_facts.BillCollected) -> Refusal | None:
    """Never more than is open, and a late fee only once and as the bill says."""
    row = c.execute(f"SELECT {_BILL} FROM bills WHERE bill_id = ?", (fact.bill_id,)).fetchone()  # noqa: S608
    bill = Bill(*row) if row else None
    if bill is None or (bill.account, bill.currency) != (fact.account, fact.currency):
        return Refusal("unknown_bill", {"bill": fact.bill_id})
    if fact.amount_minor > bill.open_minor:
        return Refusal("bill_smaller", {"open_minor": bill.open_minor})
    fee = fact.late_fee_minor
    if fee and (fee != bill.late_fee_minor or bill.late_fee_paid_minor):
        return Refusal("balance_changed", {"account": fact.account})
    return None


# --- corrections ------------------------------------------------------------------------------


def delivered_sale(c: Connection, sale_id: str) -> facts.SaleCommitted | None:
    """What was committed for a sale that was delivered and is not undone."""
    row = c.execute(
        "SELECT kind, version, body FROM sales JOIN entries USING (sequence)"
        " WHERE sale_id = ? AND state = 'delivered' AND NOT EXISTS (SELECT 1 FROM undone_sales"
        " WHERE undone_sales.sale_id = sales.sale_id AND undone_sales.state <> 'intended')",
        (sale_id,),
    ).fetchone()
    fact = facts.decode(*row) if row else None
    return fact if isinstance(fact, facts.SaleCommitted) else None


def _sale_is(c: Connection, fact: Any, names: tuple[str, ...]) -> Refusal | None:
    """A correction repeats the figures of its sale exactly."""
    sale = delivered_sale(c, fact.sale_id)
    if sale is None:
        return Refusal("undone_before", {"sale": fact.sale_id})
    same = all(getattr(sale, name) == getattr(fact, name) for name in names)
    return None if same else Refusal("account_does_not_add_up", {"event": fact.sale_id})


def _intended(c: Connection, fact: correction_facts.ReversalIntended) -> Refusal | None:
    return _sale_is(c, fact, ())


def _as_sold(c: Connection, fact: Any) -> Refusal | None:
    """Nothing was done about a sale that is undone: the card room has not taken its purchase back
    (E13), and it was not priced again, for its difference would stay behind."""
    cancelled = "SELECT 1 FROM card_works WHERE sale_id = ? AND operation = 'cancel'"
    if c.execute(f"{cancelled} AND state <> 'undone'", (fact.sale_id,)).fetchone():
        return Refusal("purchase_cancelled_before", {"sale": fact.sale_id})
    rerated = "SELECT 1 FROM rerated_sales WHERE sale_id = ?"
    if c.execute(rerated, (fact.sale_id,)).fetchone():
        return Refusal("sale_priced_again", {"sale": fact.sale_id})
    return None


def _reversed(c: Connection, fact: correction_facts.SaleReversed) -> Refusal | None:
    names = ("meter", "account", "currency", "amount_minor", "energy_wh", "lines")
    return _sale_is(c, fact, names)


def _reallocated(c: Connection, fact: correction_facts.SaleReallocated) -> Refusal | None:
    return _sale_is(c, fact, ("account", "currency", "amount_minor"))


def _rerated(c: Connection, fact: correction_facts.SaleRerated) -> Refusal | None:
    undone = "SELECT 1 FROM undone_sales WHERE sale_id = ?"
    if c.execute(undone, (fact.sale_id,)).fetchone():
        return Refusal("undone_before", {"sale": fact.sale_id})
    return _as_sold(c, fact) or _sale_is(c, fact, ("account", "currency"))


def _balance(c: Connection, account: str, currency: str) -> int:
    row = c.execute(
        "SELECT amount FROM balances WHERE account = ? AND currency = ?", (account, currency)
    ).fetchone()
    return int(row[0]) if row else 0


CHECKS: dict[type[Fact], Any] = {
    account_facts.TopUpReceived: (_received,),
    account_facts.TopUpCleared: (_cleared,),
    account_facts.TopUpBounced: (_bounced,),
    account_facts.MoneyTransferred: (_transferred,),
    account_facts.MoneyRefunded: (_refunded,),
    account_facts.DepositTaken: (_of_customer,),
    account_facts.AccountClosed: (_closed,),
    account_facts.CreditLeft: (_left,),
    debt_facts.DebtRecorded: (_of_customer,),
    debt_facts.DebtPaid: (_debt_paid,),
    debt_facts.DebtWrittenOff: (_debt_open,),
    debt_facts.DebtPlanSet: (_of_customer,),
    bill_facts.BillReceived: (_of_customer,),
    bill_facts.BillCollected: (_collected,),
    correction_facts.ReversalIntended: (_as_sold, _intended),
    correction_facts.SaleReversed: (_as_sold, _reversed),
    correction_facts.SaleReallocated: (_as_sold, _reallocated),
    correction_facts.SaleRerated: (_rerated,),
}
