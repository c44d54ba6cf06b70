"""What may be asked of customers' money: how they stand, history, books, the account check."""

from __future__ import annotations

import msgspec

from kiosk.domain import chart
from kiosk.domain.account_record import AccountRecord, BookLine, Purse, PurseLine, Standing
from kiosk.domain.account_story import balances_named
from kiosk.domain.record import SaleRecord
from kiosk.domain.registry import Customer
from kiosk.errors import Refusal
from kiosk.till.desk import Desk
from kiosk.till.money_of import customer_of

#: More than anybody reads on a screen; a book goes on with `after`.
_LONGEST_BOOK = 10_000


class Statement(msgspec.Struct, frozen=True):
    """A customer's account page: who, how it stands, what happened, newest first."""

    customer: Customer
    standing: Standing
    events: list[AccountRecord]
    sales: list[SaleRecord]


class Book(msgspec.Struct, frozen=True):
    """The debit and credit book of one account of the chart (F069)."""

    account: str
    currency: str
    lines: list[BookLine]
    balance: int


class SlipBalance(msgspec.Struct, frozen=True):
    """What a customer's slip says: the entry, and a balance after it by its name."""

    sequence: int
    name: str
    amount_minor: int


class Checked(msgspec.Struct, frozen=True):
    """One comparison of the account check: what is stored or printed, and what the postings sum
    to. `what` names it."""

    what: str
    shown_minor: int
    postings_minor: int

    @property
    def agrees(self) -> bool:
        """Whether both say the same."""
        return self.shown_minor == self.postings_minor


def standing(desk: Desk, account: str) -> Standing:
    """What is kept for a customer and what is owed, as the books stand."""
    records, currency = desk.records, desk.currency
    owed = records.balance(chart.receivable(account), currency)
    meters = {
        book.partition(":")[2]: -records.balance(book, currency)
        for book in records.meter_purses(account)
    }
    return Standing(
        account=account,
        currency=currency,
        capital_minor=-records.balance(chart.capital_account(account), currency),
        uncleared_minor=-records.balance(chart.uncleared_account(account), currency),
        deposit_minor=-records.balance(chart.deposit(account), currency),
        meters_minor={meter: amount for meter, amount in meters.items() if amount},
        debt_minor=max(0, owed),
        overpaid_minor=max(0, -owed),
        bills_minor=records.balance(chart.bills_receivable(account), currency),
        is_closed=records.is_closed(account),
    )


def statement(desk: Desk, customer: str, limit: int = 20) -> Statement | Refusal:
    """The account page of a customer; `customer` is an account, meter or card number."""
    refused = desk.gate("history")
    if refused is not None:
        return refused
    owner = customer_of(desk, customer)
    if isinstance(owner, Refusal):
        return owner
    return Statement(
        owner, standing(desk, owner.account), desk.records.account_events(owner.account, limit),
        desk.records.sales_of(account=owner.account, limit=limit),
    )  # fmt: skip


def purses(desk: Desk, account: str, limit: int) -> list[Purse]:
    """What moved each purse of a customer, the newest `limit` lines of each: the account itself,
    what has not cleared, deposit, debt and bills, and money that is kept for meters."""
    records, found = desk.records, []
    for name, book in balances_named(account).items():
        found.append(_purse(name, "", records.book(book, desk.currency), limit))
    for book in records.meter_purses(account):
        meter = book.partition(":")[2]
        since = records.handed_on(meter)
        lines = [line for line in records.book(book, desk.currency) if line.sequence > since]
        found.append(_purse("meter", meter, lines, limit))
    return [purse for purse in found if purse.lines]


def _purse(name: str, meter: str, lines: list[BookLine], limit: int) -> Purse:
    sign, shown = _sign(name), lines[-limit:]
    before = sign * (shown[0].balance - shown[0].amount) if shown else 0
    moved = [
        PurseLine(line.sequence, line.time_ms, line.kind, sign * line.amount, sign * line.balance)
        for line in shown
    ]
    return Purse(name, meter, before, moved)


def _sign(name: str) -> int:
    """What is kept for a customer stands below zero in the books, what is owed above."""
    return 1 if name in {"debt", "bills"} else -1


def book(desk: Desk, account: str, limit: int = _LONGEST_BOOK, after: int = 0) -> Book | Refusal:
    """The postings on one account of the chart with the running balance; the newest `limit` lines
    after entry `after`."""
    refused = desk.gate("history")
    if refused is not None:
        return refused
    lines = desk.records.book(account, desk.currency)
    if not lines:
        return Refusal("no_such_book", {"text": account[:60]})
    shown = [line for line in lines if line.sequence > after][-limit:]
    return Book(account, desk.currency, shown, lines[-1].balance)


def books_of(desk: Desk, text: str) -> list[str]:
    """The accounts of the chart behind what was typed: a customer's, or the one with that name."""
    owner = customer_of(desk, text)
    if isinstance(owner, Refusal):
        return [text]
    names = [*balances_named(owner.account).values(), *desk.records.meter_purses(owner.account)]
    return [name for name in names if desk.records.book(name, desk.currency)]


def check(
    desk: Desk, customer: str, slips: list[SlipBalance] | None = None
) -> list[Checked] | Refusal:
    """The account check (F067): stored totals, debts and bills against the sum of the postings,
    and each balance that a slip says against the postings up to its entry."""
    refused = desk.gate("history")
    if refused is not None:
        return refused
    owner = customer_of(desk, customer)
    if isinstance(owner, Refusal):
        return owner
    account, records, currency = owner.account, desk.records, desk.currency
    head = desk.journal.head().sequence
    named = balances_named(account)
    found = [
        Checked(name, records.balance(name, currency), records.balance_at(name, currency, head))
        for name in [*named.values(), *records.meter_purses(account)]
    ]
    debts = sum(debt.open_minor for debt in records.open_debts(account))
    debts -= records.debt_credit(account, currency)
    bills = sum(bill.open_minor for bill in records.bills(account, 1_000_000, paid=False)
                if bill.account == account)  # fmt: skip
    waiting = sum(
        top_up.amount_minor
        for top_up in records.top_ups(account, state="received")
        if not top_up.spendable
    )
    for what, shown, name in (
        ("debts", debts, "debt"), ("bills", bills, "bills"), ("uncleared", -waiting, "uncleared"),
    ):  # fmt: skip
        found.append(Checked(what, shown, records.balance_at(named[name], currency, head)))
    return [*found, *(_slip(desk, account, slip) for slip in slips or [])]


def _slip(desk: Desk, account: str, slip: SlipBalance) -> Checked:
    """A slip shows what is kept and what is owed above zero."""
    name = balances_named(account).get(slip.name, slip.name)
    posted = _sign(slip.name) * desk.records.balance_at(name, desk.currency, slip.sequence)
    return Checked(f"slip {slip.sequence} {slip.name}", slip.amount_minor, posted)
