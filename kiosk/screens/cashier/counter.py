"""The menu of the counter."""

from __future__ import annotations

from functools import partial

from kiosk.errors import Refusal
from kiosk.screens.cashier.customer import CustomerPage
from kiosk.screens.cashier.find import Find
from kiosk.screens.cashier.sales import Sales
from kiosk.screens.settled_telling import settled_sales
from kiosk.screens.staff.doubts import Doubts
from kiosk.screens.staff.frame import StaffFrame
from kiosk.screens.staff.menu import Menu, MenuRow
from kiosk.till.greet import Greeted, find_buyer_by_card


class Counter(Menu):
    """What is to be done for the person at the counter."""

    HELP = "cashier.help_menu"

    def __init__(self, said: str = "") -> None:
        super().__init__()
        self.said = said

    def heading(self) -> str:
        """The question."""
        return self.say("cashier.menu")

    def own_rows(self) -> list[MenuRow]:
        """Sell, look back, settle."""
        go = self.face_app.go
        return [
            (self.say("cashier.menu_find"), lambda: go(Find())),
            (self.say("cashier.menu_card"), self._read_card),
            (self.say("cashier.menu_sales"), lambda: go(Sales())),
            (self.say("cashier.open_sales"), lambda: go(Doubts(Counter))),
            (self.say("tokens.title"), lambda: go(_tokens())),
            (self.say("account.menu"), lambda: go(_accounts())),
            (self.say("cards.title"), lambda: go(_cards())),
            (self.say("registry.title"), lambda: go(_registry())),
        ]

    def on_mount(self) -> None:
        """Say what the screen before had to say, or once what the start has settled."""
        ended, self.desk.settled_at_start = self.desk.settled_at_start, []
        self.note(self.said or " ".join(settled_sales(self.words, ended)))

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
            self.face_app.go(CustomerPage(greeted.buyer.meter.number))


# What is not selling is loaded when its row is opened: together it would take 2 MiB and the time of
# a key press on every start of a counter.


def _tokens() -> StaffFrame:
    from kiosk.screens.staff.tokens import CommonTokens

    return CommonTokens()


def _accounts() -> StaffFrame:
    from kiosk.screens.cashier.account_menu import AccountMenu

    return AccountMenu(Counter)


def _cards() -> StaffFrame:
    from kiosk.screens.staff.cards import CommonCards

    return CommonCards()


def _registry() -> StaffFrame:
    from kiosk.screens.cashier.registry import RegistryMenu

    return RegistryMenu()
