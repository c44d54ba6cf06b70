"""Cash received and change; then the sale is restated."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget
from textual.widgets import Static

from kiosk.domain import money
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.screens import telling, tender_telling
from kiosk.screens.cashier.free import free_form
from kiosk.screens.cashier.selling import Again, Selling
from kiosk.screens.staff.entry import TextEntry
from kiosk.screens.staff.frame import StaffFrame
from kiosk.screens.staff.page import Confirm
from kiosk.till.account import capital_payment
from kiosk.till.quote import Offer
from kiosk.till.sell import Payment, cash_due, cash_payment

_FREE = 9


class Tender(StaffFrame):
    """Asks for the cash received; the change stands below while it is typed."""

    TYPING = True

    def __init__(self, offer: Offer, again: Again, earlier: SaleRecord | None = None) -> None:
        super().__init__()
        self.offer, self.again, self.earlier = offer, again, earlier

    def heading(self) -> str:
        """The question, and for how much."""
        due = self.words.money(cash_due(self.offer), self.offer.quote.currency)
        return f"{self.say('cashier.tender_title')}  ({self.say('lines.total')} {due})"

    def body(self) -> Iterable[Widget]:
        """The entry and the change."""
        for line in tender_telling.kept_lines(self.words, self.offer):
            yield Static(line, classes="strong", markup=False)
        yield TextEntry(self.say("cashier.tendered"))
        yield Static("", id="change", classes="restated", markup=False)
        yield Static(self.say("cashier.tendered_help"), classes="restated", markup=False)

    def hint(self) -> str:
        """Digits, Enter."""
        return f"{self.say('cashier.tender_keys')}   {self.say('account.tender_account')}"

    def press_character(self, character: str) -> None:
        """Digits and one point; / pays from the customer's account."""
        if character == "/":
            self._confirm(capital_payment(self.desk, self.offer.buyer, self._amount_minor()))
            return
        if character.isascii() and (character.isdecimal() or character in ".,"):
            self.query_one(TextEntry).press("." if character == "," else character)
            self._show()

    def press_clear(self) -> None:
        """One digit less."""
        self.query_one(TextEntry).clear_one()
        self._show()

    def press_cancel(self) -> None:
        """Back to the amount."""
        self.face_app.go(self.again(self.offer, ""))

    def press_enter(self) -> None:
        """Restate the sale before it is made."""
        self._confirm(self._payment())

    def _amount_minor(self) -> int:
        return self.offer.quote.amount_minor

    def _confirm(self, payment: Payment | Refusal) -> None:
        if isinstance(payment, Refusal):
            self.note(self.words.refusal(payment), "warn")
            return
        quote = self.offer.quote
        restated = [
            self.say(
                "cashier.confirm_sell",
                energy_wh=quote.energy_wh,
                meter=self.offer.buyer.meter.number,
                amount_minor=quote.amount_minor,
            ),
            f"{self.offer.buyer.customer.name}, {self.offer.buyer.customer.address}",
            *tender_telling.kept_lines(self.words, self.offer),
            self._paid_line(payment),
        ]
        restated += telling.free_lines(self.words, self.offer.free)
        if self.earlier is not None:
            restated.append(telling.same_again_line(self.words, self.earlier))
        self.face_app.go(ConfirmSale(self, restated, payment))

    def _paid_line(self, payment: Payment) -> str:
        if any(tender.kind == "capital_account" for tender in payment.tenders):
            return self.say("slip.paid_by", tender=self.say("tender.capital_account"))
        return self.say("cashier.change_due", change_minor=payment.change_minor)

    def _payment(self) -> Payment | Refusal:
        typed = self.query_one(TextEntry).typed
        tendered: int | Refusal = cash_due(self.offer)
        if typed:
            tendered = money.parse_amount(typed, self.desk.currency)
        if isinstance(tendered, Refusal):
            return tendered
        return cash_payment(self.desk, self.offer.quote.amount_minor, tendered, self.offer.buyer)

    def _show(self) -> None:
        payment = self._payment()
        change = ""
        if isinstance(payment, Refusal):
            self.note(self.words.refusal(payment), "warn")
        else:
            self.note("")
            change = self.say("cashier.change_due", change_minor=payment.change_minor)
        self.query_one("#change", Static).update(change)


class ConfirmSale(Confirm):
    """The last question before money and energy change hands."""

    def __init__(self, tender: Tender, sentences: list[str], payment: Payment) -> None:
        title, keys = tender.say("cashier.confirm_title"), tender.say("cashier.confirm_keys")
        by_token = tender.offer.buyer.meter.kind == "keypad"
        self._may_give = by_token and tender.desk.gate("free") is None
        if self._may_give:
            keys = f"{keys}   {tender.say('tokens.free_keys')}"
        again = partial(Tender, tender.offer, tender.again, tender.earlier)
        super().__init__(title, sentences, keys, self._begin, again)
        self._offer, self._again, self._payment = tender.offer, tender.again, payment

    def press_digit(self, digit: int) -> None:
        """9 gives free units beside the sale, where the operator may."""
        if digit == _FREE and self._may_give and not self.busy:
            self.face_app.go(free_form(self, self._offer, self._tender))

    def _tender(self, offer: Offer) -> Tender:
        return Tender(offer, self._again)

    def _begin(self) -> None:
        self.face_app.go(Selling(self._offer, self._payment, self._again))
