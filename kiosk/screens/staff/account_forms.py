"""The forms of a customer's money: the questions of an act, its slip, and what comes afterwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.screen import Screen

from kiosk.domain.account_record import AccountRecord
from kiosk.errors import Refusal
from kiosk.screens import account_acts, account_telling
from kiosk.screens.account_acts import Act, MakeAct, Restate, Verb
from kiosk.screens.frame import Frame
from kiosk.screens.staff.form import Form, Question, asked
from kiosk.screens.staff.frame import StaffFrame
from kiosk.screens.staff.page import Confirm
from kiosk.till import account_paper
from kiosk.till.desk import Desk

#: Makes the screen afterwards, with a sentence for its notice line.
After = Callable[[str], Screen[None]]


def act_form(screen: StaffFrame, make: MakeAct, about: str, after: After, shown: str = "") -> Frame:
    """The form of an act; one without questions only restates what will be done. `shown` says what
    it is done to in words, where `about` is an id."""
    act = make(screen.desk, about)
    if not act.questions:
        sentences = [f"{screen.say(act.title)}: {shown or about}"]
        return _confirm(screen, act, sentences, [], after)
    questions = asked_of(screen, act.questions)
    if act.restate is not None:
        typed = partial(_restated, act, act.restate, after)
        return Form(screen.say(act.title), questions, typed, lambda: after(""))
    return event_form(screen, act.title, questions, act.verb, after, shown)


def asked_of(screen: StaffFrame, keys: list[str]) -> list[Question]:
    """Questions by their keys; a PIN is hidden."""
    return [(screen.say(key), key == account_acts.SECOND_PIN) for key in keys]


def agreement(screen: StaffFrame) -> list[Question]:
    """The questions of every act that two persons agree on."""
    return asked_of(screen, account_acts.AGREEMENT)


def event_form(
    screen: StaffFrame, title: str, questions: list[Question], verb: Verb, after: After,
    shown: str = "",
) -> Form:  # fmt: skip
    """A form whose verb makes one event; its slip is printed, and `after` says that it is done."""

    def act(form: Form, answers: list[str]) -> None:
        trimmed = [answer.strip() for answer in answers]
        work = partial(_done, form.desk, partial(verb, form.desk, trimmed))
        asked(form, work, partial(_show, form, after))

    heading = f"{screen.say(title)}  {shown}".rstrip()
    return Form(heading, questions, act, lambda: after(""))


def _restated(act: Act, restate: Restate, after: After, form: Form, answers: list[str]) -> None:
    """What was typed is said back, with the change, before it is booked."""
    trimmed = [answer.strip() for answer in answers]
    sentences = restate(form.desk, form.words, trimmed)
    if isinstance(sentences, Refusal):
        form.refuse(form.words.refusal(sentences))
    else:
        form.face_app.go(_confirm(form, act, sentences, trimmed, after))


def _confirm(
    screen: StaffFrame, act: Act, sentences: list[str], answers: list[str], after: After
) -> Confirm:
    shown: Confirm

    def yes() -> None:
        work = partial(_done, shown.desk, partial(act.verb, shown.desk, answers))
        shown.ask(work, partial(_answered, shown, after))

    keys, title = screen.say("account.confirm_keys"), screen.say(act.title)
    shown = Confirm(title, sentences, keys, yes, lambda: after(""))
    return shown


def _answered(screen: StaffFrame, after: After, record: AccountRecord | Refusal) -> None:
    if isinstance(record, Refusal):
        screen.face_app.go(after(screen.words.refusal(record)))
    else:
        _show(screen, after, record)


def _done(desk: Desk, verb: Callable[[], AccountRecord | Refusal]) -> AccountRecord | Refusal:
    """In a worker: the event, and its slip where there is a printer."""
    record = verb()
    printable = desk.slips is not None and desk.writer is not None
    if isinstance(record, AccountRecord) and printable:
        account_paper.print_event(desk, record)
    return record


def _show(screen: StaffFrame, after: After, record: AccountRecord) -> None:
    screen.face_app.go(after(account_telling.done_line(screen.words, record)))
