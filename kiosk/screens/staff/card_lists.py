"""The lists of the card room: hot list, cases, what was found; and the help of every row."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget

from kiosk.domain.card_record import CardCase, CardStanding
from kiosk.errors import Refusal
from kiosk.screens import card_telling
from kiosk.screens.staff.card_work import choice
from kiosk.screens.staff.form import Form, asked
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Confirm, Page
from kiosk.screens.staff.table import Table
from kiosk.till.cards import look, watch
from kiosk.till.tokens import SecondPerson


def help_page(screen: StaffFrame, name: str, back: Back) -> Page:
    """What a row of the card menu is for."""
    text = [screen.say(f"cards.menu_{name}"), "", screen.say(f"cards.help_{name}")]
    return Page(screen.say("cards.help_title"), text, back)


class CardList(StaffFrame):
    """A list with one chosen row; `name` is its row in the menu."""

    name = ""

    def __init__(self, back: Back, said: str = "") -> None:
        super().__init__()
        self.back, self.said = back, said

    def heading(self) -> str:
        """What is listed."""
        return self.say(f"cards.menu_{self.name}")

    def headings(self) -> list[str]:
        """Over the columns."""
        raise NotImplementedError

    def read(self) -> None:
        """Ask for the rows and `fill` them."""
        raise NotImplementedError

    def body(self) -> Iterable[Widget]:
        """The list."""
        yield Table(self.headings())

    def on_mount(self) -> None:
        """Read the list."""
        self.read()

    def fill(self, rows: list[list[str]]) -> None:
        """Show the rows, or that there is none."""
        self.query_one(Table).fill(rows)
        self.note(f"{self.said} {'' if rows else self.say('cards.none')}".strip())

    def press_arrow(self, steps: int) -> None:
        """Choose another row."""
        self.query_one(Table).move(steps)

    def press_cancel(self) -> None:
        """Back to the menu."""
        self.face_app.go(self.back())

    def press_help(self) -> None:
        """What this list is for."""
        self.face_app.go(help_page(self, self.name, partial(type(self), self.back)))

    def chosen(self) -> int:
        """The place of the chosen row."""
        return self.query_one(Table).chosen


def _card_headings(screen: StaffFrame) -> list[str]:
    keys = ("card_number", "card_serial", "card_meter", "card_issue")
    return [*(screen.say(f"technician.{key}") for key in keys), screen.say("cards.state")]


class HotList(CardList):
    """Stopped cards; 1 stops another one, 2 releases the chosen one."""

    name = "hot"

    def __init__(self, back: Back, said: str = "") -> None:
        super().__init__(back, said)
        self._cards: list[CardStanding] = []

    def headings(self) -> list[str]:
        """Number, chip, meter, issue, state."""
        return _card_headings(self)

    def hint(self) -> str:
        """The digits."""
        return self.say("cards.hot_keys")

    def read(self) -> None:
        """Ask for the hot list."""
        self.ask_or_say(partial(watch.hot_list, self.desk), self._listed)

    def _listed(self, found: list[CardStanding]) -> None:
        self._cards = found
        self.fill([card_telling.standing_cells(self.words, each) for each in found])

    def press_digit(self, digit: int) -> None:
        """Stop or release."""
        if digit == 1:
            self.face_app.go(stop_form(self, self.back))
        elif digit == 2 and self._cards:
            self.face_app.go(release_form(self, self._cards[self.chosen()], self.back))


def stop_form(screen: StaffFrame, back: Back) -> Form:
    """Sell to a card no more: which one, then what that means for it, then it is done."""

    def act(form: Form, answers: list[str]) -> None:
        which, state, reason = answers
        found = partial(watch.find, form.desk, which)
        asked(form, found, partial(_ask_stop, form, choice(state, watch.STOPPED), reason, back))

    questions = [(screen.say(f"cards.ask_{name}"), False) for name in ("which", "state", "reason")]
    keys = screen.say("cards.form_keys")
    title = screen.say("cards.menu_hot")
    return Form(title, questions, act, partial(HotList, back), keys=keys)


def _ask_stop(form: Form, state: str, reason: str, back: Back, standing: CardStanding) -> None:
    lines = card_telling.stop_lines(form.words, standing, state, reason)
    form.face_app.go(Stopping(lines, standing.card.serial, (state, reason), back))


class Stopping(Confirm):
    """Puts one chip on the hot list when Enter is pressed."""

    def __init__(self, lines: list[str], serial: str, why: tuple[str, str], back: Back) -> None:
        super().__init__("", lines, "", self._begin, partial(HotList, back))
        self._serial, self._why, self._list = serial, why, back

    def heading(self) -> str:
        """The list it goes on."""
        return self.say("cards.menu_hot")

    def hint(self) -> str:
        """Enter does it."""
        return self.say("cards.confirm_keys")

    def _begin(self) -> None:
        self.ask(partial(watch.stop, self.desk, self._serial, *self._why), self._stopped)

    def _stopped(self, standing: CardStanding | Refusal) -> None:
        if isinstance(standing, Refusal):
            said = self.words.refusal(standing)
        else:
            said = " ".join(card_telling.standing_cells(self.words, standing))
        self.face_app.go(HotList(self._list, said))


def release_form(screen: StaffFrame, standing: CardStanding, back: Back) -> Form:
    """Two persons take a card off the hot list; what that means stands above the questions."""
    serial = standing.card.serial

    def act(form: Form, answers: list[str]) -> None:
        reason, name, pin = answers
        second = SecondPerson(name, pin)
        work = partial(watch.release, form.desk, serial, reason, second)
        asked(form, work, partial(_changed, form, back))

    names = ("reason", "second", "second_pin")
    questions = [(screen.say(f"cards.ask_{name}"), name == "second_pin") for name in names]
    known = card_telling.release_lines(screen.words, standing)
    return Form(screen.say("cards.menu_hot"), questions, act, partial(HotList, back), known)


def _changed(form: Form, back: Back, standing: CardStanding) -> None:
    said = " ".join(card_telling.standing_cells(form.words, standing))
    form.face_app.go(HotList(back, said))


class Cases(CardList):
    """Cards that staff have to look after; a digit says what became of the chosen one."""

    name = "cases"

    def __init__(self, back: Back, said: str = "") -> None:
        super().__init__(back, said)
        self._cases: list[CardCase] = []

    def headings(self) -> list[str]:
        """Time, what, chip, meter."""
        keys = ("cashier.history_time", "cards.state", "technician.card_serial", "cashier.meter")
        return [*(self.say(key) for key in keys), ""]

    def hint(self) -> str:
        """The digits."""
        return self.say("cards.case_keys")

    def read(self) -> None:
        """Ask for the open cases."""
        self.ask_or_say(partial(watch.cases, self.desk), self._listed)

    def _listed(self, found: list[CardCase]) -> None:
        self._cases = found
        self.fill([card_telling.case_cells(self.words, each) for each in found])

    def press_digit(self, digit: int) -> None:
        """Ask for a note, then close the case."""
        if 1 <= digit <= len(watch.OUTCOMES) and self._cases:
            case = self._cases[self.chosen()]
            self.face_app.go(close_form(self, case, watch.OUTCOMES[digit - 1], self.back))


def close_form(screen: StaffFrame, case: CardCase, outcome: str, back: Back) -> Form:
    """Say why, and close the case."""

    def closed(form: Form, ended: CardCase) -> None:
        form.face_app.go(Cases(back, " ".join(card_telling.case_cells(form.words, ended))))

    def act(form: Form, answers: list[str]) -> None:
        work = partial(watch.close_case, form.desk, case.case_id, outcome, answers[0])
        asked(form, work, partial(closed, form))

    known = card_telling.close_lines(screen.words, case, outcome)
    questions = [(screen.say("cards.ask_reason"), False)]
    return Form(screen.say("cards.menu_cases"), questions, act, partial(Cases, back), known)


class Found(CardList):
    """Cards that were searched for."""

    name = "search"

    def __init__(self, back: Back, text: str = "") -> None:
        super().__init__(back)
        self.text = text

    def headings(self) -> list[str]:
        """Number, chip, meter, issue, state."""
        return _card_headings(self)

    def hint(self) -> str:
        """Arrows and Esc."""
        return self.say("cards.page_keys")

    def read(self) -> None:
        """Search."""
        self.ask_or_say(partial(look.search, self.desk, self.text), self._listed)

    def _listed(self, found: list[CardStanding]) -> None:
        self.fill([card_telling.standing_cells(self.words, each) for each in found])


def search_form(screen: StaffFrame, back: Back) -> Form:
    """Ask what to search for."""

    def act(form: Form, answers: list[str]) -> None:
        form.face_app.go(Found(back, answers[0]))

    questions = [(screen.say("cards.ask_search"), False)]
    return Form(screen.say("cards.menu_search"), questions, act, back)
