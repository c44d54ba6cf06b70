"""The first screen of the counter."""

from __future__ import annotations

from functools import partial

from kiosk.screens.staff.sign_in import SignInForm
from kiosk.till import operators


class SignIn(SignInForm):
    """Name and PIN of the cashier."""

    RIGHT = "sell"

    def signed_in(self) -> None:
        """To the menu."""
        self.go_menu()

    def show_again(self) -> None:
        """Back here after a fault, somebody may still be signed in: they sign in again (E19)."""
        super().show_again()
        if self.desk.role in operators.ROLES:
            self.ask(partial(operators.sign_out, self.desk), lambda _none: None)
