"""The program stops while notes move; the acceptor itself says what became of them (E22, E23)."""

from __future__ import annotations

import threading

import pytest

from drivers.cash import sim
from drivers.cash.cctalk import CctalkBillValidator
from kiosk import marks
from kiosk.domain.chart import HELD_NOTES, meter_account
from kiosk.ports import CashEvent
from kiosk.till import recover
from kiosk.till.desk import Desk
from kiosk.till.recover import Recovered
from tests.till.acceptor import Acceptor, Telling, break_at, buy, nothing_is_lost, opened, pay
from tests.till.hall import CARD, KEYPAD, DiedError, Hall, die_at, money, sold


def settled(desk: Desk) -> Recovered:
    outcome = recover.recover(desk)
    assert isinstance(outcome, Recovered), outcome
    return outcome


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


@pytest.mark.parametrize(
    ("name", "said", "kept_minor", "open_notes"),
    [
        ("acceptor", CashEvent("stacked", 1000), [1000], []),
        ("acceptor", CashEvent("returned", 1000), [], []),
        ("acceptor", CashEvent("stacked", 5000), [], ["in_doubt"]),
        ("acceptor", CashEvent("escrow", 1000), [], ["in_doubt"]),
        ("acceptor", CashEvent("lost"), [], ["in_doubt"]),
        ("another acceptor", CashEvent("stacked", 1000), [], ["offered"]),
    ],
    ids=[
        "its own note",
        "back again",
        "a note of another value",
        "the next note",
        "forgotten",
        "not its acceptor",
    ],
)
def test_the_note_ends_only_as_its_own_acceptor_says_of_it_E22(
    hall: Hall, kiosk: Desk, acceptor: Acceptor, name: str, said: CashEvent,
    kept_minor: list[int], open_notes: list[str],
) -> None:  # fmt: skip
    die_paying(hall, kiosk, acceptor, "note.after_intention")
    desk = hall.station(face="self-service")
    desk.cash = Telling(name, said)
    assert [payment.amount_minor for payment in settled(desk).payments] == kept_minor
    assert [note.state for note in desk.records.open_notes()] == open_notes


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
