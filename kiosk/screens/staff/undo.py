"""Taking a sale back at the counter, or moving its value when it was for the wrong meter."""

from __future__ import annotations

from functools import partial

from textual.screen import Screen

from kiosk.domain.account_record import AccountRecord
from kiosk.domain.reversal import REALLOCATED_INSTEAD
from kiosk.errors import Refusal
from kiosk.screens import account_telling
from kiosk.screens.staff.account_forms import After, agreement, event_form
from kiosk.screens.staff.form import Form, Question
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.till import reverse
from kiosk.till.desk import Desk
from kiosk.till.reverse import Undoing
from kiosk.till.tokens import SecondPerson

_RETURNS = {"": "cash", "1": "cash", "2": "capital", "3": "meter"}


def begin(screen: StaffFrame, sale_id: str, back: Back) -> None:
    """Look at what the policy says; then the questions, or the reason why not."""
    work = partial(reverse.look, screen.desk, sale_id)
    screen.ask_or_say(work, partial(_looked, screen, sale_id, back))


def _looked(screen: StaffFrame, sale_id: str, back: Back, seen: Undoing) -> None:
    form: Form | None = None
    if seen.refusal is None:
        form = _reverse_form(screen, sale_id, back, seen)
    elif seen.refusal.code in REALLOCATED_INSTEAD:
        form = _reallocate_form(screen, sale_id, back)
    if form is None:
        assert seen.refusal is not None
        screen.note(screen.words.refusal(seen.refusal), "warn")
        return
    form.known = account_telling.undoing_lines(screen.words, seen)
    screen.face_app.go(form)


def _reverse_form(screen: StaffFrame, sale_id: str, back: Back, seen: Undoing) -> Form:
    alone = seen.how == "same_day"

    def verb(desk: Desk, answers: list[str]) -> AccountRecord | Refusal:
        to, reason, *second = answers
        agreed = SecondPerson(second[0], second[1]) if second else None
        return reverse.reverse(desk, sale_id, reason, to=_RETURNS.get(to, to), second=agreed)

    questions: list[Question] = [(screen.say("account.ask_return"), False)]
    questions += agreement(screen)[: 1 if alone else 3]
    return event_form(screen, "account.reverse_title", questions, verb, _after(back))


def _reallocate_form(screen: StaffFrame, sale_id: str, back: Back) -> Form:
    def verb(desk: Desk, answers: list[str]) -> AccountRecord | Refusal:
        target, consumed, reason, name, pin = answers
        second = SecondPerson(name, pin)
        return reverse.reallocate(desk, sale_id, target, reason, second, consumed=consumed == "1")

    questions: list[Question] = [
        (screen.say("account.ask_target"), False), (screen.say("account.ask_consumed"), False),
    ]  # fmt: skip
    questions += agreement(screen)
    return event_form(screen, "account.reallocate_title", questions, verb, _after(back))


def _after(back: Back) -> After:
    """Back to the sale, which says what was done."""

    def screen(said: str) -> Screen[None]:
        made = back()
        if hasattr(made, "said"):
            made.said = said
        return made

    return screen
