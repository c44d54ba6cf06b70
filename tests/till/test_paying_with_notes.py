"""Notes: only what is in the box is money, and all of it is in the books (E22, E23)."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from drivers.cash import sim
from kiosk import marks
from kiosk.domain.chart import HELD_NOTES, SALES_PENDING, meter_account
from kiosk.domain.record import PaymentRecord
from kiosk.ports import CashEvent
from kiosk.till.desk import Desk
from kiosk.till.pay import NotePayment, NoteSeen
from tests.till.acceptor import (
    Acceptor,
    Telling,
    break_at,
    buy,
    next_seen,
    nothing_is_lost,
    opened,
    pay,
    take_notes,
)
from tests.till.hall import (
    CARD,
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
from tests.till.test_slips_of_sales import Tray


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
    assert opened(kiosk, KEYPAD, 1000, maximum_minor=1500).held_minor == 1500
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


def test_only_the_notes_are_kept_when_a_customer_with_kept_money_cancels_E23(
    kiosk: Desk, acceptor: Acceptor
) -> None:
    for amount, kept_minor in ((2000, -2000), (1000, -3000)):
        payment = opened(kiosk, KEYPAD, 5000)
        pay(payment, acceptor, amount)
        kept = payment.give_up("cancelled")
        assert isinstance(kept, PaymentRecord)
        assert kept.amount_minor == amount
        assert money(kiosk, meter_account(KEYPAD)) == kept_minor
    nothing_is_lost(kiosk, acceptor)


def test_a_note_is_not_on_the_screen_when_its_fact_was_not_written_E22(
    kiosk: Desk, acceptor: Acceptor
) -> None:
    payment = opened(kiosk, KEYPAD, 5000)
    marks.arm(die_at("pen.before_commit", 2))
    with pytest.raises(DiedError):
        pay(payment, acceptor, 2000)
    assert payment.held_minor == 0


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


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for the mechanics of the acceptor."""
    for _ in range(1000):
        if is_so():
            return
        threading.Event().wait(0.01)
    raise AssertionError("the acceptor does not come to it")


def test_the_note_is_stacked_after_all_when_the_acceptor_was_away_for_a_moment(
    kiosk: Desk, acceptor: Acceptor
) -> None:
    payment = opened(kiosk, KEYPAD, 2000)
    break_at("note.after_intention", acceptor, "mute", mended_after_s=0.5)
    assert pay(payment, acceptor, 2000) == NoteSeen("stacked", 2000, 2000)
    payment.give_up("cancelled")
    nothing_is_lost(kiosk, acceptor)


def test_the_note_is_stacked_again_when_the_acceptor_that_is_back_had_not_heard_it(
    kiosk: Desk,
) -> None:
    kiosk.cash = telling = Telling(
        "acceptor", CashEvent("escrow", 2000, 1), CashEvent("lost"), CashEvent("back"),
        CashEvent("stacked", 2000, 2),
    )  # fmt: skip
    assert next_seen(opened(kiosk, KEYPAD, 2000)) == NoteSeen("stacked", 2000, 2000)
    assert telling.heard == 2


def test_a_stuck_note_has_its_slip_and_counts_when_it_reaches_the_box_after_all_E22(
    kiosk: Desk, acceptor: Acceptor
) -> None:
    kiosk.slips = tray = Tray()
    payment = opened(kiosk, KEYPAD, 2000)
    break_at("note.after_intention", acceptor, "jam")
    assert pay(payment, acceptor, 2000) == NoteSeen("jam", 2000, 0)
    assert [note.state for note in kiosk.records.open_notes()] == ["in_doubt"]
    (job,) = tray.jobs
    assert job == f"{payment.payment}/note-1"
    assert {"NOTE IN DOUBT", "Note 20.00 ZAR"} <= set(tray.jobs[job])
    sim.set_fault(acceptor.folder, "jam", present=False)
    assert next_seen(payment) == NoteSeen("stacked", 2000, 2000)
    assert kiosk.records.open_notes() == []
    payment.give_up("cancelled")
    nothing_is_lost(kiosk, acceptor)


def test_the_notes_go_on_in_their_numbers_when_a_customer_comes_back_to_the_same_quote(
    kiosk: Desk,
) -> None:
    offer = offer_of(kiosk, KEYPAD, 2000)
    kiosk.cash = Telling(
        "acceptor", CashEvent("escrow", 2000, 1), CashEvent("returned", 2000, 2),
        CashEvent("escrow", 5000, 3), CashEvent("stacked", 5000, 4),
    )  # fmt: skip
    seen = []
    for _ in range(2):
        payment = NotePayment(kiosk, offer.sale_id, offer.buyer, 2000)
        take_notes(payment)
        seen.append(payment.step(0.1))
    assert seen == [NoteSeen("returned", 2000, 0), NoteSeen("stacked", 5000, 5000)]
    assert money(kiosk, HELD_NOTES) == -5000


def test_a_note_is_given_back_when_its_intention_cannot_be_written(kiosk: Desk) -> None:
    """Money in the box that no fact names is nobody's: this payment is another meter's."""
    offer = offer_of(kiosk, KEYPAD, 2000)
    kiosk.cash = telling = Telling(
        "acceptor", CashEvent("escrow", 2000, 1), CashEvent("jam"), CashEvent("escrow", 5000, 3)
    )
    seen = []
    for number in (KEYPAD, CARD):
        buyer = offer_of(kiosk, number, 2000).buyer
        payment = NotePayment(kiosk, offer.sale_id, buyer, 2000)
        take_notes(payment)
        seen.append(payment.step(0.1))
    assert seen == [NoteSeen("jam", 2000, 0), NoteSeen("returned", 5000, 0)]
    assert telling.heard == 1
    assert payment.give_up("cancelled") is None


def test_each_note_has_its_own_value_when_a_second_one_was_put_in_as_the_customer_left_E22(
    kiosk: Desk, acceptor: Acceptor
) -> None:
    """The second came into escrow, nobody looked, it went back; then much else happened."""
    first = opened(kiosk, KEYPAD, 2000)
    acceptor.feed(2000)
    second = acceptor.feed(1000)
    assert next_seen(first) == NoteSeen("stacked", 2000, 2000)
    first.give_up("cancelled")
    wait_until(lambda: acceptor.fate(second) == "returned")
    sim.set_fault(acceptor.folder, "lost_events")
    wait_until(lambda: not (acceptor.folder / "faults" / "lost_events").exists())
    payment = opened(kiosk, KEYPAD, 2000)
    acceptor.feed(10_000)
    wait_until(lambda: acceptor.device.device.memory.escrow is not None)
    assert next_seen(payment) == NoteSeen("stacked", 10_000, 12_000)
    payment.give_up("cancelled")
    assert kiosk.records.open_notes() == []
    nothing_is_lost(kiosk, acceptor)


@pytest.mark.parametrize(
    ("after", "seen"),
    [
        ([CashEvent("escrow", 5000, 9), CashEvent("stacked", 5000, 10)], ("stacked", 5000, 5000)),
        ([CashEvent("stacked", 5000, 2)], None),
    ],
    ids=["the next note is there", "another value was stacked"],
)
def test_a_note_is_in_doubt_when_its_end_was_not_heard_before_another_one_E22(
    kiosk: Desk, after: list[CashEvent], seen: tuple[str, int, int] | None
) -> None:
    kiosk.cash = Telling("acceptor", CashEvent("escrow", 2000, 1), CashEvent("lost"), *after)
    payment = opened(kiosk, KEYPAD, 2000)
    assert payment.step(0.1) == NoteSeen("lost", 2000, 0)
    assert payment.step(0.1) == (None if seen is None else NoteSeen(*seen))
    assert [note.amount_minor for note in kiosk.records.open_notes()] == [2000]
