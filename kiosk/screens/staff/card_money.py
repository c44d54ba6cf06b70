"""Money on the customer's card: show it, put cash on it, keep that of a card out of use, put all
cards' movements together."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget
from textual.widgets import Static

from kiosk.domain import money as amounts
from kiosk.domain.card_account_chain import Chain
from kiosk.domain.card_account_record import MoveRecord
from kiosk.errors import Refusal
from kiosk.screens import card_money_telling
from kiosk.screens.staff import copies
from kiosk.screens.staff.card_lists import CardList, help_page
from kiosk.screens.staff.card_wait import CardWait
from kiosk.screens.staff.form import Form, LongForm, asked
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Confirm, Page
from kiosk.screens.staff.table import Table
from kiosk.screens.widgets.moving import Moving
from kiosk.till import card_account_paper, card_accounts, card_money_back, recover
from kiosk.till.card_accounts import CardMoney
from kiosk.till.card_money_back import LeftMoney
from kiosk.till.desk import Desk
from kiosk.till.tokens import SecondPerson


def read_money(desk: Desk) -> CardMoney | Refusal:
    """In a worker: what was interrupted on the card is settled first, then it is read."""
    if desk.records.open_moves():
        recover.recover(desk)
    return card_accounts.card_money(desk)


class CardMoneyPage(StaffFrame):
    """The card in the reader, what is on it, and the movements that are known here."""

    def __init__(self, back: Back, said: str = "") -> None:
        super().__init__()
        self.back, self.said = back, said
        self._money: CardMoney | None = None

    def heading(self) -> str:
        """What is shown."""
        return self.say("card_money.title")

    def body(self) -> Iterable[Widget]:
        """The card above, its movements below."""
        yield Static("", id="record", markup=False)
        keys = ("cashier.history_time", "card_money.column_what", "cashier.amount",
                "card_money.column_balance", "cards.state")  # fmt: skip
        yield Table([self.say(key) for key in keys])

    def hint(self) -> str:
        """The digits."""
        return self.say("card_money.keys")

    def on_mount(self) -> None:
        """Read the card."""
        self.note(self.say("kiosk.reading_card"))
        self.ask(partial(read_money, self.desk), self._read)

    def _read(self, found: CardMoney | Refusal) -> None:
        self._money = None if isinstance(found, Refusal) else found
        lines, rows = [""], []
        if isinstance(found, Refusal):
            self.note(f"{self.said} {self.words.refusal(found)}".strip(), "warn")
        else:
            lines = card_money_telling.money_lines(self.words, found, self.desk.currency)
            rows = [card_money_telling.move_cells(self.words, each) for each in found.moves]
            waiting = found.waiting
            self.note(self.words.refusal(waiting) if waiting else self.said, "good")
        self.query_one("#record", Static).update("\n".join(lines))
        self.query_one(Table).fill(rows)

    def press_enter(self) -> None:
        """Read again."""
        self.said = ""
        self.on_mount()

    def press_arrow(self, steps: int) -> None:
        """Another movement."""
        self.query_one(Table).move(steps)

    def press_digit(self, digit: int) -> None:
        """1 puts cash on the card, 2 shows all cards, 3 keeps the money of a card out of use, 4
        prints a copy of the chosen slip."""
        if digit == 1 and self._money is not None:
            refused = self.desk.gate("sell")
            if refused is not None:
                self.note(self.words.refusal(refused), "warn")
            else:
                self.face_app.go(top_up_form(self, self._money, self.back))
        elif digit == 2:
            self.face_app.go(Chains(self.again()))
        elif digit == 3:
            self.face_app.go(money_back_form(self, self.again()))
        elif digit == 4 and self._money is not None and self._money.moves:
            chosen = self._money.moves[self.query_one(Table).chosen]
            move = chosen.committed.move_id
            copies.make(self, partial(card_account_paper.reprint, self.desk, move))

    def again(self, said: str = "") -> Back:
        """How this page is made anew."""
        return partial(CardMoneyPage, self.back, said)

    def press_help(self) -> None:
        """What this is for."""
        self.face_app.go(help_page(self, "money", self.again()))

    def press_cancel(self) -> None:
        """Back to the menu."""
        self.face_app.go(self.back())


# --- top up ---------------------------------------------------------------------------------------


def top_up_form(screen: StaffFrame, money: CardMoney, back: Back) -> Form:
    """How much; then it is restated and done."""
    page = partial(CardMoneyPage, back)

    def planned(desk: Desk, typed: str) -> tuple[int, int] | Refusal:
        amount = amounts.parse_amount(typed, desk.currency)
        if isinstance(amount, Refusal):
            return amount
        after = card_accounts.planned_top_up(desk, money, amount)
        return after if isinstance(after, Refusal) else (amount, after)

    def restate(form: Form, plan: tuple[int, int]) -> None:
        amount_minor, after_minor = plan
        lines = card_money_telling.top_up_lines(
            form.words, money, amount_minor, after_minor, form.desk.currency
        )
        title, keys = form.say("card_money.title"), form.say("cards.confirm_keys")
        do = ToppingUp(money, amount_minor, page)
        form.face_app.go(Confirm(title, lines, keys, lambda: form.face_app.go(do), page))

    def act(form: Form, answers: list[str]) -> None:
        asked(form, partial(planned, form.desk, answers[0]), partial(restate, form))

    known = card_money_telling.money_lines(screen.words, money, screen.desk.currency)
    questions = [(screen.say("card_money.ask_amount"), False)]
    keys = screen.say("cards.form_keys")
    return Form(screen.say("card_money.title"), questions, act, page, known, keys)


class ToppingUp(CardWait):
    """Puts the cash on the card that was restated, with a running bar."""

    def __init__(self, money: CardMoney, amount_minor: int, back: Back) -> None:
        super().__init__()
        self._money, self._amount_minor, self.back = money, amount_minor, back

    def heading(self) -> str:
        """What is done."""
        return self.say("cashier.writing_card")

    def body(self) -> Iterable[Widget]:
        """A running bar."""
        yield Moving()

    def on_mount(self) -> None:
        """Begin at once: it was confirmed."""
        self.ask(self._top_up, self._ended, quiet=True)

    def _top_up(self) -> MoveRecord | Refusal:
        image = self._money.purse.image
        record = card_accounts.top_up(self.desk, self._amount_minor, self.card_back, image)
        printable = self.desk.slips is not None and self.desk.writer is not None
        if isinstance(record, MoveRecord) and printable:
            card_account_paper.print_move(self.desk, record)
        return record

    def _ended(self, record: MoveRecord | Refusal) -> None:
        if isinstance(record, Refusal):
            said = self.words.refusal(record)
        else:
            said = card_money_telling.moved_line(self.words, record)
        self.face_app.go(Page(self.say("card_money.title"), [said], self.back))


# --- a card that is out of use --------------------------------------------------------------------


def money_back_form(screen: StaffFrame, back: Back) -> Form:
    """Which card, and why; then it is restated, and a second person answers."""
    title = screen.say("card_money.back_title")

    def restate(form: Form, reason: str, left: LeftMoney) -> None:
        lines = card_money_telling.left_lines(form.words, left, reason)
        questions = [
            (form.say("cards.ask_second"), False),
            (form.say("cards.ask_second_pin"), True),
        ]
        serial = left.standing.card.serial

        def act(agreed: Form, answers: list[str]) -> None:
            second = SecondPerson(answers[0], answers[1])
            keep = partial(card_money_back.keep, agreed.desk, serial, reason, second)
            asked(agreed, keep, partial(kept, agreed))

        form.face_app.go(LongForm(title, questions, act, back, lines))

    def kept(form: Form, left: LeftMoney) -> None:
        said = card_money_telling.left_kept(form.words, left)
        form.face_app.go(Page(title, [said], back))

    def act(form: Form, answers: list[str]) -> None:
        left = partial(card_money_back.left_on, form.desk, answers[0])
        asked(form, left, partial(restate, form, answers[1]))

    questions = [(screen.say("cards.ask_which"), False), (screen.say("cards.ask_reason"), False)]
    return Form(title, questions, act, back, keys=screen.say("cards.form_keys"))


# --- all cards ------------------------------------------------------------------------------------


class Chains(CardList):
    """The movements of every card, put together; Enter says what is wrong with one."""

    name = "money"

    def __init__(self, back: Back, said: str = "") -> None:
        super().__init__(back, said)
        self._chains: list[Chain] = []

    def heading(self) -> str:
        """What is listed."""
        return self.say("card_money.chains")

    def headings(self) -> list[str]:
        """Chip, movements, put on, spent, verdict."""
        keys = ("technician.card_serial", "card_money.column_moves", "card_money.column_put_on",
                "card_money.column_spent", "cards.state")  # fmt: skip
        return [self.say(key) for key in keys]

    def hint(self) -> str:
        """Arrows and Enter."""
        return self.say("card_money.chains_keys")

    def read(self) -> None:
        """Ask for the chains."""
        self.ask_or_say(partial(card_accounts.chains, self.desk), self._listed)

    def _listed(self, found: dict[str, Chain]) -> None:
        self._chains = sorted(found.values(), key=lambda chain: (chain.is_whole, chain.card))
        currency = self.desk.currency
        self.fill(
            [card_money_telling.chain_cells(self.words, each, currency) for each in self._chains]
        )

    def press_enter(self) -> None:
        """One chain with all that is wrong with it."""
        if self._chains:
            chain = self._chains[self.chosen()]
            lines = card_money_telling.chain_lines(self.words, chain, self.desk.currency)
            self.face_app.go(Page(self.say("card_money.chains"), lines, partial(Chains, self.back)))
