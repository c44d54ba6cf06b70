"""A customer's record with past sales; from here a sale begins."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget
from textual.widgets import Static

from kiosk.domain.record import SaleRecord
from kiosk.errors import KioskError, Refusal
from kiosk.ports import Hands
from kiosk.screens import telling
from kiosk.screens.staff.frame import StaffFrame
from kiosk.screens.staff.table import Table
from kiosk.till import history
from kiosk.till.desk import Desk
from kiosk.till.history import RegistryRow
from kiosk.till.quote import Buyer
from kiosk.words.clean import clean

_PULL, _PUT_IN = 7, 8


class CustomerPage(StaffFrame):
    """Who the customer is, what is owed or kept, and what was bought before."""

    def __init__(self, meter: str) -> None:
        super().__init__()
        self.meter = meter
        self._buyer: Buyer | Refusal | None = None
        self._sales: list[SaleRecord] = []

    def heading(self) -> str:
        """Whose page it is."""
        return self.say("cashier.customer_title")

    def body(self) -> Iterable[Widget]:
        """The record above, the past sales below."""
        yield Static("", id="record", markup=False)
        keys = ("history_time", "amount", "history_energy", "history_state")
        yield Table([self.say(f"cashier.{key}") for key in keys])

    def hint(self) -> str:
        """Enter sells; in a rehearsal two digits are the customer's hands."""
        return self.say("cashier.customer_keys")

    def on_mount(self) -> None:
        """Read everything."""
        self.ask(partial(read_customer, self.desk, self.meter), self._read)

    def _read(self, read: tuple[RegistryRow, Buyer | Refusal, list[SaleRecord] | Refusal]) -> None:
        row, self._buyer, sales = read
        self._sales = [] if isinstance(sales, Refusal) else sales
        lines = self._record_lines(row)
        if not self._sales:
            lines.append(self.say("cashier.history_empty"))
        self.query_one("#record", Static).update("\n".join(lines))
        cells = [telling.sale_cells(self.words, record) for record in self._sales]
        self.query_one(Table).fill([[cell[0], *cell[3:]] for cell in cells])
        if isinstance(self._buyer, Refusal):
            self.note(self.words.refusal(self._buyer), "warn")
        else:
            self._say_hands("")

    def _record_lines(self, row: RegistryRow) -> list[str]:
        meter, customer, buyer = row.meter, row.customer, self._buyer
        kind = self.say(f"meter_kind.{meter.kind}")
        lines = [
            f"{clean(customer.name)}, {clean(customer.address)}, {clean(customer.phone)}",
            f"{self.say('slip.account_of', account=meter.account)}   "
            f"{self.say('cashier.meter')} {meter.number}, {kind}, {meter.power_type}",
        ]
        if row.card is not None:
            lines.append(f"{self.say('cashier.card')} {row.card.number}")
        return lines if isinstance(buyer, Refusal) or buyer is None else [
            *lines, *telling.money_lines(self.words, buyer)
        ]  # fmt: skip

    def press_arrow(self, steps: int) -> None:
        """Choose a past sale."""
        self.query_one(Table).move(steps)

    def press_cancel(self) -> None:
        """Back to the menu."""
        from kiosk.screens.cashier.counter import Counter

        self.face_app.go(Counter())

    def press_enter(self) -> None:
        """Sell to this customer."""
        if isinstance(self._buyer, Buyer):
            from kiosk.screens.cashier.amount import Amount

            self.face_app.go(Amount(self._buyer))

    def press_other(self, key: str) -> None:
        """w says why the figures of the chosen sale are what they are."""
        if key == "w" and self._sales:
            from kiosk.screens.cashier.sale import show_why

            record = self._sales[self.query_one(Table).chosen]
            show_why(self, record.committed.sale_id, partial(CustomerPage, self.meter))

    def press_digit(self, digit: int) -> None:
        """1 opens the chosen past sale, 2 the account; 7 and 8 move the card in a rehearsal."""
        if digit == 1 and self._sales:
            from kiosk.screens.cashier.sale import SalePage

            record = self._sales[self.query_one(Table).chosen]
            self.face_app.go(SalePage(record, partial(CustomerPage, self.meter)))
        elif digit == 2:
            from kiosk.screens.cashier.account import AccountPage

            self.face_app.go(AccountPage(self.meter, partial(CustomerPage, self.meter)))
        elif digit in {_PULL, _PUT_IN} and self._has_hands():
            self.ask(partial(move_card, self.face_app.hands, self.meter, digit), self._say_hands)

    def _has_hands(self) -> bool:
        buyer = self._buyer
        by_card = isinstance(buyer, Buyer) and buyer.meter.kind == "card"
        return by_card and self.face_app.hands is not None

    def _say_hands(self, said: str) -> None:
        if not self._has_hands() or not isinstance(self._buyer, Buyer):
            return
        put_in = self.say("rehearsal.card_in", customer=self._buyer.customer.name)
        offers = f"{_PULL} {self.say('rehearsal.card_out')}, {_PUT_IN} {put_in}"
        self.note(f"{self.say('rehearsal.strip')}: {offers}. {said}")


def read_customer(
    desk: Desk, meter: str
) -> tuple[RegistryRow, Buyer | Refusal, list[SaleRecord] | Refusal]:
    """Everything about a meter at once; for a worker."""
    return (
        history.registry_row(desk, meter),
        history.buyer_record(desk, meter),
        history.sales_of_meter(desk, meter),
    )


def move_card(hands: Hands | None, meter: str, digit: int) -> str:
    """What the customer's hands do with the card in a rehearsal, and what came of it."""
    assert hands is not None, "hands are there in a rehearsal only"
    try:
        answer = hands.pull_card() if digit == _PULL else hands.insert_card(meter)
    except KioskError as error:
        return error.sentence
    return answer.result
