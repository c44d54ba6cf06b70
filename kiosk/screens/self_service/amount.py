"""How much: numbered rows or free digits, and at once what it buys (E37: limits before payment)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from kiosk.domain.money import decimals, parse_amount
from kiosk.errors import Refusal
from kiosk.screens.self_service.before import Before, before_payment
from kiosk.screens.self_service.ending import cancelled
from kiosk.screens.self_service.help import Help
from kiosk.screens.self_service.no_slip import NoSlip
from kiosk.screens.self_service.payment import Payment
from kiosk.screens.self_service.visit import Step, Visit
from kiosk.screens.widgets.choices import ChoiceList
from kiosk.screens.widgets.entry import AmountEntry
from kiosk.screens.widgets.quote import QuoteView
from kiosk.till.quote import Offer, quote

_ROWS = 5


class Amount(Step):
    """Chooses the amount; Enter goes on to payment only with a valid quote on the screen."""

    def __init__(self, visit: Visit) -> None:
        super().__init__()
        self.visit = visit
        self.typing = False
        self.wanted_minor = 0
        self._nearest_minor = 0

    def heading(self) -> str:
        """The question."""
        return self.say("kiosk.choose_amount")

    def body(self) -> Iterable[Widget]:
        """Rows on the left, the quote on the right."""
        limits = self.visit.buyer
        with Horizontal(id="split"):
            with Vertical(id="left"):
                rows = [self.words.money(amount) for amount in self._quick()]
                yield ChoiceList([*rows, self.say("kiosk.other_amount")])
                yield AmountEntry("", self.desk.currency)
                allowed = self.say(
                    "kiosk.amount_limits",
                    minimum_minor=limits.minimum_minor,
                    maximum_minor=limits.maximum_minor,
                )
                yield Static(allowed, classes="small", markup=False)
                if limits.credit_minor:
                    credit = self.say("kiosk.use_credit", credit_minor=limits.credit_minor)
                    yield Static(credit, classes="small", markup=False)
            yield QuoteView(self.words)

    def hint(self) -> str:
        """The keys, which differ while an amount is typed."""
        if self.typing:
            return self.hints(enter="go_on", clear="clear", cancel="back", help="why")
        return self.hints(digits="row", enter="go_on", cancel="stop", help="why")

    def help_key(self) -> str:
        """How to choose."""
        return "kiosk.help_amount"

    def on_mount(self) -> None:
        """Rows first; the entry comes with the last row."""
        self.query_one(AmountEntry).display = False

    def _unit(self) -> int:
        return int(10 ** decimals(self.desk.currency))

    def _quick(self) -> list[int]:
        """Amounts as the notes are, those that this meter may buy."""
        buyer = self.visit.buyer
        notes = [note * self._unit() for note in self.desk.settings.cash.notes]
        allowed = [n for n in notes if buyer.minimum_minor <= n <= buyer.maximum_minor]
        return allowed[:_ROWS] or [buyer.minimum_minor]

    # --- keys ---------------------------------------------------------------------------------

    def on_choice_list_chosen(self, message: ChoiceList.Chosen) -> None:
        """A touch is the digit."""
        if not self.busy and not self.typing:
            self.press_digit(message.digit)

    def press_digit(self, digit: int) -> None:
        """A row, or one more digit of the amount."""
        if self.typing:
            self.query_one(AmountEntry).press(digit)
            self._typed()
            return
        rows = self.query_one(ChoiceList)
        quick = self._quick()
        if not rows.press(digit):
            return
        if digit <= len(quick):
            self._quote(quick[digit - 1])
        else:
            self._type(on=True)

    def press_clear(self) -> None:
        """One digit less."""
        if self.typing:
            self.query_one(AmountEntry).clear_one()
            self._typed()

    def press_cancel(self) -> None:
        """From typing back to the rows; from the rows to the beginning."""
        if self.typing:
            self._type(on=False)
            return
        cancelled(self, self.visit)

    def press_enter(self) -> None:
        """On to payment; after a refusal the nearest allowed amount is taken over first."""
        if self._nearest_minor:
            self._take_nearest()
        elif self.visit.offer is not None and self.wanted_minor:
            self.note(self.say("kiosk.please_wait"))
            self.ask(partial(before_payment, self.desk, self.visit.offer), self._before)

    def _type(self, *, on: bool) -> None:
        self.typing = on
        entry = self.query_one(AmountEntry)
        entry.clear_all()
        entry.display = on
        rows = self.query_one(ChoiceList)
        rows.display = not on
        rows.unmark()
        self._forget()
        self.note(self.say("kiosk.type_amount") if on else "")
        self.tell_keys()

    def _typed(self) -> None:
        typed = self.query_one(AmountEntry).typed
        amount = parse_amount(typed, self.desk.currency) if typed else 0
        if isinstance(amount, Refusal):
            self._forget()
            self.note(self.words.refusal(amount), "warn")
        elif amount:
            self._quote(amount)
        else:
            self._forget()

    def _take_nearest(self) -> None:
        nearest, self._nearest_minor = self._nearest_minor, 0
        if self.typing and nearest % self._unit() == 0:
            entry = self.query_one(AmountEntry)
            entry.clear_all()
            for digit in str(nearest // self._unit()):
                entry.press(int(digit))
        self._quote(nearest)

    # --- the quote ----------------------------------------------------------------------------

    def _forget(self) -> None:
        self.wanted_minor, self._nearest_minor = 0, 0
        self.query_one(QuoteView).forget()

    def _quote(self, amount_minor: int) -> None:
        self._forget()
        self.wanted_minor = amount_minor
        work = partial(quote, self.desk, self.visit.buyer, amount_minor, self.visit.sale_id)
        self.ask(work, lambda offer: self._quoted(amount_minor, offer), quiet=True)

    def _quoted(self, amount_minor: int, offer: Offer | Refusal) -> None:
        """Show the answer, unless another amount was asked for meanwhile."""
        if amount_minor != self.wanted_minor:
            return
        if isinstance(offer, Refusal):
            self.wanted_minor = 0
            nearest = offer.details.get("nearest_minor", 0)
            self._nearest_minor = nearest if isinstance(nearest, int) else 0
            more = self.say("kiosk.take_nearest") if self._nearest_minor else ""
            self.note(f"{self.words.refusal(offer)} {more}".strip(), "warn")
            return
        self.visit.offer = offer
        self.note(self.say("kiosk.before_notes"))
        self.query_one(QuoteView).show(offer.quote, offer.free)

    def _before(self, seen: Before) -> None:
        """Everything that could go wrong later was asked now, before any money."""
        if seen.refusal is not None:
            self.note(self.words.refusal(seen.refusal), "fault")
            return
        self.face_app.go(Payment(self.visit) if seen.slips else NoSlip(self.visit))

    def press_help(self) -> None:
        """Why these figures: the reason of every line."""
        offer = self.visit.offer if self.wanted_minor else None
        self.app.push_screen(Help(self.help_key(), offer))
