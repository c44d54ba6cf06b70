"""Tokens on the screens: sets, forms, what was finished later, a meter whose key has run out."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kiosk.domain import facts
from kiosk.domain.free_units import FreeUnits
from kiosk.domain.record import TokenRecord
from kiosk.screens.widgets.digits import drawn, token_lines
from kiosk.till import keys
from kiosk.till.hand_over import hand_over_all
from kiosk.till.quote import Offer, quote
from tests.screens.conftest import Hall, Player
from tests.screens.tokens_of_a_hall import NEWER, PASSPHRASE, key_file, run_out, sold_while_silent
from tests.screens.walks import (
    answer,
    find_customer,
    sell_for,
    sign_in_by_keys,
    to_amount,
    to_payment,
)
from tests.till.hall import sell_to, sold

ALLOWANCE = FreeUnits("lifeline", 50_000, "Monthly allowance")
SIZES = [(80, 24), (120, 40)]


async def to_tokens(player: Player, name: str, row: str, wanted: str) -> None:
    """From the sign-in to a form of the technician's tokens."""
    await sign_in_by_keys(player, name)
    await player.see("TECHNICIAN MODE")
    await player.press("5")
    await player.see("Engineering token")
    if row == "10":
        await player.press("pagedown", "enter")
    else:
        await player.press(row)
    await player.see(wanted)


def large(player: Player, token: str) -> None:
    text = player.text()
    for row in (row for line in token_lines(token) for row in drawn(line)):
        assert row in text


def with_allowance(hall: Hall) -> Offer:
    found = quote(hall.desk, hall.keypad, 2000)
    assert isinstance(found, Offer)
    return msgspec.structs.replace(found, free=[ALLOWANCE])


# --- what was finished later, and sets -----------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_a_set_that_was_finished_later_is_shown_once_when_its_meter_comes_again(
    hall: Hall, size: tuple[int, int]
) -> None:
    hall.desk.operator, hall.desk.role = "self-service", "self_service"
    before = sold_while_silent(hall, with_allowance(hall))

    async def script(player: Player) -> None:
        await to_amount(player, hall.keypad)
        await player.see("Token 1 of 2, paid")
        record = hall.desk.records.sale(before.committed.sale_id)
        assert record is not None
        paid, free = record.tokens()
        large(player, paid)
        await player.press("1")
        await player.see("The meter took the token")
        await player.press("enter")
        await player.see("Token 2 of 2, free: 50.0 kWh")
        large(player, free)
        await player.press("1")
        await player.see("The meter took the token: 50.0 kWh added")
        await player.press("enter")
        await player.see("How much do you want to buy?")
        await player.press("escape")
        await player.see("Nothing was paid")
        await player.press("enter")
        await to_amount(player, hall.keypad)
        await player.see("How much do you want to buy?")

    hall.play(script, size=size)
    assert list(hall.paper.jobs) == [f"{before.committed.sale_id}/0"]
    printed = hall.desk.records.last_of("slip_printed")
    assert printed == facts.SlipPrinted(before.committed.sale_id, 0, "sent", "self-service")


def test_two_purchases_come_one_after_the_other_when_both_were_finished_later(hall: Hall) -> None:
    hall.desk.operator, hall.desk.role = "self-service", "self_service"
    sold_while_silent(hall)
    sold_while_silent(hall)

    async def script(player: Player) -> None:
        await to_amount(player, hall.keypad)
        await player.see("An earlier purchase was finished meanwhile")
        await player.see("Enter: next token")
        await player.press("enter")
        await player.see("Enter: go on")
        await player.press("enter")
        await player.see("How much do you want to buy?")

    hall.play(script)
    assert len(hall.paper.jobs) == 2


def test_the_counter_offers_a_finished_token_until_somebody_took_it(hall: Hall) -> None:
    before = sold_while_silent(hall)

    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "101")
        await player.see("What is to be done?")
        await player.press("1")
        await player.see("Which customer?")
        await player.press(*hall.keypad.meter.number, "enter")
        await player.see("An earlier purchase was finished meanwhile. 4: show it and print it.")
        await player.press("4")
        await player.see("Slip: printed.")
        record = hall.desk.records.sale(before.committed.sale_id)
        assert record is not None and record.token is not None
        large(player, record.token)
        await player.press("enter")
        await find_customer(player, hall.keypad.meter.number)
        assert "finished meanwhile" not in player.text()

    hall.play(script, face="cashier")
    assert hand_over_all(hall.desk, hall.keypad.meter.number) == []


def test_free_units_go_with_the_sale_when_a_supervisor_and_a_second_person_give_them(
    hall: Hall,
) -> None:
    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "301")
        await find_customer(player, hall.keypad.meter.number)
        await sell_for(player, "35")
        await player.see("9: free units")
        await player.press("9")
        await player.see("Energy in kWh")
        await answer(player, "5", "relief", "301", "1234")
        await player.see("301 is signed in already")
        await answer(player, "", "", "", "")
        await player.press("escape")
        await player.see("Cash received")
        await player.press("enter")
        await player.see("Sell?")
        await player.press("9")
        await player.see("Energy in kWh")
        await answer(player, "five", "relief", "302", "1234")
        await player.see("Say how much energy in kWh")
        await player.press("escape")
        await player.see("Cash received")
        await player.press("enter")
        await player.see("Sell?")
        await player.press("9")
        await player.see("Energy in kWh")
        await answer(player, "5", "relief", "302", "1234")
        await player.see("Cash received")
        await player.press("enter")
        await player.see("Free beside it: 5.0 kWh. relief")
        await player.press("enter")
        await player.see("2 of 2, free, 5.0 kWh:")
        await player.see("Slip: printed.")

    hall.play(script, face="cashier")
    (record,) = hall.desk.records.sales_of(meter=hall.keypad.meter.number)
    assert [free.second for free in record.committed.free_tokens()] == ["302"]


def test_no_free_units_are_offered_when_a_cashier_sells(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "101")
        await find_customer(player, hall.keypad.meter.number)
        await sell_for(player, "35")
        assert "9: free units" not in player.text()
        await player.press("9")
        await player.see("Sell?")

    hall.play(script, face="cashier")


# --- the key has run out --------------------------------------------------------------------------


def test_a_meter_buys_at_the_counter_when_it_was_led_through_its_roll_over(hall: Hall) -> None:
    meter = run_out(hall)

    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "301")
        await player.see("What is to be done?")
        await player.press("1")
        await player.see("Which customer?")
        await player.press(*meter.number, "enter")
        await player.see("5: change its key now")
        await player.press("enter")  # nothing is sold before
        await player.press("5")
        await player.see("Make the key change tokens")
        await player.press("enter")
        await player.see("1 of 2:")
        await player.see("2 of 2:")
        (record,) = hall.desk.records.key_changes_of(meter.number)
        assert [meter.enter(token).result for token in record.tokens] == ["accepted"] * 2
        await player.press("enter")
        await player.see("From 10.00 ZAR")
        await sell_for(player, "35")
        await player.press("enter")
        await player.see("Slip: printed.")

    hall.play(script, face="cashier")
    (record,) = hall.desk.records.sales_of(meter=meter.number)
    assert record.token is not None
    assert meter.enter(record.token).energy_wh_added == record.committed.energy_wh


def test_the_counter_warns_before_the_amount_when_a_key_change_was_never_confirmed(
    hall: Hall,
) -> None:
    meter = hall.keypad.meter.number
    hall.desk.operator, hall.desk.role = "301", "supervisor"
    assert isinstance(keys.change_key(hall.desk, meter, "moved", tariff_index=7), TokenRecord)

    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "301")
        await player.see("What is to be done?")
        await player.press("1")
        await player.see("Which customer?")
        await player.press(*meter, "enter")
        await player.see("is not confirmed: a token may not work")
        await player.press("enter")
        await player.see("Sell for the old key?")
        await player.press("escape")
        await player.see("is not confirmed: a token may not work")
        await player.press("5")
        await player.see("Show the key change tokens")
        await player.press("enter")
        await player.see("1 of 2:")
        await player.press("enter")
        await player.see("From 10.00 ZAR")

    async def asked_by_a_cashier(player: Player) -> None:
        await sign_in_by_keys(player, "101")
        await player.see("What is to be done?")
        await player.press("1", see="Which customer?")
        await player.press(*meter, "enter", see="Ask a technician or a supervisor.")
        assert "5: show" not in player.text()

    hall.play(asked_by_a_cashier, face="cashier")
    hall.play(script, face="cashier")
    after = hall.desk.records.meter(meter)
    assert after is not None and after.tariff_index == 7


def test_the_customer_hears_of_the_roll_over_before_any_amount(hall: Hall) -> None:
    meter = run_out(hall)

    async def script(player: Player) -> None:
        await to_amount(player, hall.keypad)
        await player.see("it needs key change tokens with roll-over before it can buy")
        await player.press("enter")
        await player.see("Put in your card")

    hall.play(script)
    assert hall.desk.records.sales_of(meter=meter.number) == []


def test_a_cashier_without_the_right_is_told_whom_to_ask_when_a_key_has_run_out(
    hall: Hall,
) -> None:
    meter = run_out(hall)

    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "101")
        await player.see("What is to be done?")
        await player.press("1")
        await player.see("Which customer?")
        await player.press(*meter.number, "enter")
        await player.see("Ask a technician or a supervisor.")
        assert "3: change" not in player.text()
        await player.press("3", "enter")
        await player.see("Ask a technician or a supervisor.")

    hall.play(script, face="cashier")
    assert hall.desk.records.key_changes_of(meter.number) == []


# --- the technician's forms -----------------------------------------------------------------------


def test_free_units_are_given_when_two_supervisors_fill_the_form(hall: Hall) -> None:
    meter = hall.keypad.meter.number

    async def script(player: Player) -> None:
        await to_tokens(player, "301", "6", "Amount in what the meter counts")
        await answer(player, meter, "5.21", "relief", "302", "0000")
        await player.see("Operator or PIN is wrong")
        await answer(player, "", "", "", "", "1234")
        await player.see(f"Free units {meter}")
        assert "1234" not in player.text()

    hall.play(script, face="technician")
    (given,) = hall.desk.records.given_tokens(meter, 9)
    assert (given.operation, given.state, given.energy_wh) == ("free_units", "issued", 5_300)


def test_a_token_is_replaced_from_the_clinic_when_the_meter_called_it_old(hall: Hall) -> None:
    meter = hall.keypad.meter.number
    hall.desk.operator, hall.desk.role = "101", "cashier"
    sold(sell_to(hall.desk, meter, 5_000))

    async def script(player: Player) -> None:
        await to_tokens(player, "301", "3", "What the meter shows")
        await answer(player, meter, "6", "")
        await player.see("takes no token as old as this one")
        await player.press("1")
        await player.see("Replacement of sale")
        await answer(player, "meter says old", "302", "1234")
        await player.see("The meter said: old.")

    hall.play(script, face="technician")
    given, _sale = hall.desk.records.given_tokens(meter, 9)
    assert (given.operation, given.state) == ("replacement", "issued")


def test_no_free_units_are_given_when_a_technician_fills_the_form(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await to_tokens(player, "201", "6", "Amount in what the meter counts")
        await answer(player, hall.keypad.meter.number, "5", "relief", "301", "1234")
        await player.see("Your role does not allow this;")

    hall.play(script, face="technician")
    assert hall.desk.records.given_tokens(hall.keypad.meter.number, 9) == []


def test_a_test_token_works_in_any_meter_when_the_form_is_filled(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await to_tokens(player, "201", "5", "19 meter number")
        await answer(player, "everything")
        await player.see("everything is no token that can be made here")
        await player.press(*["backspace"] * 10)
        await answer(player, "3", "look")
        await player.see("Meter test")

    hall.play(script, face="technician")
    (given,) = hall.desk.records.given_tokens("", 9)
    assert hall.house.hands is not None
    meter = hall.keypad.meter.number
    assert hall.house.hands.enter_token(meter, given.tokens[0]).result == "accepted"


def test_a_wrong_answer_of_an_engineering_token_is_said_at_its_own_question(hall: Hall) -> None:
    meter = hall.keypad.meter.number

    async def script(player: Player) -> None:
        await to_tokens(player, "201", "4", "Value (W, register, setting)")
        await answer(player, meter[:-1] + str((int(meter[-1]) + 1) % 10))
        await player.see("has a wrong digit")
        await player.press("backspace")
        await player.see("1 Power limit")
        await answer(player, meter[-1], "9")
        await player.see("9 is no token that can be made here")
        await player.press("backspace")
        await answer(player, "1", "20000000")
        await player.see("cannot carry 20000000 as power_limit")
        await player.press("backspace", "backspace", "backspace", "enter")
        await answer(player, "no")
        await player.see("Say why, in 3 to")
        await answer(player, "t enough power")
        await player.see("Power limit")

    hall.play(script, face="technician")
    (given,) = hall.desk.records.given_tokens(meter, 9)
    assert (given.operation, given.state) == ("power_limit", "issued")


def test_a_key_file_is_loaded_a_key_changed_and_confirmed_when_forms_are_filled(
    hall: Hall, tmp_path: Path
) -> None:
    meter, hands = hall.keypad.meter.number, hall.house.hands
    path = key_file(tmp_path, NEWER)
    assert hands is not None
    hands.enter_token(meter, "0" * 20)

    async def script(player: Player) -> None:
        await to_tokens(player, "201", "10", "Passphrase of the file")
        await answer(player, str(path), "wrong", "301", "1234")
        await player.see("passphrase is wrong")
        await answer(player, "", PASSPHRASE, "", "1234")
        await player.see("1 keys of module hall are in force")
        assert PASSPHRASE not in player.text()
        await player.press("escape")
        await player.see("Engineering token")
        await player.press("9")
        await player.see("Supply group")
        await answer(player, "123456")
        await player.see("goes to revision 2")
        await player.press("escape")
        await player.see("Engineering token")
        await player.press("7")
        await player.see("New supply group")
        await answer(player, meter, "", "new key", "")
        await player.see("2 of 2:")
        (record,) = hall.desk.records.key_changes_of(meter)
        assert [hands.enter_token(meter, t).result for t in record.tokens] == ["accepted"] * 2
        await player.press("escape")
        await player.see("Engineering token")
        await player.press("8")
        await player.see("Token number of the key change")
        await answer(player, record.committed.issue_id)
        await player.see("is now under group 123456, revision 2")

    hall.play(script, face="technician")
    found = hall.desk.records.meter(meter)
    assert found is not None and found.key_revision == 2


# --- more money than was chosen -------------------------------------------------------------------


def test_the_screen_says_what_all_the_money_buys_when_more_than_the_amount_is_in(
    hall: Hall,
) -> None:
    found = quote(hall.desk, hall.keypad, 7000)
    assert isinstance(found, Offer)
    energy = hall.house.words.energy(found.quote.energy_wh)

    async def script(player: Player) -> None:
        await to_payment(player, hall.keypad, "3")
        await player.see("For 50.00 ZAR you get")
        await player.press("2")
        await player.see("Put in: 20.00")
        assert "For 50.00 ZAR you get" in player.text()
        await player.press("3")
        await player.see(f"For 70.00 ZAR you get {energy}.")
        await player.press("enter")
        await player.see("Take your slip")

    hall.play(script)
    assert hall.desk.records.last_sales(1)[0].committed.energy_wh == found.quote.energy_wh
