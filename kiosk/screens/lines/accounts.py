"""Customers' money line by line: how an account stands, top-up, debts, taking a sale back, why."""

from __future__ import annotations

from functools import partial

from kiosk.domain import money
from kiosk.domain.account_facts import METHODS
from kiosk.domain.account_record import AccountRecord
from kiosk.errors import Refusal
from kiosk.screens import account_acts, account_telling
from kiosk.screens.account_acts import MakeAct
from kiosk.screens.lines.console import Console
from kiosk.till import account, account_paper, debt, history, reverse, statement
from kiosk.till.tokens import SecondPerson

_LISTED = 10
_SOURCES = {"": "cash", "1": "cash", "2": "capital"}
_RETURNS = {**_SOURCES, "3": "meter"}


def serve(console: Console) -> None:
    """One choice of what is done with a customer's money."""
    say = console.words.say
    console.choose(
        [
            (say("account.title"), partial(_show, console)),
            (say("account.menu_top_up"), partial(_top_up, console)),
            (say("account.menu_pay_debt"), partial(_pay_debt, console)),
            (say("account.menu_reverse"), partial(_reverse, console)),
            (say("account.menu_why"), partial(_why, console)),
            (say("account.menu_more"), partial(_more, console)),
        ]
    )


def _more(console: Console) -> None:
    """What is done less often."""
    say = console.words.say
    by_customer: list[tuple[str, MakeAct]] = [
        ("account.menu_transfer", account_acts.transfer),
        ("account.menu_refund", account_acts.refund),
        ("account.menu_deposit", account_acts.deposit),
        ("account.menu_deposit_back", account_acts.deposit_back),
        ("account.do_record_debt", account_acts.record_debt),
        ("account.do_plan", account_acts.plan),
    ]
    console.choose(
        [
            *((say(key), partial(_act_of_customer, console, make)) for key, make in by_customer),
            (say("account.do_write_off"), partial(_write_off, console)),
            (say("account.menu_payments"), partial(_payments, console)),
        ]
    )


def _act_of_customer(console: Console, make: MakeAct) -> None:
    _act(console, make, console.ask("account.ask_customer"))


def _act(console: Console, make: MakeAct, about: str, shown: str = "") -> None:
    """Ask the questions of an act, restate it, do it."""
    act = make(console.desk, about)
    answers = [
        console.ask_secret(key) if key == account_acts.SECOND_PIN else console.ask(key)
        for key in act.questions
    ]
    restated: list[str] | Refusal = [f"{console.words.say(act.title)}: {shown or about}."]
    if act.restate is not None:
        restated = act.restate(console.desk, console.words, answers)
    if isinstance(restated, Refusal):
        console.refuse(restated)
    elif console.confirm(" ".join(restated)):
        _end(console, act.verb(console.desk, answers))


def _write_off(console: Console) -> None:
    owed = debt.owed(console.desk, console.ask("account.ask_customer"))
    if isinstance(owed, Refusal):
        console.refuse(owed)
        return
    lines = account_telling.debt_lines(console.words, owed)[: len(owed.debts)]
    place = console.pick("linear.prompt_choice", lines)
    if place is not None:
        _act(console, account_acts.write_off, owed.debts[place].debt_id)


def _payments(console: Console) -> None:
    """The payments that wait for the bank: one of them has cleared or bounced."""
    found = account.payments(console.desk)
    if isinstance(found, Refusal):
        console.refuse(found)
        return
    rows = []
    for one in found:
        customer = console.desk.records.customer(one.account)
        name = customer.name if customer is not None else ""
        rows.append(account_telling.payment_line(console.words, one, name))
    if not rows:
        console.tell("account.no_payments")
        return
    place = console.pick("linear.prompt_choice", rows)
    if place is not None:
        payment, shown, say = found[place].top_up_id, rows[place], console.words.say
        acts: list[tuple[str, MakeAct]] = [
            ("account.do_clear", account_acts.clear), ("account.do_bounce", account_acts.bounce),
        ]  # fmt: skip
        console.choose(
            [(say(key), partial(_act, console, make, payment, shown)) for key, make in acts]
        )


def _show(console: Console) -> None:
    found = statement.statement(console.desk, console.ask("account.ask_customer"), _LISTED)
    if isinstance(found, Refusal):
        console.refuse(found)
        return
    console.say(*account_telling.standing_lines(console.words, found.standing))
    for event in found.events:
        console.say(" | ".join(account_telling.event_cells(console.words, event)))
    for sale in found.sales:
        console.say(" | ".join(account_telling.sale_event_cells(console.words, sale)))
    owed = debt.owed(console.desk, found.customer.account)
    if not isinstance(owed, Refusal):
        console.say(*account_telling.debt_lines(console.words, owed))


def _amount(console: Console) -> int | None:
    found = money.parse_amount(console.ask("account.ask_amount"), console.desk.currency)
    if isinstance(found, Refusal):
        console.refuse(found)
        return None
    return found


def _end(console: Console, record: AccountRecord | Refusal) -> None:
    """What was done, and its slip."""
    if isinstance(record, Refusal):
        console.refuse(record)
        return
    console.say(*account_telling.event_lines(console.words, record))
    if console.desk.slips is not None and console.desk.writer is not None:
        account_paper.print_event(console.desk, record)


def _confirmed(console: Console, kind: str, amount_minor: int, customer: str) -> bool:
    event = console.words.say(f"account_event.{kind}")
    question = console.words.say(
        "account.confirm",
        currency=console.desk.currency, event=event, amount_minor=amount_minor, account=customer,
    )  # fmt: skip
    return console.confirm(question)


def _top_up(console: Console) -> None:
    customer = console.ask("account.ask_customer")
    amount = _amount(console)
    if amount is None:
        return
    place = console.ask("account.ask_method")
    method = dict(zip("1234", METHODS, strict=True)).get(place or "1", place)
    reference = "" if method == "cash" else console.ask("account.ask_reference")
    if _confirmed(console, "top_up_received", amount, customer):
        record = account.top_up(console.desk, customer, method, amount, reference=reference)
        _end(console, record)


def _pay_debt(console: Console) -> None:
    customer = console.ask("account.ask_customer")
    amount = _amount(console)
    if amount is None:
        return
    place = console.ask("account.ask_source")
    if _confirmed(console, "debt_paid", amount, customer):
        source = _SOURCES.get(place, place)
        _end(console, debt.pay(console.desk, customer, amount, source=source))


def _reverse(console: Console) -> None:
    sale = console.ask("linear.prompt_sale")
    seen = reverse.look(console.desk, sale)
    if isinstance(seen, Refusal):
        console.refuse(seen)
        return
    console.say(*account_telling.undoing_lines(console.words, seen))
    if seen.refusal is not None:
        return
    place = console.ask("account.ask_return")
    reason = console.ask("tokens.ask_reason")
    second = None
    if seen.how == "red_entry":
        name = console.ask("tokens.ask_second")
        second = SecondPerson(name, console.ask_secret("tokens.ask_second_pin"))
    committed = seen.record.committed
    if _confirmed(console, "sale_reversed", committed.amount_minor, committed.account):
        to = _RETURNS.get(place, place)
        _end(console, reverse.reverse(console.desk, sale, reason, to=to, second=second))


def _why(console: Console) -> None:
    explained = history.why(console.desk, console.ask("linear.prompt_sale"))
    if isinstance(explained, Refusal):
        console.refuse(explained)
    else:
        console.say(*account_telling.why_lines(console.words, explained))
