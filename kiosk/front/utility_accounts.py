"""Customers' money in the rehearsal utility: an account with money, dated arrears, plans, a bill.

Facts of their own after the catalogue, in a utility of the usual size; a small one, as tests and
short demonstrations play it, begins with empty accounts.
"""

from __future__ import annotations

from kiosk.domain import account_facts, bill_facts, debt_facts
from kiosk.domain.debts import DAY_MS
from kiosk.domain.fact import Fact

#: Customers from which on the utility has such accounts.
SMALLEST = 100

#: Places in the list of customers: who has money, who owes what since how many days, who a bill.
_WITH_MONEY = 60
_ARREARS = ((62, 4_200, 20), (62, 9_900, 75), (65, 15_000, 140), (66, 2_500, 45))
_BILLED = 67
_FIRST_ACCOUNT = 20_000_001
_OPERATOR, _SECOND = "rehearsal", "301"


def account_of(place: int) -> str:
    """The account number of the customer at `place`."""
    return f"{_FIRST_ACCOUNT + place}"


def opening_facts(customers: int, currency: str, now_ms: int) -> list[Fact]:
    """What has happened to customers' money before the rehearsal begins."""
    if customers < SMALLEST:
        return []
    owner = account_of(_WITH_MONEY)
    arrears = [
        debt_facts.DebtRecorded(
            f"arrears-{place}-{days}", account_of(place), "arrears", now_ms - days * DAY_MS,
            currency, amount_minor, "taken over from the old books", _OPERATOR, _SECOND,
        )
        for place, amount_minor, days in _ARREARS
    ]  # fmt: skip
    return [
        account_facts.TopUpReceived(
            "rehearsal-cash", owner, "cash", currency, 50_000, "", True, 50_000, 0, _OPERATOR
        ),
        account_facts.TopUpReceived(
            "rehearsal-cheque", owner, "cheque", currency, 20_000, "CH-1001", False, 0, 0, _OPERATOR
        ),
        *arrears,
        debt_facts.DebtPlanSet(
            account_of(62), "fixed", 500, 0, "oldest", "agreed at the counter", _SECOND
        ),
        debt_facts.DebtPlanSet(
            account_of(65), "share", 0, 400_000, "largest", "agreed at the counter", _SECOND
        ),
        bill_facts.BillReceived(
            "OLD-2026-09", account_of(_BILLED), "Old meter customer", "8841", "2026-09", currency,
            6_400, now_ms - 10 * DAY_MS, 300, _OPERATOR,
        ),
    ]  # fmt: skip
