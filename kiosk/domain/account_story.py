"""What each fact about a customer's money says in figures and texts; the same for every face."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kiosk.domain import account_facts, bill_facts, chart, correction_facts, debt_facts
from kiosk.domain.account_record import Figure
from kiosk.domain.debts import shown_day
from kiosk.domain.energy import format_kwh
from kiosk.domain.fact import Fact

#: Id of the event, figures, texts.
Story = tuple[str, list[Figure], dict[str, str]]


def story_of(fact: Fact) -> Story:
    """The story of a fact that stands in a customer's history."""
    return _STORIES[type(fact)](fact)


def is_told(fact: Fact) -> bool:
    """Whether `fact` is one about a customer's money."""
    return type(fact) in _STORIES


def _amount(fact: Any) -> Figure:
    return Figure("amount", fact.amount_minor)


def _cash(fact: Any) -> list[Figure]:
    """What changed hands at the counter, where it was cash."""
    if not fact.tendered_minor:
        return []
    return [Figure("tendered", fact.tendered_minor), Figure("change", fact.change_minor)]


def place(account: str) -> str:
    """An account of the chart as people name it: its kind, and whose it is."""
    kind, _, holder = account.partition(":")
    return f"{kind} {holder}".strip()


def _received(f: account_facts.TopUpReceived) -> Story:
    texts = {"method": f.method}
    if f.reference:
        texts |= {"reference": f.reference, "state": "spendable" if f.spendable else "uncleared"}
    return f.top_up_id, [_amount(f), *_cash(f)], texts


def _cleared(f: account_facts.TopUpCleared) -> Story:
    return f.top_up_id, [_amount(f)], {"method": f.method}


def _bounced(f: account_facts.TopUpBounced) -> Story:
    figures = [_amount(f), Figure("taken", f.taken_minor), Figure("owed", f.owed_minor)]
    return f.top_up_id, figures, {"method": f.method}


def _transferred(f: account_facts.MoneyTransferred) -> Story:
    texts = {"from": place(f.from_account), "to": place(f.to_account)}
    return f.transfer_id, [_amount(f)], texts


def _refunded(f: account_facts.MoneyRefunded) -> Story:
    return f.refund_id, [_amount(f)], {"from": place(f.from_account), "to": place(f.paid_to)}


def _deposit(f: account_facts.DepositTaken) -> Story:
    return f.deposit_id, [_amount(f)], {"from": place(f.paid_from)}


def _closed(f: account_facts.AccountClosed) -> Story:
    figures = [
        Figure("kept", sum(f.kept.values())), Figure("debt", f.debt_minor),
        Figure("paid_out", f.paid_out_minor),
    ]  # fmt: skip
    return f.closing_id, figures, {"to": place(f.paid_to)}


def _left(f: account_facts.CreditLeft) -> Story:
    texts = {
        "meter": f.meter, "left": f"{format_kwh(f.energy_wh)} kWh",
        "expected": f"{format_kwh(f.expected_wh)} kWh", "treatment": f.treatment,
    }  # fmt: skip
    return "", [Figure("worth", f.worth_minor)], texts


def _debt(f: debt_facts.DebtRecorded) -> Story:
    return f.debt_id, [_amount(f)], {"debt_kind": f.kind, "dated": shown_day(f.dated_ms)}


def _debt_paid(f: debt_facts.DebtPaid) -> Story:
    texts = {"from": place(f.paid_from)} | ({"debt": f.debt_id} if f.debt_id else {})
    return f.payment_id, [_amount(f), *_cash(f)], texts


def _written_off(f: debt_facts.DebtWrittenOff) -> Story:
    return f.write_off_id, [_amount(f)], {"debt": f.debt_id}


def _plan(f: debt_facts.DebtPlanSet) -> Story:
    figures = [_amount(f)] if f.rule == "fixed" else []
    texts = {"plan": f.rule, "order": f.order}
    if f.rule == "share":
        percent, rest = divmod(f.share_ppm, 10_000)
        texts["share"] = f"{percent}.{rest:04d}".rstrip("0").rstrip(".") + " %"
    return "", figures, texts


def _bill(f: bill_facts.BillReceived) -> Story:
    figures = [_amount(f), Figure("late_fee_if_late", f.late_fee_minor)]
    return f.bill_id, figures, _bill_texts(f.name, f.meter, f.period, shown_day(f.due_ms))


def _bill_texts(name: str, meter: str, period: str, due: str) -> dict[str, str]:
    return {"bill_name": name, "old_meter": meter, "period": period, "due": due}


def _collected(f: bill_facts.BillCollected) -> Story:
    total = f.amount_minor + f.late_fee_minor
    fee = [Figure("late_fee", f.late_fee_minor)] if f.late_fee_minor else []
    figures = [_amount(f), *fee, Figure("total", total), *_cash(f)]
    return f.collection_id, figures, {"bill": f.bill_id, "from": place(f.paid_from)}


def _reversed(f: correction_facts.SaleReversed) -> Story:
    texts = {"how": f.how, "evidence": f.evidence, "to": place(f.returned_to)}
    return f.sale_id, [_amount(f)], texts


def _reallocated(f: correction_facts.SaleReallocated) -> Story:
    owed = f.amount_minor if f.consumed else f.debt_minor
    texts = {"to": place(f.moved_to), "wrong_account": f.account}
    return f.sale_id, [_amount(f), Figure("owed", owed)], texts


def _rerated(f: correction_facts.SaleRerated) -> Story:
    figures = [
        Figure("paid", f.paid_minor), Figure("due", f.due_minor),
        Figure("difference", f.due_minor - f.paid_minor),
    ]  # fmt: skip
    return f.sale_id, figures, {"borne_by": f.borne_by}


_STORIES: dict[type[Fact], Callable[[Any], Story]] = {
    account_facts.TopUpReceived: _received,
    account_facts.TopUpCleared: _cleared,
    account_facts.TopUpBounced: _bounced,
    account_facts.MoneyTransferred: _transferred,
    account_facts.MoneyRefunded: _refunded,
    account_facts.DepositTaken: _deposit,
    account_facts.AccountClosed: _closed,
    account_facts.CreditLeft: _left,
    debt_facts.DebtRecorded: _debt,
    debt_facts.DebtPaid: _debt_paid,
    debt_facts.DebtWrittenOff: _written_off,
    debt_facts.DebtPlanSet: _plan,
    bill_facts.BillReceived: _bill,
    bill_facts.BillCollected: _collected,
    correction_facts.SaleReversed: _reversed,
    correction_facts.SaleReallocated: _reallocated,
    correction_facts.SaleRerated: _rerated,
}


def balances_named(account: str) -> dict[str, str]:
    """The accounts of the chart of a customer, by their key in [account_figure]; those of meters
    are not among them."""
    return {
        "capital": chart.capital_account(account),
        "uncleared": chart.uncleared_account(account),
        "deposit": chart.deposit(account),
        "debt": chart.receivable(account),
        "bills": chart.bills_receivable(account),
    }
