"""The note acceptor of the hall, simulated at the other end of the wire, and what is done with it.

The driver is the real one. The machine lives on when the program ends, until its power is cut.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from drivers.cash import sim
from drivers.cash.cctalk import CctalkBillValidator
from kiosk import marks
from kiosk.domain.chart import cash
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.ports import CashEvent
from kiosk.till.desk import Desk
from kiosk.till.maintain import verify
from kiosk.till.pay import NotePayment, NoteSeen
from kiosk.till.quote import Offer, quote
from kiosk.till.sell import sell
from tests.till.hall import CURRENCY, money, offer_of

NOTES_MINOR = [1000, 2000, 5000, 10000]
BOX = cash("acceptor")


class Acceptor:
    """The machine on the wall: it lives on when the program ends, until its power is cut."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.drivers: list[CctalkBillValidator] = []
        self.power_on()

    def power_on(self) -> None:
        self.device = sim.SimulatedBillValidator(self.folder, NOTES_MINOR, CURRENCY, tick_s=0.02)

    def power_cut(self) -> None:
        self.device.close()
        self.power_on()

    def plug_in(self, desk: Desk, kind: type[CctalkBillValidator] = CctalkBillValidator) -> None:
        """Give `desk` a driver that has just started."""
        for driver in self.drivers:
            driver.close()
        driver = kind(self.device.path, CURRENCY, poll_s=0.01, reply_timeout_s=1.0, tries=2)
        driver.name = "acceptor"
        desk.cash = driver
        self.drivers.append(driver)

    def close(self) -> None:
        for driver in self.drivers:
            driver.close()
        self.device.close()

    def feed(self, amount_minor: int) -> str:
        return sim.feed(self.folder, amount_minor)

    def fate(self, ticket: str) -> str:
        return sim.fate(self.folder, ticket)

    def box_minor(self) -> int:
        return sim.box_minor(self.folder)


class Telling:
    """An acceptor that says one thing after another; `heard` is how often it was told to stack."""

    def __init__(self, name: str, *events: CashEvent) -> None:
        self.name, self.events, self.heard = name, list(events), 0

    def notes(self) -> list[int]:
        return NOTES_MINOR

    def enable(self, amounts_minor: Sequence[int]) -> None:
        """Whatever it is told, it says what it says."""

    disable = give_back = lambda _self: None

    def stack(self) -> None:
        self.heard += 1

    def trouble(self) -> str:
        return ""

    def wait(self, timeout_s: float) -> CashEvent | None:
        return self.events.pop(0) if self.events else None

    def since(self, counter: int) -> list[CashEvent]:
        return self.events


def opened(desk: Desk, meter: str, wanted_minor: int, maximum_minor: int = 500_000) -> NotePayment:
    offer = offer_of(desk, meter, wanted_minor)
    buyer = msgspec.structs.replace(offer.buyer, maximum_minor=maximum_minor)
    payment = NotePayment(desk, offer.sale_id, buyer, wanted_minor)
    take_notes(payment)
    return payment


def take_notes(payment: NotePayment) -> None:
    """Open the mouth; an acceptor that a busy machine keeps from answering is asked again."""
    refused = payment.open()
    for _ in range(200):
        if refused is None or refused.code != "no_acceptor":
            break
        payment.step(0.1)
        refused = payment.open()
    assert refused is None, refused


def pay(payment: NotePayment, acceptor: Acceptor, amount_minor: int) -> NoteSeen:
    """Push a note in and see what comes of it."""
    acceptor.feed(amount_minor)
    return next_seen(payment)


def next_seen(payment: NotePayment) -> NoteSeen:
    for _ in range(1200):
        seen = payment.step(0.1)
        if seen is not None and seen.kind not in {"back", "lost"}:
            return seen
    raise AssertionError("the acceptor says nothing")


def buy(desk: Desk, payment: NotePayment, meter: str) -> SaleRecord | Refusal:
    """Quote again for the money that is there, and sell."""
    payment.close()
    offer = quote(desk, offer_of(desk, meter, 2000).buyer, payment.held_minor, payment.payment)
    assert isinstance(offer, Offer), offer
    return sell(desk, offer, payment.payment_of())


def nothing_is_lost(desk: Desk, acceptor: Acceptor) -> None:
    """What is in the box is in the books, and the books are as they were written."""
    assert money(desk, BOX) == acceptor.box_minor()
    assert verify(desk).first_bad == 0


def break_at(mark: str, acceptor: Acceptor, fault: str, mended_after_s: float = 0) -> None:
    """At `mark` the acceptor gets `fault`; it is mended after a while, if at all."""

    def action(name: str) -> None:
        if name == mark:
            marks.arm(None)
            sim.set_fault(acceptor.folder, fault)
            if mended_after_s:
                threading.Timer(
                    mended_after_s, lambda: sim.set_fault(acceptor.folder, fault, present=False)
                ).start()

    marks.arm(action)
