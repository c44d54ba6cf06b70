"""Customers' money at the counter, by keys alone and line by line."""

from __future__ import annotations

import io

import pytest

from kiosk.domain import chart, facts
from kiosk.domain.account_record import AccountRecord
from kiosk.domain.debts import Plan
from kiosk.screens.linear import run_linear
from kiosk.till import account, debt
from kiosk.till.tokens import SecondPerson
from tests.screens.conftest import Hall, Player
from tests.screens.test_cashier import _choose, _customer, _sell, _sign_in
from tests.till.hall import sell_to, sold
from tests.till.test_undoing import LONG_MS, publish

SECOND = SecondPerson("301", "1234")


def money(hall: Hall, name: str) -> int:
    return hall.desk.records.balance(name, "ZAR")


async def _account(player: Player, number: str, operator: str = "101") -> None:
    await _sign_in(player, operator)
    await _choose(player, "Accounts and bills")
    await player.see("Interest of a month")
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


def test_the_cash_to_take_stands_on_every_screen_when_money_is_kept(hall: Hall) -> None:
    number = hall.keypad.meter.number
    hall.desk.journal.append(
        facts.NoteOffered("p1", 1, "s1", number, "acceptor", 1, 2_000, "ZAR"),
        facts.NoteStacked("p1", 1, 1),
        facts.PaymentKept("p1", number, 2_000, "ZAR", "left"),
    )
    told = "Kept for the meter: 20.00 ZAR. To pay: 15.00 ZAR."

    async def script(player: Player) -> None:
        await _sign_in(player)
        await _customer(player, number)
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
        await _account(player, owner)
        await player.see("Debt: 25.00 ZAR")
        await player.press("2")
        await player.press(*"10", "enter", "1", "enter")
        await player.see("Done: Debt paid")
        for digit, wanted in (("4", "15.00 ZAR"), ("5", "Debt paid"),
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


def test_a_plan_is_agreed_by_a_supervisor(hall: Hall) -> None:
    owner = hall.keypad.customer.account

    async def script(player: Player) -> None:
        await _account(player, owner, "301")
        await more(player, "5")
        await player.see("Plan: 1 fixed sum")
        await answer(player, "2", "30", "4", "agreed")
        await player.see("Done: Payment plan")
        await player.press("4")
        await player.see("a share of each purchase 30")

    hall.play(script, face="cashier")
    plan = hall.desk.records.debt_plan(owner)
    assert plan is not None
    assert (plan.rule, plan.share_ppm, plan.order) == ("share", 300_000, "largest")


async def more(player: Player, row: str) -> None:
    await player.press("0")
    await player.see("Everything that happened")
    await player.press(row)


async def answer(player: Player, *answers: str) -> None:
    for one in answers:
        await player.press(*one, "enter")


AGREED = ("asked for", "301", "1234")
SIZES = [(80, 24), (120, 40)]


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
        await _account(player, owner)
        for reference in ("CH1", "CH2"):
            await player.press("1")
            await player.see("Paid by: 1 cash")
            await answer(player, "60", "2", reference)
            await player.see("Done: Top-up")
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
        await player.see("Done: Payment bounced")
        await player.see("bounced")
        await player.press("question_mark")
        await player.see("Press 1 when the bank has paid")
        await player.press("escape")
        await player.see("1: bank has paid")

    hall.play(script, face="cashier", size=size)
    assert money(hall, chart.capital_account(owner)) == -6_000
    assert money(hall, chart.uncleared_account(owner)) == -6_000


@pytest.mark.parametrize("size", SIZES)
def test_a_deposit_is_taken_and_given_back_when_two_persons_agree(
    hall: Hall, size: tuple[int, int]
) -> None:
    owner = hall.keypad.customer.account

    async def script(player: Player) -> None:
        await _account(player, owner)
        await more(player, "2")
        await player.see("From: 1 cash, 2 the account")
        await answer(player, "80", "1")
        await player.see("Done: Deposit")
        await player.press("3")
        await player.see("Second person")
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
        await _account(player, owner)
        await player.press("4")
        await player.see("3: record another")
        await player.press("3")
        await player.see("Kind: 1 arrears")
        await answer(player, "1", "90", "2026-01-05", *AGREED)
        await player.see("Done: Debt")
        await player.press("1")
        await player.see("Amount (empty: all of it)")
        await answer(player, "20", "1")
        await player.see("Done: Debt paid")
        await player.press("2")
        await player.see("Give the debt up")
        await answer(player, "30", *AGREED)
        await player.see("Done: Debt written off")
        await player.see("40.00 ZAR")
        await player.press("4")
        await player.see("Plan: 1 fixed sum")
        await answer(player, "2", "30", "4", "agreed")
        await player.see("Your role does not allow this (approve)")

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
        await _account(player, owner)
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
        await _account(player, owner)
        await more(player, "6")
        await player.see("Old meter")
        await answer(player, "B77", "Old Name", "8841", "2026-10", "12", "2030-01-31", "")
        await player.see("Arrows and Enter: collect")
        await player.press("escape")
        await player.see("Everything that happened")
        await player.press("7")
        await player.see("Bill")
        await player.press("enter")
        await player.see("About: B77")

    hall.play(script, face="cashier", size=size)
    assert money(hall, chart.bills_receivable(owner)) == 1_200


@pytest.mark.parametrize("size", SIZES)
def test_sales_at_old_prices_and_interest_are_a_supervisors_rows(
    hall: Hall, size: tuple[int, int]
) -> None:
    hall.desk.operator, hall.desk.role = "101", "supervisor"
    record = sold(sell_to(hall.desk, hall.keypad.meter.number, 5_000))
    publish(hall.desk, 120, record.time_ms - LONG_MS)

    async def script(player: Player) -> None:
        await _sign_in(player, "301")
        await _choose(player, "Accounts and bills")
        await player.see("Sales at old prices")
        await player.press("7")
        await player.see("From (YYYY-MM-DD")
        await answer(player, "")
        await player.see("other prices than those of their moment: 1.")
        await player.press("enter")
        await player.see("1 sales were priced again.")
        await player.press("escape")
        await player.see("Interest of a month")
        await player.press("8")
        await answer(player, "2026-01")
        await player.see("Charge the interest of 2026-01")
        await player.press("enter")
        await player.see("interest")
        await player.press("escape")
        await player.see("Reversals that were interrupted")
        await player.press("6")
        await player.see("No reversal was interrupted.")
        await player.press("question_mark")
        await player.see("What needs a supervisor says so.")

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
            await _sign_in(player, operator)
            await _choose(player, "Past sales")
            await player.see("w: why")
            await player.press("enter")
            await player.see("4: price again")
            await player.press("4")
            await player.see("Enter: yes, do it")
            await player.press("enter")
            await player.see(wanted)
            await player.press("escape")
            await player.see("Arrows and Enter: choose")
            await player.press("escape")
            await player.see("What is to be done?")
            await player.press("escape")

    hall.play(script, face="cashier")
    assert hall.desk.records.rerated(record.committed.sale_id) is not None


def test_a_bill_is_collected_when_it_is_chosen(hall: Hall) -> None:
    from kiosk.till import bills

    text = "B1,X9,Old Customer,77,2026-10,80.00,2020-10-31,2.00"
    hall.desk.operator, hall.desk.role = "101", "cashier"
    bills.take_in(hall.desk, bills.read_bills([",".join(bills.COLUMNS), text], "ZAR", "101"))

    async def script(player: Player) -> None:
        await _sign_in(player)
        await _choose(player, "Accounts and bills")
        await player.see("Interest of a month")
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


def test_every_act_of_an_account_is_asked_line_by_line_when_there_is_no_screen(hall: Hall) -> None:
    owner = hall.keypad.customer.account
    hall.desk.operator, hall.desk.role = "102", "cashier"
    meter = hall.keypad.meter.number
    cheque = account.top_up(hall.desk, owner, "cheque", 1_000, reference="CH1")
    assert not hasattr(cheque, "code"), cheque
    agreed = ("asked for", "301", "1234", "Y")
    typed = (
        "101", "1234",
        "10", "6", "8", "1", "1", "Y",
        "10", "6", "3", owner, "20", "1", "Y",
        "10", "6", "4", owner, "5", *agreed,
        "10", "6", "5", owner, "1", "30", "2026-01-05", *agreed,
        "10", "6", "7", owner, "1", "", *agreed,
        "10", "6", "6", owner, "1", "5", "1", "agreed", "Y",
        "10", "6", "1", owner, owner, meter, "4", *agreed,
        "10", "6", "2", owner, "", "6", *agreed,
    )  # fmt: skip
    said, read = io.StringIO(), io.StringIO("".join(f"{line}\n" for line in typed))
    run_linear(hall.desk, hall.house.words, hall.house.hands, read, said, "cashier")
    kinds = {event.kind for event in hall.desk.records.account_events(owner, 50)}
    assert kinds == {
        "top_up_received", "top_up_cleared", "deposit_taken", "money_refunded", "debt_recorded",
        "debt_written_off", "money_transferred",
    }, said.getvalue()  # fmt: skip
    assert "Your role does not allow this (approve)" in said.getvalue()
    assert money(hall, chart.capital_account(owner)) == 0


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
        await _sign_in(player)
        await _customer(player, hall.keypad.meter.number)
        await player.press("enter")
        await player.see("For how much?")
        await player.press(*"35")
        await player.see("As agreed, 5.00 ZAR of this purchase goes to old debt")

    hall.play(script, face="cashier")


def test_one_key_says_why_wherever_a_sale_is_shown(hall: Hall) -> None:
    number, owner = hall.keypad.meter.number, hall.keypad.customer.account

    async def script(player: Player) -> None:
        await _sign_in(player)
        await _customer(player, number)
        await _sell(player, "35")
        await player.press("enter")
        await player.see("2 or w: why")
        await player.press("w")
        await player.see("every line agrees")
        await player.press("escape")
        await player.see("Enter: next customer")
        await player.press("enter")
        await _choose(player, "Accounts and bills")
        await player.see("Interest of a month")
        await player.press("1")
        await player.see("Account, meter or card number")
        await player.press(*owner, "enter")
        await player.see("1 Top up")
        await more(player, "7")
        await player.see("Sale paid")
        await player.press("w")
        await player.see("every line agrees")

    hall.play(script, face="cashier")
