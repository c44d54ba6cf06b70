"""Where customers' money begins: an account, or the bills of old meters."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget

from kiosk.screens.cashier.account import find_account
from kiosk.screens.cashier.bills import find_bills
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.widgets.choices import ChoiceList


class AccountMenu(StaffFrame):
    """Two numbered rows."""

    def __init__(self, back: Back) -> None:
        super().__init__()
        self.back = back

    def heading(self) -> str:
        """What they are about."""
        return self.say("account.menu")

    def body(self) -> Iterable[Widget]:
        """The rows."""
        yield ChoiceList([self.say("account.title"), self.say("account.menu_bills")])

    def hint(self) -> str:
        """Digits, Esc."""
        return self.say("account.menu_keys")

    def press_digit(self, digit: int) -> None:
        """Open a row."""
        again = partial(AccountMenu, self.back)
        if digit == 1:
            self.face_app.go(find_account(self, again))
        elif digit == 2:
            self.face_app.go(find_bills(self, again))

    def press_cancel(self) -> None:
        """Back to the counter."""
        self.face_app.go(self.back())
