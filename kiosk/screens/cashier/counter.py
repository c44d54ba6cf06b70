"""The menu of the counter."""

from __future__ import annotations

from functools import partial

from kiosk.errors import Refusal
from kiosk.screens.staff.doubts import Doubts
from kiosk.screens.staff.menu import Menu, MenuRow
from kiosk.till.greet import Greeted, find_buyer_by_card


class Counter(Menu):
    """What is to be done for the person at the counter."""

    def __init__(self, said: str = "") -> None:
        super().__init__()
        self.said = said

    def heading(self) -> str:
        """The question."""
        return self.say("cashier.menu")

    def own_rows(self) -> list[MenuRow]:
        """Sell, look back, settle."""
        return [
            (self.say("cashier.menu_find"), self._find),
            (self.say("cashier.menu_card"), self._read_card),
            (self.say("cashier.menu_sales"), self._past_sales),
            (self.say("cashier.open_sales"), self._go_doubts),
            (self.say("tokens.title"), self._tokens),
            (self.say("account.menu"), self._account),
            (self.say("cards.title"), self._cards),
            (self.say("registry.title"), self._registry),
        ]

    def on_mount(self) -> None:
        """Say what the screen before had to say."""
        self.note(self.said)

    def _find(self) -> None:
        from kiosk.screens.cashier.find import Find

        self.face_app.go(Find())

    def _past_sales(self) -> None:
        from kiosk.screens.cashier.sales import Sales

        self.face_app.go(Sales())

    def _tokens(self) -> None:
        from kiosk.screens.staff.tokens import CommonTokens

        self.face_app.go(CommonTokens())

    def _account(self) -> None:
        from kiosk.screens.cashier.account_menu import AccountMenu

        self.face_app.go(AccountMenu(Counter))

    def _cards(self) -> None:
        from kiosk.screens.staff.cards import CommonCards

        self.face_app.go(CommonCards())

    def _registry(self) -> None:
        from kiosk.screens.cashier.registry import RegistryMenu

        self.face_app.go(RegistryMenu())

    def _go_doubts(self) -> None:
        self.face_app.go(Doubts(Counter))

    def _read_card(self) -> None:
        self.note(self.say("kiosk.reading_card"))
        self.ask(partial(find_buyer_by_card, self.desk), self._card_read)

    def _card_read(self, greeted: Greeted | Refusal) -> None:
        if isinstance(greeted, Refusal):
            self.note(self.words.refusal(greeted), "warn")
        elif greeted.unfinished is not None:
            said = Refusal(
                "sale_in_doubt_for_meter", {"sale": greeted.unfinished.committed.sale_id}
            )
            self.face_app.go(Doubts(Counter, self.words.refusal(said)))
        else:
            from kiosk.screens.cashier.customer import CustomerPage

            self.face_app.go(CustomerPage(greeted.buyer.meter.number))
