"""Debts and bills at the edge of a day: age, interest, and when a late fee is due."""

from __future__ import annotations

import pytest

from kiosk.domain.bill_books import Bill
from kiosk.domain.debts import DAY_MS, Debt, age_class, day_end_ms, interest_minor

START_MS = 1_000 * DAY_MS


def debt(dated_ms: int, amount_minor: int = 3_000, kind: str = "arrears") -> Debt:
    return Debt("d", "20000001", kind, dated_ms, "ZAR", amount_minor, 0, 0)


@pytest.mark.parametrize(
    ("days", "place"), [(0, 0), (30, 0), (31, 1), (60, 1), (61, 2), (90, 2), (91, 3), (-1, 0)]
)
def test_a_debt_is_in_the_class_of_its_age_up_to_and_with_the_last_day(
    days: int, place: int
) -> None:
    assert age_class(debt(START_MS - days * DAY_MS), START_MS) == place


@pytest.mark.parametrize(
    ("dated_ms", "amount", "kind", "charged"),
    [
        (START_MS - 30 * DAY_MS, 3_000, "arrears", (0, 0)),
        (START_MS - 30 * DAY_MS - 1, 3_000, "arrears", (3_000, 45)),
        (START_MS - 90 * DAY_MS, 3_001, "arrears", (3_001, 45)),
        (START_MS - 90 * DAY_MS, 3_000, "late_fee", (0, 0)),
    ],
    ids=["on the thirtieth day", "after it", "rounded down E30", "none on a fee"],
)
def test_interest_is_charged_when_a_debt_is_overdue(
    dated_ms: int, amount: int, kind: str, charged: tuple[int, int]
) -> None:
    assert interest_minor([debt(dated_ms, amount, kind)], START_MS, 30, 15_000) == charged


@pytest.mark.parametrize(
    ("after_ms", "paid_minor", "fee_paid_minor", "fee"),
    [(-DAY_MS + 1, 0, 0, 0), (0, 0, 0, 0), (1, 0, 0, 200), (1, 3_000, 200, 0), (1, 8_000, 0, 0)],
    ids=["on its last day", "at its last moment", "after it", "once only", "paid in time"],
)
def test_the_late_fee_is_due_when_the_last_day_of_a_bill_has_passed(
    after_ms: int, paid_minor: int, fee_paid_minor: int, fee: int
) -> None:
    due_ms = day_end_ms("2026-10-31")
    assert isinstance(due_ms, int)
    bill = Bill(
        "B1", "X9", "Old Customer", "77", "2026-10", "ZAR", 8_000, paid_minor, due_ms, 200,
        fee_paid_minor,
    )  # fmt: skip
    assert bill.late_fee_due_minor(due_ms + after_ms) == fee
    assert (due_ms + 1) % DAY_MS == 0, "its last moment is that of the day"
