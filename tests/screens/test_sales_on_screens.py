"""What is done about a sale at the counter afterwards, and why its figures are what they are."""

from __future__ import annotations

import pytest

from kiosk.domain import chart
from kiosk.domain.debts import Plan
from kiosk.till import debt
from kiosk.till.tokens import SecondPerson
from tests.screens.conftest import Hall, Player
from tests.screens.walks import (
    SIZES,
    account_page,
    answer,
    choose,
    find_customer,
    more,
    past_sales,
    sell_for,
    sign_in_by_keys,
    to_amount,
)
from tests.till.hall import sell_to, sold
from tests.till.new_prices import LONG_MS, publish

SECOND = SecondPerson("301", "1234")


def money(hall: Hall, name: str) -> int:
    return hall.desk.records.balance(name, "ZAR")


def test_the_reason_is_said_when_a_token_sale_shall_be_taken_back(hall: Hall) -> None:
    other = "20000003"

    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await find_customer(player, hall.keypad.meter.number)
        await sell_for(player, "35")
        await player.press("enter", see="Enter: next customer")
        await player.press("enter")
        await past_sales(player)
        await player.press("enter", see="3: take it back")
        await player.press("3", see="was shown, so it cannot be taken back")
        await player.press(*f"capital:{other}", "enter", "2", "enter", *"wrong", "enter")
        await player.press(*"301", "enter", *"1234", "enter")
        await player.see("The value of this sale was moved")
        assert "3: take it back" not in player.text(), "one thing is done about a sale"
        await player.press("4", see="The value of this sale was moved")

    hall.play(script, face="cashier")
    assert money(hall, chart.capital_account(other)) == -3_500


def test_a_card_sale_is_taken_back_when_its_card_is_in_the_reader(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await find_customer(player, hall.card.meter.number)
        await player.press("8", see="inserted")
        await sell_for(player, "20")
        await player.press("enter", see="Take the card out")
        await player.press("enter")
        await past_sales(player)
        await player.press("enter", see="3: take it back")
        await player.press("3", see="Own sale before closing")
        await player.press("1", "enter", *"mistyped", "enter", see="This sale was taken back.")

    hall.play(script, face="cashier")
    assert money(hall, chart.cash("101")) == 0


@pytest.mark.parametrize("size", SIZES)
def test_sales_at_old_prices_and_interest_are_a_supervisors_rows(
    hall: Hall, size: tuple[int, int]
) -> None:
    hall.desk.operator, hall.desk.role = "101", "supervisor"
    record = sold(sell_to(hall.desk, hall.keypad.meter.number, 5_000))
    publish(hall.desk, 120, record.time_ms - LONG_MS)

    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "301")
        await choose(player, "Accounts and bills")
        await player.see("Sales at old prices")
        await player.press("7", see="From (YYYY-MM-DD")
        await answer(player, "")
        await player.see("other prices than those of their moment: 1.")
        await player.see("Paid too little: 9.19 ZAR; paid too much: 0.00 ZAR.")
        await player.press("enter", see="1 sales were priced again.")
        await player.see("Paid too little: 9.19 ZAR")
        await player.press("escape", see="Interest of a month")
        await player.press("8")
        await answer(player, "2026-01")
        await player.see("Charge the interest of 2026-01")
        await player.press("enter", see="interest")
        await player.press("escape", see="Reversals that were interrupted")
        await player.press("6", see="No reversal was interrupted.")
        await player.press("question_mark", see="What needs a supervisor says so.")

    hall.play(script, face="cashier", size=size)
    assert hall.desk.records.rerated(record.committed.sale_id) is not None


def test_one_sale_is_priced_again_from_its_page(hall: Hall) -> None:
    hall.desk.operator, hall.desk.role = "101", "supervisor"
    record = sold(sell_to(hall.desk, hall.keypad.meter.number, 5_000))
    publish(hall.desk, 120, record.time_ms - LONG_MS)

    async def script(player: Player) -> None:
        for operator, wanted in (
            ("101", "Your role does not allow this"),
            ("301", "Done: Sale priced again"),
        ):
            await sign_in_by_keys(player, operator)
            await past_sales(player)
            await player.press("enter", see="4: price again")
            await player.press("4", see="Enter: yes, do it")
            await player.press("enter", see=wanted)
            await player.press("escape", see="Arrows and Enter: choose")
            await player.press("escape", see="What is to be done?")
            await player.press("escape")

    hall.play(script, face="cashier")
    assert hall.desk.records.rerated(record.committed.sale_id) is not None


def test_the_customer_sees_why_after_a_sale_when_zero_is_pressed(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await to_amount(player, hall.keypad)
        await player.see("How much")
        await player.press("1", see="Total")
        await player.press("enter", see="Put in your notes")
        await player.press("1", see="buy now")
        await player.press("enter", see="0: why?")
        await player.press("0", see="every line agrees")
        await player.press("0", see="Your token")

    hall.play(script)


def test_an_offer_is_shown_when_its_customer_pays_old_debt_as_agreed(hall: Hall) -> None:
    owner = hall.keypad.customer.account
    hall.desk.operator, hall.desk.role = "101", "supervisor"
    for outcome in (
        debt.record(hall.desk, owner, "arrears", 2_500, "2026-03-01", "old", SECOND),
        debt.agree_plan(hall.desk, owner, Plan("fixed", 500), "agreed"),
    ):
        assert not hasattr(outcome, "code"), outcome
    hall.desk.operator, hall.desk.role = "self-service", "self_service"

    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await find_customer(player, hall.keypad.meter.number)
        await player.press("enter", see="For how much?")
        await player.press(*"35", see="As agreed, 5.00 ZAR of this purchase goes to old debt")

    hall.play(script, face="cashier")


def test_one_key_says_why_wherever_a_sale_is_shown(hall: Hall) -> None:
    number, owner = hall.keypad.meter.number, hall.keypad.customer.account

    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await find_customer(player, number)
        await sell_for(player, "35")
        await player.press("enter", see="2 or w: why")
        await player.press("w", see="every line agrees")
        await player.press("escape", see="Enter: next customer")
        await player.press("enter")
        await account_page(player, owner)
        await more(player, "7")
        await player.see("Sale paid")
        await player.press("w", see="every line agrees")

    hall.play(script, face="cashier")


def test_a_role_is_refused_before_the_first_question_of_a_month(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "101")
        await choose(player, "Accounts and bills")
        for row in "78":
            await player.press(row, see="Your role does not allow this")
            await player.see("Interest of a month")

    hall.play(script, face="cashier")
