"""The rules of the books for customers' own money. Pure: every fact brings its own figures.

What a fact must agree with in the tables (that the top-up is open, that the purse holds enough) the
ledger asks in the same commit.
"""

from __future__ import annotations

from typing import Any

from kiosk.domain import account_facts, chart
from kiosk.domain.fact import Fact
from kiosk.domain.posting import Posting
from kiosk.errors import Refusal

#: Purses that money may be moved between.
MOVABLE = ("capital_account", "meter_account")
#: Purses that money may be taken out of: a deposit goes back, or pays what its customer owes.
GIVING = (*MOVABLE, "deposit")


def moved(currency: str, amount_minor: int, debit: str, credit: str) -> list[Posting]:
    """The two postings of money that goes from `credit` to `debit`; none for nothing."""
    if not amount_minor:
        return []
    return [
        Posting(debit, currency, amount_minor, "posted"),
        Posting(credit, currency, -amount_minor, "posted"),
    ]


def wrong(event: str) -> Refusal:
    """What a fact gets whose figures contradict each other."""
    return Refusal("account_does_not_add_up", {"event": event})


def two_persons(fact: Any) -> bool:
    """Whether somebody else agreed."""
    return bool(fact.second) and fact.second != fact.operator


def is_payment(account: str, customer: str) -> bool:
    """Whether `account` is where a payment at the counter comes from: cash, or the customer's own
    capital account."""
    return account.startswith(chart.cash("")) or account == chart.capital_account(customer)


def is_payout(account: str) -> bool:
    """Whether `account` is where money leaves the utility: cash or the bank."""
    return account.startswith(chart.cash("")) or account == chart.BANK


def _held_in(method: str, account: str, spendable: bool) -> str:
    """Where the customer's side of a top-up stands until it has cleared."""
    if spendable or method == "cash":
        return chart.capital_account(account)
    return chart.uncleared_account(account)


def _received(_books: object, fact: account_facts.TopUpReceived) -> list[Posting] | Refusal:
    by_hand = fact.method == "cash"
    if fact.method not in account_facts.METHODS or fact.amount_minor <= 0:
        return wrong(fact.top_up_id)
    if fact.tendered_minor - fact.change_minor != (fact.amount_minor if by_hand else 0):
        return wrong(fact.top_up_id)
    if by_hand != (not fact.reference) or (by_hand and not fact.spendable):
        return wrong(fact.top_up_id)
    came_into = chart.cash(fact.operator) if by_hand else chart.in_clearing(fact.method)
    held = _held_in(fact.method, fact.account, fact.spendable)
    return moved(fact.currency, fact.amount_minor, came_into, held)


def _cleared(_books: object, fact: account_facts.TopUpCleared) -> list[Posting] | Refusal:
    if fact.method not in account_facts.METHODS[1:] or fact.amount_minor <= 0:
        return wrong(fact.top_up_id)
    banked = moved(
        fact.currency, fact.amount_minor, chart.BANK, chart.in_clearing(fact.method)
    )  # fmt: skip
    if fact.spendable:
        return banked
    uncleared, capital = chart.uncleared_account(fact.account), chart.capital_account(fact.account)
    return [*banked, *moved(fact.currency, fact.amount_minor, uncleared, capital)]


def _bounced(_books: object, fact: account_facts.TopUpBounced) -> list[Posting] | Refusal:
    if min(fact.taken_minor, fact.owed_minor) < 0 or fact.was not in {"received", "cleared"}:
        return wrong(fact.top_up_id)
    if fact.method not in account_facts.METHODS[1:]:
        return wrong(fact.top_up_id)
    if not 0 < fact.amount_minor == fact.taken_minor + fact.owed_minor:
        return wrong(fact.top_up_id)
    cleared = fact.was == "cleared"
    lost = chart.BANK if cleared else chart.in_clearing(fact.method)
    held = _held_in(fact.method, fact.account, fact.spendable or cleared)
    owing = chart.receivable(fact.account)
    return [
        *moved(fact.currency, fact.taken_minor, held, lost),
        *moved(fact.currency, fact.owed_minor, owing, lost),
    ]


def _transferred(_books: object, fact: account_facts.MoneyTransferred) -> list[Posting] | Refusal:
    """Between purses; also out of a receivable that was overpaid, which the ledger looks at."""
    overpaid = fact.from_account == chart.receivable(fact.from_customer)
    from_known = chart.purse_of(fact.from_account) in GIVING or overpaid
    if not from_known or chart.purse_of(fact.to_account) not in MOVABLE:
        return wrong(fact.transfer_id)
    if fact.amount_minor <= 0 or fact.from_account == fact.to_account or not two_persons(fact):
        return wrong(fact.transfer_id)
    return moved(fact.currency, fact.amount_minor, fact.from_account, fact.to_account)


def _refunded(_books: object, fact: account_facts.MoneyRefunded) -> list[Posting] | Refusal:
    known = chart.purse_of(fact.from_account) in GIVING and is_payout(fact.paid_to)
    if not known or fact.amount_minor <= 0 or not two_persons(fact):
        return wrong(fact.refund_id)
    return moved(fact.currency, fact.amount_minor, fact.from_account, fact.paid_to)


def _deposit(_books: object, fact: account_facts.DepositTaken) -> list[Posting] | Refusal:
    if fact.amount_minor <= 0 or not is_payment(fact.paid_from, fact.account):
        return wrong(fact.deposit_id)
    return moved(fact.currency, fact.amount_minor, fact.paid_from, chart.deposit(fact.account))


def _closed(_books: object, fact: account_facts.AccountClosed) -> list[Posting] | Refusal:
    purses = all(chart.purse_of(name) and amount > 0 for name, amount in fact.kept.items())
    rest = sum(fact.kept.values()) - fact.debt_minor
    if not purses or fact.debt_minor < 0 or rest != fact.paid_out_minor or rest < 0:
        return wrong(fact.closing_id)
    if not is_payout(fact.paid_to) or not two_persons(fact):
        return wrong(fact.closing_id)
    given = [Posting(name, fact.currency, amount, "posted") for name, amount in fact.kept.items()]
    settled = ((chart.receivable(fact.account), fact.debt_minor), (fact.paid_to, rest))
    return given + [
        Posting(name, fact.currency, -amount, "posted") for name, amount in settled if amount
    ]


def _left(_books: object, fact: account_facts.CreditLeft) -> list[Posting] | Refusal:
    known = fact.treatment in account_facts.TREATMENTS and two_persons(fact)
    if not known or fact.energy_wh <= 0 or fact.worth_minor < 0:
        return wrong(f"credit_left/{fact.meter}")
    if fact.worth_minor and fact.treatment != "paid":
        return wrong(f"credit_left/{fact.meter}")
    own, income = chart.capital_account(fact.account), chart.revenue("energy_taken_back")
    return moved(fact.currency, fact.worth_minor, income, own)


RULES: dict[type[Fact], Any] = {
    account_facts.TopUpReceived: _received,
    account_facts.TopUpCleared: _cleared,
    account_facts.TopUpBounced: _bounced,
    account_facts.MoneyTransferred: _transferred,
    account_facts.MoneyRefunded: _refunded,
    account_facts.DepositTaken: _deposit,
    account_facts.AccountClosed: _closed,
    account_facts.CreditLeft: _left,
}
