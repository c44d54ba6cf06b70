"""Customers and meters at the counter, by keys alone."""

from __future__ import annotations

import pytest

from kiosk.till import closing
from kiosk.till.tokens import SecondPerson
from tests.screens.conftest import Hall, Player
from tests.screens.walks import answer, find_customer, sign_in_by_keys
from tests.till.hall import sell_to, sold
from tests.till.test_opening_accounts import number

SIZES = [(80, 24), (120, 40)]


async def menu(player: Player, row: str, operator: str = "301") -> None:
    await sign_in_by_keys(player, operator)
    await player.see("What is to be done?")
    await player.press("8")
    await player.see("Open an account")
    await player.press(row)


@pytest.mark.parametrize("size", SIZES)
def test_an_account_is_opened_with_a_keypad_meter(hall: Hall, size: tuple[int, int]) -> None:
    async def script(player: Player) -> None:
        await menu(player, "1", "101")
        await player.see("1 household 2 shop")
        await answer(player, "Lea Celik", "9 Hill", "0709", "1", "2", "")
        await player.see("Meter number (empty: no meter)")
        await answer(player, number(1), "1", "2", "3", "4600", "", "wall", "2026-11-20", "", "S1")
        await answer(player, "", "", "123456 1 2014")
        await player.see(f"Install meter {number(1)} (shop)?")
        await player.see("Open an account for Lea Celik, 9 Hill?")
        await player.press("enter")
        await player.see("Account 20000013 is open.")
        text = await player.see("ACCOUNT OPENED")
        assert number(1) in text

    hall.play(script, face="cashier", size=size)
    customer = hall.desk.records.customer("20000013")
    assert customer is not None
    assert (customer.customer_class, customer.area) == ("household", "south")
    meter = hall.desk.records.meter(number(1))
    assert meter is not None
    assert (meter.power_type, meter.phases, meter.capacity_w) == ("shop", 3, 4600)


def test_a_meter_is_handed_to_the_next_customer_when_its_account_was_closed(hall: Hall) -> None:
    meter = hall.keypad.meter

    async def script(player: Player) -> None:
        await menu(player, "1", "101")
        left = closing.close(hall.desk, meter.account, "moved", SecondPerson("301", "1234"))
        assert isinstance(left, closing.Closed), left
        await answer(player, "Lea Celik", "9 Hill", "", "", "", "")
        await player.see("Meter number (empty: no meter)")
        await answer(player, meter.number, "1", "2", *[""] * 10)
        await player.see(f"Meter {meter.number} stays where it is (shop).")
        await player.see(f"It goes from account {meter.account}, which is closed")
        await player.press("enter")
        await player.see("Account 20000013 is open.")

    async def later(player: Player) -> None:
        await sign_in_by_keys(player)
        await find_customer(player, meter.number)
        await player.see("customer before")

    hall.desk.operator, hall.desk.role = "101", "cashier"
    sold(sell_to(hall.desk, meter.number, 2_000))
    hall.play(script, face="cashier")
    hall.play(later, face="cashier")
    found = hall.desk.records.meter(meter.number)
    assert found is not None
    assert (found.account, found.power_type) == ("20000013", "shop")


def test_what_was_typed_stays_when_the_meter_number_is_wrong(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await menu(player, "1", "101")
        await answer(player, "Lea Celik", "9 Hill", "", "", "", "")
        await player.see("Meter number (empty: no meter)")
        await answer(player, "12345678901", "1", "1", *[""] * 10)
        await player.see("Install meter 12345678901")
        await player.press("enter")
        await player.see("has a wrong digit")

    hall.play(script, face="cashier")
    assert hall.desk.records.customer("20000013") is None


def test_nothing_is_opened_when_the_question_is_declined(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await menu(player, "1", "101")
        await answer(player, "Lea Celik", "9 Hill", "", "", "", "")
        await player.see("Meter number (empty: no meter)")
        await answer(player, *[""] * 13)
        await player.see("Open an account for Lea Celik")
        await player.press("escape")
        await player.see("Customers and meters")

    hall.play(script, face="cashier")
    assert hall.desk.records.customer("20000013") is None


@pytest.mark.parametrize("size", SIZES)
def test_a_customer_is_amended_by_the_numbers_of_field_and_reason(
    hall: Hall, size: tuple[int, int]
) -> None:
    account = hall.keypad.meter.account

    async def script(player: Player) -> None:
        await menu(player, "3", "101")
        await player.see("Account, meter or card number")
        await answer(player, hall.keypad.meter.number)
        await player.see("1 customer asked")
        await answer(player, "2", "7 Mill Lane", "2")
        await player.see("Amended.")
        await player.see("Address: 7 Mill Lane")

    hall.play(script, face="cashier", size=size)
    (line, *_) = hall.desk.records.amendments(1, number=account)
    assert (line.new, line.reason, line.operator) == ("7 Mill Lane", "typed wrongly", "101")


@pytest.mark.parametrize("size", SIZES)
def test_a_meter_is_blocked_and_its_history_is_shown(hall: Hall, size: tuple[int, int]) -> None:
    meter = hall.keypad.meter.number

    async def script(player: Player) -> None:
        await menu(player, "4", "101")
        await player.see("Account, meter or card number")
        await answer(player, meter)
        await player.see(f"Meter {meter}, in use")
        await player.press("4")
        await player.see("Reason")
        await answer(player, "3")
        await player.see(f"Meter {meter}, blocked")
        await player.press("6")
        await player.see("Amendments")
        await player.see("blocked")
        await player.press("enter")
        await player.see("Reason: meter defective")

    hall.play(script, face="cashier", size=size)
    found = hall.desk.records.meter(meter)
    assert found is not None
    assert found.blocked


@pytest.mark.parametrize("size", SIZES)
def test_a_meter_is_replaced_in_guided_steps(hall: Hall, size: tuple[int, int]) -> None:
    meter = hall.keypad.meter.number

    async def script(player: Player) -> None:
        await menu(player, "6", "101")
        await player.see("taken out")
        await answer(player, meter)
        await player.see("Energy issued to this meter here")
        await answer(player, "2", "1200", "12.3", "3")
        await player.see("Second person")
        await answer(player, number(9), "1", "", "", "S9", "123456 1 01 2014", "301", "1234")
        await player.see(f"put {number(9)} in its place?")
        await player.press("enter")
        await player.see(f"Meter {meter} is replaced by {number(9)}.")
        await player.press("pagedown", "pagedown")
        await player.see("METER REPLACED")
        await player.press("pagedown", "pagedown", "pagedown", "pagedown")
        await player.see(f"From now on buy for meter {number(9)}.")

    hall.play(script, face="cashier", size=size)
    done = hall.desk.records.replacement(meter=meter)
    assert done is not None
    assert done.moved_wh == 12_300
    slip, token = hall.paper.lines.values()
    said = " ".join(line.text for line in slip)
    assert "12.3 kWh are carried over as a token: type its 20 digits on the new meter" in said
    (record,) = hall.desk.records.replacements_of(done.replacement_id)
    digits = "".join(sign for line in token for sign in line.text + line.right if sign.isdecimal())
    assert record.tokens[0] in digits
    assert hall.desk.records.open_transfers() == []


def test_a_meter_is_cancelled_when_two_persons_agree(hall: Hall) -> None:
    meter = hall.keypad.meter.number

    async def script(player: Player) -> None:
        await menu(player, "7", "101")
        await player.see("taken out")
        await answer(player, meter)
        await player.see("Read by")
        await answer(player, "2", "1200", "3.5", "1")
        await player.see("What is left in it")
        await answer(player, "", "301", "1234")
        await player.see("say what becomes of it, paid or given up")
        await player.press("escape")
        await player.see("Install a further meter")
        await player.press("7")
        await player.see("taken out")
        await answer(player, meter)
        await player.see("Read by")
        await answer(player, "2", "1200", "3.5", "1")
        await player.see("What is left in it")
        await answer(player, "2", "301", "1234")
        await player.see(f"Cancel meter {meter}")
        await player.see("Nothing is paid for it.")
        await player.press("enter")
        await player.see(f"Meter {meter} is cancelled.")

    hall.play(script, face="cashier")
    found = hall.desk.records.meter(meter)
    assert found is not None
    assert found.retired


@pytest.mark.parametrize("size", SIZES)
def test_every_record_and_setup_page_is_shown_whole(hall: Hall, size: tuple[int, int]) -> None:
    async def script(player: Player) -> None:
        await menu(player, "8")
        await player.see("System diary")
        for row in "1234567":
            await player.press(row)
            await player.see("From (YYYY-MM-DD")
            await answer(player, hall.keypad.meter.account if row == "7" else "", "", "")
            await player.see("Arrows: another row")
            await player.press("escape")
            await player.see("System diary")
        await player.press("8")
        await player.see("Account, meter or card number")
        await answer(player, hall.keypad.meter.account)
        await player.see(hall.keypad.customer.name)
        await player.press("escape")
        await player.see("Overall inquiry")
        await player.press("escape")
        await player.see("Replace a meter")
        await player.press("9")
        await player.see("System dictionary")
        pages = ("[site]", "[card]", "household", "...", "Prices in force", "301")
        for row, wanted in zip("123456", pages, strict=True):
            await player.press(row)
            await player.see(wanted)
            await player.press("escape")
            await player.see("System dictionary")

    hall.play(script, face="cashier", size=size)
