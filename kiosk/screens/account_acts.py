"""What can be done with a customer's money, as questions and the verb that takes their answers.

The screens of the counter and its plain lines ask the same questions in the same order. An act gets
the id of its event when it is begun, so a second press is the same event (E05).
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kiosk.domain import money
from kiosk.domain.account_facts import METHODS
from kiosk.domain.account_record import AccountRecord
from kiosk.domain.debts import KINDS, ORDERS, RULES, Plan
from kiosk.errors import Refusal
from kiosk.screens import account_telling
from kiosk.screens.account_telling import PaidIn
from kiosk.till import account, bills, debt, rerate
from kiosk.till.desk import Desk
from kiosk.till.money_of import customer_of, reference_missing
from kiosk.till.tokens import SecondPerson
from kiosk.words.book import Words

#: The verb with the answers of its questions.
Verb = Callable[[Desk, list[str]], AccountRecord | Refusal]

#: The questions of every act that two persons agree on; the last one is hidden.
REASON, SECOND, SECOND_PIN = "tokens.ask_reason", "tokens.ask_second", "tokens.ask_second_pin"
AGREEMENT = [REASON, SECOND, SECOND_PIN]

#: What the digits of a source mean; the kinds of debt that are recorded by hand.
SOURCES = {"": "cash", "1": "cash", "2": "capital"}
DEBT_KINDS = [kind for kind in KINDS if kind != "interest"]

_PPM_OF_PERCENT = 10_000

#: What is restated before an act is done, made of its answers; or why it cannot be done.
Restate = Callable[[Desk, Words, list[str]], list[str] | Refusal]


class Act(msgspec.Struct, frozen=True):
    """One act: the key of its title, the keys of its questions, what is done, and what is restated
    before it where money changes hands."""

    title: str
    questions: list[str]
    verb: Verb
    restate: Restate | None = None


#: Makes an act for a customer, a debt, a payment, a bill or a sale.
MakeAct = Callable[[Desk, str], Act]


def numbered(text: str, options: list[str]) -> str:
    """An option by its number from 1, or what was typed."""
    place = int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else 0
    return options[place - 1] if 1 <= place <= len(options) else text


def _source(text: str) -> str:
    return SOURCES.get(text, text)


def _restating(event: str, customer: str) -> Restate:
    """What is restated of an amount, and what it is paid with."""

    def restate(desk: Desk, words: Words, answers: list[str]) -> list[str] | Refusal:
        found = money.parse_amount(answers[0], desk.currency)
        if isinstance(found, Refusal):
            return found
        return _booked(desk, words, event, customer, found, _source(answers[1]))

    return restate


def _booked(
    desk: Desk, words: Words, event: str, customer: str, amount_minor: int, source: str = ""
) -> list[str] | Refusal:
    """Who, what, how much and from which purse, in sentences; `source` "" where nobody pays."""
    owner = customer_of(desk, customer)
    if isinstance(owner, Refusal):
        return owner
    who = owner.account, owner.name
    return account_telling.booked_lines(words, desk.currency, event, who, amount_minor, source)


# --- money in and out -------------------------------------------------------------------------


def top_up(desk: Desk, customer: str) -> Act:
    """Money for the capital account, in one of METHODS; cash received and change are restated."""
    event_id = desk.entropy.name()

    def verb(desk: Desk, answers: list[str]) -> AccountRecord | Refusal:
        paid = _paid_in(desk, answers)
        if isinstance(paid, Refusal):
            return paid
        return account.top_up(
            desk, customer, paid.method, paid.amount_minor,
            reference=paid.reference, tendered_minor=paid.tendered_minor, event_id=event_id,
        )  # fmt: skip

    def restate(desk: Desk, words: Words, answers: list[str]) -> list[str] | Refusal:
        paid = _paid_in(desk, answers)
        if isinstance(paid, Refusal):
            return paid
        return account_telling.paid_in_lines(words, desk.currency, customer, paid)

    asks = ["amount", "method", "reference", "tendered"]
    return Act("account.menu_top_up", [f"account.ask_{ask}" for ask in asks], verb, restate)


def _paid_in(desk: Desk, answers: list[str]) -> PaidIn | Refusal:
    """The payment that is typed; without cash received, exactly the amount."""
    amount, method, reference, tendered = answers
    by = numbered(method or "1", list(METHODS))
    if by not in METHODS:
        return Refusal("unknown_tender", {"tender": by[:20]})
    found = money.parse_amount(amount, desk.currency)
    if isinstance(found, Refusal):
        return found
    in_hand = money.parse_amount(tendered, desk.currency) if tendered and by == "cash" else found
    if isinstance(in_hand, Refusal):
        return in_hand
    if in_hand < found:
        return Refusal("tender_too_small", {"needed_minor": found})
    missing = None if by == "cash" else reference_missing(reference)
    return missing or PaidIn(by, found, reference, in_hand)


def clear(_desk: Desk, top_up_id: str) -> Act:
    """The bank has the money."""
    return Act("account.do_clear", [], lambda desk, _answers: account.clear(desk, top_up_id))


def bounce(_desk: Desk, top_up_id: str) -> Act:
    """The bank did not pay."""
    return Act(
        "account.do_bounce",
        [REASON],
        lambda desk, answers: account.bounce(desk, top_up_id, *answers),
    )


def deposit(desk: Desk, customer: str) -> Act:
    """A deposit is taken, in cash or from the account."""
    event_id = desk.entropy.name()

    def verb(desk: Desk, answers: list[str]) -> AccountRecord | Refusal:
        found = money.parse_amount(answers[0], desk.currency)
        if isinstance(found, Refusal):
            return found
        return account.take_deposit(desk, customer, found, _source(answers[1]), event_id)

    asks = ["account.ask_amount", "account.ask_source"]
    return Act("account.menu_deposit", asks, verb, _restating("deposit_taken", customer))


def deposit_back(desk: Desk, customer: str) -> Act:
    """A deposit goes back, whole or in part, in cash."""
    return _refund(desk, "account.menu_deposit_back", f"deposit:{customer}")


def refund(desk: Desk, customer: str) -> Act:
    """Money of a customer is paid out in cash; without a number, that of the account."""
    return _refund(desk, "account.menu_refund", "", customer)


def _refund(desk: Desk, title: str, known_source: str, customer: str = "") -> Act:
    event_id = desk.entropy.name()

    def verb(desk: Desk, answers: list[str]) -> AccountRecord | Refusal:
        *source, amount, reason, name, pin = answers
        found = money.parse_amount(amount, desk.currency)
        if isinstance(found, Refusal):
            return found
        second = SecondPerson(name, pin)
        given = (source[0] or f"capital:{customer}") if source else known_source
        return account.refund(desk, given, found, reason, second, event_id=event_id)

    asks = [] if known_source else ["account.ask_from"]
    return Act(title, [*asks, "account.ask_amount", *AGREEMENT], verb)


def transfer(desk: Desk, customer: str) -> Act:
    """Money goes from one purse to another; without a number, from that of the account."""
    event_id = desk.entropy.name()

    def verb(desk: Desk, answers: list[str]) -> AccountRecord | Refusal:
        source, target, amount, reason, name, pin = answers
        found = money.parse_amount(amount, desk.currency)
        if isinstance(found, Refusal):
            return found
        second = SecondPerson(name, pin)
        given = source or f"capital:{customer}"
        return account.transfer(desk, given, target, found, reason, second, event_id)

    asks = ["account.ask_from", "account.ask_target", "account.ask_amount"]
    return Act("account.menu_transfer", [*asks, *AGREEMENT], verb)


# --- debts and bills --------------------------------------------------------------------------


def pay_debt(desk: Desk, customer: str) -> Act:
    """Debt is paid without a purchase, in the order of the plan."""
    event_id = desk.entropy.name()

    def verb(desk: Desk, answers: list[str]) -> AccountRecord | Refusal:
        found = money.parse_amount(answers[0], desk.currency)
        if isinstance(found, Refusal):
            return found
        return debt.pay(desk, customer, found, source=_source(answers[1]), event_id=event_id)

    asks = ["account.ask_amount", "account.ask_source"]
    return Act("account.menu_pay_debt", asks, verb, _restating("debt_paid", customer))


def pay_one(desk: Desk, debt_id: str) -> Act:
    """One debt is paid, whole or in part."""
    event_id = desk.entropy.name()

    def verb(desk: Desk, answers: list[str]) -> AccountRecord | Refusal:
        owed = _of_debt(desk, debt_id, answers[0])
        if isinstance(owed, Refusal):
            return owed
        owner, found = owed
        source = _source(answers[1])
        return debt.pay(desk, owner, found, source=source, debt_id=debt_id, event_id=event_id)

    def restate(desk: Desk, words: Words, answers: list[str]) -> list[str] | Refusal:
        owed = _of_debt(desk, debt_id, answers[0])
        if isinstance(owed, Refusal):
            return owed
        return _booked(desk, words, "debt_paid", *owed, _source(answers[1]))

    asks = ["account.ask_amount_all", "account.ask_source"]
    return Act("account.menu_pay_debt", asks, verb, restate)


def write_off(desk: Desk, debt_id: str) -> Act:
    """One debt is given up, whole or in part."""
    event_id = desk.entropy.name()

    def verb(desk: Desk, answers: list[str]) -> AccountRecord | Refusal:
        amount, reason, name, pin = answers
        owed = _of_debt(desk, debt_id, amount)
        if isinstance(owed, Refusal):
            return owed
        second = SecondPerson(name, pin)
        return debt.write_off(desk, debt_id, owed[1], reason, second, event_id)

    def restate(desk: Desk, words: Words, answers: list[str]) -> list[str] | Refusal:
        owed = _of_debt(desk, debt_id, answers[0])
        return (
            owed if isinstance(owed, Refusal) else _booked(desk, words, "debt_written_off", *owed)
        )

    return Act("account.do_write_off", ["account.ask_amount_all", *AGREEMENT], verb, restate)


def _of_debt(desk: Desk, debt_id: str, amount: str) -> tuple[str, int] | Refusal:
    """Whose debt it is, and the amount typed; empty is all of it."""
    found = desk.records.debt(debt_id)
    if found is None:
        return Refusal("unknown_debt", {"debt": debt_id[:40]})
    typed = money.parse_amount(amount, desk.currency) if amount else found.open_minor
    return typed if isinstance(typed, Refusal) else (found.account, typed)


def record_debt(desk: Desk, customer: str) -> Act:
    """A dated debt is recorded."""
    event_id = desk.entropy.name()

    def verb(desk: Desk, answers: list[str]) -> AccountRecord | Refusal:
        kind, amount, dated, reason, name, pin = answers
        found = money.parse_amount(amount, desk.currency)
        if isinstance(found, Refusal):
            return found
        second = SecondPerson(name, pin)
        named = numbered(kind, DEBT_KINDS)
        return debt.record(desk, customer, named, found, dated, reason, second, event_id)

    def restate(desk: Desk, words: Words, answers: list[str]) -> list[str] | Refusal:
        found = money.parse_amount(answers[1], desk.currency)
        if isinstance(found, Refusal):
            return found
        return _booked(desk, words, "debt_recorded", customer, found)

    asks = ["account.ask_debt_kind", "account.ask_amount", "account.ask_dated"]
    return Act("account.do_record_debt", [*asks, *AGREEMENT], verb, restate)


def plan(_desk: Desk, customer: str) -> Act:
    """How old debt is paid with purchases from now on."""

    def verb(desk: Desk, answers: list[str]) -> AccountRecord | Refusal:
        rule, figure, order, reason = answers
        agreed = _plan(
            desk, numbered(rule, list(RULES)), figure, numbered(order or "1", list(ORDERS))
        )
        if isinstance(agreed, Refusal):
            return agreed
        return debt.agree_plan(desk, customer, agreed, reason)

    asks = ["account.ask_rule", "account.ask_plan_figure", "account.ask_order"]
    return Act("account.do_plan", [*asks, REASON], verb)


def _plan(desk: Desk, rule: str, figure: str, order: str) -> Plan | Refusal:
    if rule == "fixed":
        found = money.parse_amount(figure, desk.currency)
        return found if isinstance(found, Refusal) else Plan(rule, found, order=order)
    if rule == "share":
        whole = figure.isascii() and figure.isdecimal() and len(figure) < 4
        share_ppm = int(figure) * _PPM_OF_PERCENT if whole else 0
        return Plan(rule, share_ppm=share_ppm, order=order)
    return Plan(rule, order=order)


def collect(desk: Desk, bill_id: str) -> Act:
    """A bill is paid, whole or in part."""
    event_id = desk.entropy.name()

    def verb(desk: Desk, answers: list[str]) -> AccountRecord | Refusal:
        amount = money.parse_amount(answers[0], desk.currency) if answers[0] else None
        if isinstance(amount, Refusal):
            return amount
        source = _source(answers[1])
        return bills.collect(desk, bill_id, amount, source=source, event_id=event_id)

    def restate(desk: Desk, words: Words, answers: list[str]) -> list[str] | Refusal:
        bill = desk.records.bill(bill_id)
        if bill is None:
            return Refusal("unknown_bill", {"bill": bill_id[:40]})
        typed = money.parse_amount(answers[0], desk.currency) if answers[0] else None
        found = bills.due_minor(desk, bill) if typed is None else typed
        if isinstance(found, Refusal):
            return found
        who, source = (bill.account, bill.name), _source(answers[1])
        return account_telling.booked_lines(
            words, bill.currency, "bill_collected", who, found, source
        )

    asks = ["account.ask_amount_all", "account.ask_source"]
    return Act("account.menu_bills", asks, verb, restate)


def price_again(_desk: Desk, sale_id: str) -> Act:
    """One sale is priced again at the prices of its moment."""
    return Act("account.do_rerate", [], lambda desk, _answers: rerate.rerate(desk, sale_id))
