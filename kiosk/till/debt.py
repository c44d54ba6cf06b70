"""The verbs of debts: record, pay, write off, agree a plan, charge interest; and what is owed."""

from __future__ import annotations

import msgspec

from kiosk.domain import debt_facts, debts
from kiosk.domain.account_record import AccountRecord
from kiosk.domain.debts import Debt, Plan
from kiosk.errors import Refusal
from kiosk.till.desk import Desk
from kiosk.till.money_of import agreed, customer_of, may_take, open_customer, take_payment, write
from kiosk.till.tokens import SecondPerson, reason_missing


class Owed(msgspec.Struct, frozen=True):
    """What a customer owes: each debt, the sum per class of age, what was overpaid, the plan."""

    account: str
    debts: list[Debt]
    classes_minor: list[int]
    overpaid_minor: int
    plan: Plan | None

    @property
    def open_minor(self) -> int:
        """All of it."""
        return sum(self.classes_minor)


def owed(desk: Desk, customer: str) -> Owed | Refusal:
    """The dated debts of a customer and their ages (F068)."""
    refused = desk.gate("history")
    if refused is not None:
        return refused
    owner = customer_of(desk, customer)
    if isinstance(owner, Refusal):
        return owner
    found = desk.records.open_debts(owner.account)
    return Owed(
        owner.account, found, debts.aged(found, desk.clock.now().time_ms),
        desk.records.debt_credit(owner.account, desk.currency),
        desk.records.debt_plan(owner.account),
    )  # fmt: skip


def all_owed(desk: Desk) -> list[Owed] | Refusal:
    """Every customer who owes, with the classes of age: the list of receivables."""
    refused = desk.gate("history")
    if refused is not None:
        return refused
    by_account: dict[str, list[Debt]] = {}
    for debt in desk.records.open_debts():
        by_account.setdefault(debt.account, []).append(debt)
    now_ms = desk.clock.now().time_ms
    return [
        Owed(account, found, debts.aged(found, now_ms), 0, desk.records.debt_plan(account))
        for account, found in sorted(by_account.items())
    ]


def record(
    desk: Desk, customer: str, kind: str, amount_minor: int, dated: str, reason: str,
    second: SecondPerson, event_id: str = "",
) -> AccountRecord | Refusal:  # fmt: skip
    """Record a dated debt: arrears, a fee, a late fee, energy that a wrong meter has used."""
    refused = may_take(desk)
    if refused is not None:
        return refused
    owner = open_customer(desk, customer)
    if isinstance(owner, Refusal):
        return owner
    dated_ms = debts.day_ms(dated) if dated else desk.clock.now().time_ms
    if isinstance(dated_ms, Refusal):
        return dated_ms
    if kind not in debts.KINDS or kind == "interest":
        known = ", ".join(sorted(set(debts.KINDS) - {"interest"}))
        return Refusal("unknown_debt_kind", {"kinds": known})
    if dated_ms > desk.clock.now().time_ms:
        return Refusal("bad_day", {"text": dated[:20]})
    approver = agreed(desk, second, reason)
    if isinstance(approver, Refusal):
        return approver
    fact = debt_facts.DebtRecorded(
        event_id or desk.entropy.name(), owner.account, kind, dated_ms, desk.currency,
        amount_minor, reason.strip(), desk.operator, approver,
    )  # fmt: skip
    return write(desk, fact, owner.account)


def pay(
    desk: Desk, customer: str, amount_minor: int, *, source: str = "cash", debt_id: str = "",
    tendered_minor: int | None = None, event_id: str = "",
) -> AccountRecord | Refusal:  # fmt: skip
    """Pay debt without a purchase: one debt, or in the order of the plan. What came up after a
    customer had left, a cheque that bounced, is still paid in cash."""
    refused = may_take(desk)
    if refused is not None:
        return refused
    owner = customer_of(desk, customer) if source == "cash" else open_customer(desk, customer)
    if isinstance(owner, Refusal):
        return owner
    paid = take_payment(desk, owner.account, source, amount_minor, tendered_minor)
    if isinstance(paid, Refusal):
        return paid
    fact = debt_facts.DebtPaid(
        event_id or desk.entropy.name(), owner.account, debt_id, desk.currency, amount_minor,
        paid.paid_from, paid.tendered_minor, paid.change_minor, desk.operator,
    )  # fmt: skip
    return write(desk, fact, owner.account)


def write_off(
    desk: Desk, debt_id: str, amount_minor: int, reason: str, second: SecondPerson,
    event_id: str = "",
) -> AccountRecord | Refusal:  # fmt: skip
    """Give a debt up, whole or in part, by two persons."""
    refused = may_take(desk)
    if refused is not None:
        return refused
    found = desk.records.debt(debt_id)
    if found is None:
        return Refusal("unknown_debt", {"debt": debt_id[:40]})
    approver = agreed(desk, second, reason)
    if isinstance(approver, Refusal):
        return approver
    fact = debt_facts.DebtWrittenOff(
        event_id or desk.entropy.name(), found.account, debt_id, found.currency, amount_minor,
        reason.strip(), desk.operator, approver,
    )  # fmt: skip
    return write(desk, fact, found.account)


def agree_plan(desk: Desk, customer: str, plan: Plan, reason: str) -> AccountRecord | Refusal:
    """From now on old debt is paid by `plan` with every purchase; rule "tariff" ends it."""
    refused = may_take(desk, "approve") or reason_missing(reason) or debts.check_plan(plan)
    if refused is not None:
        return refused
    owner = open_customer(desk, customer)
    if isinstance(owner, Refusal):
        return owner
    fact = debt_facts.DebtPlanSet(
        owner.account, plan.rule, plan.amount_minor, plan.share_ppm, plan.order, reason.strip(),
        desk.operator,
    )  # fmt: skip
    return write(desk, fact, owner.account)


def charge_interest(desk: Desk, period: str) -> list[AccountRecord] | Refusal:
    """A month's interest on what is overdue at the start of `period` ("2026-11"), once for each
    customer: called again it charges only those that it has not charged."""
    start_ms = debts.period_start_ms(period)
    refused = may_take(desk, "approve") or desk.clock_set_back()
    if refused is not None:
        return refused
    if isinstance(start_ms, Refusal):
        return start_ms
    if start_ms > desk.clock.now().time_ms:
        return Refusal("bad_period", {"text": period[:20]})
    rate_ppm = desk.settings.accounts.interest_ppm_per_month
    if not rate_ppm:
        return Refusal("no_interest_set")
    found = all_owed(desk)
    if isinstance(found, Refusal):
        return found
    charged = [_charge(desk, owing, period, start_ms) for owing in found]
    return [event for event in charged if isinstance(event, AccountRecord)]


def _charge(desk: Desk, owing: Owed, period: str, start_ms: int) -> AccountRecord | Refusal | None:
    rules = desk.settings.accounts
    debt_id = f"interest/{period}/{owing.account}"
    if desk.records.is_known(f"debt/{debt_id}") or desk.records.is_closed(owing.account):
        return None
    principal, interest = debts.interest_minor(
        owing.debts, start_ms, rules.interest_after_days, rules.interest_ppm_per_month
    )
    if not interest:
        return None
    reason = f"{period}: {rules.interest_ppm_per_month} ppm of {principal}"
    fact = debt_facts.DebtRecorded(
        debt_id, owing.account, "interest", start_ms, desk.currency, interest, reason,
        desk.operator, "",
    )  # fmt: skip
    return write(desk, fact, owing.account)
