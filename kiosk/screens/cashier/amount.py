"""The amount, with a live quote: every line and its reason before any money is taken."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget

from kiosk.domain import money
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.screens import telling, tender_telling
from kiosk.screens.cashier.tender import Tender
from kiosk.screens.deliverable import cannot_deliver
from kiosk.screens.staff.entry import TextEntry
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Reading
from kiosk.till.desk import Desk
from kiosk.till.history import just_sold
from kiosk.till.quote import Buyer, Offer, quote

#: Columns of label and amount; the reason follows where it fits, else on a line of its own.
_LABEL, _AMOUNT = 28, 11


class Amount(StaffFrame):
    """Asks for the amount; what it buys stands below while it is typed."""

    TYPING = True

    def __init__(
        self, buyer: Buyer, back: Back, typed: str = "", said: str = "", sale_id: str = "",
        before: Offer | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self._before = before
        self.buyer, self.back, self._typed, self._said = buyer, back, typed, said
        self._sale_id = sale_id
        self._offer: Offer | None = None

    def heading(self) -> str:
        """The question, and for whom."""
        meter, customer = self.buyer.meter, self.buyer.customer
        return f"{self.say('cashier.amount_title')}  {customer.name}, {meter.number}"

    def body(self) -> Iterable[Widget]:
        """The entry and the quote."""
        yield TextEntry(self.say("linear.prompt_amount").rstrip(": "), self._typed)
        yield Reading([])

    def hint(self) -> str:
        """Digits, Enter."""
        return self.say("cashier.amount_keys")

    def on_mount(self) -> None:
        """Limits, or why the customer is here again."""
        limits = "   ".join(telling.money_lines(self.words, self.buyer))
        self.note(self._said or limits, "warn" if self._said else "plain")
        if self._typed:
            self._quote()

    def press_character(self, character: str) -> None:
        """Digits and one point; the other decimal sign means the same."""
        if character.isascii() and (character.isdecimal() or character in ".,"):
            self.query_one(TextEntry).press("." if character == "," else character)
            self._quote()

    def press_arrow(self, steps: int) -> None:
        """Scroll a long quote."""
        self.query_one(Reading).move(steps)

    def press_clear(self) -> None:
        """One digit less."""
        self.query_one(TextEntry).clear_one()
        self._quote()

    def press_cancel(self) -> None:
        """Back to the customer; nothing was paid."""
        self.face_app.go(self.back())

    def press_enter(self) -> None:
        """On to the cash, when it can be delivered."""
        if self._offer is None:
            self._quote()
            return
        self.note(self.say("kiosk.please_wait"))
        self.ask(partial(check, self.desk, self._offer), self._checked)

    # --- the quote ------------------------------------------------------------------------------

    def _quote(self) -> None:
        self._offer = None
        typed = self.query_one(TextEntry).typed
        amount_minor = money.parse_amount(typed, self.desk.currency) if typed else 0
        if isinstance(amount_minor, Refusal):
            self._show(typed, amount_minor)
        elif typed:
            work = partial(quote, self.desk, self.buyer, amount_minor, self._sale_id)
            self.ask(work, partial(self._show, typed), quiet=True)
        else:
            self.query_one(Reading).show([])
            self.note(" ".join(telling.money_lines(self.words, self.buyer)))

    def _show(self, typed: str, offer: Offer | Refusal) -> None:
        """Show a quote, unless another amount was typed meanwhile."""
        if typed != self.query_one(TextEntry).typed:
            return
        if isinstance(offer, Refusal):
            self.query_one(Reading).show([])
            self.note(self.words.refusal(offer), "warn")
            return
        self._offer, self._sale_id = offer, offer.sale_id
        self.note(self._difference(offer), "warn")
        self.query_one(Reading).show(self._rows(offer))

    def _difference(self, offer: Offer) -> str:
        """What the amount buys now and what was shown before, where that is not the same (E12)."""
        if self._before is None:
            return ""
        before, now = self._before.quote, offer.quote
        if before.amount_minor != now.amount_minor or before.energy_wh == now.energy_wh:
            return ""
        return self.say("cashier.requoted", energy_wh=now.energy_wh, before_wh=before.energy_wh)

    def _rows(self, offer: Offer) -> list[str]:
        width = self.query_one(Reading).size.width - 1
        total = self.words.amount(offer.quote.amount_minor, offer.quote.currency)
        energy = self.words.energy(offer.quote.energy_wh)
        rows = [f"{self.say('lines.total'):<{_LABEL}}{total:>{_AMOUNT}}  {energy}"]
        for row in telling.line_rows(self.words, offer.quote.lines, offer.quote.currency):
            figures = f"{row.label[:_LABEL]:<{_LABEL}}{row.amount:>{_AMOUNT}}"
            if row.energy:
                figures += f"  {row.energy}"
            fits = len(figures) + 2 + len(row.reason) <= width
            rows += [f"{figures}  {row.reason}"] if fits else [figures, f"    {row.reason}"]
        kept = tender_telling.kept_lines(self.words, offer)
        return [*kept, *rows, *telling.free_lines(self.words, offer.free)]

    def _checked(self, checked: Refusal | SaleRecord | None) -> None:
        if isinstance(checked, Refusal):
            self.note(self.words.refusal(checked), "warn")
        elif self._offer is not None:
            self.face_app.go(Tender(self._offer, partial(_again, self.back), checked))


def check(desk: Desk, offer: Offer) -> Refusal | SaleRecord | None:
    """Why the offer cannot be delivered, or the sale that it may be a second press of."""
    meter, amount_minor = offer.buyer.meter.number, offer.quote.amount_minor
    return cannot_deliver(desk, offer) or just_sold(desk, meter, amount_minor)


def _again(back: Back, offer: Offer, said: str) -> Amount:
    """The screen with the amount of `offer` typed in; its sale id stays the same."""
    typed = money.format_amount(offer.quote.amount_minor, offer.quote.currency)
    return Amount(offer.buyer, back, typed, said, offer.sale_id, offer)
