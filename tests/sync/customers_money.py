"""A day of customers' money in facts, for those who are shown an export or a bundle."""

from __future__ import annotations

from kiosk.domain import account_facts, bill_facts, correction_facts, debt_facts, facts
from tests.sync.sync_terminal import METER, committed, delivered

_TWO = ("amina", "chen")
_CAPITAL = "capital_account:"


def day() -> list[facts.Fact]:
    """One of everything: top-ups, transfers, debts, bills, sales undone and priced again."""
    sale = committed("back")
    moved = correction_facts.SaleReallocated(
        "wrong", "C-1001", True, "CNY", 1000, 0, "C2", _CAPITAL + "C2", "wrong meter", *_TWO
    )
    return [
        account_facts.TopUpReceived("u1", "C1", "cash", "CNY", 9000, "", True, 9000, 0, "amina"),
        account_facts.TopUpReceived("u2", "C1", "cheque", "CNY", 500, "7", False, 0, 0, "amina"),
        account_facts.TopUpCleared("u2", "C1", "cheque", "CNY", 500, False, "amina"),
        account_facts.TopUpBounced(
            "u2", "C1", "cheque", "CNY", 500, "cleared", False, 200, 300, "no cover", "amina"
        ),
        account_facts.MoneyTransferred(
            "m1", "CNY", 1000, _CAPITAL + "C1", "C1", _CAPITAL + "C2", "C2", "asked", *_TWO
        ),
        account_facts.MoneyRefunded(
            "r1", "C1", "CNY", 800, _CAPITAL + "C1", "cash:amina", "asked", *_TWO
        ),
        account_facts.DepositTaken("d1", "C2", "CNY", 400, "cash:amina", "amina"),
        debt_facts.DebtRecorded("x1", "C2", "arrears", 1, "CNY", 600, "old book", *_TWO),
        debt_facts.DebtRecorded("x2", "C2", "interest", 1, "CNY", 6, "2026-11", "amina", ""),
        debt_facts.DebtPaid("y1", "C2", "", "CNY", 100, "cash:amina", 200, 100, "amina"),
        debt_facts.DebtWrittenOff("w1", "C2", "x1", "CNY", 50, "too old", *_TWO),
        debt_facts.DebtPlanSet("C2", "fixed", 300, 0, "oldest", "agreed", "chen"),
        bill_facts.BillReceived("b1", "X9", "Old", "7", "2026-10", "CNY", 80, 1, 2, "amina"),
        bill_facts.BillCollected("k1", "b1", "X9", "CNY", 30, 2, "cash:amina", 32, 0, "amina"),
        sale, delivered("back"),
        correction_facts.SaleReversed(
            "back", "same_day", "unread", METER, sale.account, "CNY", 1000, sale.energy_wh,
            sale.lines, "cash:amina", "wrong amount", "amina", "",
        ),
        committed("wrong"), delivered("wrong"), moved,
        committed("late"), delivered("late"),
        correction_facts.SaleRerated("late", "C2", "ab" * 32, "CNY", 1000, 940, "customer", "chen"),
        committed("found"), delivered("found"),
        correction_facts.SaleRerated(
            "found", "C2", "ab" * 32, "CNY", 1000, 960, "customer", "chen", METER
        ),
        account_facts.CreditLeft("7", "C2", "CNY", 900, 950, "given_up", 0, "moved away", *_TWO),
        account_facts.AccountClosed(
            "c1", "C2", "CNY",
            {_CAPITAL + "C2": 2060, f"meter_account:{METER}": 40, "deposit:C2": 400}, 456, 2044,
            "bank", "moved away", *_TWO,
        ),
    ]  # fmt: skip


#: What it all adds up to, by the kind of account.
BALANCES = {
    "bank": -2044, "billed": -80, "bills_receivable": 50, "capital_account": -7500,
    "cash": 11_732, "opening_debts": -600, "receivable": 1300, "revenue": -2708,
    "tariff_variance": 100, "tax": -300, "written_off": 50,
}  # fmt: skip
