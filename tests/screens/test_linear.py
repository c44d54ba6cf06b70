"""The linear face as conversations: what is typed, and what is said."""

from __future__ import annotations

import io
import os

import pytest

from kiosk.domain import facts
from kiosk.ledger.proof import Proof
from kiosk.screens.linear import run_linear
from kiosk.till import maintain
from kiosk.till.history import in_doubt
from tests.screens.conftest import Hall, Talk
from tests.screens.walks import in_order


def _token(text: str) -> str:
    return text.partition("five groups of four: ")[2][:24].replace(" ", "")


# --- self-service -----------------------------------------------------------------------------


def test_token_is_said_in_groups_when_a_keypad_meter_is_paid_with_notes(
    hall: Hall, talk: Talk
) -> None:
    text = talk("self-service", "1", hall.keypad.meter.number, "Y", "30", "2", "1", "", "Q")
    in_order(
        text,
        "Riverside Electricity, Market Hall",
        "1 buy electricity",
        f"Meter {hall.keypad.meter.number}, {hall.keypad.customer.name[:2]}*",
        "Service charge: 3.50 ZAR. Charged once with this purchase.",
        "30.00 ZAR buys",
        "No change is given.",
        "Still needed: 30.00 ZAR",
        "1 feed a note of 10.00 ZAR  2 feed a note of 20.00 ZAR",
        "Note of 20.00 ZAR taken.",
        "Still needed: 10.00 ZAR",
        "Note of 10.00 ZAR taken.",
        "Enough.",
        "Token, five groups of four: ",
        "Slip: printed.",
        "Thank you",
        "Goodbye.",
    )
    assert len(_token(text)) == 20
    assert _token(text).isdecimal()


def test_meter_takes_the_token_once_when_the_hands_type_it_twice(hall: Hall, talk: Talk) -> None:
    meter = hall.keypad.meter.number
    bought = talk("self-service", "1", meter, "Y", "20", "2", "", "Q")
    text = talk("self-service", "4", "3", meter, _token(bought), "4", "3", meter, _token(bought))
    in_order(text, "The meter took", "kWh added", "has had this token", "0.0 kWh added")


def test_notes_are_kept_for_the_meter_when_the_customer_stops(hall: Hall, talk: Talk) -> None:
    meter = hall.keypad.meter.number
    text = talk("self-service", "1", meter, "Y", "50", "1", "0", "Q")
    in_order(text, f"Cancelled. 10.00 ZAR is kept for meter {meter}", "Slip: printed.")
    again = talk("self-service", "1", meter, "Y", "20", "1", "", "Q")
    in_order(again, "Kept for this meter: 10.00 ZAR", "Put in: 10.00 ZAR", "Token, five groups")


def test_notes_are_kept_for_the_meter_when_the_input_ends_in_mid_payment(
    hall: Hall, talk: Talk
) -> None:
    text = talk("self-service", "1", hall.keypad.meter.number, "Y", "50", "2")
    in_order(text, "Note of 20.00 ZAR taken.", "Cancelled. 20.00 ZAR is kept", "Goodbye.")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("123", "123 is not a meter number; type the 11 digits"),
        ("01470000001", "has a wrong digit"),
        ("", "There is no card in the reader"),
    ],
)
def test_number_is_refused_with_its_reason_when_it_names_nobody(
    talk: Talk, typed: str, said: str
) -> None:
    assert said in talk("self-service", "1", typed, "Q")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("9", "the smallest is 10.00 ZAR"),
        ("5001", "the largest is 5000.00 ZAR"),
        ("ten", "ten is not an amount"),
        ("20.555", "has 2 digits after the point"),
    ],
)
def test_amount_is_asked_again_when_it_cannot_be_sold(
    hall: Hall, talk: Talk, typed: str, said: str
) -> None:
    text = talk("self-service", "1", hall.keypad.meter.number, "Y", typed, "", "Q")
    in_order(text, "Amount in ZAR:", said, "Amount in ZAR:")


def test_no_money_is_taken_when_a_card_meter_has_no_card_in_the_reader(
    hall: Hall, talk: Talk
) -> None:
    text = talk("self-service", "1", hall.card.meter.number, "Y", "20", "Q")
    in_order(text, "20.00 ZAR buys", "There is no card in the reader")
    assert "Put in notes" not in text


def test_card_carries_the_purchase_when_it_is_in_the_reader(hall: Hall, talk: Talk) -> None:
    meter = hall.card.meter.number
    text = talk(
        "self-service", "4", "1", meter, "1", "", "Y", "20", "2", "", "4", "2", "4", "4", meter
    )
    in_order(text, "The card carries purchase 1.", "Thank you", "card pulled", "kWh added")


def test_everything_is_said_in_french_when_the_language_is_changed(talk: Talk) -> None:
    in_order(talk("self-service", "3", "fr", "Q"), "en English", "1 acheter", "Au revoir.")


def test_money_is_never_forgotten_when_lines_come_through_a_pipe(hall: Hall) -> None:
    reading, writing = os.pipe()
    os.write(writing, f"1\n{hall.keypad.meter.number}\nY\n20\n2\n\nQ\n".encode())
    os.close(writing)
    said = io.StringIO()
    with os.fdopen(reading) as read:
        house = hall.house
        assert run_linear(hall.desk, house.words, house.hands, read, said, "self-service") == 0
    in_order(said.getvalue(), "Token, five groups of four: ", "Goodbye.")


# --- cashier ----------------------------------------------------------------------------------

_SIGN_IN = ("101", "1234")


def test_change_is_named_and_the_sale_stands_when_a_cashier_sells(hall: Hall, talk: Talk) -> None:
    meter = hall.keypad.meter.number
    text = talk("cashier", *_SIGN_IN, "1", meter, "35", "50", "Y", "8")
    in_order(
        text,
        "101 is signed in.",
        f"Meter {meter}, {hall.keypad.customer.name}, {hall.keypad.customer.address}.",
        "35.00 ZAR buys",
        "Give back 15.00 ZAR",
        f"to meter {meter} for 35.00 ZAR?",
        "Token, five groups of four: ",
        "Slip: printed.",
        "101 has signed out.",
        "Goodbye.",
    )


def test_money_kept_for_the_meter_is_named_before_cash_is_asked_for(hall: Hall, talk: Talk) -> None:
    meter = hall.keypad.meter.number
    kept = facts.PaymentKept("p1", meter, 6_000, "ZAR", "left")
    hall.desk.journal.append(
        facts.NoteOffered("p1", 1, "s1", meter, "acceptor", 1, 6_000, "ZAR"),
        facts.NoteStacked("p1", 1, 1), kept,
    )  # fmt: skip
    text = talk("cashier", *_SIGN_IN, "1", meter, "100", "", "Y", "4", "", "1")
    in_order(
        text,
        "Kept for the meter: 60.00 ZAR. To pay: 40.00 ZAR.",
        "Cash received",
        "Give back 0.00 ZAR",
        "Paid: Cash, 40.00 ZAR",
        "Paid: Kept for the meter, 60.00 ZAR",
        "Paid: Kept for the meter, 60.00 ZAR",
    )


def test_second_sale_is_questioned_when_meter_and_amount_are_the_same(
    hall: Hall, talk: Talk
) -> None:
    meter = hall.keypad.meter.number
    text = talk("cashier", *_SIGN_IN, "1", meter, "35", "", "Y", "1", meter, "35", "", "N")
    in_order(text, "Token, five", "The same meter bought 35.00 ZAR at", "Y does it")


def test_nothing_is_sold_when_the_cash_is_too_little_or_the_answer_is_no(
    hall: Hall, talk: Talk
) -> None:
    meter = hall.keypad.meter.number
    text = talk("cashier", *_SIGN_IN, "1", meter, "35", "30", "1", meter, "35", "", "N")
    in_order(text, "35.00 ZAR is needed", "for 35.00 ZAR?", "Y does it, N goes back:")
    assert "Token, five" not in text


def test_every_line_has_its_reason_and_the_replay_agrees_when_why_is_asked(
    hall: Hall, talk: Talk
) -> None:
    sold = talk("cashier", *_SIGN_IN, "1", hall.keypad.meter.number, "35", "", "Y")
    text = talk("cashier", *_SIGN_IN, "4", _token(sold))
    in_order(text, "for a kWh, before tax.", "Rate 15 %", "every line agrees.", _token(sold)[:4])


def test_copy_is_marked_and_counted_when_a_slip_is_printed_again(hall: Hall, talk: Talk) -> None:
    talk("cashier", *_SIGN_IN, "1", hall.keypad.meter.number, "35", "", "Y")
    text = talk("cashier", *_SIGN_IN, "3", "", "1", "Y", "3", "", "1", "Y")
    in_order(text, "Print COPY 1 of sale", "COPY 1 goes", "Print COPY 2 of sale", "COPY 2 goes")
    copy = next(lines for job, lines in hall.paper.lines.items() if job.endswith("/2"))
    assert any("COPY 2" in line.text for line in copy)


def test_customer_is_found_by_a_part_of_the_name_when_several_match(hall: Hall, talk: Talk) -> None:
    family = hall.keypad.customer.name.split()[1]
    text = talk("cashier", *_SIGN_IN, "2", family, "", "2", "nobody at all")
    in_order(text, hall.keypad.customer.name, "Nothing found for nobody at all.")


def test_sign_in_is_refused_when_pin_or_role_is_wrong(talk: Talk) -> None:
    text = talk("cashier", "101", "9999", "nobody", "1234", "201", "1234")
    in_order(text, "Operator or PIN is wrong", "Operator or PIN is wrong", "does not allow this")


# --- technician -------------------------------------------------------------------------------

_TECHNICIAN = ("201", "1234")


def test_devices_ledger_and_settings_are_said_when_a_technician_asks(talk: Talk) -> None:
    text = talk("technician", *_TECHNICIAN, "1", "3", "4", "5", "7")
    in_order(
        text,
        "TECHNICIAN MODE - 201",
        "ledger: in order.",
        "card reader: in order.",
        "line upstream: not there.",
        "entries are good.",
        '[site] mode = "rehearsal". rehearsal sells to simulated meters',
        "operator 201. line cut.",
        "201 has signed out.",
    )


def test_the_printer_is_tried_and_its_roll_counted_when_a_technician_says_so(
    hall: Hall, talk: Talk
) -> None:
    hall.paper.left_lines = 3
    text = talk("technician", *_TECHNICIAN, "10", "11", "N", "11", "Y")
    in_order(text, "The test slip goes to the printer.", "Slip: printed.", "4000 lines.")
    assert hall.paper.left_lines == 4000


def test_sale_in_doubt_is_undone_when_the_card_shows_that_nothing_was_written(
    hall: Hall, talk: Talk
) -> None:
    meter, hands = hall.card.meter.number, hall.house.hands
    assert hands is not None
    assert hall.house.world is not None
    hands.insert_card(meter)
    # Two readings of seven commands each before the sale is committed, one after it.
    hall.house.world.slot().pull_after(_commands_until_the_write(hall))
    sold = talk("cashier", *_SIGN_IN, "1", meter, "35", "", "Y", "0")
    in_order(sold, "The card came out too early.", "is in doubt. Keep the money")
    assert len(in_doubt(hall.desk)) == 1

    away = talk("technician", *_TECHNICIAN, "2", "1")
    in_order(away, "Waits for: the card", "What was to be written:", "No card testifies")


def _commands_until_the_write(hall: Hall) -> int:
    """How many commands one reading of a card takes, times the readings before the first write."""
    world = hall.house.world
    assert world is not None
    many = 10_000
    world.slot().pull_after(many)
    assert hall.desk.reader is not None
    hall.desk.reader.read()
    left = world.slot().state().pull_after
    assert left is not None
    return 4 * (many - left) + 1


def test_damage_is_named_when_the_ledger_was_changed(
    hall: Hall, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = Proof(7, 0, 0, "", first_bad=3, fault="was changed after it was written")
    monkeypatch.setattr(maintain, "verify", lambda _desk: damaged)
    text = talk("technician", *_TECHNICIAN, "3")
    assert "Entry 3 is damaged: was changed after it was written" in text


# --- the registry -----------------------------------------------------------------------------


def test_an_account_is_opened_line_by_line(talk: Talk) -> None:
    from tests.till.test_opening_accounts import number

    text = talk(
        "cashier", "101", "1234", "12", "1", "Lea Celik", "9 Hill", "0709", "1", "2", "",
        number(1), "1", "1", "1", "", "", "wall", "", "", "S1", "", "", "", "Y",
    )  # fmt: skip
    in_order(text, "Open an account", "1 household", "Open an account for Lea Celik, 9 Hill?")
    in_order(text, "Account 20000013 is open.", "ACCOUNT OPENED", number(1))


def test_a_customer_is_amended_line_by_line(hall: Hall, talk: Talk) -> None:
    account = hall.keypad.meter.account
    text = talk("cashier", "101", "1234", "12", "3", account, "2", "7 Mill Lane", "1")
    in_order(text, "Address: 1 River Road", "Amended.", "Address: 7 Mill Lane")
    assert hall.desk.records.amendments(1, number=account)[0].reason == "customer asked"


def test_a_meter_is_replaced_line_by_line(hall: Hall, talk: Talk) -> None:
    from tests.till.test_opening_accounts import number

    meter = hall.keypad.meter.number
    text = talk(
        "cashier", "101", "1234", "12", "4", meter, "2", "1200", "12.3", "1", number(9), "1", "",
        "", "", "123456 1 01 1993", "301", "1234", "Y",
    )  # fmt: skip
    in_order(text, "Energy issued to this meter here", f"is replaced by {number(9)}.", "REPLACED")
    made = hall.desk.records.meter(number(9))
    assert made is not None
    assert (made.supply_group, made.key_revision, made.base_date) == ("123456", 1, 1993)


def test_what_happened_is_listed_line_by_line(hall: Hall, talk: Talk) -> None:
    text = talk("cashier", "301", "1234", "12", "10", "")
    in_order(text, "operator_signed_in")
