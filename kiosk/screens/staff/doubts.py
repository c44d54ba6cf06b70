"""Sales in doubt: the list, and one sale with its evidence, to be settled or undone."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget

from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.screens import telling
from kiosk.screens.staff.account_forms import agreement
from kiosk.screens.staff.form import Form, Question, asked
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Confirm, Page, Reading
from kiosk.screens.staff.sale import show_why
from kiosk.screens.staff.table import Table
from kiosk.till import history, judge, maintain, recover
from kiosk.till.maintain import Evidence
from kiosk.till.recover import Recovered
from kiosk.till.tokens import SecondPerson

_SETTLE = 5
_JUDGE = 3


class Doubts(StaffFrame):
    """Every sale whose outcome is not known, with its age and what it waits for."""

    def __init__(self, back: Back, said: str = "") -> None:
        super().__init__()
        self.back, self.said = back, said
        self._records: list[SaleRecord] = []

    def heading(self) -> str:
        """What is listed."""
        return self.say("cashier.open_sales")

    def body(self) -> Iterable[Widget]:
        """The list."""
        keys = ("history_time", "meter", "amount", "history_energy", "doubt_heading")
        yield Table([self.say(f"cashier.{key}") for key in keys])

    def hint(self) -> str:
        """Arrows, Enter, and the digit that settles."""
        return self.say("cashier.doubt_keys")

    def on_mount(self) -> None:
        """Read the list."""
        self.ask(partial(history.in_doubt, self.desk), self._listed)

    def _listed(self, records: list[SaleRecord]) -> None:
        self._records = records
        now_ms = self.desk.clock.now().time_ms
        self.query_one(Table).fill([self._cells(record, now_ms) for record in records])
        empty = "" if records else self.say("cashier.open_sales_empty")
        self.note(" ".join(part for part in (self.said, empty) if part))

    def _cells(self, record: SaleRecord, now_ms: int) -> list[str]:
        time, _sale, meter, amount, energy, _state = telling.sale_cells(self.words, record)
        return [time, meter, amount, energy, telling.age_line(self.words, record, now_ms)]

    def press_arrow(self, steps: int) -> None:
        """Choose another sale."""
        self.query_one(Table).move(steps)

    def press_enter(self) -> None:
        """The evidence of the chosen sale."""
        if self._records:
            sale = self._records[self.query_one(Table).chosen].committed.sale_id
            self.ask_or_say(partial(maintain.evidence, self.desk, sale), self._evidence)

    def _evidence(self, found: Evidence) -> None:
        self.face_app.go(DoubtPage(self.words.say("technician.evidence"), found, self.back))

    def press_digit(self, digit: int) -> None:
        """Settle everything that may be settled now."""
        if digit == _SETTLE:
            self.note(self.say("kiosk.please_wait"))
            self.ask(partial(recover.recover, self.desk), self._settled)

    def press_other(self, key: str) -> None:
        """w says why the figures of the chosen sale are what they are."""
        if key == "w" and self._records:
            record = self._records[self.query_one(Table).chosen]
            show_why(self, record.committed.sale_id, partial(Doubts, self.back))

    def _settled(self, recovered: Recovered | Refusal) -> None:
        self.face_app.go(Doubts(self.back, settled_sentence(self, recovered)))

    def press_cancel(self) -> None:
        """Back to the menu."""
        self.face_app.go(self.back())


class DoubtPage(Page):
    """One sale in doubt: the card before, what was to be written, the card now, and what to do."""

    def __init__(self, title: str, evidence: Evidence, menu: Back) -> None:
        super().__init__(title, [], partial(Doubts, menu))
        self.evidence, self.menu = evidence, menu

    @property
    def sale(self) -> str:
        """The id of the sale."""
        return self.evidence.record.committed.sale_id

    def body(self) -> Iterable[Widget]:
        """The evidence in words."""
        yield Reading(telling.evidence_lines(self.words, self.evidence))

    def hint(self) -> str:
        """Settle or undo."""
        return self.say("cashier.evidence_keys")

    def press_digit(self, digit: int) -> None:
        """1 settles, 2 asks whether it shall be undone, 3 asks two persons what became of it."""
        if digit == 1:
            self.note(self.say("kiosk.please_wait"))
            self.ask(partial(recover.recover, self.desk), self._settled)
        elif digit == 2:
            restated = [self.say("cashier.undo_confirm", sale=self.sale)]
            restated += [telling.evidence_lines(self.words, self.evidence)[-1]]
            keys, title = self.say("cashier.undo_keys"), self.say("cashier.undo")
            self.face_app.go(Undo(title, restated, keys, self))
        elif digit == _JUDGE:
            self.face_app.go(judge_form(self))

    def _settled(self, recovered: Recovered | Refusal) -> None:
        self.face_app.go(Doubts(self.menu, settled_sentence(self, recovered)))


class Undo(Confirm):
    """Undoes a card sale when the card itself proves that nothing was delivered."""

    def __init__(self, title: str, sentences: list[str], keys: str, page: DoubtPage) -> None:
        self._sale, self._menu = page.sale, page.menu
        again = partial(DoubtPage, page.page_title, page.evidence, page.menu)
        super().__init__(title, sentences, keys, self._begin, again)

    def _begin(self) -> None:
        self.note(self.say("kiosk.please_wait"))
        self.ask(partial(recover.undo, self.desk, self._sale), self._ended)

    def _ended(self, record: SaleRecord | Refusal) -> None:
        if isinstance(record, Refusal):
            said = self.words.refusal(record)
        else:
            said = " ".join(telling.outcome_lines(self.words, record, self.desk.station.name))
        self.face_app.go(Doubts(self._menu, said))


def judge_form(page: DoubtPage) -> Form:
    """What the centre found, and who says so."""
    menu, again = page.menu, partial(DoubtPage, page.page_title, page.evidence, page.menu)

    def act(form: Form, answers: list[str]) -> None:
        verdict, reason, name, pin = (answer.strip() for answer in answers)
        second = SecondPerson(name, pin)
        work = partial(judge.judge, form.desk, page.sale, verdict, reason, second)

        def ended(record: SaleRecord) -> None:
            lines = telling.outcome_lines(form.words, record, form.desk.station.name)
            form.face_app.go(Doubts(menu, " ".join(lines)))

        asked(form, work, ended)

    questions: list[Question] = [(page.say("account.ask_verdict"), False), *agreement(page)]
    known = [telling.evidence_lines(page.words, page.evidence)[-1]]
    return Form(page.say("account.judge_title"), questions, act, again, known)


def settled_sentence(screen: StaffFrame, recovered: Recovered | Refusal) -> str:
    """What settling came to."""
    if isinstance(recovered, Refusal):
        return screen.words.refusal(recovered)
    count = len(recovered.sales) + len(recovered.payments)
    return screen.say("cashier.recovered", count=count, waiting=len(recovered.waiting))
