"""Closing an account in guided steps: what is kept and owed, the last readings, two persons."""

from __future__ import annotations

from functools import partial

from kiosk.domain.account_facts import TREATMENTS
from kiosk.errors import Refusal
from kiosk.screens import account_telling
from kiosk.screens.staff.account_forms import agreement
from kiosk.screens.staff.answers import chosen, energy_wh
from kiosk.screens.staff.form import Form, LongForm, Question, asked
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Confirm, Page
from kiosk.till import account_paper, closing, registry_slips
from kiosk.till.closing import Closed, Going, Leaving
from kiosk.till.credit_left import Final
from kiosk.till.desk import Desk
from kiosk.till.tokens import SecondPerson


def begin(screen: StaffFrame, customer: str, back: Back) -> None:
    """Look at what closing would do; then the questions, or the reason why not."""
    screen.ask_or_say(partial(closing.look, screen.desk, customer), partial(_looked, screen, back))


def _looked(screen: StaffFrame, back: Back, found: Leaving) -> None:
    known = account_telling.leaving_lines(screen.words, found)
    questions: list[Question] = [(screen.say("account.ask_payout"), False)]
    for old in found.meters:
        meter = old.meter.number
        questions.append((screen.say("account.ask_last_reading", meter=meter), False))
        questions.append((screen.say("account.ask_last_left", meter=meter), False))
        questions.append((screen.say("account.ask_treatment", meter=meter), False))
    questions += agreement(screen)
    typed = partial(_typed, back, found)
    screen.face_app.go(LongForm(screen.say("account.menu_close"), questions, typed, back, known))


def _typed(back: Back, leaving: Leaving, form: Form, answers: list[str]) -> None:
    payout, *readings, reason, name, pin = (answer.strip() for answer in answers)
    typed = list(zip(readings[::3], readings[1::3], readings[2::3], strict=True))
    second, through_bank = SecondPerson(name, pin), payout == "2"

    def then(going: list[Going]) -> None:
        finals = {one.old.meter.number: one.read for one in going}
        work = partial(
            close, form.desk, leaving.customer.account, reason, second, through_bank, finals
        )
        form.face_app.go(_confirm(form, back, leaving, going, work))

    asked(form, partial(_going, form.desk, leaving, typed), then)


def _going(
    desk: Desk, leaving: Leaving, typed: list[tuple[str, str, str]]
) -> list[Going] | Refusal:
    """The meters that go, by their last readings; one without a reading stays."""
    finals = {}
    for old, (reading, remaining, choice) in zip(leaving.meters, typed, strict=True):
        if reading:
            finals[old.meter.number] = Final(
                "technician", energy_wh(reading), energy_wh(remaining), chosen(choice, TREATMENTS)
            )
    return closing.meters_going(desk, leaving, finals)


def _confirm(form: Form, back: Back, leaving: Leaving, going: list[Going], work) -> Confirm:  # type: ignore[no-untyped-def]
    shown: Confirm

    def yes() -> None:
        shown.ask(work, partial(_closed, shown, back))

    paid_out = max(0, leaving.paid_out_minor + sum(one.worth_minor for one in going))
    sentences = [
        form.say("account.confirm_close", account=leaving.customer.account, paid_out_minor=paid_out)
    ]
    sentences += [account_telling.going_line(form.words, one) for one in going]
    title, keys = form.say("account.menu_close"), form.say("account.confirm_keys")
    shown = Confirm(title, sentences, keys, yes, back)
    return shown


def close(
    desk: Desk, customer: str, reason: str, second: SecondPerson, through_bank: bool,
    finals: dict[str, Final],
) -> Closed | Refusal:  # fmt: skip
    """In a worker: the account is closed, and its slips are printed where there is a printer."""
    outcome = closing.close(
        desk, customer, reason, second, through_bank=through_bank, finals=finals
    )
    if isinstance(outcome, Closed) and desk.slips is not None and desk.writer is not None:
        account_paper.print_event(desk, outcome.record)
        for slip in outcome.cancelled:
            registry_slips.print_slip(desk, slip)
    return outcome


def _closed(screen: StaffFrame, back: Back, outcome: Closed | Refusal) -> None:
    if isinstance(outcome, Refusal):
        lines = [screen.words.refusal(outcome)]
    else:
        lines = account_telling.closed_lines(screen.words, outcome)
    screen.face_app.go(Page(screen.say("account.menu_close"), lines, back))
