"""The technician's menu, and the way into it."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget
from textual.widgets import Static

from kiosk.domain.organisation import may
from kiosk.screens.setup import SetupMenu
from kiosk.screens.staff.doubts import Doubts
from kiosk.screens.staff.menu import Menu, MenuRow
from kiosk.screens.staff.operators import Operators
from kiosk.screens.staff.sign_in import SignInForm
from kiosk.screens.technician.cards import CardRoom
from kiosk.screens.technician.devices import Devices
from kiosk.screens.technician.rescue import RescuePage
from kiosk.screens.technician.tokens import Keys, TokenMenu
from kiosk.screens.technician.verify import Verify
from kiosk.till import copies


class TechnicianSignIn(SignInForm):
    """Name and PIN of a technician or supervisor."""

    RIGHT = "maintain"

    def signed_in(self) -> None:
        """To the menu; a damaged ledger comes first."""
        self.desk.told_of_damage = False
        self.go_menu()


class TechnicianMenu(Menu):
    """What a technician may do; asks for name and PIN first while nobody is signed in."""

    HELP = "technician.help_menu"

    def heading(self) -> str:
        """What this face is."""
        return self.say("technician.title")

    def body(self) -> Iterable[Widget]:
        """The banner and the rows."""
        banner = self.say("technician.banner", operator=self.desk.operator)
        yield Static(banner, id="banner", markup=False)
        yield from super().body()

    def own_rows(self) -> list[MenuRow]:
        """The technician's own rows."""
        go, again = self.face_app.go, TechnicianMenu
        return [
            (self.say("technician.devices"), lambda: go(Devices(again))),
            (self.say("cashier.open_sales"), lambda: go(Doubts(again))),
            (self.say("technician.journal_verify"), self._verify),
            (self.say("technician.settings"), lambda: go(SetupMenu(again))),
            (self.say("tokens.title"), lambda: go(TokenMenu())),
            (self.say("tokens.menu_keys"), lambda: go(Keys(again))),
            (self.say("cards.title"), lambda: go(CardRoom())),
            (self.say("operators.title"), lambda: go(Operators(again))),
        ]

    def on_mount(self) -> None:
        """Nobody signed in: ask who it is."""
        self._ask_who()

    def show_again(self) -> None:
        """The same after somebody signed out."""
        super().show_again()
        self._ask_who()

    def _ask_who(self) -> None:
        if not self.is_current:
            return
        signed_in = may(self.desk.role, "maintain")
        if self.desk.damage and (signed_in or not copies.operators_known(self.desk)):
            self._rescue()
        elif not signed_in:
            self.face_app.go(TechnicianSignIn())

    def _rescue(self) -> None:
        if not self.desk.told_of_damage:
            self.desk.told_of_damage = True
            self.face_app.go(RescuePage(TechnicianMenu))

    def _verify(self) -> None:
        if self.desk.damage:
            self.desk.told_of_damage = False
            self._rescue()
        else:
            self.face_app.go(Verify(TechnicianMenu))
