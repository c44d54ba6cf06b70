"""What is done with a customer's account less often: deposits, payments, debts, the end of it."""

from __future__ import annotations

from functools import partial

from kiosk.screens import account_acts
from kiosk.screens.account_acts import MakeAct
from kiosk.screens.cashier import bills, leaving
from kiosk.screens.cashier.money_lists import Debts, Payments, help_page
from kiosk.screens.staff.account_forms import act_form
from kiosk.screens.staff.frame import Back
from kiosk.screens.staff.records import ListPage
from kiosk.screens.staff.rows import Row, RowsMenu
from kiosk.till import inquiry


class AccountMore(RowsMenu):
    """The rows behind 0 on the page of an account."""

    def __init__(self, customer: str, back: Back, said: str = "") -> None:
        super().__init__()
        self.customer, self.back, self.said = customer, back, said

    def heading(self) -> str:
        """Whose account."""
        return f"{self.say('account.title')} {self.customer}"

    def on_mount(self) -> None:
        """Say what the form before had to say."""
        self.note(self.said, "good")

    def rows(self) -> list[Row]:
        """Every row with what it opens."""
        go = self.face_app.go
        return [
            (self.say("account.menu_payments"), lambda: go(Payments(self.again, self.customer))),
            (self.say("account.menu_deposit"), partial(self._act, account_acts.deposit)),
            (self.say("account.menu_deposit_back"), partial(self._act, account_acts.deposit_back)),
            (self.say("account.menu_debts"), lambda: go(Debts(self.again, self.customer))),
            (self.say("account.do_plan"), partial(self._act, account_acts.plan)),
            (self.say("account.menu_add_bill"),
             lambda: go(bills.add_bill(self, self.customer, self.again))),
            (self.say("account.menu_history"), self._history),
            (self.say("account.menu_close"),
             lambda: leaving.begin(self, self.customer, self.again)),
        ]  # fmt: skip

    def again(self, said: str = "") -> AccountMore:
        """The menu, made anew."""
        return AccountMore(self.customer, self.back, said)

    def _act(self, make: MakeAct) -> None:
        self.face_app.go(act_form(self, make, self.customer, self.again))

    def _history(self) -> None:
        span = inquiry.Span(number=self.customer)
        self.face_app.go(ListPage("history", span, self.again))

    def press_help(self) -> None:
        """What the rows are for."""
        help_page(self, "more", self.again)

    def press_cancel(self) -> None:
        """Back to the account."""
        self.face_app.go(self.back())
