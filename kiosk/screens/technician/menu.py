"""The technician's menu, and the way into it."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget
from textual.widgets import Static

from kiosk.domain.organisation import may
from kiosk.screens.staff.doubts import Doubts
from kiosk.screens.staff.menu import Menu, MenuRow
from kiosk.screens.staff.sign_in import SignInForm


class TechnicianSignIn(SignInForm):
    """Name and PIN of a technician or supervisor."""

    RIGHT = "maintain"

    def signed_in(self) -> None:
        """To the menu."""
        self.face_app.go(TechnicianMenu())


class TechnicianMenu(Menu):
    """What a technician may do; asks for name and PIN first while nobody is signed in."""

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
        return [
            (self.say("technician.devices"), self._devices),
            (self.say("cashier.open_sales"), self._doubts),
            (self.say("technician.journal_verify"), self._verify),
            (self.say("technician.settings"), self._settings),
            (self.say("tokens.title"), self._tokens),
            (self.say("tokens.menu_keys"), self._keys),
        ]

    def on_mount(self) -> None:
        """Nobody signed in: ask who it is."""
        self._ask_who()

    def show_again(self) -> None:
        """The same after somebody signed out."""
        super().show_again()
        self._ask_who()

    def _ask_who(self) -> None:
        if self.is_current and not may(self.desk.role, "maintain"):
            self.face_app.go(TechnicianSignIn())

    def _devices(self) -> None:
        from kiosk.screens.technician.devices import Devices

        self.face_app.go(Devices())

    def _doubts(self) -> None:
        self.face_app.go(Doubts(TechnicianMenu))

    def _verify(self) -> None:
        from kiosk.screens.technician.verify import Verify

        self.face_app.go(Verify())

    def _settings(self) -> None:
        from kiosk.screens.staff.setup import SetupMenu

        self.face_app.go(SetupMenu(TechnicianMenu))

    def _tokens(self) -> None:
        from kiosk.screens.technician.tokens import TokenMenu

        self.face_app.go(TokenMenu())

    def _keys(self) -> None:
        from kiosk.screens.technician.tokens import Keys

        self.face_app.go(Keys())
