"""Customers' money line by line, where there is no screen."""

from __future__ import annotations

import io

from kiosk.domain import chart
from kiosk.screens.linear import run_linear
from kiosk.till import account
from tests.screens.conftest import Hall


def money(hall: Hall, name: str) -> int:
    return hall.desk.records.balance(name, "ZAR")


def test_accounts_are_said_line_by_line_when_there_is_no_screen(hall: Hall) -> None:
    number = hall.keypad.meter.number
    hall.desk.operator, hall.desk.role = "102", "cashier"
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
    assert "Your role does not allow this;" in said.getvalue()
    assert money(hall, chart.capital_account(owner)) == 0
