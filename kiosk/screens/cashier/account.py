"""A customer's account: what is kept and owed, what happened, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from textual.widget import Widget
from textual.widgets import Static

from kiosk.domain.account_record import AccountRecord
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.screens import account_acts, account_telling
from kiosk.screens.account_acts import MakeAct
from kiosk.screens.cashier.account_more import AccountMore
from kiosk.screens.cashier.bills import Bills
from kiosk.screens.cashier.money_lists import Debts, help_page
from kiosk.screens.staff.account_forms import act_form
from kiosk.screens.staff.form import Form, asked
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Page
from kiosk.screens.staff.sale import SalePage, show_why
from kiosk.screens.staff.table import Table
from kiosk.till import account_paper, statement
from kiosk.till.desk import Desk
from kiosk.till.statement import Book, Statement
from kiosk.words.clean import clean

#: The rows of the menu in the order of their digits; each names a sentence account.menu_*.
ROWS = (
    "top_up", "pay_debt", "bills", "debts", "book", "transfer", "refund", "check", "statement",
)  # fmt: skip
_LISTED = 50


class AccountPage(StaffFrame):
    """Balances above, the menu in one line, events and sales below, newest first."""

    def __init__(self, customer: str, back: Back, said: str = "") -> None:
        super().__init__()
        self.customer, self.back, self.said = customer, back, said
        self._entries: list[AccountRecord | SaleRecord] = []

    def heading(self) -> str:
        """Whose account."""
        return self.say("account.title")

    def body(self) -> Iterable[Widget]:
        """The balances, what digits do, and the history."""
        yield Static("", id="record", markup=False)
        rows = [f"{n} {self.say(f'account.menu_{name}')}" for n, name in enumerate(ROWS, 1)]
        rows.append(f"0 {self.say('account.menu_more')}")
        for part in (rows[:5], rows[5:]):
            yield Static("  ".join(part), classes="line", markup=False)
        keys = ("cashier.history_time", "account.history", "cashier.amount", "slip.entry")
        yield Table([self.say(key) for key in keys])

    def hint(self) -> str:
        """Digits, arrows, w."""
        return self.say("account.page_keys")

    def on_mount(self) -> None:
        """Read everything; the menu works meanwhile."""
        work = partial(statement.statement, self.desk, self.customer, _LISTED)
        self.ask(work, self._read, quiet=True)

    def _read(self, found: Statement | Refusal) -> None:
        if isinstance(found, Refusal):
            self.note(self.words.refusal(found), "warn")
            return
        owner = found.customer
        self.customer = owner.account
        lines = [f"{owner.account}  {clean(owner.name)}, {clean(owner.address)}"]
        shown = account_telling.standing_lines(self.words, found.standing)
        lines += ["   ".join(shown[at : at + 2]) for at in range(0, len(shown), 2)]
        self.query_one("#record", Static).update("\n".join(lines))
        entries: list[AccountRecord | SaleRecord] = [*found.events, *found.sales]
        self._entries = sorted(entries, key=lambda entry: -entry.sequence)
        self.query_one(Table).fill([self._cells(entry) for entry in self._entries])
        self.note(self.said, "good")

    def _cells(self, entry: AccountRecord | SaleRecord) -> list[str]:
        if isinstance(entry, SaleRecord):
            return account_telling.sale_event_cells(self.words, entry)
        return account_telling.event_cells(self.words, entry)

    def again(self, said: str = "") -> AccountPage:
        """The page, read anew."""
        return AccountPage(self.customer, self.back, said)

    def press_arrow(self, steps: int) -> None:
        """Choose an event or a sale."""
        self.query_one(Table).move(steps)

    def press_cancel(self) -> None:
        """Back to where it came from."""
        self.face_app.go(self.back())

    def press_enter(self) -> None:
        """Open the chosen event or sale."""
        chosen = self._chosen()
        if isinstance(chosen, SaleRecord):
            self.face_app.go(SalePage(chosen, self.again))
        elif chosen is not None:
            lines = account_telling.event_lines(self.words, chosen)
            self.face_app.go(Page(self.say("account.history"), lines, self.again))

    def press_other(self, key: str) -> None:
        """w says why the figures of the chosen sale are what they are; any other event opens."""
        chosen = self._chosen()
        if key == "w" and isinstance(chosen, SaleRecord):
            show_why(self, chosen.committed.sale_id, self.again)
        elif key == "w":
            self.press_enter()

    def _chosen(self) -> AccountRecord | SaleRecord | None:
        return self._entries[self.query_one(Table).chosen] if self._entries else None

    def press_digit(self, digit: int) -> None:
        """Do what the menu says; 0 opens what is done less often."""
        acts: dict[str, Callable[[], None]] = {
            "top_up": partial(self._form, account_acts.top_up),
            "pay_debt": partial(self._form, account_acts.pay_debt),
            "bills": self._bills,
            "debts": lambda: self.face_app.go(Debts(self.again, self.customer)),
            "book": self._book,
            "transfer": partial(self._form, account_acts.transfer),
            "refund": partial(self._form, account_acts.refund),
            "check": self._check,
            "statement": self._statement,
        }
        if 1 <= digit <= len(ROWS):
            acts[ROWS[digit - 1]]()
        elif digit == 0:
            self.face_app.go(AccountMore(self.customer, self.again))

    def press_help(self) -> None:
        """What the page shows and the digits do."""
        help_page(self, "page", self.again)

    def _form(self, make: MakeAct) -> None:
        self.face_app.go(act_form(self, make, self.customer, self.again))

    def _bills(self) -> None:
        self.face_app.go(Bills(self.again, self.customer))

    def _book(self) -> None:
        self.ask(partial(_books, self.desk, self.customer), self._book_read)

    def _book_read(self, books: list[Book]) -> None:
        lines = [line for book in books for line in account_telling.book_lines(self.words, book)]
        lines = lines or [self.say("account.nothing")]
        self.face_app.go(Page(self.say("account.menu_book"), lines, self.again))

    def _check(self) -> None:
        self.ask_or_say(partial(statement.check, self.desk, self.customer), self._checked)

    def _checked(self, checked: list[statement.Checked]) -> None:
        lines = account_telling.check_lines(self.words, checked)
        self.face_app.go(Page(self.say("account.menu_check"), lines, self.again))

    def _statement(self) -> None:
        work = partial(account_paper.print_statement, self.desk, self.customer)
        self.ask_or_say(work, self._printed)

    def _printed(self, job: str) -> None:
        self.note(self.say("linear.slip_line", state=self.say("job.printing"))
                  if job else self.say("cashier.no_printer"))  # fmt: skip


def _books(desk: Desk, customer: str) -> list[Book]:
    found = [statement.book(desk, name) for name in statement.books_of(desk, customer)]
    return [book for book in found if isinstance(book, Book)]


def find_account(screen: StaffFrame, back: Back) -> Form:
    """Asks whose account, and opens it."""

    def act(form: Form, answers: list[str]) -> None:
        work = partial(statement.statement, form.desk, answers[0], 1)
        asked(form, work, partial(_found, form, back))

    questions = [(screen.say("account.ask_customer"), False)]
    return Form(screen.say("account.title"), questions, act, back)


def _found(form: Form, back: Back, found: Statement) -> None:
    form.face_app.go(AccountPage(found.customer.account, back))
