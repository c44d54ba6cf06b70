"""What is owed and how it is paid: kinds of debt, plans, ageing, interest. Pure and in integers.

A plan says how much of a purchase goes to old debt; without one the share of the tariff pack does
(F012). Interest is simple: it is charged on principal and never on interest or fees.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from kiosk.domain import chart
from kiosk.domain.money import LARGEST_MINOR
from kiosk.domain.tariff import DebtRule
from kiosk.errors import Refusal

PPM = 1_000_000
DAY_MS = 24 * 60 * 60 * 1000

#: Kind of a debt that is recorded on its own -> the other side of its posting. Further kinds
#: (opening, bounced, reallocation, rerated, reopened) come with facts of other subjects.
KINDS = {
    "arrears": chart.OPENING_DEBTS,
    "interest": chart.revenue("interest"),
    "late_fee": chart.revenue("late_fee"),
    "fee": chart.revenue("fee"),
    "consumed": chart.REALLOCATED,
}

#: Debts that bear no interest: they are charges already.
CHARGES = frozenset({"interest", "late_fee", "fee"})

RULES = ("fixed", "share", "tariff")

#: In which order open debts are paid off; names of columns, so that tables sort alike.
ORDERS = {
    "oldest": "dated_ms, sequence, debt_id",
    "newest": "dated_ms DESC, sequence DESC, debt_id",
    "smallest": "amount_minor - paid_minor - written_off_minor, sequence, debt_id",
    "largest": "amount_minor - paid_minor - written_off_minor DESC, sequence, debt_id",
}

#: Of every purchase something stays for energy, whatever was agreed.
LARGEST_SHARE_PPM = 900_000

#: Upper ends of the classes of age, in days; what is older has a class of its own.
AGES_DAYS = (30, 60, 90)


class Debt(msgspec.Struct, frozen=True):
    """One debt and what is left of it."""

    debt_id: str
    account: str
    kind: str
    dated_ms: int
    currency: str
    amount_minor: int
    paid_minor: int
    written_off_minor: int

    @property
    def open_minor(self) -> int:
        """What is still owed."""
        return self.amount_minor - self.paid_minor - self.written_off_minor


class Plan(msgspec.Struct, frozen=True):
    """A customer's own way to pay old debt: a fixed sum or a share of each purchase."""

    rule: str
    amount_minor: int = 0
    share_ppm: int = 0
    order: str = "oldest"


def check_plan(plan: Plan) -> Refusal | None:
    """Why `plan` cannot be kept."""
    if plan.rule not in RULES or plan.order not in ORDERS:
        return Refusal("unknown_plan", {"rules": ", ".join(RULES), "orders": ", ".join(ORDERS)})
    fixed, share = plan.rule == "fixed", plan.rule == "share"
    if fixed != (plan.amount_minor > 0) or share != (plan.share_ppm > 0):
        return Refusal("plan_needs_figure", {"rule": plan.rule})
    if plan.amount_minor < 0 or not 0 <= plan.share_ppm <= LARGEST_SHARE_PPM:
        return Refusal("plan_share_too_large", {"largest_ppm": LARGEST_SHARE_PPM})
    return None


def rule_of(plan: Plan | None) -> DebtRule | None:
    """What a purchase pays of old debt under `plan`; None: as the tariff pack says."""
    if plan is None or plan.rule == "tariff":
        return None
    if plan.rule == "fixed":
        return DebtRule(LARGEST_SHARE_PPM, plan.amount_minor)
    return DebtRule(plan.share_ppm, LARGEST_MINOR)


def age_class(debt: Debt, now_ms: int) -> int:
    """The place of a debt in the classes of `AGES_DAYS`; the last one is older than all."""
    days = max(0, now_ms - debt.dated_ms) // DAY_MS
    return next((place for place, end in enumerate(AGES_DAYS) if days <= end), len(AGES_DAYS))


def aged(debts: Iterable[Debt], now_ms: int) -> list[int]:
    """What is owed per class of age."""
    classes = [0] * (len(AGES_DAYS) + 1)
    for debt in debts:
        classes[age_class(debt, now_ms)] += debt.open_minor
    return classes


def period_start_ms(period: str) -> int | Refusal:
    """The first moment (UTC) of a period such as "2026-11"."""
    year, _, month = period.partition("-")
    whole = year.isascii() and month.isascii() and year.isdecimal() and month.isdecimal()
    if not whole or len(year) != 4 or len(month) != 2 or not 1 <= int(month) <= 12 or int(year) < 1:
        return Refusal("bad_period", {"text": period[:20]})
    return int(datetime(int(year), int(month), 1, tzinfo=UTC).timestamp()) * 1000


def day_ms(text: str) -> int | Refusal:
    """The first moment (UTC) of a day written as 2026-11-30."""
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        return Refusal("bad_day", {"text": text[:20]})
    return int(datetime(found.year, found.month, found.day, tzinfo=UTC).timestamp()) * 1000


def day_end_ms(text: str) -> int | Refusal:
    """The last moment of a day: what is due on it is late after it."""
    start = day_ms(text)
    return start if isinstance(start, Refusal) else start + DAY_MS - 1


def shown_day(time_ms: int) -> str:
    """The day (UTC) of a moment, as it is typed."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)).date().isoformat()


def interest_minor(
    debts: Sequence[Debt], start_ms: int, after_days: int, rate_ppm: int
) -> tuple[int, int]:
    """Principal that is overdue at `start_ms`, and a month's interest on it, rounded down in the
    customer's favour (E30)."""
    overdue = sum(
        debt.open_minor
        for debt in debts
        if debt.kind not in CHARGES and start_ms - debt.dated_ms > after_days * DAY_MS
    )
    return overdue, overdue * rate_ppm // PPM
