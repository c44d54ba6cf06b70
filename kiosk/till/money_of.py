"""What verbs of customers' money share: whose it is, where a payment comes from, two persons."""

from __future__ import annotations

import msgspec

from kiosk.domain import chart
from kiosk.domain.account_record import AccountRecord
from kiosk.domain.fact import Fact
from kiosk.domain.registry import Customer
from kiosk.domain.reversal import APPROVAL
from kiosk.errors import Refusal
from kiosk.till.desk import Desk
from kiosk.till.operators import second_person
from kiosk.till.tokens import SecondPerson, reason_missing

_LONGEST_REFERENCE = 40


class Paid(msgspec.Struct, frozen=True):
    """Where a payment at the counter comes from, and the cash that changed hands for it."""

    paid_from: str
    tendered_minor: int = 0
    change_minor: int = 0


class Purse(msgspec.Struct, frozen=True):
    """An account of the chart that holds a customer's money."""

    book: str
    account: str


def customer_of(desk: Desk, text: str) -> Customer | Refusal:
    """The customer with this account, meter or card number."""
    bare = text.replace(" ", "")
    found = desk.records.customer(bare)
    if found is None:
        card = desk.records.card(number=bare) if bare else None
        meter = desk.records.meter(card.meter if card else bare)
        found = desk.records.customer(meter.account) if meter else None
    return found or Refusal("unknown_account", {"account": text[:_LONGEST_REFERENCE]})


def open_customer(desk: Desk, text: str) -> Customer | Refusal:
    """As `customer_of`, for somebody who has not left."""
    found = customer_of(desk, text)
    if isinstance(found, Customer) and desk.records.is_closed(found.account):
        return Refusal("account_closed", {"account": found.account})
    return found


def purse_named(desk: Desk, text: str, *also: str) -> Purse | Refusal:
    """The purse that is typed as the number of an account (its own money) or of a meter (what is
    kept for it), or as capital:ACCOUNT or meter:METER; `also` names what else may be meant, deposit
    or overpaid of an account."""
    kind, colon, number = text.replace(" ", "").partition(":")
    if not kind:
        return Refusal("purse_missing")
    if not colon:
        number = kind
        kind = "meter" if desk.records.meter(number) is not None else "capital"
        if kind == "capital" and desk.records.customer(number) is None:
            return Refusal("unknown_purse", {"text": text[:_LONGEST_REFERENCE]})
    if kind not in {"capital", "meter", *also}:
        return Refusal("unknown_purse", {"text": text[:_LONGEST_REFERENCE]})
    owner = open_customer(desk, number)
    if isinstance(owner, Refusal):
        return owner
    if kind == "meter":
        meter = desk.records.meter(number.replace(" ", ""))
        if meter is None:
            return Refusal("unknown_meter", {"meter": number[:_LONGEST_REFERENCE]})
        return Purse(chart.meter_account(meter.number), owner.account)
    book = {
        "capital": chart.capital_account, "deposit": chart.deposit, "overpaid": chart.receivable,
    }[kind]  # fmt: skip
    return Purse(book(owner.account), owner.account)


def take_payment(
    desk: Desk, account: str, source: str, amount_minor: int, tendered_minor: int | None = None
) -> Paid | Refusal:
    """How `amount_minor` is paid: "cash" (by default exactly), "capital" (the customer's own
    money), or the number of one of the customer's meters."""
    if source == "cash":
        tendered = amount_minor if tendered_minor is None else tendered_minor
        if tendered < amount_minor:
            return Refusal("tender_too_small", {"needed_minor": amount_minor})
        return Paid(chart.cash(desk.operator), tendered, tendered - amount_minor)
    if source in {"capital", f"capital:{account}"}:
        return Paid(chart.capital_account(account))
    meter = desk.records.meter(source.removeprefix("meter:"))
    if meter is None or meter.account != account:
        return Refusal("unknown_purse", {"text": source[:_LONGEST_REFERENCE]})
    return Paid(chart.meter_account(meter.number))


def drawer_short(desk: Desk, amount_minor: int) -> Refusal | None:
    """Cash is paid out of a drawer that holds it; asked before a card is touched. A payment without
    a card is looked at in its own commit."""
    there_minor = desk.records.balance(chart.cash(desk.operator), desk.currency)
    if there_minor >= amount_minor:
        return None
    return Refusal("drawer_too_small", {"there_minor": max(0, there_minor)})


def agreed(desk: Desk, second: SecondPerson, reason: str) -> str | Refusal:
    """Who agreed, where two persons and a reason are needed (design 7)."""
    return reason_missing(reason) or second_person(desk, second.name, second.pin, APPROVAL)


def may_take(desk: Desk, right: str = "accounts") -> Refusal | None:
    """Whether money may be taken or moved here now."""
    return desk.gate(right) or desk.room_to_sell()


def write(desk: Desk, fact: Fact, account: str) -> AccountRecord | Refusal:
    """Write `fact`; the event as `account` sees it. The same id with the same content again gives
    the first answer (E05)."""
    outcome = desk.journal.append(fact)
    if isinstance(outcome, Refusal):
        return outcome
    desk.nudge()
    return desk.records.account_event(account, outcome[0])


def reference_missing(reference: str) -> Refusal | None:
    """A cheque, a transfer and an e-payment are known by their number."""
    if not 1 <= len(reference.strip()) <= _LONGEST_REFERENCE:
        return Refusal("reference_missing", {"longest": _LONGEST_REFERENCE})
    return None
