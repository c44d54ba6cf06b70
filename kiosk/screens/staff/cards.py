"""Cards for all staff: look at one, replace it, take a purchase back, lists, money on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kiosk.errors import KioskError, Refusal
from kiosk.ports import Hands
from kiosk.screens import card_telling
from kiosk.screens.staff.card_lists import Cases, HotList, help_page, search_form
from kiosk.screens.staff.card_money import CardMoneyPage
from kiosk.screens.staff.card_work import choice, work_form
from kiosk.screens.staff.form import Form
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Page, Reading
from kiosk.screens.staff.row_menu import Row, RowMenu
from kiosk.screens.staff.suspicions import Suspicions
from kiosk.screens.staff.table import Table
from kiosk.till.cards import look, mend, plan
from kiosk.till.cards.look import CardView
from kiosk.till.desk import Desk


class CommonCards(RowMenu):
    """What every counter may do with cards; in a rehearsal the last rows are the customer's
    hands."""

    def heading(self) -> str:
        """What this is."""
        return self.say("cards.title")

    def hint(self) -> str:
        """The keys, help among them."""
        return self.say("cards.menu_keys")

    def names(self) -> dict[str, Callable[[], StaffFrame]]:
        """Row -> the screen behind it; `cards.menu_*` and `cards.help_*` are its sentences."""
        back = type(self)
        return {
            "read": partial(ReadCard, back),
            "reissue": partial(reissue_form, self, back),
            "cancel": partial(cancel_form, self, back),
            "hot": partial(HotList, back),
            "cases": partial(Cases, back),
            "search": partial(search_form, self, back),
            "money": partial(CardMoneyPage, back),
            "suspicions": partial(Suspicions, back),
        }

    def rows(self) -> list[Row]:
        """All rows, then the hands."""
        rows = [(self.say(f"cards.menu_{name}"), screen) for name, screen in self.names().items()]
        return [*rows, *self._hands()]

    def _hands(self) -> list[Row]:
        if self.face_app.hands is None:
            return []
        strip = self.say("rehearsal.strip")
        return [
            (f"{strip}: {self.say(f'rehearsal.card_{kind}')}", partial(Moved, kind, type(self)))
            for kind in ("blank", "foreign", "damaged", "out")
        ]

    def press_help(self) -> None:
        """What the chosen row is for (F033)."""
        names = list(self.names())
        place = self.query_one(Table).chosen
        if place < len(names):
            self.face_app.go(help_page(self, names[place], type(self)))

    def press_cancel(self) -> None:
        """Back to the menu of the face."""
        self.go_menu()


class Moved(Page):
    """What the customer's hands did in a rehearsal."""

    def __init__(self, kind: str, back: Back) -> None:
        super().__init__("", [], back)
        self.kind = kind

    def heading(self) -> str:
        """Whose hands."""
        return self.say("rehearsal.strip")

    def on_mount(self) -> None:
        """Do it."""
        self.ask(partial(_move, self.face_app.hands, self.kind), self._moved)

    def _moved(self, said: str) -> None:
        self.query_one(Reading).show([said])


def _move(hands: Hands | None, kind: str) -> str:
    assert hands is not None, "hands are there in a rehearsal only"
    try:
        answer = hands.pull_card() if kind == "out" else hands.insert_other(kind)
    except KioskError as error:
        return error.sentence
    return answer.result


class ReadCard(Page):
    """The card in the reader: fields and bytes side by side; Enter reads again."""

    def __init__(self, back: Back) -> None:
        super().__init__("", [], back)

    def heading(self) -> str:
        """What is shown."""
        return self.say("cards.menu_read")

    def hint(self) -> str:
        """Enter reads again."""
        return self.say("cards.read_keys")

    def on_mount(self) -> None:
        """Read it."""
        self.note(self.say("kiosk.reading_card"))
        self.ask(partial(look.look, self.desk), self._read)

    def press_enter(self) -> None:
        """Read again."""
        self.on_mount()

    def press_help(self) -> None:
        """What is shown."""
        self.face_app.go(help_page(self, "read", partial(ReadCard, self.back)))

    def _read(self, view: CardView | Refusal) -> None:
        if isinstance(view, Refusal):
            self.note(self.words.refusal(view), "warn")
            self.query_one(Reading).show([])
            return
        self.note("")
        fields = card_telling.view_lines(self.words, view, self.desk.currency)
        raw = card_telling.byte_lines(self.words, view.image)
        self.query_one(Reading).show(card_telling.side_by_side(fields, raw))


# --- works of every counter -----------------------------------------------------------------------


def reissue_form(screen: StaffFrame, back: Back) -> Form:
    """Another card for a customer."""

    def make(desk: Desk, answers: list[str]) -> plan.Plan | Refusal:
        meter, old, fee = answers
        paid = choice(fee, plan.FEES)
        if paid not in plan.FEES:
            return look.not_a_choice(paid, plan.FEES)
        state = choice(old, tuple(plan.OLD_STATES))
        return plan.plan_reissue(desk, meter, state, free=paid == "free")

    known = [screen.say("cards.put_blank")]
    return work_form(screen, "reissue", ["meter", "old", "free"], make, back, known)


def cancel_form(screen: StaffFrame, back: Back) -> Form:
    """Take the purchase on the card back."""

    def make(desk: Desk, answers: list[str]) -> plan.Plan | Refusal:
        return mend.plan_cancel(desk, choice(answers[0], mend.RETURNS))

    return work_form(screen, "cancel", ["to"], make, back, [screen.say("cards.put_card")])
