"""Customers' money at the counter, by keys alone and line by line."""

from __future__ import annotations

import io

import pytest

from kiosk.domain import chart
from kiosk.screens.linear import run_linear
from kiosk.till import account, debt
from kiosk.till.tokens import SecondPerson
from tests.screens.conftest import Hall, Player
from tests.screens.test_cashier import _choose, _customer, _sell, _sign_in

SECOND = SecondPerson("301", "1234")


def money(hall: Hall, name: str) -> int:
    return hall.desk.records.balance(name, "ZAR")


async def _account(player: Player, number: str) -> None:
    await _sign_in(player)
    await _choose(player, "Accounts and bills")
    await player.see("1-2 choose a row")
    await player.press("1")
    await player.see("Account, meter or card number")
    await player.press(*number, "enter")
    await player.see("1 Top up")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_an_account_is_topped_up_spent_and_explained_when_keys_are_pressed(
    hall: Hall, size: tuple[int, int]
) -> None:
    number, owner = hall.keypad.meter.number, hall.keypad.customer.account

    async def script(player: Player) -> None:
        await _account(player, number)
        await player.press("1")
        await player.see("Paid by: 1 cash")
        await player.press(*"60", "enter", "1", "enter", "enter")
        await player.see("Done: Top-up")
        await player.see("On the account: 60.00 ZAR")
        await player.press("escape")
        await player.press("escape")
        await _customer(player, number)
        await player.press("enter")
        await player.see("For how much?")
        await player.press(*"35")
        await player.see("Total")
        await player.press("enter")
        await player.see("/: pay from the account")
        await player.press("/")
        await player.see("Paid: Account")
        await player.press("enter")
        await player.see("Enter: next customer")
        await player.press("enter")
        await _choose(player, "Past sales")
        await player.see("w: why")
        await player.press("w")
        await player.see("Paid: 35.00 ZAR")
        await player.see("every line agrees")

    hall.play(script, face="cashier", size=size)
    assert money(hall, chart.capital_account(owner)) == -2_500
    assert any(job.startswith("account-") for job in hall.paper.jobs)


def test_debts_book_and_check_are_shown_when_their_digits_are_pressed(hall: Hall) -> None:
    owner = hall.keypad.customer.account
    hall.desk.operator, hall.desk.role = "101", "cashier"
    outcome = debt.record(hall.desk, owner, "arrears", 2_500, "2026-03-01", "old", SECOND)
    assert not hasattr(outcome, "code"), outcome

    async def script(player: Player) -> None:
        await _account(player, owner)
        await player.see("Debt: 25.00 ZAR")
        await player.press("2")
        await player.press(*"10", "enter", "1", "enter")
        await player.see("Done: Debt paid")
        for digit, wanted in (("4", "15.00 ZAR of 25.00 ZAR"), ("5", "Debt paid"),
                              ("8", "as the postings say"), ("9", "")):  # fmt: skip
            await player.press(digit)
            await player.see(wanted or "Slip")
            if wanted:
                await player.press("escape")
                await player.see("1 Top up")

    hall.play(script, face="cashier")
    assert money(hall, chart.receivable(owner)) == 1_500


def test_the_reason_is_said_when_a_token_sale_shall_be_taken_back(hall: Hall) -> None:
    other = "20000003"

    async def script(player: Player) -> None:
        await _sign_in(player)
        await _customer(player, hall.keypad.meter.number)
        await _sell(player, "35")
        await player.press("enter")
        await player.see("Enter: next customer")
        await player.press("enter")
        await _choose(player, "Past sales")
        await player.see("w: why")
        await player.press("enter")
        await player.see("3: take it back")
        await player.press("3")
        await player.see("was shown, so it cannot be taken back")
        await player.press(*f"capital:{other}", "enter", "2", "enter", *"wrong", "enter")
        await player.press(*"301", "enter", *"1234", "enter")
        await player.see("The value of this sale was moved")

    hall.play(script, face="cashier")
    assert money(hall, chart.capital_account(other)) == -3_500


def test_a_card_sale_is_taken_back_when_its_card_is_in_the_reader(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await _sign_in(player)
        await _customer(player, hall.card.meter.number)
        await player.press("8")
        await player.see("inserted")
        await _sell(player, "20")
        await player.press("enter")
        await player.see("Take the card out")
        await player.press("enter")
        await _choose(player, "Past sales")
        await player.see("w: why")
        await player.press("enter")
        await player.see("3: take it back")
        await player.press("3")
        await player.see("Own sale before closing")
        await player.press("1", "enter", *"mistyped", "enter")
        await player.see("This sale was taken back.")

    hall.play(script, face="cashier")
    assert money(hall, chart.cash("101")) == 0


def test_a_bill_is_collected_when_it_is_chosen(hall: Hall) -> None:
    from kiosk.till import bills

    text = "B1,X9,Old Customer,77,2026-10,80.00,2020-10-31,2.00"
    hall.desk.operator, hall.desk.role = "101", "cashier"
    bills.take_in(hall.desk, bills.read_bills([",".join(bills.COLUMNS), text], "ZAR", "101"))

    async def script(player: Player) -> None:
        await _sign_in(player)
        await _choose(player, "Accounts and bills")
        await player.see("1-2 choose a row")
        await player.press("2")
        await player.see("Bill, account, meter or name")
        await player.press("enter")
        await player.see("82.00 ZAR")
        await player.press("enter")
        await player.see("empty: all of it")
        await player.press("enter", "enter")
        await player.see("Done: Bill paid")

    hall.play(script, face="cashier")
    assert money(hall, chart.cash("101")) == 8_200


def test_the_customer_sees_why_after_a_sale_when_zero_is_pressed(hall: Hall) -> None:
    from tests.screens.test_self_service import to_amount

    async def script(player: Player) -> None:
        await to_amount(player, hall.keypad)
        await player.see("How much")
        await player.press("1")
        await player.see("Total")
        await player.press("enter")
        await player.see("Put in your notes")
        await player.press("1")
        await player.see("buy now")
        await player.press("enter")
        await player.see("0: why?")
        await player.press("0")
        await player.see("every line agrees")
        await player.press("0")
        await player.see("Your token")

    hall.play(script)


def test_accounts_are_said_line_by_line_when_there_is_no_screen(hall: Hall) -> None:
    number = hall.keypad.meter.number
    hall.desk.operator, hall.desk.role = "101", "cashier"
    done = account.top_up(hall.desk, number, "cash", 1_000)
    assert not hasattr(done, "code"), done
    typed = (
        "101", "1234", "10", "2", number, "20", "1", "Y", "10", "1", number,
        "10", "4", "nosuchsale", "10", "3", number, "5", "1", "Y",
    )  # fmt: skip
    said = io.StringIO()
    read = io.StringIO("".join(f"{line}\n" for line in typed))
    run_linear(hall.desk, hall.house.words, hall.house.hands, read, said, "cashier")
    text = said.getvalue()
    for wanted in ("Top-up: 20.00 ZAR", "On the account: 30.00 ZAR", "Nothing is owed.",
                   "nosuchsale is not in the journal", "Only 0.00 ZAR is owed there."):  # fmt: skip
        assert wanted in text, (wanted, text)
