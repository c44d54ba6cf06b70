"""Cards under suspicion: the list, one case with its evidence, and its end, said by two persons."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget

from kiosk.domain.card_account_record import CaseRecord
from kiosk.screens import card_money_telling, card_telling
from kiosk.screens.staff.card_lists import CardList, help_page
from kiosk.screens.staff.form import Form, LongForm, asked
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Page, Reading
from kiosk.till import suspicions
from kiosk.till.tokens import SecondPerson

_EVERY = 3


class Suspicions(CardList):
    """Open cases, oldest first; 3 shows the closed ones too."""

    name = "suspicions"

    def __init__(self, back: Back, said: str = "", *, every: bool = False) -> None:
        super().__init__(back, said)
        self.every = every
        self._cases: list[CaseRecord] = []

    def headings(self) -> list[str]:
        """Time, why, card, finding."""
        keys = ("cashier.history_time", "suspicion.column_reason", "cashier.card", "cards.state")
        return [self.say(key) for key in keys]

    def hint(self) -> str:
        """Look, or close."""
        return self.say("suspicion.keys")

    def read(self) -> None:
        """Ask for the cases."""
        self.ask_or_say(partial(suspicions.open_cases, self.desk, every=self.every), self._listed)

    def _listed(self, found: list[CaseRecord]) -> None:
        self._cases = found
        self.fill([card_money_telling.suspicion_cells(self.words, each) for each in found])

    def press_enter(self) -> None:
        """The evidence of the chosen case."""
        if self._cases:
            case = self._cases[self.chosen()]
            self.face_app.go(CasePage(case, self.back, every=self.every))

    def press_digit(self, digit: int) -> None:
        """Say what the chosen card was found to be, or list the closed cases too."""
        if digit == _EVERY:
            self.face_app.go(Suspicions(self.back, every=not self.every))
        elif self._cases:
            close(self, self._cases[self.chosen()], digit, self.back)


class CasePage(Page):
    """What the ledger says and what the card said, beside the bytes that were on it."""

    def __init__(self, case: CaseRecord, menu: Back, *, every: bool) -> None:
        super().__init__("", [], partial(Suspicions, menu, every=every))
        self.case, self.menu, self.every = case, menu, every

    def heading(self) -> str:
        """What is shown."""
        return self.say("suspicion.title")

    def body(self) -> Iterable[Widget]:
        """Fields and bytes side by side."""
        fields = card_money_telling.suspicion_lines(self.words, self.case)
        raw = card_telling.byte_lines(self.words, self.case.suspected.image)
        yield Reading(card_telling.side_by_side(fields, raw))

    def hint(self) -> str:
        """Close it, or go back."""
        open_keys = self.case.end is None
        return self.say("suspicion.page_keys" if open_keys else "technician.page_keys")

    def press_digit(self, digit: int) -> None:
        """Say what the card was found to be."""
        close(self, self.case, digit, self.menu)

    def press_help(self) -> None:
        """What a suspicion is."""
        again = partial(CasePage, self.case, self.menu, every=self.every)
        self.face_app.go(help_page(self, "suspicions", again))


def close(screen: StaffFrame, case: CaseRecord, digit: int, menu: Back) -> None:
    """Open the form that closes a case, when `digit` is a finding and the case is open."""
    if case.end is None and 1 <= digit <= len(suspicions.FINDINGS):
        screen.face_app.go(close_form(screen, case, suspicions.FINDINGS[digit - 1], menu))


def close_form(screen: StaffFrame, case: CaseRecord, finding: str, menu: Back) -> LongForm:
    """The card and what becomes of it, restated; a note, and the second person."""
    case_id = case.suspected.case_id

    def closed(form: Form, ended: CaseRecord) -> None:
        shown = form.say(f"suspicion.{finding}")
        said = form.say("suspicion.done", case=ended.suspected.case_id, finding=shown)
        form.face_app.go(Suspicions(menu, said))

    def act(form: Form, answers: list[str]) -> None:
        note, name, pin = answers
        second = SecondPerson(name, pin)
        work = partial(suspicions.close_case, form.desk, case_id, finding, second, note)
        asked(form, work, partial(closed, form))

    questions = [
        (screen.say("suspicion.ask_note"), False), (screen.say("cards.ask_second"), False),
        (screen.say("cards.ask_second_pin"), True),
    ]  # fmt: skip
    known = card_money_telling.finding_lines(screen.words, case, finding)
    return LongForm(screen.say("suspicion.title"), questions, act, partial(Suspicions, menu), known)
