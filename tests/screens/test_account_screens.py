"""A customer's account at the counter, by keys alone."""

from __future__ import annotations

import textwrap

import pytest

from kiosk.config import Settings
from kiosk.domain import chart, facts
from kiosk.domain.account_record import AccountRecord, Figure
from kiosk.front.sentences import words_of
from kiosk.screens import account_telling
from kiosk.till import account, bills, debt
from kiosk.till.tokens import SecondPerson
from tests.screens.conftest import Hall, Player
from tests.screens.walks import (
    SIZES,
    answer,
    choose,
    find_customer,
    more,
    open_account,
    past_sales,
    sign_in_by_keys,
)

SECOND = SecondPerson("301", "1234")
AGREED = ("asked for", "301", "1234")


def money(hall: Hall, name: str) -> int:
    return hall.desk.records.balance(name, "ZAR")


@pytest.mark.parametrize("size", SIZES)
def test_an_account_is_topped_up_spent_and_explained_when_keys_are_pressed(
    hall: Hall, size: tuple[int, int]
) -> None:
    number, owner = hall.keypad.meter.number, hall.keypad.customer.account

    async def script(player: Player) -> None:
        await open_account(player, number)
        await player.press("1", see="Paid by: 1 cash")
        await answer(player, "60", "1", "", "50")
        await player.see("60.00 ZAR")
        assert "Enter: yes" not in player.text()
        await player.press("enter", "enter", "enter", *["backspace"] * 2)
        await player.press(*"100", "enter", see="Tendered: 100.00 ZAR Give back 40.00 ZAR")
        assert f"Top-up: 60.00 ZAR, account {owner}." in player.text()
        await player.press("enter", see="Done: Top-up")
        await player.see("On the account: 60.00 ZAR")
        await player.press("escape")
        await player.press("escape")
        await find_customer(player, number)
        await player.press("enter", see="For how much?")
        await player.press(*"35", see="Total")
        await player.press("enter", see="/: pay from the account")
        await player.press("/", see="Paid: Account")
        await player.press("enter", see="Enter: next customer")
        await player.press("enter")
        await past_sales(player)
        await player.press("w", see="Paid: 35.00 ZAR")
        await player.see("every line agrees")

    hall.play(script, face="cashier", size=size)
    assert money(hall, chart.capital_account(owner)) == -2_500
    assert any(job.startswith("account-") for job in hall.paper.jobs)


def test_the_cash_to_take_stands_on_every_screen_when_money_is_kept(hall: Hall) -> None:
    number = hall.keypad.meter.number
    hall.desk.journal.append(
        facts.NoteOffered("p1", 1, "s1", number, "acceptor", 1, 2_000, "ZAR"),
        facts.NoteStacked("p1", 1, 1),
        facts.PaymentKept("p1", number, 2_000, "ZAR", "left"),
    )
    told = "Kept for the meter: 20.00 ZAR. To pay: 15.00 ZAR."

    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await find_customer(player, number)
        await player.press("enter")
        await player.see("For how much?")
        await player.press(*"35")
        await player.see(told)
        await player.press("enter")
        await player.see("Cash received")
        await player.see(told)
        await player.press("enter")
        await player.see("Sell?")
        await player.see(told)
        await player.press("enter")
        await player.see("Paid: Cash, 15.00 ZAR")
        await player.see("Paid: Kept for the meter, 20.00 ZAR")

    hall.play(script, face="cashier")
    assert money(hall, chart.cash("101")) == 1_500


def test_debts_book_and_check_are_shown_when_their_digits_are_pressed(hall: Hall) -> None:
    owner = hall.keypad.customer.account
    hall.desk.operator, hall.desk.role = "101", "cashier"
    outcome = debt.record(hall.desk, owner, "arrears", 2_500, "2026-03-01", "old", SECOND)
    assert not hasattr(outcome, "code"), outcome

    async def script(player: Player) -> None:
        await open_account(player, owner)
        await player.see("Debt: 25.00 ZAR")
        await player.press("2")
        await player.press(*"10", "enter", "1", "enter", see="10.00 ZAR")
        await player.press("enter", see="Done: Debt paid")
        for digit, wanted in (("4", "15.00 ZAR"), ("5", "Debt paid"),
                              ("8", "as the postings say"), ("9", "")):  # fmt: skip
            await player.press(digit, see=wanted or "Slip")
            if wanted:
                await player.press("escape", see="1 Top up")

    hall.play(script, face="cashier")
    assert money(hall, chart.receivable(owner)) == 1_500


def test_a_plan_is_kept_when_a_supervisor_agrees_on_it(hall: Hall) -> None:
    owner = hall.keypad.customer.account

    async def script(player: Player) -> None:
        await open_account(player, owner, "301")
        await more(player, "5")
        await player.see("Plan: 1 fixed sum")
        await answer(player, "2", "30", "4", "agreed")
        await player.see("Done: Payment plan")
        await player.press("4", see="a share of each purchase 30")

    hall.play(script, face="cashier")
    plan = hall.desk.records.debt_plan(owner)
    assert plan is not None
    assert (plan.rule, plan.share_ppm, plan.order) == ("share", 300_000, "largest")


@pytest.mark.parametrize("size", SIZES)
def test_a_cheque_clears_and_another_bounces_when_they_are_chosen(
    hall: Hall, size: tuple[int, int]
) -> None:
    owner = hall.keypad.customer.account
    desk = hall.desk
    desk.operator, desk.role = "102", "cashier"
    by_102 = account.top_up(desk, owner, "cheque", 6_000, reference="CH0")
    assert isinstance(by_102, AccountRecord), by_102

    async def script(player: Player) -> None:
        await open_account(player, owner)
        for reference in ("CH1", "CH2"):
            await player.press("1", see="Paid by: 1 cash")
            await answer(player, "60", "2", reference, "")
            await player.see(f"Paid by: Cheque, {reference}")
            await player.press("enter", see="Done: Top-up")
        await player.see("Not yet cleared: 180.00 ZAR")
        await more(player, "1")
        await player.see("waits for the bank")
        await player.press("1")
        await player.see(f"The bank has paid: {owner}")
        await player.see("Cheque, CH2, 60.00 ZAR")
        await player.press("enter")
        await player.see("101 wrote this payment down")
        await player.see("waits for the bank")
        await player.press("down", "down", "1")
        await player.see("Cheque, CH0, 60.00 ZAR")
        await player.press("enter")
        await player.see("Done: Top-up cleared")
        await player.press("2")
        await player.see("Reason")
        await answer(player, "no cover")
        await player.see("Cheque bounced, entry")
        await player.see("60.00 ZAR is off the account again, nothing is owed.")
        await player.see("bounced")
        await player.press("question_mark", see="Press 1 when the bank has paid")
        await player.press("escape", see="1: bank has paid")

    hall.play(script, face="cashier", size=size)
    assert money(hall, chart.capital_account(owner)) == -6_000
    assert money(hall, chart.uncleared_account(owner)) == -6_000


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "40.00 ZAR is off the account, 20.00 ZAR was spent and is a debt now."),
     ("fr", "40,00 ZAR retirés du compte, 20,00 ZAR déjà dépensés sont une dette.")],
)  # fmt: skip
def test_a_cashier_asks_for_what_was_spent_when_a_cleared_cheque_bounces(
    language: str, told: str
) -> None:
    figures = [Figure("amount", 6_000), Figure("taken", 4_000), Figure("owed", 2_000)]
    record = AccountRecord(
        "top_up_bounced", "t1", "2001", "ZAR", figures, {"method": "cheque"}, [], "101", "",
        "no cover", 55, "ab", 0, "synced",
    )  # fmt: skip
    line = account_telling.done_line(words_of(Settings(), language), record)
    assert told in line
    assert len(textwrap.wrap(line, 78)) <= 2, "it stands in the notice of two lines"


@pytest.mark.parametrize("size", SIZES)
def test_a_deposit_is_taken_and_given_back_when_two_persons_agree(
    hall: Hall, size: tuple[int, int]
) -> None:
    owner = hall.keypad.customer.account

    async def script(player: Player) -> None:
        await open_account(player, owner)
        await more(player, "2")
        await player.see("From: 1 cash, 2 the account")
        await answer(player, "80", "1")
        await player.see("Deposit: 80.00 ZAR, account")
        await player.see("Paid in cash; it goes into your drawer.")
        await player.press("enter", see="Done: Deposit")
        await player.press("3", see="Second person")
        await answer(player, "50", *AGREED)
        await player.see("Done: Refund")

    hall.play(script, face="cashier", size=size)
    assert money(hall, chart.deposit(owner)) == -3_000
    assert money(hall, chart.cash("101")) == 3_000


@pytest.mark.parametrize("size", SIZES)
def test_a_debt_is_recorded_paid_given_up_and_planned_by_its_digits(
    hall: Hall, size: tuple[int, int]
) -> None:
    owner = hall.keypad.customer.account

    async def script(player: Player) -> None:
        await open_account(player, owner)
        await player.press("4", see="3: record another")
        await player.press("3", see="Kind: 1 arrears")
        await answer(player, "1", "90", "2026-01-05", *AGREED)
        await player.press("enter", see="Done: Debt")
        await player.press("1", see="Amount (empty: all of it)")
        await answer(player, "20", "1")
        await player.see("Debt paid: 20.00 ZAR")
        await player.press("enter", see="Done: Debt paid")
        await player.press("2", see="Give the debt up")
        await answer(player, "30", *AGREED)
        await player.press("enter", see="Done: Debt written off")
        await player.see("40.00 ZAR")
        await player.press("4", see="Plan: 1 fixed sum")
        await answer(player, "2", "30", "4", "agreed")
        await player.see("Your role does not allow this;")

    hall.play(script, face="cashier", size=size)
    assert money(hall, chart.receivable(owner)) == 4_000
    assert money(hall, chart.WRITTEN_OFF) == 3_000


@pytest.mark.parametrize("size", SIZES)
def test_an_account_is_closed_with_its_meter_when_it_was_read(
    hall: Hall, size: tuple[int, int]
) -> None:
    owner, meter = hall.keypad.customer.account, hall.keypad.meter.number
    hall.desk.operator, hall.desk.role = "101", "cashier"
    account.top_up(hall.desk, owner, "cash", 2_500)

    async def script(player: Player) -> None:
        await open_account(player, owner)
        await more(player, "8")
        await player.see("Paid out: 25.00 ZAR")
        await player.see(f"{meter}: last reading, kWh")
        await answer(player, "1", "120", "3.5", "2", *AGREED)
        await player.see(f"Close account {owner} and pay out 25.00 ZAR?")
        await player.see("Nothing is paid for it.")
        await player.press("enter")
        await player.see("To: Cash of 101")
        await player.see(f"Meter {meter} is cancelled with 3.5 kWh left in it")
        await player.press("escape")
        await player.see("Everything that happened")
        await player.press("8")
        await player.see("is closed")

    hall.play(script, face="cashier", size=size)
    assert hall.desk.records.is_closed(owner)
    found = hall.desk.records.meter(meter)
    assert found is not None
    assert found.retired
    assert money(hall, chart.cash("101")) == 0


@pytest.mark.parametrize("size", SIZES)
def test_a_bill_is_typed_and_the_whole_history_is_shown(hall: Hall, size: tuple[int, int]) -> None:
    owner = hall.keypad.customer.account

    async def script(player: Player) -> None:
        await open_account(player, owner)
        await more(player, "6")
        await player.see("Old meter")
        await answer(player, "B77", "Old Name", "8841", "2026-10", "12", "2030-01-31", "")
        await player.see("Arrows and Enter: collect")
        await player.press("escape", see="Everything that happened")
        await player.press("7", see="Bill")
        await player.press("enter", see="About: B77")

    hall.play(script, face="cashier", size=size)
    assert money(hall, chart.bills_receivable(owner)) == 1_200


def test_a_bill_is_collected_when_it_is_chosen(hall: Hall) -> None:
    text = "B1,X9,Old Customer,77,2026-10,80.00,2020-10-31,2.00"
    hall.desk.operator, hall.desk.role = "101", "cashier"
    bills.take_in(hall.desk, bills.read_bills([",".join(bills.COLUMNS), text], "ZAR", "101"))

    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await choose(player, "Accounts and bills")
        await player.see("Interest of a month")
        await player.press("2", see="Bill, account, meter or name")
        await player.press("enter", see="82.00 ZAR")
        await player.press("enter", see="empty: all of it")
        await player.press("enter", "2", "enter", see="Paid from the money on the account.")
        await player.press("escape", see="82.00 ZAR")
        await player.press("enter", see="empty: all of it")
        await player.press("enter", "enter", see="Old Customer")
        await player.press("enter", see="Done: Bill paid")

    hall.play(script, face="cashier")
    assert money(hall, chart.cash("101")) == 8_200
