"""Tokens on plain lines: what is typed, and what is said."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from drivers.vending.software import SoftwareVendor
from drivers.vending.vending_key import rehearsal_keys
from kiosk.domain.free_units import FreeUnits
from kiosk.till.quote import Offer, quote
from tests.screens.conftest import Hall, Talk
from tests.screens.tokens_of_a_hall import NEWER, PASSPHRASE, key_file, run_out, sold_while_silent
from tests.screens.walks import in_order

TECHNICIAN, SUPERVISOR = ("201", "1234"), ("301", "1234")
TOKENS = "8"
#: Rows of the technician's tokens.
ENGINEER, TEST, FREE, CHANGE, CONFIRM, OLD, KEYS, IMPORT = (str(row) for row in range(5, 13))


def digits(text: str) -> list[str]:
    return [found.replace(" ", "") for found in re.findall(r"(?:\d{4} ){4}\d{4}", text)]


def enter(hall: Hall, token: str) -> str:
    assert hall.house.hands is not None
    return hall.house.hands.enter_token(hall.keypad.meter.number, token).result


def test_an_engineering_token_is_said_when_its_questions_are_answered(
    hall: Hall, talk: Talk
) -> None:
    meter = hall.keypad.meter.number
    text = talk("technician", *TECHNICIAN, TOKENS, ENGINEER, meter, "1", "2000", "new limit")
    in_order(text, "1 Power limit", f"Power limit {meter}", "Reason: new limit", "Slip: printed.")
    (token,) = digits(text)
    assert enter(hall, token) == "accepted"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (("1", "-5", "limit"), "cannot carry -1 as power_limit"),
        (("1", "2000", ""), "Say why, in 3 to"),
        (("77",), "Not understood: 77"),
    ],
)
def test_no_engineering_token_is_made_when_an_answer_fits_none(
    hall: Hall, talk: Talk, answers: tuple[str, ...], said: str
) -> None:
    meter = hall.keypad.meter.number
    assert said in talk("technician", *TECHNICIAN, TOKENS, ENGINEER, meter, *answers)
    assert hall.desk.records.given_tokens(meter, 9) == []


def test_a_display_token_is_said_when_a_test_is_chosen(hall: Hall, talk: Talk) -> None:
    text = talk("technician", *TECHNICIAN, TOKENS, TEST, "3", "look at it")
    in_order(text, "3 display", "Meter test")
    assert enter(hall, digits(text)[0]) == "accepted"


def test_free_units_are_said_when_two_supervisors_agree(hall: Hall, talk: Talk) -> None:
    meter = hall.keypad.meter.number
    given = (meter, "5", "relief", "302", "1234")
    text = talk("technician", *SUPERVISOR, TOKENS, FREE, *given)
    in_order(text, f"Free units {meter}", "Slip: printed.")
    assert enter(hall, digits(text)[0]) == "accepted"
    refused = talk("technician", *TECHNICIAN, TOKENS, FREE, *given)
    assert "Your role does not allow this;" in refused


def test_a_key_is_loaded_changed_and_confirmed_when_it_is_done_line_by_line(
    hall: Hall, talk: Talk, tmp_path: Path
) -> None:
    meter, path = (
        hall.keypad.meter.number,
        str(key_file(tmp_path, replace(NEWER, limit_units=1000))),
    )
    enter(hall, "0" * 20)  # the meter is made under the old key
    wrong = talk("technician", *TECHNICIAN, TOKENS, IMPORT, path, "wrong", "301", "1234")
    assert "passphrase is wrong" in wrong
    loaded = talk("technician", *TECHNICIAN, TOKENS, IMPORT, path, PASSPHRASE, "301", "1234")
    in_order(loaded, "revision 2", "1 keys of module hall are in force")
    assert PASSPHRASE not in loaded + wrong
    listed = talk("technician", *TECHNICIAN, TOKENS, KEYS)
    assert "check value c33f45" in listed and "100.0 kWh left to sell" in listed
    assert "goes to revision 2" in talk("technician", *TECHNICIAN, TOKENS, OLD, "123456")
    text = talk("technician", *TECHNICIAN, TOKENS, CHANGE, meter, "", "new key")
    in_order(text, f"Key change {meter}", "1 of 2: ", "2 of 2: ", "Type all 2 tokens")
    assert [enter(hall, token) for token in digits(text)] == ["accepted"] * 2
    (record,) = hall.desk.records.key_changes_of(meter)
    first = record.committed.issue_id
    again = talk("technician", *TECHNICIAN, TOKENS, CHANGE, meter, "", "once more", "")
    assert f"Key change tokens {first} were made for meter {meter}" in again
    assert digits(again) == []
    done = talk("technician", *TECHNICIAN, TOKENS, CONFIRM, first)
    assert f"Meter {meter} is now under group 123456, revision 2" in done


def test_a_copy_a_check_and_the_clinic_are_said_when_a_cashier_asks(hall: Hall, talk: Talk) -> None:
    meter = hall.keypad.meter.number
    sold = talk("cashier", "101", "1234", "1", meter, "35", "", "Y")
    (record,) = hall.desk.records.sales_of(meter=meter)
    sale, (token,) = record.committed.sale_id, digits(sold)
    text = talk("cashier", "101", "1234", "9", "4", sale, "9", "4", "nothing")
    in_order(text, "COPY 1 goes to the printer.", "Slip: printed.", "nothing is not in")
    text = talk("cashier", "101", "1234", "9", "2", meter, token)
    in_order(text, f"This token is for meter {meter}: Credit", "Made here as Sale")
    text = talk("cashier", "101", "1234", "9", "3", meter, "3", token)
    in_order(text, "type all 20 digits again", f"First sale: {sale}.")


def test_a_token_is_replaced_from_the_clinic_when_two_persons_may_and_the_meter_called_it_old(
    hall: Hall, talk: Talk
) -> None:
    meter = hall.keypad.meter.number
    talk("cashier", "101", "1234", "1", meter, "35", "", "Y")
    cashier = talk("cashier", "101", "1234", "9", "3", meter, "6", "")
    assert "A supervisor and a second person can replace it here." in cashier
    complaint = (TOKENS, "3", meter, "6", "")
    text = talk("technician", *SUPERVISOR, *complaint, "Y", "meter says old", "302", "1234")
    in_order(text, "Replace the token", f"Replacement {meter}", "The meter said: old.", "Slip: ")
    assert enter(hall, digits(text)[0]) == "accepted"
    again = talk("technician", *SUPERVISOR, *complaint)
    in_order(again, "was replaced once", "work order")
    assert "Replace the token" not in again


# --- sets, and what was finished later ------------------------------------------------------------


def test_the_set_is_said_with_what_each_token_is_when_it_was_finished_later(
    hall: Hall, talk: Talk
) -> None:
    found = quote(hall.desk, hall.keypad, 2000)
    assert isinstance(found, Offer)
    allowance = FreeUnits("lifeline", 50_000, "Monthly allowance")
    sold_while_silent(hall, msgspec.structs.replace(found, free=[allowance]))
    hall.desk.operator, hall.desk.role = "self-service", "self_service"
    meter = hall.keypad.meter.number
    text = talk("self-service", "1", meter, "Y", "", "1", meter, "Y", "", "Q")
    in_order(
        text,
        "An earlier purchase was finished meanwhile",
        "Token 1 of 2, paid: ",
        "Token 2 of 2, free, 50.0 kWh: ",
        "Monthly allowance",
        "Slip: printed.",
        "Amount in ZAR:",
    )
    assert text.count("finished meanwhile") == 1
    assert [enter(hall, token) for token in digits(text)] == ["accepted"] * 2


def test_free_units_go_with_a_sale_when_a_supervisor_gives_them(hall: Hall, talk: Talk) -> None:
    meter = hall.keypad.meter.number
    sale = ("1", meter, "35", "5", "relief", "302", "1234", "", "Y")
    text = talk("cashier", *SUPERVISOR, *sale)
    in_order(
        text,
        "Free beside it: 5.0 kWh. relief",
        "Token 1 of 2, paid: ",
        "Token 2 of 2, free, 5.0 kWh: ",
    )
    assert [enter(hall, token) for token in digits(text)] == ["accepted"] * 2


def test_nothing_is_sold_when_nobody_agrees_to_the_free_units(hall: Hall, talk: Talk) -> None:
    sale = ("1", hall.keypad.meter.number, "35", "5", "relief", "302", "9999")
    assert "Operator or PIN is wrong" in talk("cashier", *SUPERVISOR, *sale)
    assert hall.desk.records.last_sales(9) == []


# --- the key has run out --------------------------------------------------------------------------


def test_a_meter_buys_when_it_was_led_through_its_roll_over(hall: Hall, talk: Talk) -> None:
    meter = run_out(hall)
    # The tokens are typed on the meter between two conversations; the set stays the same.
    text = talk("cashier", *SUPERVISOR, "1", meter.number, "Y", "N")
    in_order(text, "Make the key change tokens", "1 of 2: ", "2 of 2: ", "taken all 2 tokens?")
    assert [meter.enter(token).result for token in digits(text)] == ["accepted"] * 2
    again = talk("cashier", *SUPERVISOR, "1", meter.number, "Y", "Y", "35", "", "", "Y")
    in_order(again, "is now under group 123456, revision 2", "Token, five groups of four: ")
    assert digits(again)[:2] == digits(text)
    assert meter.enter(digits(again)[-1]).result == "accepted"


def test_a_purchase_is_asked_about_when_a_key_change_was_never_confirmed(
    hall: Hall, talk: Talk
) -> None:
    meter = hall.keypad.meter.number
    hall.desk.vendor = SoftwareVendor([NEWER, *rehearsal_keys()])
    talk("technician", *TECHNICIAN, TOKENS, CHANGE, meter, "", "new key")
    assert hall.desk.records.key_changes_of(meter), "made"
    stopped = talk("cashier", *SUPERVISOR, "1", meter, "N", "N")
    in_order(stopped, "nobody has confirmed", "taken all 2 tokens?", "Sell for the old key?")
    assert hall.desk.records.sales_of(meter=meter) == []
    cashier = talk("cashier", "101", "1234", "1", meter, "N")
    in_order(cashier, "nobody has confirmed", "Ask a technician or a supervisor.", "Sell for the")
    sold = talk("cashier", *SUPERVISOR, "1", meter, "N", "Y", "35", "", "", "Y")
    in_order(sold, "Sell for the old key?", "Token, five groups of four: ")
    customer = talk("self-service", "1", meter, "Y", "Q")
    assert "nobody has confirmed" in customer and "Amount in ZAR" not in customer


def test_the_customer_hears_whom_to_ask_when_the_key_has_run_out(hall: Hall, talk: Talk) -> None:
    meter = run_out(hall)
    text = talk("self-service", "1", meter.number, "Y", "Q")
    assert "needs key change tokens with roll-over" in text
    assert "Amount in ZAR" not in text
    talk("cashier", *SUPERVISOR, "1", meter.number, "Y", "N")
    hall.desk.operator, hall.desk.role = "self-service", "self_service"
    made = talk("self-service", "1", meter.number, "Y", "Q")
    assert "Its key change tokens are made: " in made


def test_what_all_the_money_buys_is_said_when_more_than_the_amount_is_in(
    hall: Hall, talk: Talk
) -> None:
    text = talk("self-service", "1", hall.keypad.meter.number, "Y", "30", "3", "", "Q")
    in_order(text, "30.00 ZAR buys", "Note of 50.00 ZAR taken.", "50.00 ZAR buys", "Enough.")
