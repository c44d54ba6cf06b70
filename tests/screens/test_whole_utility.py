"""The whole rehearsal utility at the counter: every kind of customer buys, and why is explained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kiosk.config import Settings
from kiosk.domain import chart
from kiosk.domain.registry import Meter
from kiosk.front import utility_accounts
from kiosk.front.wiring import build
from tests.screens.conftest import Hall, PaperDouble, Player
from tests.screens.walks import sign_in_by_keys

CUSTOMERS = utility_accounts.SMALLEST


@pytest.fixture
def whole(tmp_path: Path, settings: Settings) -> Iterator[Hall]:
    """A utility large enough to have accounts, arrears, plans and bills."""
    rehearsal = msgspec.structs.replace(settings.rehearsal, customers=CUSTOMERS)
    house = build(
        tmp_path / "whole", msgspec.structs.replace(settings, rehearsal=rehearsal), face="cashier"
    )
    paper = PaperDouble()
    house.desk.slips = paper
    try:
        yield Hall(house, paper)
    finally:
        house.close()


def meters(hall: Hall) -> list[Meter]:
    found = hall.desk.records.search("", CUSTOMERS)
    return [meter for meter in found if meter.kind == "keypad" and not meter.blocked]


def of_type(hall: Hall, code: str) -> str:
    return next(m.number for m in meters(hall) if m.power_type == code and not m.shares)


def of_place(hall: Hall, place: int) -> str:
    return hall.desk.records.meters_of(utility_accounts.account_of(place))[0].number


async def buy(player: Player, meter: str, amount: str, wanted: str) -> None:
    """One sale, and what its explanation says."""
    await player.see("What is to be done?")
    await player.press("1")
    await player.see("Which customer?")
    await player.press(*meter, "enter")
    await player.see("Enter: sell")
    await player.press("enter")
    await player.see("For how much?")
    await player.press(*amount)
    await player.see("Total")
    await player.press("enter")
    await player.see("Cash received")
    await player.press("enter")
    await player.see("Sell?")
    await player.press("enter")
    await player.see("Enter: next customer")
    await player.press("2")
    told = await player.see("Paid:")
    await player.press(*["pagedown"] * 3)
    told += await player.see("every line agrees")
    assert wanted in " ".join(told.split()), told
    await player.press("escape")
    await player.see("Enter: next customer")
    await player.press("enter")


def test_every_kind_of_customer_buys_at_the_counter(whole: Hall) -> None:
    shared = next(meter.number for meter in meters(whole) if meter.shares)

    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await buy(player, of_type(whole, "household"), "450", "Connection charge")
        await buy(player, of_type(whole, "industry"), "2000", "Energy tax 2 %")
        await buy(player, of_type(whole, "social"), "30", "social price")
        await buy(player, of_type(whole, "farm"), "200", "Generation")
        await buy(player, of_place(whole, 62), "100", "Old debt: 5.00 ZAR")
        await buy(player, shared, "150", "Service charge")
        await buy(player, of_place(whole, 65), "60", "Old debt: 24.00 ZAR")

    whole.play(script, face="cashier")
    sales = whole.desk.records.last_sales(20)
    assert len(sales) == 7
    assert {sale.state for sale in sales} == {"delivered"}
    steps = {line.code for line in sales[-1].committed.lines}
    assert len(steps) > 3


def test_a_customer_with_an_account_pays_from_it(whole: Hall) -> None:
    owner = utility_accounts.account_of(60)

    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await player.see("What is to be done?")
        await player.press("1")
        await player.see("Which customer?")
        await player.press(*of_place(whole, 60), "enter")
        await player.see("Enter: sell")
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

    whole.play(script, face="cashier")
    held = whole.desk.records.balance(chart.capital_account(owner), "ZAR")
    assert held == -50_000 + 3_500
