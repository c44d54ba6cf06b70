"""The technician's menu, and the way into it."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget
from textual.widgets import Static

from kiosk.domain.organisation import may
from kiosk.screens.staff.doubts import Doubts
from kiosk.screens.staff.menu import Menu, MenuRow
from kiosk.screens.staff.sign_in import SignInForm
from kiosk.till import copies


class TechnicianSignIn(SignInForm):
    """Name and PIN of a technician or supervisor."""

    RIGHT = "maintain"

    def signed_in(self) -> None:
        """To the menu; a damaged ledger comes first."""
        self.desk.told_of_damage = False
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
            (self.say("cards.title"), self._cards),
            (self.say("operators.title"), self._operators),
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
        from kiosk.screens.technician.rescue import RescuePage

        if not self.desk.told_of_damage:
            self.desk.told_of_damage = True
            self.face_app.go(RescuePage())

    def _devices(self) -> None:
        from kiosk.screens.technician.devices import Devices

        self.face_app.go(Devices())

    def _doubts(self) -> None:
        self.face_app.go(Doubts(TechnicianMenu))

    def _verify(self) -> None:
        if self.desk.damage:
            self.desk.told_of_damage = False
            self._rescue()
            return
        from kiosk.screens.technician.verify import Verify

        self.face_app.go(Verify())

    def _settings(self) -> None:
        from kiosk.screens.staff.setup import SetupMenu

        self.face_app.go(SetupMenu(TechnicianMenu))

    def _tokens(self) -> None:
        from kiosk.screens.technician.tokens import TokenMenu

        self.face_app.go(TokenMenu())

    def _cards(self) -> None:
        from kiosk.screens.technician.cards import CardRoom

        self.face_app.go(CardRoom())

    def _operators(self) -> None:
        from kiosk.screens.staff.operators import Operators

        self.face_app.go(Operators(TechnicianMenu))

    def _keys(self) -> None:
        from kiosk.screens.technician.tokens import Keys

        self.face_app.go(Keys())
