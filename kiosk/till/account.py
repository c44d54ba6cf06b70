"""The verbs of a customer's own money: top up, clear, bounce, transfer, refund, deposit.

Every verb that takes money gets an id: the same id twice is one event (E05). Money that moves
without money coming in needs two persons and a reason.
"""

from __future__ import annotations

from kiosk.domain import account_facts, chart
from kiosk.domain.account_record import AccountRecord, TopUp
from kiosk.domain.facts import Tender
from kiosk.errors import Refusal
from kiosk.till.desk import Desk
from kiosk.till.money_of import (
    agreed,
    customer_of,
    may_take,
    open_customer,
    purse_named,
    reference_missing,
    take_payment,
    write,
)
from kiosk.till.quote import Buyer
from kiosk.till.sell import Payment, cash_payment
from kiosk.till.tokens import SecondPerson, reason_missing

#: Another station may spend from the account between the look and the commit.
_BOUNCE_TRIES = 5


def top_up(
    desk: Desk, customer: str, method: str, amount_minor: int, *,
    reference: str = "", tendered_minor: int | None = None, event_id: str = "",
) -> AccountRecord | Refusal:  # fmt: skip
    """Take money for a customer's capital account (F007). `method` is one of METHODS."""
    by_hand = method == "cash"
    if method not in account_facts.METHODS:
        return Refusal("unknown_tender", {"tender": method[:20]})
    refused = may_take(desk) or (None if by_hand else reference_missing(reference))
    if refused is not None:
        return refused
    owner = open_customer(desk, customer)
    if isinstance(owner, Refusal):
        return owner
    paid = take_payment(desk, owner.account, "cash", amount_minor, tendered_minor)
    if isinstance(paid, Refusal):
        return paid
    fact = account_facts.TopUpReceived(
        top_up_id=event_id or desk.entropy.name(),
        account=owner.account,
        method=method,
        currency=desk.currency,
        amount_minor=amount_minor,
        reference="" if by_hand else reference.strip(),
        spendable=by_hand or desk.settings.accounts.spend_uncleared,
        tendered_minor=paid.tendered_minor if by_hand else 0,
        change_minor=paid.change_minor if by_hand else 0,
        operator=desk.operator,
    )
    return write(desk, fact, owner.account)


def payments(desk: Desk, customer: str = "") -> list[TopUp] | Refusal:
    """The cheques, transfers and e-payments of a customer, newest first; without one, those of
    everybody that wait for the bank."""
    refused = desk.gate("history")
    if refused is not None:
        return refused
    if not customer:
        return desk.records.waiting_top_ups()
    owner = customer_of(desk, customer)
    if isinstance(owner, Refusal):
        return owner
    found = desk.records.top_ups(owner.account)
    return [one for one in found if one.method != "cash"]


def clear(desk: Desk, top_up_id: str) -> AccountRecord | Refusal:
    """The bank has the money of a cheque, transfer or e-payment; said again it gives the first
    answer.

    `top_up_id` may also be its number or its entry. Not by whoever wrote it down, unless the policy
    `[accounts] clear_alone` allows it: one person alone would make money to spend.
    """
    found = _waiting(desk, top_up_id)
    if isinstance(found, Refusal):
        return found
    if found.state == "cleared":
        sequence = desk.records.sequence_of(f"top_up_cleared/{found.top_up_id}")
        assert sequence is not None, found
        return desk.records.account_event(found.account, sequence)
    received = desk.records.fact_of(f"top_up/{found.top_up_id}")
    by = received.operator if isinstance(received, account_facts.TopUpReceived) else ""
    if by == desk.operator and not desk.settings.accounts.clear_alone:
        return Refusal("cleared_by_another", {"operator": by})
    fact = account_facts.TopUpCleared(
        found.top_up_id, found.account, found.method, found.currency, found.amount_minor,
        found.spendable, desk.operator,
    )  # fmt: skip
    return write(desk, fact, found.account)


def bounce(desk: Desk, top_up_id: str, reason: str) -> AccountRecord | Refusal:
    """The bank did not pay, before or after it had cleared: what was spent becomes a debt."""
    refused = may_take(desk) or reason_missing(reason)
    if refused is not None:
        return refused
    outcome: AccountRecord | Refusal = Refusal("top_up_not_open", {"top_up": top_up_id[:40]})
    for _ in range(_BOUNCE_TRIES):
        found = payment_named(desk, top_up_id)
        if found is None or found.state == "bounced" or found.method == "cash":
            return Refusal("top_up_not_open", {"top_up": top_up_id[:40]})
        outcome = write(desk, _bounced(desk, found, reason), found.account)
        if isinstance(outcome, AccountRecord) or outcome.code not in {
            "capital_account_too_small", "balance_changed", "top_up_not_open",
        }:  # fmt: skip
            break
    return outcome


def _bounced(desk: Desk, found: TopUp, reason: str) -> account_facts.TopUpBounced:
    taken = found.amount_minor
    if found.spendable or found.state == "cleared":
        taken = min(taken, capital_minor(desk, found.account))
    return account_facts.TopUpBounced(
        found.top_up_id, found.account, found.method, found.currency, found.amount_minor,
        found.state, found.spendable, taken, found.amount_minor - taken, reason.strip(),
        desk.operator,
    )  # fmt: skip


def _waiting(desk: Desk, top_up_id: str) -> TopUp | Refusal:
    refused = may_take(desk)
    if refused is not None:
        return refused
    found = payment_named(desk, top_up_id)
    if found is None or found.state == "bounced" or found.method == "cash":
        return Refusal("top_up_not_open", {"top_up": top_up_id[:40]})
    return found


def payment_named(desk: Desk, text: str) -> TopUp | None:
    """The payment with this id, or with the number of its cheque, or with the entry of its slip."""
    found = desk.records.top_up(text)
    if found is not None or not text.strip():
        return found
    if text.isascii() and text.isdecimal() and 0 < int(text) <= desk.journal.head().sequence:
        fact = desk.records.fact(int(text))
        if isinstance(fact, account_facts.TopUpReceived):
            return desk.records.top_up(fact.top_up_id)
    numbered = desk.records.top_ups_numbered(text.strip())
    return numbered[0] if len(numbered) == 1 else None


def transfer(
    desk: Desk, source: str, target: str, amount_minor: int, reason: str, second: SecondPerson,
    event_id: str = "",
) -> AccountRecord | Refusal:  # fmt: skip
    """Move money between purses, of one customer or two (F070): capital:ACCOUNT, meter:METER, and
    deposit:ACCOUNT and overpaid:ACCOUNT as sources."""
    refused = may_take(desk)
    if refused is not None:
        return refused
    given, taken = purse_named(desk, source, "deposit", "overpaid"), purse_named(desk, target)
    if isinstance(given, Refusal):
        return given
    if isinstance(taken, Refusal):
        return taken
    if given.book == taken.book:
        return Refusal("same_purse", {"text": target[:40]})
    approver = agreed(desk, second, reason)
    if isinstance(approver, Refusal):
        return approver
    fact = account_facts.MoneyTransferred(
        event_id or desk.entropy.name(), desk.currency, amount_minor, given.book, given.account,
        taken.book, taken.account, reason.strip(), desk.operator, approver,
    )  # fmt: skip
    return write(desk, fact, given.account)


def refund(
    desk: Desk, source: str, amount_minor: int, reason: str, second: SecondPerson, *,
    through_bank: bool = False, event_id: str = "",
) -> AccountRecord | Refusal:  # fmt: skip
    """Pay a customer's money out, in cash over the counter or through the bank (F011); a deposit
    goes back this way too."""
    refused = may_take(desk)
    if refused is not None:
        return refused
    given = purse_named(desk, source, "deposit")
    if isinstance(given, Refusal):
        return given
    approver = agreed(desk, second, reason)
    if isinstance(approver, Refusal):
        return approver
    fact = account_facts.MoneyRefunded(
        event_id or desk.entropy.name(), given.account, desk.currency, amount_minor, given.book,
        payout(desk, through_bank), reason.strip(), desk.operator, approver,
    )  # fmt: skip
    return write(desk, fact, given.account)


def payout(desk: Desk, through_bank: bool) -> str:
    """Where money leaves the utility: the bank, or the drawer of whoever is signed in."""
    return chart.BANK if through_bank else chart.cash(desk.operator)


def take_deposit(
    desk: Desk, customer: str, amount_minor: int, source: str = "cash", event_id: str = ""
) -> AccountRecord | Refusal:
    """Take a deposit, in cash or from the capital account; a refund gives it back, or closing."""
    refused = may_take(desk)
    if refused is not None:
        return refused
    owner = open_customer(desk, customer)
    if isinstance(owner, Refusal):
        return owner
    if source not in {"cash", "capital"}:
        return Refusal("unknown_tender", {"tender": source[:20]})
    paid = take_payment(desk, owner.account, source, amount_minor)
    if isinstance(paid, Refusal):
        return paid
    fact = account_facts.DepositTaken(
        event_id or desk.entropy.name(), owner.account, desk.currency, amount_minor,
        paid.paid_from, desk.operator,
    )  # fmt: skip
    return write(desk, fact, owner.account)


def capital_minor(desk: Desk, account: str) -> int:
    """What a customer may spend from the capital account now."""
    return -desk.records.balance(chart.capital_account(account), desk.currency)


def capital_payment(desk: Desk, buyer: Buyer, amount_minor: int) -> Payment | Refusal:
    """A purchase from the capital account (F007); money kept for the meter is used first."""
    account = buyer.customer.account
    due_minor = amount_minor - min(buyer.credit_minor, amount_minor)
    if capital_minor(desk, account) < due_minor:
        return Refusal("capital_account_too_small", {"account": account})
    paid = cash_payment(desk, amount_minor, due_minor, buyer)
    if isinstance(paid, Refusal):
        return paid
    kept = [tender for tender in paid.tenders if tender.kind == "meter_account"]
    own = Tender("capital_account", due_minor, chart.capital_account(account))
    return Payment([*kept, own] if due_minor else kept, 0)
