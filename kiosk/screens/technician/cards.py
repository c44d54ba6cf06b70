"""The technician's card room: make, repair, tool cards, readings, works in doubt, stock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from textual.widget import Widget

from kiosk.domain.card_record import CardStock, CardWorkRecord
from kiosk.domain.cards.work import TOOL_SETTINGS, TOOLS, MeterReading
from kiosk.domain.cards.workshops import SHOPS
from kiosk.errors import BadInput, Refusal
from kiosk.screens import card_telling
from kiosk.screens.staff.card_lists import CardList, help_page
from kiosk.screens.staff.card_work import choice, work_form
from kiosk.screens.staff.cards import CommonCards
from kiosk.screens.staff.form import Form, asked
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Confirm, Page, Reading
from kiosk.till.cards import look, mend, plan, watch, work
from kiosk.till.desk import Desk

_MOVEMENTS = ("received", "damaged", "issued", "counted")


class CardRoom(CommonCards):
    """Everything about cards."""

    def names(self) -> dict[str, Callable[[], StaffFrame]]:
        """What every counter has, and what is the technician's own."""
        common = super().names()
        return {
            "read": common["read"],
            "make": partial(make_form, self),
            "reissue": common["reissue"],
            "repair": partial(repair_form, self),
            "cancel": common["cancel"],
            "tool": partial(tool_form, self),
            "reading": MeterReadingPage,
            "hot": common["hot"],
            "cases": common["cases"],
            "works": partial(Works, CardRoom),
            "stock": Stock,
            "search": common["search"],
            "money": common["money"],
            "suspicions": common["suspicions"],
        }


def make_form(screen: StaffFrame) -> Form:
    """The first card of a meter."""

    def make(desk: Desk, answers: list[str]) -> plan.Plan | Refusal:
        return plan.plan_make(desk, answers[0], answers[1])

    known = [screen.say("cards.put_blank")]
    return work_form(screen, "make", ["meter", "card"], make, CardRoom, known)


def repair_form(screen: StaffFrame) -> Form:
    """Bring a card to its meter's number."""

    def make(desk: Desk, answers: list[str]) -> plan.Plan | Refusal:
        shown = answers[0]
        if not shown:
            return mend.plan_repair(desk)
        whole = shown.isascii() and shown.isdecimal() and len(shown) <= 10
        return mend.plan_repair(desk, int(shown) if whole else -1)

    return work_form(screen, "repair", ["shown"], make, CardRoom, [screen.say("cards.put_card")])


def tool_form(screen: StaffFrame) -> Form:
    """A tool card."""

    def make(desk: Desk, answers: list[str]) -> plan.Plan | Refusal:
        tool, meter, typed = answers
        return plan.plan_tool(desk, choice(tool, TOOLS), meter, _settings(typed))

    tools = ", ".join(f"{number} {name}" for number, name in enumerate(TOOLS, 1))
    known = [screen.say("tokens.choices", choices=tools)]
    known += [
        screen.say("cards.tool_sets", tool=tool, settings=", ".join(settings))
        for tool, settings in TOOL_SETTINGS.items()
    ]
    return work_form(screen, "tool", ["tool", "tool_meter", "settings"], make, CardRoom, known)


def _settings(text: str) -> dict[str, int]:
    """`name=number` pairs, parted by spaces."""
    settings: dict[str, int] = {}
    for pair in text.split():
        name, _, number = pair.partition("=")
        if not (number.isascii() and number.isdecimal()) or len(number) > 12:
            raise BadInput(f"{pair[:40]}: NAME=NUMBER, such as alarm_wh=20000.")
        settings[name] = int(number)
    return settings


class MeterReadingPage(Page):
    """The meter reading on the card in the reader, kept once."""

    def __init__(self) -> None:
        super().__init__("", [], CardRoom)

    def heading(self) -> str:
        """What is read."""
        return self.say("cards.menu_reading")

    def on_mount(self) -> None:
        """Read it."""
        self.note(self.say("kiosk.reading_card"))
        self.ask_or_say(partial(look.read_meter, self.desk), self._read)

    def press_help(self) -> None:
        """Where a reading comes from."""
        self.face_app.go(help_page(self, "reading", MeterReadingPage))

    def _read(self, found: MeterReading) -> None:
        self.note(self.say("cards.reading_kept"), "good")
        line = card_telling.reading_line(self.words, found, self.desk.currency)
        self.query_one(Reading).show([line])


class Works(CardList):
    """Works that wait for their card."""

    name = "works"

    def __init__(self, back: Back, said: str = "") -> None:
        super().__init__(back, said)
        self._works: list[CardWorkRecord] = []

    def headings(self) -> list[str]:
        """Time, operation, meter, state."""
        keys = ("cashier.history_time", "tokens.ask_operation", "cashier.meter", "cards.state")
        return [self.say(key) for key in keys]

    def hint(self) -> str:
        """Settle or give up."""
        return self.say("cards.works_keys")

    def read(self) -> None:
        """Ask for the open works."""
        self.ask_or_say(partial(work.works, self.desk), self._listed)

    def _listed(self, found: list[CardWorkRecord]) -> None:
        self._works = found
        self.fill([card_telling.work_cells(self.words, each)[:-1] for each in found])

    def press_digit(self, digit: int) -> None:
        """1 settles with the card in the reader, 2 gives the chosen one up."""
        if digit == 1 and self._works:
            self.face_app.go(Settling(self._works, self.back))
        elif digit == 2 and self._works:
            self.face_app.go(give_up_form(self, self._works[self.chosen()]))


class Settling(Confirm):
    """Restates which works may be finished now; Enter finishes those whose card is there."""

    def __init__(self, works: list[CardWorkRecord], back: Back) -> None:
        super().__init__("", [], "", self._begin, partial(Works, back))
        self._works, self._list = works, back

    def heading(self) -> str:
        """The list that is settled."""
        return self.say("cards.menu_works")

    def hint(self) -> str:
        """Enter does it."""
        return self.say("cards.confirm_keys")

    def body(self) -> Iterable[Widget]:
        """Each work with its card, then what is done."""
        works = [card_telling.work_line(self.words, each) for each in self._works]
        yield Reading([self.say("cards.will_settle"), "", *works])

    def _begin(self) -> None:
        self.note(self.say("kiosk.please_wait"))
        self.ask(partial(work.recover_cards, self.desk), self._settled)

    def _settled(self, ended: list[CardWorkRecord]) -> None:
        settled = sum(record.state != "in_doubt" for record in ended)
        self.face_app.go(Works(self._list, self.say("cards.settled", count=settled)))


def give_up_form(screen: StaffFrame, record: CardWorkRecord) -> Form:
    """End a work whose new card will not come back."""

    def ended(form: Form, after: CardWorkRecord) -> None:
        lines = card_telling.work_lines(form.words, after, form.desk.currency)
        form.face_app.go(Page(form.say("cards.menu_works"), lines, CardRoom))

    def act(form: Form, answers: list[str]) -> None:
        give_up = partial(work.give_up, form.desk, record.committed.work_id, answers[0])
        asked(form, give_up, partial(ended, form))

    station = screen.desk.station.name
    known = card_telling.give_up_lines(screen.words, record, screen.desk.currency, station)
    questions = [(screen.say("cards.ask_reason"), False)]
    back = partial(Works, CardRoom)
    return Form(screen.say("cards.menu_works"), questions, act, back, known)


class Stock(Page):
    """Blank cards by family; a digit books a movement."""

    def __init__(self, said: str = "") -> None:
        super().__init__("", [], CardRoom)
        self.said = said

    def heading(self) -> str:
        """What is counted."""
        return self.say("cards.menu_stock")

    def hint(self) -> str:
        """The movements."""
        return self.say("cards.stock_keys")

    def on_mount(self) -> None:
        """Ask for the stock."""
        self.ask_or_say(partial(look.stock, self.desk), self._listed)

    def _listed(self, found: list[CardStock]) -> None:
        self.query_one(Reading).show(card_telling.stock_lines(self.words, found))
        self.note(self.said)

    def press_digit(self, digit: int) -> None:
        """Book a movement."""
        if 1 <= digit <= len(_MOVEMENTS):
            self.face_app.go(stock_form(self, _MOVEMENTS[digit - 1]))

    def press_help(self) -> None:
        """What the movements are."""
        self.face_app.go(help_page(self, "stock", Stock))


def stock_form(screen: StaffFrame, movement: str) -> Form:
    """How many cards, of which family, and a note."""
    families = list(SHOPS)

    said = screen.say(f"cards.movement_{movement}")

    def move(desk: Desk, answers: list[str]) -> str | Refusal:
        family, typed, note = answers
        whole = typed.isascii() and typed.isdecimal() and len(typed) <= 7
        count = int(typed) if whole else -1
        name = choice(family, families)
        refused = watch.move_stock(desk, name, movement, count, note)
        return refused or f"{name}: {count} {said}"

    def act(form: Form, answers: list[str]) -> None:
        asked(form, partial(move, form.desk, answers), lambda said: form.face_app.go(Stock(said)))

    choices = ", ".join(f"{number} {name}" for number, name in enumerate(families, 1))
    known = [screen.say("tokens.choices", choices=choices)]
    questions = [(screen.say(f"cards.ask_{name}"), False) for name in ("family", "count", "reason")]
    title = f"{screen.say('cards.menu_stock')}: {said}"
    return Form(title, questions, act, Stock, known)
