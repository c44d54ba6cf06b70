"""Lists of customers' money whose chosen row digits act on: payments that wait, and debts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget
from textual.widgets import Static

from kiosk.domain.account_record import TopUp
from kiosk.domain.debts import Debt, shown_day
from kiosk.errors import Refusal
from kiosk.screens import account_acts, account_telling
from kiosk.screens.account_acts import MakeAct
from kiosk.screens.staff.account_forms import act_form
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Page
from kiosk.screens.staff.table import Table
from kiosk.till import account, debt
from kiosk.till.debt import Owed
from kiosk.words import accounts


def help_page(screen: StaffFrame, name: str, back: Back) -> None:
    """Open the help of a screen of customers' money."""
    title = screen.say("account.help_title")
    screen.face_app.go(Page(title, [screen.say(f"account.help_{name}")], back))


class MoneyList(StaffFrame):
    """Rows of one customer, or of all where `customer` is empty; `name` is that of its words."""

    name = ""

    def __init__(self, back: Back, customer: str = "", said: str = "") -> None:
        super().__init__()
        self.back, self.customer, self.said = back, customer, said

    def heading(self) -> str:
        """What is listed."""
        return self.say(f"account.menu_{self.name}")

    def headings(self) -> list[str]:
        """Over the columns."""
        raise NotImplementedError

    def body(self) -> Iterable[Widget]:
        """What is said of all rows, and the rows."""
        yield Static("", id="record", markup=False)
        yield Table(self.headings())

    def hint(self) -> str:
        """Arrows and digits."""
        return self.say(f"account.{self.name}_keys")

    def fill(self, lines: list[str], rows: list[list[str]]) -> None:
        """Show the rows, or that there is none."""
        self.query_one("#record", Static).update("\n".join(lines))
        self.query_one(Table).fill(rows)
        self.note(self.said or ("" if rows else self.say(f"account.no_{self.name}")))

    def again(self, said: str = "") -> MoneyList:
        """The list, read anew."""
        return type(self)(self.back, self.customer, said)

    def act(self, make: MakeAct, about: str, shown: str = "") -> None:
        """Ask the questions of an act; the list follows."""
        self.face_app.go(act_form(self, make, about, self.again, shown))

    def chosen(self) -> int:
        """The place of the chosen row."""
        return self.query_one(Table).chosen

    def press_arrow(self, steps: int) -> None:
        """Choose another row."""
        self.query_one(Table).move(steps)

    def press_cancel(self) -> None:
        """Back to where it came from."""
        self.face_app.go(self.back())

    def press_help(self) -> None:
        """What can be done here."""
        help_page(self, self.name, self.again)


class Payments(MoneyList):
    """Cheques, transfers and e-payments: 1 the bank has paid the chosen one, 2 it has not."""

    name = "payments"

    def __init__(self, back: Back, customer: str = "", said: str = "") -> None:
        super().__init__(back, customer, said)
        self._payments: list[TopUp] = []

    def headings(self) -> list[str]:
        """When, whose, how, how much, how it stands."""
        keys = ("account_text.method", "account_text.reference", "cashier.amount",
                "account_text.state")  # fmt: skip
        first = [self.say("cashier.history_time"), self.say("cashier.account")]
        return [*first, *(self.say(key) for key in keys)]

    def on_mount(self) -> None:
        """Read the list."""
        self.ask_or_say(partial(account.payments, self.desk, self.customer), self._listed)

    def _listed(self, found: list[TopUp]) -> None:
        self._payments = found
        self.fill([], [self._cells(payment) for payment in found])

    def _cells(self, payment: TopUp) -> list[str]:
        return [
            self.words.time(payment.received_ms), payment.account,
            accounts.said(self.words, "method", payment.method), payment.reference,
            self.words.amount(payment.amount_minor, payment.currency),
            accounts.said(self.words, "payment", payment.state),
        ]  # fmt: skip

    def press_digit(self, digit: int) -> None:
        """Clear or bounce the chosen one."""
        if digit in {1, 2} and self._payments:
            make = account_acts.clear if digit == 1 else account_acts.bounce
            payment = self._payments[self.chosen()]
            customer = self.desk.records.customer(payment.account)
            name = customer.name if customer is not None else ""
            self.act(
                make, payment.top_up_id, account_telling.payment_line(self.words, payment, name)
            )


class Debts(MoneyList):
    """Dated debts: 1 pays the chosen one, 2 gives it up, 3 records another, 4 agrees a plan."""

    name = "debts"

    def __init__(self, back: Back, customer: str = "", said: str = "") -> None:
        super().__init__(back, customer, said)
        self._debts: list[Debt] = []

    def headings(self) -> list[str]:
        """Since when, what, whose, what is open, what it was."""
        keys = ("account_text.dated", "account_text.debt_kind", "cashier.account",
                "account.col_open", "cashier.amount")  # fmt: skip
        return [self.say(key) for key in keys]

    def on_mount(self) -> None:
        """Read the list."""
        self.ask_or_say(partial(_owed, self), self._listed)

    def _listed(self, found: list[Owed]) -> None:
        self._debts = [one for owed in found for one in owed.debts]
        lines = account_telling.owed_lines(self.words, found[0]) if self.customer else []
        self.fill(lines, [self._cells(one) for one in self._debts])

    def _cells(self, one: Debt) -> list[str]:
        return [
            shown_day(one.dated_ms), accounts.said(self.words, "debt_kind", one.kind), one.account,
            self.words.money(one.open_minor, one.currency),
            self.words.money(one.amount_minor, one.currency),
        ]  # fmt: skip

    def press_digit(self, digit: int) -> None:
        """Act on the chosen debt, or on the customer."""
        of_debt: dict[int, MakeAct] = {1: account_acts.pay_one, 2: account_acts.write_off}
        of_customer: dict[int, MakeAct] = {3: account_acts.record_debt, 4: account_acts.plan}
        chosen = self._debts[self.chosen()] if self._debts else None
        owner = self.customer or (chosen.account if chosen is not None else "")
        if digit in of_debt and chosen is not None:
            self.act(of_debt[digit], chosen.debt_id)
        elif digit in of_customer and owner:
            self.act(of_customer[digit], owner)


def _owed(screen: Debts) -> list[Owed] | Refusal:
    if not screen.customer:
        return debt.all_owed(screen.desk)
    found = debt.owed(screen.desk, screen.customer)
    return found if isinstance(found, Refusal) else [found]
