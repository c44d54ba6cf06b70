"""The rules of the books for debts: each one is a receivable, and what pays it is another fact."""

from __future__ import annotations

from typing import Any

from kiosk.domain import chart, debt_facts, debts
from kiosk.domain.account_books import is_payment, moved, two_persons, wrong
from kiosk.domain.fact import Fact
from kiosk.domain.posting import Posting
from kiosk.errors import Refusal


def _recorded(_books: object, fact: debt_facts.DebtRecorded) -> list[Posting] | Refusal:
    """Somebody else agrees to a debt that a person records; interest comes from the settings."""
    against = debts.KINDS.get(fact.kind)
    agreed = two_persons(fact) or fact.kind == "interest"
    if against is None or fact.amount_minor <= 0 or not agreed:
        return wrong(fact.debt_id)
    return moved(fact.currency, fact.amount_minor, chart.receivable(fact.account), against)


def _paid(_books: object, fact: debt_facts.DebtPaid) -> list[Posting] | Refusal:
    own = is_payment(fact.paid_from, fact.account)
    known = own or chart.purse_of(fact.paid_from) == "meter_account"
    in_cash = fact.paid_from.startswith(chart.cash(""))
    due = fact.amount_minor if in_cash else 0
    if not known or fact.amount_minor <= 0 or fact.tendered_minor - fact.change_minor != due:
        return wrong(fact.payment_id)
    owing = chart.receivable(fact.account)
    return moved(fact.currency, fact.amount_minor, fact.paid_from, owing)


def _written_off(_books: object, fact: debt_facts.DebtWrittenOff) -> list[Posting] | Refusal:
    if fact.amount_minor <= 0 or not two_persons(fact):
        return wrong(fact.write_off_id)
    owing = chart.receivable(fact.account)
    return moved(fact.currency, fact.amount_minor, chart.WRITTEN_OFF, owing)


def _plan(_books: object, fact: debt_facts.DebtPlanSet) -> list[Posting] | Refusal:
    plan = debts.Plan(fact.rule, fact.amount_minor, fact.share_ppm, fact.order)
    return debts.check_plan(plan) or []


RULES: dict[type[Fact], Any] = {
    debt_facts.DebtRecorded: _recorded,
    debt_facts.DebtPaid: _paid,
    debt_facts.DebtWrittenOff: _written_off,
    debt_facts.DebtPlanSet: _plan,
}
