"""The irreversible act: "do not remove" with a running bar, and the same card again (E02)."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import partial

import msgspec
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from kiosk.domain.record import PaymentRecord, SaleRecord
from kiosk.errors import CardFault, Refusal
from kiosk.screens.self_service.deeds import Deed
from kiosk.screens.self_service.ending import Ending
from kiosk.screens.self_service.token import TokenShown
from kiosk.screens.self_service.visit import Step, Visit
from kiosk.screens.telling import reason_told
from kiosk.screens.widgets.moving import Moving
from kiosk.till.card_accounts import CardBack
from kiosk.till.desk import Desk
from kiosk.till.paper import print_kept, print_slip
from kiosk.till.pay import NotePayment
from kiosk.till.requote import Requoted, renewed
from kiosk.till.sell import sell

_LOOK_S = 0.2


class Sold(msgspec.Struct, frozen=True):
    """How it ended: a sale in its state, or a refusal with the money kept; `job` is the slip."""

    record: SaleRecord | None
    refusal: Refusal | None = None
    kept: PaymentRecord | None = None
    job: str = ""


class Deliver(Step):
    """Sells for the money held, and asks for the same card when it was pulled out."""

    PATIENCE = 0

    class CardAway(Message):
        """The card is away while it is written; `reason` as the till names it."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    def __init__(self, visit: Visit, payment: NotePayment) -> None:
        super().__init__()
        self.visit, self.payment = visit, payment
        self._never = threading.Event()

    def heading(self) -> str:
        """The one thing to do: nothing."""
        return self.say("kiosk.do_not_remove" if self.visit.by_card else "kiosk.making_token")

    def body(self) -> Iterable[Widget]:
        """A running bar."""
        yield Moving()
        yield Static("", classes="gap")
        text = self.say("kiosk.writing_card") if self.visit.by_card else ""
        yield Static(text, classes="line", markup=False)

    def help_key(self) -> str:
        """Why the card stays in."""
        return "kiosk.help_card" if self.visit.by_card else "kiosk.help_token"

    def press_cancel(self) -> None:
        """Too late: the money is booked and the outcome comes."""

    def deeds(self) -> list[Deed]:
        """The careless customer pulls the card, and puts it back."""
        if not self.visit.by_card:
            return []
        meter, name = self.visit.buyer.meter.number, self.visit.buyer.customer.name
        return [
            Deed(self.say("rehearsal.card_in", customer=name), lambda h: h.insert_card(meter)),
            Deed(self.say("rehearsal.card_out"), lambda hands: hands.pull_card()),
        ]

    def on_mount(self) -> None:
        """Begin at once: the customer has confirmed."""
        self.ask(self._sell, self._sold, quiet=True)

    # --- in a worker ----------------------------------------------------------------------------

    def _sell(self) -> Sold | Requoted:
        sold = complete(self.desk, self.visit, self.payment, self._card_back)
        if isinstance(sold, Requoted) or self.desk.writer is None:
            return sold
        return _with_slip(self.desk, sold)

    def _card_back(self, reason: str) -> bool:
        """Wait for a card; true when one is there that was not there when it went wrong."""
        self.post_message(self.CardAway(reason))
        wait_s, clock = self.desk.settings.faces.card_back_s, self.desk.clock
        before = self._insertions() if reason != "card_away" else -1
        until_ms = clock.monotonic_ms() + wait_s * 1000
        for _ in range(int(wait_s / _LOOK_S)):
            if self.face_app.ending.wait(_LOOK_S) or clock.monotonic_ms() >= until_ms:
                return False
            now = self._insertions()
            if now not in {None, before}:
                return True
        return False

    def _insertions(self) -> int | None:
        """The number of this insertion; None while no card is in."""
        reader = self.desk.reader
        try:
            return reader.insertions() if reader is not None and reader.present() else None
        except CardFault:
            return None

    # --- on the screen --------------------------------------------------------------------------

    def on_deliver_card_away(self, message: CardAway) -> None:
        """Ask for the same card, louder."""
        self.app.bell()
        seconds = self.desk.settings.faces.card_back_s
        key = "card_other" if message.reason == "card_other" else "card_removed"
        wait = self.say("kiosk.card_removed_time", seconds=seconds)
        self.note(f"{self.say(f'kiosk.{key}')} {wait}", "fault")

    def _sold(self, sold: Sold | Requoted) -> None:
        if isinstance(sold, Requoted):
            from kiosk.screens.self_service.changed import Changed

            again = partial(Deliver, self.visit, self.payment)
            self.face_app.go(Changed(self.visit, self.payment, sold, again))
            return
        self.visit.record, self.visit.job = sold.record, sold.job
        self.face_app.played.play(self.visit.buyer)
        if sold.record is None:
            self.face_app.go(Ending(_unsold(self, sold), kind="warn", visit=self.visit))
        elif sold.record.state != "delivered":
            self.face_app.go(Ending(_not_delivered(self, sold.record), "fault", self.visit))
        elif sold.record.token:
            self.face_app.played.token = sold.record.token
            self.face_app.go(TokenShown(self.visit))
        else:
            carries = self.say("kiosk.card_done", energy_wh=sold.record.committed.energy_wh)
            done = [carries, self.say("kiosk.card_done_help")]
            self.face_app.go(Ending(done, kind="good", visit=self.visit))


def complete(
    desk: Desk, visit: Visit, payment: NotePayment, card_back: CardBack
) -> Sold | Requoted:
    """Sell at the price that was shown while it holds; what the money buys otherwise is for the
    customer to decide (E12). A refusal keeps the money for the meter."""
    assert visit.offer is not None
    offer = renewed(desk, visit.offer, payment.held_minor)
    if isinstance(offer, Requoted):
        return offer
    outcome = offer if isinstance(offer, Refusal) else (
        sell(desk, offer, payment.payment_of(), card_back)
    )  # fmt: skip
    if isinstance(outcome, Refusal) and outcome.code == "quote_too_old":
        return complete(desk, visit, payment, card_back)  # it ended in this very moment
    if isinstance(outcome, Refusal):
        return Sold(None, outcome, payment.give_up("refused"))
    return Sold(outcome)


def _with_slip(desk: Desk, sold: Sold) -> Sold:
    job = ""
    if sold.record is not None:
        job = print_slip(desk, sold.record)
    elif sold.kept is not None:
        job = print_kept(desk, sold.kept)
    return msgspec.structs.replace(sold, job=job)


def _unsold(screen: Deliver, sold: Sold) -> list[str]:
    assert sold.refusal is not None
    sentences = [screen.words.refusal(sold.refusal)]
    if sold.kept is not None:
        amount_minor, meter = sold.kept.amount_minor, sold.kept.meter
        sentences.append(screen.say("kiosk.money_kept", amount_minor=amount_minor, meter=meter))
    return sentences


def _not_delivered(screen: Deliver, record: SaleRecord) -> list[str]:
    committed = record.committed
    if record.state == "voided":
        said = screen.say("kiosk.sale_voided", amount_minor=committed.amount_minor)
        return [said, *reason_told(screen.words, record.reason)]
    way = "card" if committed.card is not None else "token"
    return [
        screen.say("kiosk.sale_in_doubt", sale=committed.sale_id),
        screen.say(f"kiosk.sale_in_doubt_{way}"),
    ]
