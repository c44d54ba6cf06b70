"""The operators of a home for a supervisor: the list, and what may be done about one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from textual.widget import Widget

from kiosk.errors import Refusal
from kiosk.screens.staff.form import Form, asked
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Confirm
from kiosk.screens.staff.table import Table
from kiosk.screens.widgets.choices import ChoiceList
from kiosk.till import staff
from kiosk.till.desk import Desk
from kiosk.till.operators import ROLES
from kiosk.till.staff import StaffRow

#: Makes the screen that a step goes back to, with a sentence in its notice line (`said`).
BackSaying = Callable[..., StaffFrame]

_COLUMNS = ("operators.name", "operators.role", "operators.state", "operators.card")


class Operators(StaffFrame):
    """Everybody who signs in here; 1 registers somebody new, Enter opens a row."""

    def __init__(self, back: Back, said: str = "") -> None:
        super().__init__()
        self.back, self.said = back, said
        self._rows: list[StaffRow] = []

    def heading(self) -> str:
        """What is listed."""
        return self.say("operators.title")

    def body(self) -> Iterable[Widget]:
        """The list."""
        yield Table([self.say(key) for key in _COLUMNS])

    def hint(self) -> str:
        """New, open, back."""
        return self.say("operators.list_keys")

    def on_mount(self) -> None:
        """Read the list."""
        self.ask_or_say(partial(staff.staff, self.desk), self._listed)

    def _listed(self, rows: list[StaffRow]) -> None:
        self._rows = rows
        self.query_one(Table).fill([
            [row.operator, self.say(f"operators.role_{row.role}"),
             self.say(f"operators.state_{row.state}"), row.card]
            for row in rows
        ])  # fmt: skip
        self.note(self.said)

    def press_arrow(self, steps: int) -> None:
        """Choose another operator."""
        self.query_one(Table).move(steps)

    def press_digit(self, digit: int) -> None:
        """1: somebody new."""
        if digit == 1:
            self.face_app.go(register_form(self, partial(Operators, self.back)))

    def press_enter(self) -> None:
        """Open the chosen operator."""
        if self._rows:
            row = self._rows[self.query_one(Table).chosen]
            self.face_app.go(OperatorPage(row, partial(Operators, self.back)))

    def press_cancel(self) -> None:
        """Back to the menu."""
        self.face_app.go(self.back())


class OperatorPage(StaffFrame):
    """What may be done about one operator, by number."""

    def __init__(self, row: StaffRow, back: BackSaying) -> None:
        super().__init__()
        self.row, self.back = row, back

    def heading(self) -> str:
        """Who it is."""
        return self.say("operators.about", operator=self.row.operator)

    def _acts(self) -> list[tuple[str, Callable[[], None]]]:
        return [
            (self.say("operators.new_pin"), self._new_pin),
            (self.say("operators.unlock"), self._do(staff.unlock, "operators.unlocked")),
            (self.say("operators.give_card"), self._give_card),
            (self.say("operators.take_card"), self._do(staff.take_card, "operators.card_taken")),
            (self.say("operators.change_role"), self._role),
            (self.say("operators.retire"), self._retire),
        ]

    def body(self) -> Iterable[Widget]:
        """The acts."""
        yield ChoiceList([text for text, _ in self._acts()])

    def hint(self) -> str:
        """Digits choose."""
        return self.say("cashier.more_keys")

    def press_digit(self, digit: int) -> None:
        """Do what the row says."""
        if 1 <= digit <= len(self._acts()):
            self._acts()[digit - 1][1]()

    def press_cancel(self) -> None:
        """Back to the list."""
        self.face_app.go(self.back())

    def _again(self) -> OperatorPage:
        return OperatorPage(self.row, self.back)

    def _done(self, sentence: str, refused: Refusal | None) -> None:
        if refused is not None:
            self.note(self.words.refusal(refused), "warn")
        else:
            self.face_app.go(self.back(said=self.say(sentence, operator=self.row.operator)))

    def _do(self, verb: Callable[[Desk, str], Refusal | None], sentence: str) -> Callable[[], None]:
        def act() -> None:
            self.ask(partial(verb, self.desk, self.row.operator), partial(self._done, sentence))

        return act

    def _give_card(self) -> None:
        def work() -> Refusal | None:
            found = staff.give_card(self.desk, self.row.operator)
            return found if isinstance(found, Refusal) else None

        self.ask(work, partial(self._done, "operators.card_given"))

    def _new_pin(self) -> None:
        verb = partial(staff.reset_pin, self.desk, self.row.operator)
        title = self.say("operators.new_pin")
        self._pin_form(title, lambda answers: verb(answers[0]), [])

    def _role(self) -> None:
        def change(answers: list[str]) -> Refusal | None:
            return staff.change_role(self.desk, self.row.operator, answers[0], answers[1])

        self._pin_form(
            self.say("operators.change_role"), change, [(self.say("operators.ask_role"), False)]
        )

    def _pin_form(
        self,
        title: str,
        work: Callable[[list[str]], Refusal | None],
        before: list[tuple[str, bool]],
    ) -> None:
        questions = [*before, *pin_questions(self)]

        def act(form: Form, answers: list[str]) -> None:
            if answers[-1] != answers[-2]:
                form.refuse(form.say("operators.pins_differ"))
                return
            said = form.say("operators.done", operator=self.row.operator)
            asked(
                form, partial(work, answers), lambda _none: form.face_app.go(self.back(said=said))
            )

        known = [self.say("operators.roles", roles=", ".join(ROLES))] if before else []
        self.face_app.go(Form(title, questions, act, self._again, known))

    def _retire(self) -> None:
        def act(form: Form, answers: list[str]) -> None:
            sentence = form.say("operators.retire_confirm", operator=self.row.operator)
            form.face_app.go(Leaving(self, sentence, answers[0]))

        questions = [(self.say("operators.ask_reason"), False)]
        self.face_app.go(Form(self.say("operators.retire"), questions, act, self._again))


class Leaving(Confirm):
    """Restates who signs in no more, and why."""

    def __init__(self, page: OperatorPage, sentence: str, reason: str) -> None:
        title, keys = page.say("operators.retire"), page.say("operators.retire_keys")
        super().__init__(title, [sentence, reason], keys, self._go_on, page._again)
        self._page, self._reason = page, reason

    def _go_on(self) -> None:
        name = self._page.row.operator
        self.ask(partial(staff.retire, self.desk, name, self._reason), self._retired)

    def _retired(self, refused: Refusal | None) -> None:
        done = self.say("operators.retired", operator=self._page.row.operator)
        said = done if refused is None else self.words.refusal(refused)
        self.face_app.go(self._page.back(said=said))


def pin_questions(screen: StaffFrame) -> list[tuple[str, bool]]:
    """A PIN, twice."""
    return [(screen.say("operators.ask_pin"), True), (screen.say("operators.ask_again"), True)]


def register_form(screen: StaffFrame, back: BackSaying) -> Form:
    """Somebody new: name, role, PIN twice."""

    def act(form: Form, answers: list[str]) -> None:
        name, role, pin, again = answers
        if pin != again:
            form.refuse(form.say("operators.pins_differ"))
            return
        work = partial(staff.register, form.desk, name, role, pin)
        said = form.say("operators.registered", operator=name)
        asked(form, work, lambda _none: form.face_app.go(back(said=said)))

    questions = [
        (screen.say("operators.ask_name"), False), (screen.say("operators.ask_role"), False),
        *pin_questions(screen),
    ]  # fmt: skip
    known = [screen.say("operators.roles", roles=", ".join(ROLES))]
    return Form(screen.say("operators.register"), questions, act, back, known)


def own_pin_form(screen: StaffFrame, back: Back) -> Form:
    """One's own PIN: the old one, the new one twice."""

    def act(form: Form, answers: list[str]) -> None:
        old, pin, again = answers
        if pin != again:
            form.refuse(form.say("operators.pins_differ"))
            return
        work = partial(staff.change_pin, form.desk, old, pin)
        asked(form, work, lambda _none: form.face_app.go(back()))

    questions = [(screen.say("operators.ask_old"), True), *pin_questions(screen)]
    return Form(screen.say("operators.own_pin"), questions, act, back)
