"""From the questions of a card work to its end: plan, restate, carry out, say what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from textual.widget import Widget

from kiosk.domain.card_record import CardWorkRecord
from kiosk.errors import Refusal
from kiosk.screens import card_telling
from kiosk.screens.staff.card_wait import CardWait
from kiosk.screens.staff.form import Form, LongForm, asked
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Confirm, Page
from kiosk.screens.widgets.moving import Moving
from kiosk.till.cards import slip, work
from kiosk.till.cards.plan import Plan
from kiosk.till.desk import Desk
from kiosk.till.tokens import SecondPerson

#: Makes the plan from the answers of a form.
MakePlan = Callable[[Desk, list[str]], Plan | Refusal]


def work_form(
    screen: StaffFrame, name: str, questions: Sequence[str], make: MakePlan, back: Back,
    known: Sequence[str] = (),
) -> Form:  # fmt: skip
    """Asks `questions` and, as the last one, the reason; then the plan is restated."""
    title = screen.say(f"cards.menu_{name}")

    def act(form: Form, answers: list[str]) -> None:
        planned = partial(make, form.desk, answers[:-1])
        asked(form, planned, partial(restate, form, title, answers[-1], back))

    asks = [(screen.say(f"cards.ask_{question}"), False) for question in [*questions, "reason"]]
    return Form(title, asks, act, back, known, screen.say("cards.form_keys"))


def restate(form: Form, title: str, reason: str, back: Back, plan: Plan) -> None:
    """What will be done, and to which card; where two persons are needed, the second one answers
    here."""
    lines = card_telling.plan_lines(form.words, plan, form.desk.currency, reason)
    if not plan.two_persons:
        keys = form.say("cards.confirm_keys")
        do = Working(title, plan, reason, None, back)
        form.face_app.go(Confirm(title, lines, keys, lambda: form.face_app.go(do), back))
        return

    def act(agreed: Form, answers: list[str]) -> None:
        second = SecondPerson(answers[0], answers[1])
        agreed.face_app.go(Working(title, plan, reason, second, back))

    questions = [(form.say("cards.ask_second"), False), (form.say("cards.ask_second_pin"), True)]
    form.face_app.go(LongForm(title, questions, act, back, lines))


class Working(CardWait):
    """Carries a plan out with a running bar."""

    def __init__(
        self, title: str, plan: Plan, reason: str, second: SecondPerson | None, back: Back
    ) -> None:
        super().__init__()
        self.work_title, self.plan, self.reason = title, plan, reason
        self.second, self.back = second, back

    def heading(self) -> str:
        """What is done."""
        return self.say("cashier.writing_card")

    def body(self) -> Iterable[Widget]:
        """A running bar."""
        yield Moving()

    def on_mount(self) -> None:
        """Begin at once: it was confirmed."""
        self.ask(self._work, self._worked, quiet=True)

    def _work(self) -> CardWorkRecord | Refusal:
        record = work.carry_out(self.desk, self.plan, self.reason, self.second, self.card_back)
        printable = self.desk.slips is not None and self.desk.writer is not None
        if not isinstance(record, Refusal) and printable:
            slip.print_slip(self.desk, record)
        return record

    def _worked(self, record: CardWorkRecord | Refusal) -> None:
        if isinstance(record, Refusal):
            lines = [self.words.refusal(record)]
        else:
            lines = card_telling.work_lines(self.words, record, self.desk.currency)
        self.face_app.go(Page(self.work_title, lines, self.back))


def choice(answer: str, names: Sequence[str]) -> str:
    """The name that a number stands for; an empty answer is the first one, anything else itself."""
    if not answer:
        return names[0]
    is_number = answer.isascii() and answer.isdecimal() and len(answer) < 3
    return names[int(answer) - 1] if is_number and 1 <= int(answer) <= len(names) else answer
