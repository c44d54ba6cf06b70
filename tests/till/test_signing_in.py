"""Who sits at the counter: one answer for every wrong guess, and a wait that doubles."""

from __future__ import annotations

import time

import pytest

from kiosk.domain.facts import SignInRefused
from kiosk.domain.operator_facts import LockedSignInRefused, OperatorCardGiven, PinSecretKept
from kiosk.errors import BadInput, Refusal
from kiosk.till import staff
from kiosk.till.desk import Desk
from kiosk.till.maintain import devices
from kiosk.till.operators import sign_in, sign_out
from tests.till.hall import CARD, KEYPAD, Hall, code, entries, meter_number, sell_to

OTHER_CARD = meter_number("card", nth=1)
PIN, WRONG = "1234", "9999"
QUARTER_MIN = 15


@pytest.fixture
def counter(hall: Hall) -> Desk:
    """A counter at which nobody has signed in."""
    return hall.station(role="", operator="")


def test_the_cashier_may_sell_when_signed_in_and_not_afterwards(counter: Desk) -> None:
    assert code(sell_or_refuse(counter)) == "no_right"
    assert not isinstance(sign_in(counter, "101", PIN), Refusal)
    assert (counter.operator, counter.role) == ("101", "cashier")
    assert not isinstance(sell_to(counter, KEYPAD, 2000), Refusal)
    sign_out(counter)
    assert code(sell_or_refuse(counter)) == "no_right"


def sell_or_refuse(desk: Desk) -> object:
    from kiosk.till.quote import Buyer, find_buyer, quote

    buyer = find_buyer(desk, KEYPAD)
    assert isinstance(buyer, Buyer)
    return quote(desk, buyer, 2000)


@pytest.mark.parametrize(
    ("name", "pin"),
    [
        ("101", WRONG), ("101", ""), ("101", "1234 "), ("101", "1" * 500), ("101", "\0"),
        ("nobody", PIN), ("nobody", WRONG), ("", PIN), ("101' --", PIN), ("x" * 5000, PIN),
    ],
)  # fmt: skip
def test_the_answer_is_the_same_and_kept_when_anything_is_wrong(
    counter: Desk, name: str, pin: str
) -> None:
    before = entries(counter)
    assert sign_in(counter, name, pin) == Refusal("wrong_pin")
    assert counter.operator == ""
    kept = counter.journal.records.fact(before + 1)
    assert isinstance(kept, SignInRefused)
    assert kept.operator == name[:40]


def test_the_answer_takes_as_long_when_the_name_is_unknown(counter: Desk) -> None:
    def shortest_s(name: str) -> float:
        taken = []
        for _ in range(3):
            began = time.thread_time()  # whoever else uses this machine does not count
            sign_in(counter, name, WRONG)
            taken.append(time.thread_time() - began)
        return min(taken)

    known, unknown = shortest_s("101"), shortest_s("nobody")
    assert 0.3 < known / unknown < 3


def test_the_operator_waits_and_the_wait_doubles_when_the_pin_is_wrong_too_often(
    hall: Hall, counter: Desk
) -> None:
    for _ in range(5):
        assert code(sign_in(counter, "101", WRONG)) == "wrong_pin"
    for minutes in (QUARTER_MIN, 2 * QUARTER_MIN, 4 * QUARTER_MIN):
        hall.clock.advance(minutes=minutes, seconds=-1)
        assert code(sign_in(counter, "101", PIN)) == "wrong_pin", "the right one waits too"
        hall.clock.advance(seconds=1)
        assert code(sign_in(counter, "101", WRONG)) == "wrong_pin"
    assert not isinstance(sign_in(counter, "102", PIN), Refusal), "others do not wait"


def test_the_wait_survives_when_the_program_is_started_again(hall: Hall, counter: Desk) -> None:
    for _ in range(5):
        sign_in(counter, "101", WRONG)
    hall.leave(counter)
    again = hall.station(role="", operator="")
    assert code(sign_in(again, "101", PIN)) == "wrong_pin"
    hall.clock.advance(minutes=QUARTER_MIN)
    assert not isinstance(sign_in(again, "101", PIN), Refusal)
    for _ in range(4):
        assert code(sign_in(again, "101", WRONG)) == "wrong_pin", "counting starts anew"
    assert not isinstance(sign_in(again, "101", PIN), Refusal)


def test_the_wait_does_not_end_when_the_clock_is_set_forward(hall: Hall, counter: Desk) -> None:
    for _ in range(5):
        sign_in(counter, "101", WRONG)
    hall.clock.time_ms += 24 * 3_600_000
    assert code(sign_in(counter, "101", PIN)) == "wrong_pin"
    hall.leave(counter)
    again = hall.station(role="", operator="")
    assert code(sign_in(again, "101", PIN)) == "wrong_pin"
    hall.clock.advance(minutes=QUARTER_MIN)
    assert not isinstance(sign_in(again, "101", PIN), Refusal)


def test_the_wait_begins_anew_when_the_machine_is_started_again(hall: Hall, counter: Desk) -> None:
    for _ in range(5):
        sign_in(counter, "101", WRONG)
    hall.clock.passed_ms -= hall.clock.monotonic_ms()
    hall.clock.time_ms += 24 * 3_600_000
    assert code(sign_in(counter, "101", PIN)) == "wrong_pin"
    hall.clock.advance(minutes=QUARTER_MIN)
    assert not isinstance(sign_in(counter, "101", PIN), Refusal)


def test_no_attempt_during_the_wait_makes_it_longer_and_each_is_kept(
    hall: Hall, counter: Desk
) -> None:
    for _ in range(5):
        sign_in(counter, "101", WRONG)
    for _ in range(3):
        assert code(sign_in(counter, "101", WRONG)) == "wrong_pin"
        kept = counter.records.fact(entries(counter))
        assert kept == LockedSignInRefused("101", counter.station.name)
    hall.clock.advance(minutes=QUARTER_MIN)
    assert not isinstance(sign_in(counter, "101", PIN), Refusal)


def test_everybody_waits_half_a_minute_when_twenty_guesses_came_in_an_hour(
    hall: Hall, counter: Desk
) -> None:
    for number in range(20):
        assert code(sign_in(counter, f"guess{number}", WRONG)) == "wrong_pin"
    assert sign_in(counter, "101", PIN) == Refusal("sign_in_brake", {"seconds": 30})
    hall.clock.advance(seconds=29)
    assert sign_in(counter, "101", PIN) == Refusal("sign_in_brake", {"seconds": 1})
    hall.clock.advance(seconds=1)
    assert not isinstance(sign_in(counter, "101", PIN), Refusal)
    hall.clock.time_ms -= 365 * 24 * 3_600_000  # it had run ahead: nobody waits for that day
    assert sign_in(counter, "101", PIN) == Refusal("sign_in_brake", {"seconds": 30})
    hall.clock.advance(seconds=30)
    assert not isinstance(sign_in(counter, "101", PIN), Refusal)


def test_the_wait_ends_by_the_counter_alone_when_the_clock_had_run_ahead(
    hall: Hall, counter: Desk
) -> None:
    for _ in range(5):
        sign_in(counter, "101", WRONG)
    hall.clock.time_ms -= 365 * 24 * 3_600_000
    assert code(sign_in(counter, "101", PIN)) == "wrong_pin"
    hall.clock.advance(minutes=QUARTER_MIN)
    assert not isinstance(sign_in(counter, "101", PIN), Refusal)


def test_the_card_must_be_in_the_reader_when_an_operator_has_one(hall: Hall, counter: Desk) -> None:
    """A customer's card stands for one of the operator's own: the reader tells serials apart."""
    supervise(counter)
    counter.journal.append(OperatorCardGiven("101", hall.serial(CARD), "301"))
    sign_out(counter)
    assert code(sign_in(counter, "101", PIN)) == "wrong_pin", "no card"
    hall.put_in(OTHER_CARD)
    assert code(sign_in(counter, "101", PIN)) == "wrong_pin", "another card"
    hall.take_out()
    hall.put_in(CARD)
    assert not isinstance(sign_in(counter, "101", PIN), Refusal)
    sign_out(counter)
    supervise(counter)
    assert staff.take_card(counter, "101") is None
    hall.take_out()
    assert not isinstance(sign_in(counter, "101", PIN), Refusal)


def supervise(desk: Desk) -> None:
    assert not isinstance(sign_in(desk, "301", PIN), Refusal)


def test_a_customers_card_is_no_operators_card(hall: Hall, counter: Desk) -> None:
    supervise(counter)
    assert code(staff.give_card(counter, "101")) == "no_card"
    hall.put_in(CARD)
    assert code(staff.give_card(counter, "101")) == "card_taken"


def test_a_new_operator_signs_in_when_registered(counter: Desk) -> None:
    supervise(counter)
    assert staff.register(counter, "105", "technician", "445566") is None
    assert code(staff.register(counter, "105", "cashier", "445566")) == "operator_exists"
    assert not isinstance(sign_in(counter, "105", "445566"), Refusal)
    assert counter.role == "technician"


def test_only_a_supervisor_may_change_the_staff(counter: Desk) -> None:
    for name in ("", "101", "201"):
        if name:
            assert not isinstance(sign_in(counter, name, PIN), Refusal)
        assert code(staff.staff(counter)) == "no_right"
        assert code(staff.register(counter, "106", "cashier", "4455")) == "no_right"
        assert code(staff.reset_pin(counter, "102", "4455")) == "no_right"
        assert code(staff.unlock(counter, "102")) == "no_right"
        assert code(staff.retire(counter, "102", "left")) == "no_right"
        assert code(staff.change_role(counter, "102", "supervisor", "4455")) == "no_right"
        assert code(staff.give_card(counter, "102")) == "no_right"


def test_the_wait_ends_when_a_supervisor_unlocks_or_gives_a_new_pin(counter: Desk) -> None:
    def lock() -> None:
        for _ in range(5):
            sign_in(counter, "101", WRONG)

    lock()
    supervise(counter)
    assert {row.operator: row.state for row in rows(counter)}["101"] == "locked"
    assert staff.unlock(counter, "101") is None
    assert not isinstance(sign_in(counter, "101", PIN), Refusal)
    lock()
    supervise(counter)
    assert staff.reset_pin(counter, "101", "7788") is None
    assert code(sign_in(counter, "101", PIN)) == "wrong_pin"
    assert not isinstance(sign_in(counter, "101", "7788"), Refusal)


def rows(desk: Desk) -> list[staff.StaffRow]:
    found = staff.staff(desk)
    assert not isinstance(found, Refusal)
    return found


def test_one_changes_ones_own_pin_with_the_old_one(counter: Desk) -> None:
    assert code(staff.change_pin(counter, PIN, "5566")) == "no_right", "nobody is signed in"
    sign_in(counter, "101", PIN)
    assert code(staff.change_pin(counter, WRONG, "5566")) == "wrong_pin"
    assert staff.change_pin(counter, PIN, "5566") is None
    sign_out(counter)
    assert not isinstance(sign_in(counter, "101", "5566"), Refusal)


def test_somebody_signs_in_no_more_and_the_last_supervisor_stays_when_one_has_left(
    counter: Desk,
) -> None:
    supervise(counter)
    assert code(staff.retire(counter, "101", " ")) == "reason_missing"
    assert staff.retire(counter, "101", "left the hall") is None
    assert code(sign_in(counter, "101", PIN)) == "wrong_pin"
    assert code(staff.retire(counter, "301", "me")) == "own_service"
    assert staff.retire(counter, "302", "left too") is None
    assert code(staff.change_role(counter, "301", "cashier", "4455")) == "last_supervisor"
    assert code(staff.unlock(counter, "101")) == "operator_unknown"
    assert staff.register(counter, "101", "cashier", "9911") is None, "and may come back"
    assert not isinstance(sign_in(counter, "101", "9911"), Refusal)


@pytest.mark.parametrize(
    ("role", "pin"), [("king", "4455"), ("cashier", "123"), ("cashier", "12a4"), ("cashier", "")]
)
def test_nobody_is_registered_when_role_or_pin_is_bad(counter: Desk, role: str, pin: str) -> None:
    supervise(counter)
    before = entries(counter)
    with pytest.raises(BadInput):
        staff.register(counter, "105", role, pin)
    with pytest.raises(BadInput):
        staff.register(counter, "1 05", "cashier", "4455")
    assert entries(counter) == before


def test_no_pin_stands_anywhere_when_operators_were_registered(hall: Hall, counter: Desk) -> None:
    supervise(counter)
    staff.register(counter, "105", "cashier", "83726154")
    sign_in(counter, "105", "83726154")
    for path in hall.path.rglob("*"):
        if path.is_file():
            assert b"83726154" not in path.read_bytes(), path


def test_no_pin_is_called_wrong_when_the_secret_was_exchanged(counter: Desk) -> None:
    assert not isinstance(sign_in(counter, "101", PIN), Refusal)
    sign_out(counter)
    right, counter.pepper = counter.pepper, b"another secret"
    before = entries(counter)
    for name, pin in (("101", PIN), ("101", WRONG), ("nobody", PIN)):
        assert sign_in(counter, name, pin) == Refusal("pin_secret_other")
    counter.operator, counter.role = "301", "supervisor"
    with pytest.raises(BadInput, match=r"put keys/pins\.secret back"):
        staff.register(counter, "anna", "cashier", "740912")
    assert entries(counter) == before, "nobody is locked for it"
    states = devices(counter)
    assert isinstance(states, list)
    assert ("secret of the PINs", "fault") in {(each.device, each.state) for each in states}
    counter.pepper = right
    assert not isinstance(sign_in(counter, "101", PIN), Refusal)


def test_what_tells_the_secret_is_kept_once_when_somebody_signs_in_again(counter: Desk) -> None:
    assert counter.records.last_of("pin_secret_kept") is None
    for _ in range(2):
        assert not isinstance(sign_in(counter, "101", PIN), Refusal)
    kinds = [entry.kind for entry in counter.journal.after(0, 10_000)]
    assert kinds.count("pin_secret_kept") == 1
    assert isinstance(counter.records.last_of("pin_secret_kept"), PinSecretKept)
