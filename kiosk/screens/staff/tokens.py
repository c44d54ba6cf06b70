"""The tokens of a hall for its staff: list, one of them with its copy, a check, the clinic."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget

from kiosk.domain.record import GivenToken, TokenRecord
from kiosk.screens import token_telling
from kiosk.screens.staff import copies
from kiosk.screens.staff.answers import chosen, numbered
from kiosk.screens.staff.form import Form, asked
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Page
from kiosk.screens.staff.row_menu import Row, RowMenu
from kiosk.screens.staff.sale import SalePage
from kiosk.screens.staff.table import Table
from kiosk.till import clinic, history, token_book
from kiosk.till.clinic import Diagnosis
from kiosk.till.history import Explained
from kiosk.till.token_book import Checked
from kiosk.till.tokens import SecondPerson

_LISTED = 50
_COLUMNS = (
    "cashier.history_time", "tokens.ask_operation", "cashier.meter", "cashier.history_state",
    "slip.token",
)  # fmt: skip


class CommonTokens(RowMenu):
    """What all staff may do with tokens; digits, or arrows and Enter, open a row."""

    def heading(self) -> str:
        """What this is."""
        return self.say("tokens.title")

    def rows(self) -> list[Row]:
        """List, check, clinic."""
        back = type(self)
        return [
            (self.say("tokens.menu_list"), partial(search_form, self, back)),
            (self.say("tokens.menu_verify"), partial(verify_form, self, back)),
            (self.say("tokens.menu_clinic"), partial(clinic_form, self, back)),
        ]

    def press_cancel(self) -> None:
        """Back to the menu of the face."""
        self.go_menu()


class Tokens(StaffFrame):
    """The newest tokens, those of sales too; Enter opens one."""

    def __init__(self, back: Back, search: str = "") -> None:
        super().__init__()
        self.back, self.search = back, search
        self._rows: list[GivenToken] = []

    def heading(self) -> str:
        """What is listed."""
        return self.say("tokens.menu_list")

    def body(self) -> Iterable[Widget]:
        """The list."""
        yield Table([self.say(key) for key in _COLUMNS])

    def hint(self) -> str:
        """Arrows and Enter."""
        return self.say("tokens.list_keys")

    def on_mount(self) -> None:
        """Read the list."""
        self.ask_or_say(partial(token_book.tokens, self.desk, self.search, _LISTED), self._listed)

    def _listed(self, rows: list[GivenToken]) -> None:
        self._rows = rows
        self.query_one(Table).fill([token_telling.token_cells(self.words, row) for row in rows])
        if not rows:
            self.note(self.say("tokens.list_empty"))

    def press_arrow(self, steps: int) -> None:
        """Choose another token."""
        self.query_one(Table).move(steps)

    def press_enter(self) -> None:
        """Open the chosen token; that of a sale with its sale."""
        if not self._rows:
            return
        row = self._rows[self.query_one(Table).chosen]
        again = partial(Tokens, self.back, self.search)
        if row.operation != "sale":
            work = partial(token_book.show, self.desk, row.issue_id)
            self.ask_or_say(work, partial(self._shown, again))
            return
        self.ask_or_say(partial(history.why, self.desk, row.issue_id), partial(self._sale, again))

    def _sale(self, again: Back, explained: Explained) -> None:
        self.face_app.go(SalePage(explained.record, again))

    def _shown(self, again: Back, record: TokenRecord) -> None:
        self.face_app.go(TokenPage(record, again))

    def press_cancel(self) -> None:
        """Back to the menu."""
        self.face_app.go(self.back())


class TokenPage(Page):
    """A token that is no sale, with its digits numbered; 1 prints a copy."""

    def __init__(self, record: TokenRecord, back: Back) -> None:
        super().__init__("", [], back)
        self.record = record

    def heading(self) -> str:
        """What kind of token."""
        return self.say(f"tokens.operation_{self.record.committed.operation}")

    def body(self) -> Iterable[Widget]:
        """Its lines."""
        self.lines = token_telling.record_lines(self.words, self.record)
        yield from super().body()

    def hint(self) -> str:
        """Copy or back."""
        return self.say("tokens.token_keys")

    def press_digit(self, digit: int) -> None:
        """1 prints a copy."""
        if digit == 1:
            copies.make(
                self, partial(token_book.reprint, self.desk, self.record.committed.issue_id)
            )


def search_form(screen: StaffFrame, back: Back) -> Form:
    """Asks for a token, meter or number, and lists what is found."""

    def act(form: Form, answers: list[str]) -> None:
        form.face_app.go(Tokens(back, answers[0]))

    return Form(
        screen.say("tokens.menu_list"), [(screen.say("tokens.ask_search"), False)], act, back
    )


def verify_form(screen: StaffFrame, back: Back) -> Form:
    """Asks for meter and token, and says what the one means to the other."""
    title = screen.say("tokens.menu_verify")

    def act(form: Form, answers: list[str]) -> None:
        work = partial(token_book.verify, form.desk, answers[0], answers[1])
        asked(form, work, partial(_checked, form, title, back))

    questions = [(screen.say("tokens.ask_meter"), False), (screen.say("tokens.ask_token"), False)]
    return Form(title, questions, act, back)


def _checked(form: Form, title: str, back: Back, checked: Checked) -> None:
    form.face_app.go(Page(title, token_telling.checked_lines(form.words, checked), back))


def clinic_form(screen: StaffFrame, back: Back) -> Form:
    """Asks what the meter shows, and says the next step."""
    title = screen.say("clinic.title")
    results = list(clinic.STEPS)
    known = numbered([screen.say(f"clinic.result.{result}") for result in results], 5)

    def act(form: Form, answers: list[str]) -> None:
        meter, shown, token = answers
        work = partial(clinic.diagnose, form.desk, meter, chosen(shown, results), token)
        asked(form, work, partial(_diagnosed, form, title, back))

    questions = [(screen.say(f"tokens.ask_{name}"), False) for name in ("meter", "result", "token")]
    return Form(title, questions, act, back, known)


def _diagnosed(form: Form, title: str, back: Back, found: Diagnosis) -> None:
    form.face_app.go(DiagnosisPage(title, found, back))


class DiagnosisPage(Page):
    """The next step; where a replacement is open, 1 makes it for those who may."""

    def __init__(self, title: str, found: Diagnosis, back: Back) -> None:
        super().__init__(title, [], back)
        self.found = found

    def body(self) -> Iterable[Widget]:
        """The advice."""
        self.lines = token_telling.diagnosis_lines(self.words, self.found)
        if self.found.may_replace and not self._may():
            self.lines.append(self.say("clinic.ask_supervisor"))
        yield from super().body()

    def _may(self) -> bool:
        return self.found.may_replace and self.desk.gate("free") is None

    def hint(self) -> str:
        """Replacement, arrows, Esc."""
        return self.say("clinic.replace_keys") if self._may() else super().hint()

    def press_digit(self, digit: int) -> None:
        """1 asks for the reason and the second person."""
        if digit == 1 and self._may():
            self.face_app.go(replace_form(self, self.found, self.back))


def replace_form(screen: StaffFrame, found: Diagnosis, back: Back) -> Form:
    """Another token for the sale of a diagnosis, by two persons."""

    def act(form: Form, answers: list[str]) -> None:
        reason, name, pin = answers
        second = SecondPerson(name, pin)
        work = partial(clinic.replace, form.desk, found.sale, found.result, reason, second)
        asked(form, work, lambda record: form.face_app.go(TokenPage(record, back)))

    names = ("reason", "second", "second_pin")
    questions = [(screen.say(f"tokens.ask_{name}"), name == "second_pin") for name in names]
    return Form(screen.say("clinic.replace_title", sale=found.sale), questions, act, back)
