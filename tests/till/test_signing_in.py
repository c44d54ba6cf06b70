"""Who sits at the counter: one answer for every wrong guess, and a wait that doubles."""

from __future__ import annotations

import time

import pytest

from kiosk.domain.facts import SignInRefused
from kiosk.errors import BadInput, Refusal
from kiosk.till.desk import Desk
from kiosk.till.operators import register, sign_in, sign_out
from tests.till.hall import KEYPAD, Hall, code, entries, sell_to

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
        assert code(sign_in(counter, "101", PIN)) == "operator_locked", "the right one waits too"
        hall.clock.advance(seconds=1)
        assert code(sign_in(counter, "101", WRONG)) == "wrong_pin"
    assert not isinstance(sign_in(counter, "102", PIN), Refusal), "others do not wait"


def test_the_wait_survives_when_the_program_is_started_again(hall: Hall, counter: Desk) -> None:
    for _ in range(5):
        sign_in(counter, "101", WRONG)
    hall.leave(counter)
    again = hall.station(role="", operator="")
    assert code(sign_in(again, "101", PIN)) == "operator_locked"
    hall.clock.advance(minutes=QUARTER_MIN)
    assert not isinstance(sign_in(again, "101", PIN), Refusal)
    for _ in range(4):
        assert code(sign_in(again, "101", WRONG)) == "wrong_pin", "counting starts anew"
    assert not isinstance(sign_in(again, "101", PIN), Refusal)


def test_a_new_operator_signs_in_when_registered(counter: Desk) -> None:
    register(counter, "105", "technician", "445566", by="301")
    assert not isinstance(sign_in(counter, "105", "445566"), Refusal)
    assert counter.role == "technician"


@pytest.mark.parametrize(
    ("role", "pin"), [("king", "4455"), ("cashier", "123"), ("cashier", "12a4"), ("cashier", "")]
)
def test_nobody_is_registered_when_role_or_pin_is_bad(counter: Desk, role: str, pin: str) -> None:
    before = entries(counter)
    with pytest.raises(BadInput):
        register(counter, "105", role, pin, by="301")
    assert entries(counter) == before


def test_no_pin_stands_anywhere_when_operators_were_registered(hall: Hall, counter: Desk) -> None:
    register(counter, "105", "cashier", "83726154", by="301")
    sign_in(counter, "105", "83726154")
    for path in hall.path.rglob("*"):
        if path.is_file():
            assert b"83726154" not in path.read_bytes(), path
