"""Customers' money in the books: where it stands, and which figures are refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kiosk.domain import account_facts, chart, correction_facts, debt_facts
from kiosk.domain.books import Books
from kiosk.domain.fact import Fact
from kiosk.domain.posting import Posting
from kiosk.errors import Refusal
from tests.builders import METER, sale
from tests.domain.contradictions import code_of_contradiction

OWNER, OTHER = "20000001", "20000002"
CAPITAL, UNCLEARED = chart.capital_account(OWNER), chart.uncleared_account(OWNER)
OWED, DRAWER, IN_METER = chart.receivable(OWNER), chart.cash("101"), chart.meter_account(METER)

TRANSFER = account_facts.TopUpReceived(
    "t", OWNER, "bank_transfer", "ZAR", 900, "REF 1", False, 0, 0, "101"
)
CLEARED = account_facts.TopUpCleared("t", OWNER, "bank_transfer", "ZAR", 900, False, "102")
BOUNCED = account_facts.TopUpBounced(
    "t", OWNER, "bank_transfer", "ZAR", 900, "cleared", False, 700, 200, "no cover", "101"
)
MOVED = account_facts.MoneyTransferred(
    "m", "ZAR", 500, CAPITAL, OWNER, IN_METER, OTHER, "asked", "101", "301"
)
REFUNDED = account_facts.MoneyRefunded(
    "r", OWNER, "ZAR", 500, CAPITAL, DRAWER, "asked", "101", "301"
)
CLOSED = account_facts.AccountClosed(
    "c", OWNER, "ZAR", {CAPITAL: 500, IN_METER: 300}, 200, 600, DRAWER, "left", "101", "301"
)
LEFT = account_facts.CreditLeft(
    METER, OWNER, "ZAR", 3_000, 3_100, "paid", 600, "moved", "101", "301"
)
RECORDED = debt_facts.DebtRecorded("d", OWNER, "fee", 0, "ZAR", 400, "old book", "101", "301")
PAID = debt_facts.DebtPaid("p", OWNER, "", "ZAR", 400, DRAWER, 500, 100, "101")
SOLD = sale("s")
REVERSED = correction_facts.SaleReversed(
    "s", "red_entry", "unread", METER, OWNER, "ZAR", SOLD.amount_minor, SOLD.energy_wh,
    SOLD.lines, DRAWER, "wrong", "101", "301",
)  # fmt: skip
REALLOCATED = correction_facts.SaleReallocated(
    "s", OWNER, False, "ZAR", 1_150, 150, OTHER, chart.capital_account(OTHER), "wrong", "101", "301"
)

STORIES: dict[str, tuple[Fact, dict[str, int]]] = {
    "a transfer waits until it has cleared": (
        TRANSFER, {chart.in_clearing("bank_transfer"): 900, UNCLEARED: -900}),
    "it has cleared": (
        CLEARED, {chart.BANK: 900, chart.in_clearing("bank_transfer"): -900, UNCLEARED: 900,
                  CAPITAL: -900}),
    "the bank took it back": (BOUNCED, {CAPITAL: 700, OWED: 200, chart.BANK: -900}),
    "money goes to a meter": (MOVED, {CAPITAL: 500, IN_METER: -500}),
    "money goes back": (REFUNDED, {CAPITAL: 500, DRAWER: -500}),
    "a customer leaves": (CLOSED, {CAPITAL: 500, IN_METER: 300, OWED: -200, DRAWER: -600}),
    "what is left in a meter is paid": (
        LEFT, {chart.revenue("energy_taken_back"): 600, CAPITAL: -600}),
    "a debt is paid in cash": (PAID, {DRAWER: 400, OWED: -400}),
    "the value moves, the utility bears it": (
        REALLOCATED, {OWED: 150, chart.REALLOCATED: 1_000, chart.capital_account(OTHER): -1_150}),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_money_stands_where_its_table_says(name: str) -> None:
    fact, table = STORIES[name]
    postings = Books().apply(fact)
    assert not isinstance(postings, Refusal)
    stands: dict[str, int] = {}
    for posting in postings:
        stands[posting.account] = stands.get(posting.account, 0) + posting.amount
    assert {name: amount for name, amount in stands.items() if amount} == table


#: What is wrong, the fact that would be right, and the figures that make it wrong.
WRONG: list[tuple[str, Fact, dict[str, Any]]] = [
    ("nothing is received", TRANSFER, {"amount_minor": 0}),
    ("a transfer without its number", TRANSFER, {"reference": ""}),
    ("a transfer with change", TRANSFER, {"tendered_minor": 900}),
    ("cash that waits", TRANSFER, {"method": "cash", "reference": "", "tendered_minor": 900}),
    ("cash clears", CLEARED, {"method": "cash"}),
    ("more bounces than came", BOUNCED, {"owed_minor": 201}),
    ("less than nothing is owed", BOUNCED, {"taken_minor": 1_000, "owed_minor": -100}),
    ("a transfer by one person", MOVED, {"second": "101"}),
    ("a transfer that nobody agreed to", MOVED, {"second": ""}),
    ("money moves where it is", MOVED, {"to_account": CAPITAL}),
    ("money of the utility moves", MOVED, {"from_account": chart.BANK}),
    ("what another owes moves", MOVED, {"from_account": chart.receivable(OTHER)}),
    ("a refund by one person", REFUNDED, {"second": "101"}),
    ("a refund to an account", REFUNDED, {"paid_to": chart.capital_account(OTHER)}),
    ("closed by one person", CLOSED, {"second": "101"}),
    ("more is paid out than was kept", CLOSED, {"paid_out_minor": 601}),
    ("somebody who still owes leaves", CLOSED, {"debt_minor": 900, "paid_out_minor": -100}),
    ("given up, and paid", LEFT, {"treatment": "given_up"}),
    ("paid by one person", LEFT, {"second": "101"}),
    ("a debt by one person", RECORDED, {"second": "101"}),
    ("a debt of no kind", RECORDED, {"kind": "bounced"}),
    ("too much change", PAID, {"change_minor": 101}),
    ("another customer's money pays", PAID,
     {"paid_from": chart.capital_account(OTHER), "tendered_minor": 0, "change_minor": 0}),
    ("a red entry by one person", REVERSED, {"second": "101"}),
    ("money goes back to the bank", REVERSED, {"returned_to": chart.BANK}),
    ("more money than on the lines", REVERSED, {"amount_minor": SOLD.amount_minor + 1}),
    ("less energy than on the lines", REVERSED, {"energy_wh": SOLD.energy_wh - 100}),
    ("more debt than was paid", REALLOCATED, {"debt_minor": 1_151}),
    ("moved by one person", REALLOCATED, {"second": "101"}),
]  # fmt: skip


@pytest.mark.parametrize(("fact", "figures"), [r[1:] for r in WRONG], ids=[r[0] for r in WRONG])
def test_it_is_refused_when_its_figures_contradict_each_other(
    fact: Fact, figures: dict[str, Any]
) -> None:
    assert code_of_contradiction(fact, figures) == "account_does_not_add_up"


def test_interest_needs_no_second_person_because_the_settings_say_it() -> None:
    interest = msgspec.structs.replace(RECORDED, kind="interest", second="")
    assert Books().apply(interest) == [
        Posting(OWED, "ZAR", 400, "posted"),
        Posting(chart.revenue("interest"), "ZAR", -400, "posted"),
    ]
