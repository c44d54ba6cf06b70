"""The open bills of old meters; Enter collects the chosen one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from textual.widget import Widget

from kiosk.domain.bill_books import Bill
from kiosk.domain.debts import shown_day
from kiosk.screens import account_acts
from kiosk.screens.cashier.money_lists import help_page
from kiosk.screens.staff import account_forms
from kiosk.screens.staff.form import Form, LongForm, asked
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Page
from kiosk.screens.staff.table import Table
from kiosk.till import bills

_LISTED = 50


class Bills(StaffFrame):
    """Bills found by number, account, meter or name."""

    def __init__(self, back: Back, search: str = "", said: str = "") -> None:
        super().__init__()
        self.back, self.search, self.said = back, search, said
        self._bills: list[Bill] = []

    def heading(self) -> str:
        """What is listed."""
        return self.say("account.menu_bills")

    def body(self) -> Iterable[Widget]:
        """The list."""
        keys = ("bill", "bill_name", "period", "due")
        headings = [self.say(f"account_text.{key}") for key in keys]
        yield Table([*headings, self.say("cashier.amount")])

    def hint(self) -> str:
        """Arrows and Enter."""
        return self.say("account.bills_keys")

    def on_mount(self) -> None:
        """Read the list."""
        self.ask_or_say(partial(bills.listed, self.desk, self.search, _LISTED), self._listed)

    def _listed(self, found: list[Bill]) -> None:
        self._bills = found
        rows = [
            [bill.bill_id, bill.name, bill.period, shown_day(bill.due_ms),
             self.words.money(bills.due_minor(self.desk, bill), bill.currency)]
            for bill in found
        ]  # fmt: skip
        self.query_one(Table).fill(rows)
        self.note(self.said or ("" if found else self.say("account.no_bills")))

    def press_arrow(self, steps: int) -> None:
        """Choose another bill."""
        self.query_one(Table).move(steps)

    def press_enter(self) -> None:
        """Collect the chosen bill."""
        if self._bills:
            bill = self._bills[self.query_one(Table).chosen]
            again = partial(Bills, self.back, self.search)
            self.face_app.go(
                account_forms.act_form(self, account_acts.collect, bill.bill_id, again)
            )

    def press_cancel(self) -> None:
        """Back to where it came from."""
        self.face_app.go(self.back())

    def press_help(self) -> None:
        """What can be done here."""
        help_page(self, "bills", partial(Bills, self.back, self.search))


def add_bill(screen: StaffFrame, account: str, back: Back) -> Form:
    """Asks for what stands on one bill; the account may be another's."""
    keys = ("bill", "bill_name", "old_meter", "period")
    labels = [screen.say(f"account_text.{key}") for key in keys]
    labels += [screen.say(f"account.ask_{key}") for key in ("amount", "due", "late_fee")]

    def act(form: Form, answers: list[str]) -> None:
        number, name, meter, period, amount, due, fee = answers
        row = (number, account, name, meter, period, amount, due, fee)
        work = partial(bills.add, form.desk, dict(zip(bills.COLUMNS, row, strict=True)))
        asked(form, work, lambda _taken: form.face_app.go(Bills(back, number.strip())))

    title = screen.say("account.menu_add_bill")
    return LongForm(title, [(label, False) for label in labels], act, back)


def import_bills(screen: StaffFrame, back: Back) -> Form:
    """Asks for a file of bills and takes it in."""

    def act(form: Form, answers: list[str]) -> None:
        work = partial(bills.take_file, form.desk, Path(answers[0].strip()))
        asked(form, work, partial(_taken, form, back))

    known = [", ".join(bills.COLUMNS)]
    questions = [(screen.say("account.ask_file"), False)]
    return LongForm(screen.say("account.menu_bills_file"), questions, act, back, known)


def _taken(form: Form, back: Back, taken: bills.Taken) -> None:
    title = form.say("account.menu_bills_file")
    line = form.say("account.bills_taken", new=taken.new, known=taken.known)
    form.face_app.go(Page(title, [line], back))


def find_bills(screen: StaffFrame, back: Back) -> Form:
    """Asks for a bill, and lists what is found."""

    def act(form: Form, answers: list[str]) -> None:
        form.face_app.go(Bills(back, answers[0].strip()))

    questions = [(screen.say("account.ask_bill"), False)]
    return Form(screen.say("account.menu_bills"), questions, act, back)
