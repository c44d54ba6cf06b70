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
from kiosk.screens.cashier.account import AccountPage
from kiosk.screens.cashier.amount import Amount
from kiosk.screens.cashier.key_change import BeginRollOver
from kiosk.screens.cashier.result import Result
from kiosk.screens.staff.frame import StaffFrame
from kiosk.screens.staff.page import Confirm
from kiosk.screens.staff.sale import SalePage, show_why
from kiosk.screens.staff.table import Table
from kiosk.till import hand_over, history, rollover
from kiosk.till.desk import Desk
from kiosk.till.hand_over import HandedOver
from kiosk.till.history import RegistryRow
from kiosk.till.quote import Buyer
from kiosk.till.rollover import RollOver
from kiosk.words.clean import clean

_HAND_OVER, _ROLL_OVER, _PULL, _PUT_IN = 4, 5, 7, 8

#: Record, buyer, past sales, sales whose token was finished meanwhile, a roll-over that is due.
Customer = tuple[
    RegistryRow, Buyer | Refusal, list[SaleRecord] | Refusal, list[SaleRecord], RollOver | None
]


class CustomerPage(StaffFrame):
    """Who the customer is, what is owed or kept, and what was bought before."""

    def __init__(self, meter: str) -> None:
        super().__init__()
        self.meter = meter
        self._buyer: Buyer | Refusal | None = None
        #: Past sales, newest first; None is the line above those of a customer before.
        self._sales: list[SaleRecord | None] = []
        self._waiting: list[SaleRecord] = []
        self._due: RollOver | None = None

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

    def _read(self, read: Customer) -> None:
        row, self._buyer, sales, self._waiting, self._due = read
        known = [] if isinstance(sales, Refusal) else sales
        self._sales = telling.parted_by_tenant(known, row.meter.account)
        lines = self._record_lines(row)
        if self._due is not None and self._due.must and self._due.record is not None:
            issue = self._due.record.committed.issue_id
            lines.append(self.say("tokens.rollover_made", issue=issue))
        if not self._sales:
            lines.append(self.say("cashier.history_empty"))
        self.query_one("#record", Static).update("\n".join(lines))
        self.query_one(Table).fill([self._cells(record) for record in self._sales])
        if isinstance(self._buyer, Refusal):
            self.note(self.words.refusal(self._buyer), "warn")
        elif self._waiting:
            self.note(
                f"{self.say('kiosk.token_earlier')}. {self.say('tokens.earlier_keys')}", "warn"
            )
        elif self._due is not None:
            self.note(self._due_sentence(self._due), "warn")
        else:
            self._say_hands("")

    def _cells(self, record: SaleRecord | None) -> list[str]:
        if record is None:
            return ["---", "---", "---", self.say("cashier.tenant_before")]
        time, _sale, _meter, *rest = telling.sale_cells(self.words, record)
        return [time, *rest]

    def _chosen(self) -> SaleRecord | None:
        return self._sales[self.query_one(Table).chosen] if self._sales else None

    def _due_sentence(self, due: RollOver) -> str:
        if not due.must:
            assert due.record is not None
            follows = self.say("tokens.finish_offer" if due.may else "tokens.rollover_ask")
            issue = due.record.committed.issue_id
            return self.say("tokens.finish_here", issue=issue, next=follows)
        said = self._why_due(due)
        return f"{said} {self.say('tokens.rollover_offer' if due.may else 'tokens.rollover_ask')}"

    def _why_due(self, due: RollOver) -> str:
        if due.must:
            return self.say("tokens.rollover_here", base_date=due.meter.base_date)
        return self.words.refusal(due.refusal())

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
        self.go_menu()

    def press_enter(self) -> None:
        """Sell to this customer; for the old key only when that was asked (E26)."""
        if not isinstance(self._buyer, Buyer):
            return
        sell = partial(Amount, self._buyer, partial(CustomerPage, self.meter))
        if self._due is None:
            self.face_app.go(sell())
        elif not self._due.must:
            self.face_app.go(
                Confirm(
                    self.say("tokens.menu_change"),
                    [self._why_due(self._due), self.say("tokens.sell_old_key")],
                    self.say("cashier.confirm_keys"),
                    lambda: self.face_app.go(sell()),
                    partial(CustomerPage, self.meter),
                )
            )

    def press_other(self, key: str) -> None:
        """w says why the figures of the chosen sale are what they are."""
        record = self._chosen()
        if key == "w" and record is not None:
            show_why(self, record.committed.sale_id, partial(CustomerPage, self.meter))

    def press_digit(self, digit: int) -> None:
        """1 opens the chosen past sale, 2 the account; 7 and 8 move the card in a rehearsal."""
        record = self._chosen()
        if digit == 1 and record is not None:
            self.face_app.go(SalePage(record, partial(CustomerPage, self.meter)))
        elif digit == 2:
            self.face_app.go(AccountPage(self.meter, partial(CustomerPage, self.meter)))
        elif digit == _HAND_OVER and self._waiting:
            self.ask(partial(hand_over.hand_over, self.desk, self._waiting[0]), self._handed)
        elif digit == _ROLL_OVER and self._due is not None and self._due.may:
            self._roll_over(self._due)
        elif digit in {_PULL, _PUT_IN} and self._has_hands():
            self.ask(partial(move_card, self.face_app.hands, self.meter, digit), self._say_hands)

    def _handed(self, handed: HandedOver | None) -> None:
        """The token large, as after a sale; somebody else may have been faster."""
        again = CustomerPage(self.meter)
        self.face_app.go(Result(handed.record, handed.job) if handed is not None else again)

    def _roll_over(self, due: RollOver) -> None:
        sentences = [
            self._why_due(due),
            self.say(
                "tokens.rollover_begin" if due.must else "tokens.finish_begin", meter=self.meter
            ),
        ]
        self.face_app.go(
            BeginRollOver(
                due, self.say("tokens.menu_change"), sentences,
                self.say("tokens.rollover_begin_keys"), partial(CustomerPage, self.meter),
            )
        )  # fmt: skip

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


def read_customer(desk: Desk, meter: str) -> Customer:
    """Everything about a meter at once; for a worker."""
    waiting = hand_over.waiting(desk, meter)
    row = history.registry_row(desk, meter)
    return (
        row,
        history.buyer_record(desk, meter),
        history.sales_of_meter(desk, meter),
        waiting,
        rollover.due(desk, row.meter),
    )


def move_card(hands: Hands | None, meter: str, digit: int) -> str:
    """What the customer's hands do with the card in a rehearsal, and what came of it."""
    assert hands is not None, "hands are there in a rehearsal only"
    try:
        answer = hands.pull_card() if digit == _PULL else hands.insert_card(meter)
    except KioskError as error:
        return error.sentence
    return answer.result
