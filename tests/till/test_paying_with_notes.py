"""Notes: only what is in the box is money, and all of it is in the books (E22, E23).

The acceptor is simulated at the other end of the wire; the driver is the real one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from drivers.cash import sim
from drivers.cash.cctalk import CctalkBillValidator
from kiosk import marks
from kiosk.domain.chart import HELD_NOTES, SALES_PENDING, cash, meter_account
from kiosk.domain.record import PaymentRecord, SaleRecord
from kiosk.errors import Refusal
from kiosk.till import recover
from kiosk.till.desk import Desk
from kiosk.till.maintain import verify
from kiosk.till.pay import NotePayment, NoteSeen
from kiosk.till.quote import Offer, quote
from kiosk.till.recover import Recovered
from kiosk.till.sell import sell
from tests.till.hall import (
    CARD,
    CURRENCY,
    KEYPAD,
    DiedError,
    Hall,
    code,
    die_at,
    money,
    offer_of,
    settings,
    sold,
)
from tests.till.test_selling_tokens import ForgetfulVendor, StubbornVendor

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
        driver = kind(self.device.path, CURRENCY, poll_s=0.01, reply_timeout_s=0.15, tries=2)
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


@pytest.fixture
def acceptor(tmp_path: Path) -> Iterator[Acceptor]:
    acceptor = Acceptor(tmp_path / "acceptor")
    yield acceptor
    acceptor.close()


@pytest.fixture
def kiosk(hall: Hall, acceptor: Acceptor) -> Desk:
    desk = hall.station(face="self-service", role="self_service", operator="self-service")
    acceptor.plug_in(desk)
    return desk


def opened(desk: Desk, meter: str, wanted_minor: int, maximum_minor: int = 500_000) -> NotePayment:
    offer = offer_of(desk, meter, wanted_minor)
    buyer = msgspec.structs.replace(offer.buyer, maximum_minor=maximum_minor)
    payment = NotePayment(desk, offer.sale_id, buyer, wanted_minor)
    assert payment.open() is None
    return payment


def pay(payment: NotePayment, acceptor: Acceptor, amount_minor: int) -> NoteSeen:
    """Push a note in and see what comes of it."""
    acceptor.feed(amount_minor)
    return next_seen(payment)


def next_seen(payment: NotePayment) -> NoteSeen:
    for _ in range(100):
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


def settled(desk: Desk) -> Recovered:
    outcome = recover.recover(desk)
    assert isinstance(outcome, Recovered), outcome
    return outcome


def nothing_is_lost(desk: Desk, acceptor: Acceptor) -> None:
    """What is in the box is in the books, and the books are as they were written."""
    assert money(desk, BOX) == acceptor.box_minor()
    assert verify(desk).first_bad == 0


def test_the_sale_is_for_all_notes_when_more_than_the_chosen_amount_was_paid(
    hall: Hall, kiosk: Desk, acceptor: Acceptor
) -> None:
    payment = opened(kiosk, KEYPAD, 3000)
    assert pay(payment, acceptor, 2000) == NoteSeen("stacked", 2000, 2000)
    enough = [payment.complete]
    assert pay(payment, acceptor, 5000) == NoteSeen("stacked", 5000, 7000)
    assert [*enough, payment.complete] == [False, True]
    record = sold(buy(kiosk, payment, KEYPAD))
    assert record.committed.amount_minor == record.committed.tendered_minor == 7000
    assert hall.enter(KEYPAD, record.token or "").energy_wh_added == record.committed.energy_wh
    assert money(kiosk, HELD_NOTES) == money(kiosk, SALES_PENDING) == 0
    nothing_is_lost(kiosk, acceptor)


def test_a_note_stays_outside_when_it_would_lead_above_the_maximum(
    kiosk: Desk, acceptor: Acceptor
) -> None:
    payment = opened(kiosk, KEYPAD, 2000, maximum_minor=3000)
    assert pay(payment, acceptor, 5000).kind == "rejected"
    assert pay(payment, acceptor, 2000).kind == "stacked"
    assert pay(payment, acceptor, 2000).kind == "rejected"
    assert pay(payment, acceptor, 1000).kind == "stacked"
    assert payment.held_minor == acceptor.box_minor() == 3000
    payment.close()


def test_the_money_is_kept_and_used_next_time_when_the_customer_cancels_E23(
    hall: Hall, kiosk: Desk, acceptor: Acceptor
) -> None:
    payment = opened(kiosk, KEYPAD, 5000)
    pay(payment, acceptor, 2000)
    kept = payment.give_up("cancelled")
    assert isinstance(kept, PaymentRecord)
    assert (kept.meter, kept.amount_minor, kept.reason) == (KEYPAD, 2000, "cancelled")
    assert money(kiosk, meter_account(KEYPAD)) == -2000
    again = opened(kiosk, KEYPAD, 3000)
    assert again.held_minor == 2000
    pay(again, acceptor, 1000)
    record = sold(buy(kiosk, again, KEYPAD))
    assert [(tender.kind, tender.amount_minor) for tender in record.committed.tenders] == [
        ("notes", 1000),
        ("meter_account", 2000),
    ]
    assert money(kiosk, meter_account(KEYPAD)) == 0
    nothing_is_lost(kiosk, acceptor)


def test_nothing_is_kept_when_the_customer_cancels_before_any_note(
    kiosk: Desk, acceptor: Acceptor
) -> None:
    assert opened(kiosk, KEYPAD, 5000).give_up("cancelled") is None
    ticket = acceptor.feed(2000)
    for _ in range(50):
        if acceptor.fate(ticket) != "waiting":
            break
        threading.Event().wait(0.02)
    assert acceptor.fate(ticket) == "rejected"


def test_the_same_money_pays_once_when_a_payment_is_sold_twice_E05(
    kiosk: Desk, acceptor: Acceptor
) -> None:
    payment = opened(kiosk, KEYPAD, 2000)
    pay(payment, acceptor, 2000)
    sold(buy(kiosk, payment, KEYPAD))
    assert code(buy(kiosk, payment, KEYPAD)) == "exists_with_different_content"
    assert payment.give_up("cancelled") is None
    assert money(kiosk, meter_account(KEYPAD)) == 0
    nothing_is_lost(kiosk, acceptor)


def test_no_note_is_taken_when_the_disk_is_nearly_full_E18(hall: Hall, acceptor: Acceptor) -> None:
    desk = hall.station(face="self-service", free_space_reserve_mib=2**40)
    acceptor.plug_in(desk)
    offer = offer_of(desk, KEYPAD, 2000)
    assert code(NotePayment(desk, offer.sale_id, offer.buyer, 2000).open()) == "disk_full"
    assert settings().limits.free_space_reserve_mib < 2**40


def test_no_note_is_taken_when_the_acceptor_is_dead_or_missing(
    kiosk: Desk, acceptor: Acceptor
) -> None:
    offer = offer_of(kiosk, KEYPAD, 2000)
    sim.set_fault(acceptor.folder, "mute")
    assert code(NotePayment(kiosk, offer.sale_id, offer.buyer, 2000).open()) == "no_acceptor"
    kiosk.cash = None
    assert code(NotePayment(kiosk, offer.sale_id, offer.buyer, 2000).open()) == "no_acceptor"


@pytest.mark.parametrize(
    ("vendor", "state", "pending_minor", "kept_minor"),
    [(StubbornVendor(0), "voided", 0, 2000), (ForgetfulVendor(99), "in_doubt", 2000, 0)],
)
def test_the_money_goes_to_the_meter_or_waits_when_the_module_fails(
    kiosk: Desk,
    acceptor: Acceptor,
    vendor: ForgetfulVendor,
    state: str,
    pending_minor: int,
    kept_minor: int,
) -> None:
    payment = opened(kiosk, KEYPAD, 2000)
    pay(payment, acceptor, 2000)
    kiosk.vendor = vendor
    sold(buy(kiosk, payment, KEYPAD), state)
    assert money(kiosk, SALES_PENDING) == -pending_minor
    assert money(kiosk, meter_account(KEYPAD)) == -kept_minor
    nothing_is_lost(kiosk, acceptor)


# --- the acceptor misbehaves (E22) ---------------------------------------------------------------


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


@pytest.mark.parametrize("fault", ["full", "box_removed"])
def test_a_note_is_no_money_when_the_box_cannot_take_it(
    kiosk: Desk, acceptor: Acceptor, fault: str
) -> None:
    payment = opened(kiosk, KEYPAD, 2000)
    break_at("note.after_intention", acceptor, fault)
    assert pay(payment, acceptor, 2000) == NoteSeen("returned", 2000, 0)
    assert payment.give_up("cancelled") is None
    assert kiosk.records.open_notes() == []
    nothing_is_lost(kiosk, acceptor)


def test_the_note_is_counted_once_when_the_answer_was_lost(kiosk: Desk, acceptor: Acceptor) -> None:
    payment = opened(kiosk, KEYPAD, 2000)
    break_at("note.after_intention", acceptor, "drop_reply")
    assert pay(payment, acceptor, 2000) == NoteSeen("stacked", 2000, 2000)
    payment.give_up("cancelled")
    nothing_is_lost(kiosk, acceptor)


def test_the_note_is_stacked_after_all_when_the_acceptor_was_away_for_a_moment(
    kiosk: Desk, acceptor: Acceptor
) -> None:
    payment = opened(kiosk, KEYPAD, 2000)
    break_at("note.after_intention", acceptor, "mute", mended_after_s=0.5)
    assert pay(payment, acceptor, 2000) == NoteSeen("stacked", 2000, 2000)
    payment.give_up("cancelled")
    nothing_is_lost(kiosk, acceptor)


def test_a_stuck_note_is_listed_and_counts_when_it_reaches_the_box_after_all(
    kiosk: Desk, acceptor: Acceptor
) -> None:
    payment = opened(kiosk, KEYPAD, 2000)
    break_at("note.after_intention", acceptor, "jam")
    assert pay(payment, acceptor, 2000) == NoteSeen("jam", 2000, 0)
    assert [note.state for note in kiosk.records.open_notes()] == ["in_doubt"]
    sim.set_fault(acceptor.folder, "jam", present=False)
    assert next_seen(payment) == NoteSeen("stacked", 2000, 2000)
    assert kiosk.records.open_notes() == []
    payment.give_up("cancelled")
    nothing_is_lost(kiosk, acceptor)


# --- the program stops, the acceptor does not ----------------------------------------------------

NOTE_MARKS = ("note.before_intention", "note.after_intention", "note.after_stack",
              "note.after_fact")  # fmt: skip


def die_paying(hall: Hall, kiosk: Desk, acceptor: Acceptor, mark: str, passage: int = 1) -> None:
    """Two notes and a change of mind; the program stops somewhere on the way."""
    payment = opened(kiosk, KEYPAD, 5000)

    def pay_and_cancel() -> None:
        for amount_minor in (1000, 2000):
            pay(payment, acceptor, amount_minor)
        payment.give_up("cancelled")

    marks.arm(die_at(mark, passage))
    with pytest.raises(DiedError):
        pay_and_cancel()
    marks.arm(None)
    hall.leave(kiosk)


@pytest.mark.parametrize("power", ["stays", "cut"])
@pytest.mark.parametrize("passage", [1, 2])
@pytest.mark.parametrize("mark", NOTE_MARKS)
def test_what_is_in_the_box_is_kept_for_the_meter_when_the_program_stopped_E22_E23(
    hall: Hall, kiosk: Desk, acceptor: Acceptor, mark: str, passage: int, power: str
) -> None:
    die_paying(hall, kiosk, acceptor, mark, passage)
    if power == "cut":
        acceptor.power_cut()
    desk = hall.station(face="self-service")
    acceptor.plug_in(desk)
    kept = settled(desk).payments
    assert sum(payment.amount_minor for payment in kept) == acceptor.box_minor()
    assert money(desk, meter_account(KEYPAD)) == -acceptor.box_minor()
    assert money(desk, HELD_NOTES) == 0
    assert desk.records.open_notes() == []
    assert settled(desk) == Recovered([], [], [])
    nothing_is_lost(desk, acceptor)


def test_it_is_kept_once_when_the_program_stopped_while_keeping(
    hall: Hall, kiosk: Desk, acceptor: Acceptor
) -> None:
    die_paying(hall, kiosk, acceptor, "note.before_keep")
    desk = hall.station(face="self-service")
    acceptor.plug_in(desk)
    assert [payment.amount_minor for payment in settled(desk).payments] == [3000]
    nothing_is_lost(desk, acceptor)


class DiesStacking(CctalkBillValidator):
    """A driver whose program stops when the device has heard `stack` and the note is moving."""

    def stack(self) -> None:
        super().stack()
        raise DiedError("stacking")


def test_a_note_on_its_way_is_waited_for_when_the_program_stopped_while_it_moved(
    hall: Hall, kiosk: Desk, acceptor: Acceptor
) -> None:
    acceptor.plug_in(kiosk, DiesStacking)
    payment = opened(kiosk, KEYPAD, 2000)
    break_at("note.after_intention", acceptor, "jam", mended_after_s=1.0)
    with pytest.raises(DiedError):
        pay(payment, acceptor, 2000)
    hall.leave(kiosk)
    desk = hall.station(face="self-service")
    acceptor.plug_in(desk)
    assert [payment.amount_minor for payment in settled(desk).payments] == [2000]
    nothing_is_lost(desk, acceptor)


def test_nothing_is_decided_when_the_acceptor_cannot_be_asked(
    hall: Hall, kiosk: Desk, acceptor: Acceptor
) -> None:
    die_paying(hall, kiosk, acceptor, "note.after_stack", 2)
    desk = hall.station()
    assert settled(desk) == Recovered([], [], [])
    assert [note.state for note in desk.records.open_notes()] == ["offered"]
    acceptor.plug_in(desk)
    sim.set_fault(acceptor.folder, "mute")
    assert settled(desk) == Recovered([], [], [])
    sim.set_fault(acceptor.folder, "mute", present=False)
    for _ in range(20):
        if kept := settled(desk).payments:
            break
        threading.Event().wait(0.1)
    assert [payment.amount_minor for payment in kept] == [3000]
    nothing_is_lost(desk, acceptor)


@pytest.mark.parametrize("fault", ["lost_events", "reset"])
def test_the_note_is_listed_in_doubt_when_the_acceptor_forgot_E22(
    hall: Hall, kiosk: Desk, acceptor: Acceptor, fault: str
) -> None:
    die_paying(hall, kiosk, acceptor, "note.after_stack")
    sim.set_fault(acceptor.folder, fault)
    while (acceptor.folder / "faults" / fault).exists():
        threading.Event().wait(0.02)
    desk = hall.station(face="self-service")
    acceptor.plug_in(desk)
    assert settled(desk).payments == []
    assert [(n.state, n.amount_minor) for n in desk.records.open_notes()] == [("in_doubt", 1000)]


@pytest.mark.parametrize("meter", [KEYPAD, CARD])
def test_the_sale_is_finished_when_the_program_stopped_after_its_notes_were_spent(
    hall: Hall, kiosk: Desk, acceptor: Acceptor, meter: str
) -> None:
    if meter == CARD:
        hall.put_in(CARD)
    payment = opened(kiosk, meter, 2000)
    pay(payment, acceptor, 2000)
    marks.arm(die_at("sale.after_commit_one"))
    with pytest.raises(DiedError):
        buy(kiosk, payment, meter)
    marks.arm(None)
    hall.leave(kiosk)
    desk = hall.station(face="self-service")
    acceptor.plug_in(desk)
    outcome = settled(desk)
    assert outcome.payments == []
    record = sold(outcome.sales[0])
    if meter == CARD:
        hall.take_out()
        added_wh = hall.insert_in_meter(CARD).energy_wh_added
    else:
        added_wh = hall.enter(KEYPAD, record.token or "").energy_wh_added
    assert added_wh == record.committed.energy_wh
    nothing_is_lost(desk, acceptor)
