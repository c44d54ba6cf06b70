"""The questions of a customer's account: top up, pay debt, transfer, refund, collect a bill.

Each form gives its event an id when it is opened, so a second press is the same event (E05); the
slip is printed when it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kiosk.domain import money
from kiosk.domain.account_facts import METHODS
from kiosk.domain.account_record import AccountRecord
from kiosk.errors import Refusal
from kiosk.screens import account_telling
from kiosk.screens.frame import Frame
from kiosk.screens.staff.form import Form, Question, asked
from kiosk.screens.staff.frame import StaffFrame
from kiosk.till import account, account_paper, bills, debt
from kiosk.till.desk import Desk
from kiosk.till.tokens import SecondPerson

#: Makes the screen afterwards, with a sentence for its notice line.
After = Callable[[str], Frame]

#: Makes a form for a customer.
Make = Callable[[StaffFrame, str, After], Form]

#: The verb with the answers of a form.
Verb = Callable[[Desk, list[str]], AccountRecord | Refusal]

#: What the digits of a source or a place of return mean.
SOURCES = {"": "cash", "1": "cash", "2": "capital"}


def top_up(screen: StaffFrame, customer: str, after: After) -> Form:
    """Asks amount, method and reference; the money is on the account afterwards."""
    event_id = screen.desk.entropy.name()

    def verb(desk: Desk, answers: list[str]) -> AccountRecord | Refusal:
        amount, place, reference = answers
        methods = dict(zip("1234", METHODS, strict=True)) | {"": "cash"}
        method = methods.get(place, place)
        found = money.parse_amount(amount, desk.currency)
        if isinstance(found, Refusal):
            return found
        return account.top_up(desk, customer, method, found, reference=reference, event_id=event_id)

    return _form(screen, "top_up", ["ask_amount", "ask_method", "ask_reference"], verb, after)


def pay_debt(screen: StaffFrame, customer: str, after: After) -> Form:
    """Asks the amount and where it comes from."""
    event_id = screen.desk.entropy.name()

    def verb(desk: Desk, answers: list[str]) -> AccountRecord | Refusal:
        amount, place = answers
        found = money.parse_amount(amount, desk.currency)
        if isinstance(found, Refusal):
            return found
        source = SOURCES.get(place, place)
        return debt.pay(desk, customer, found, source=source, event_id=event_id)

    return _form(screen, "pay_debt", ["ask_amount", "ask_source"], verb, after)


def collect(screen: StaffFrame, bill_id: str, after: After) -> Form:
    """Asks how much of a bill is paid, and from where; an empty amount pays all of it."""
    event_id = screen.desk.entropy.name()

    def verb(desk: Desk, answers: list[str]) -> AccountRecord | Refusal:
        amount, place = answers
        found = money.parse_amount(amount, desk.currency) if amount else None
        if isinstance(found, Refusal):
            return found
        source = SOURCES.get(place, place)
        return bills.collect(desk, bill_id, found, source=source, event_id=event_id)

    return _form(screen, "bills", ["ask_amount_all", "ask_source"], verb, after)


def transfer(screen: StaffFrame, _customer: str, after: After) -> Form:
    """Asks from, to, amount and reason, and for the second person."""
    event_id = screen.desk.entropy.name()

    def verb(desk: Desk, answers: list[str]) -> AccountRecord | Refusal:
        source, target, amount, reason, name, pin = answers
        found = money.parse_amount(amount, desk.currency)
        if isinstance(found, Refusal):
            return found
        second = SecondPerson(name, pin)
        return account.transfer(desk, source, target, found, reason, second, event_id)

    questions = ["ask_from", "ask_target", "ask_amount"]
    return _form(screen, "transfer", questions, verb, after, agreed=True)


def refund(screen: StaffFrame, _customer: str, after: After) -> Form:
    """Asks from where, how much and why, and for the second person; cash is paid out."""
    event_id = screen.desk.entropy.name()

    def verb(desk: Desk, answers: list[str]) -> AccountRecord | Refusal:
        source, amount, reason, name, pin = answers
        found = money.parse_amount(amount, desk.currency)
        if isinstance(found, Refusal):
            return found
        second = SecondPerson(name, pin)
        return account.refund(desk, source, found, reason, second, event_id=event_id)

    return _form(screen, "refund", ["ask_from", "ask_amount"], verb, after, agreed=True)


def agreement(screen: StaffFrame) -> list[Question]:
    """The questions of every act that two persons agree on."""
    return [
        (screen.say("tokens.ask_reason"), False), (screen.say("tokens.ask_second"), False),
        (screen.say("tokens.ask_second_pin"), True),
    ]  # fmt: skip


def _form(
    screen: StaffFrame, title: str, questions: list[str], verb: Verb, after: After,
    *, agreed: bool = False,
) -> Form:  # fmt: skip
    asking: list[Question] = [(screen.say(f"account.{key}"), False) for key in questions]
    return event_form(
        screen, f"account.menu_{title}", asking + (agreement(screen) if agreed else []), verb, after
    )


def event_form(
    screen: StaffFrame, title: str, questions: list[Question], verb: Verb, after: After
) -> Form:
    """A form whose verb makes one event; its slip is printed, and `after` says that it is done."""

    def act(form: Form, answers: list[str]) -> None:
        trimmed = [answer.strip() for answer in answers]
        work = partial(_done, form.desk, partial(verb, form.desk, trimmed))
        asked(form, work, partial(_show, form, after))

    return Form(screen.say(title), questions, act, lambda: after(""))


def _done(desk: Desk, verb: Callable[[], AccountRecord | Refusal]) -> AccountRecord | Refusal:
    """In a worker: the event, and its slip where there is a printer."""
    record = verb()
    printable = desk.slips is not None and desk.writer is not None
    if isinstance(record, AccountRecord) and printable:
        account_paper.print_event(desk, record)
    return record


def _show(form: Form, after: After, record: AccountRecord) -> None:
    form.face_app.go(after(account_telling.done_line(form.words, record)))
