"""The customer's face, by keys alone: what is pressed, and what stands on the screen."""

from __future__ import annotations

import threading

import pytest

from kiosk.ports import SlipState
from kiosk.screens.self_service import ending
from kiosk.screens.self_service.visit import Visit
from kiosk.screens.widgets.digits import drawn, token_lines
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer, find_buyer
from tests.screens.conftest import Hall, Player
from tests.screens.walks import SIZES, card_in, to_amount, to_payment


def credit_minor(hall: Hall, buyer: Buyer) -> int:
    found = find_buyer(hall.desk, buyer.meter.number)
    assert isinstance(found, Buyer)
    return found.credit_minor


@pytest.mark.parametrize("size", SIZES)
def test_token_comes_when_a_keypad_meter_is_paid_with_notes(
    hall: Hall, size: tuple[int, int]
) -> None:
    async def script(player: Player) -> None:
        await to_payment(player, hall.keypad, "3")
        await player.press("2", see="Put in: 20.00")
        await player.press("enter")  # dead: not enough yet
        await player.press("3", see="Put in: 70.00")
        await player.press("enter", "enter", "enter")
        text = await player.see("Take your slip")
        token = player.app.played.token
        for row in (row for line in token_lines(token) for row in drawn(line)):
            assert row in text
        assert "Enter: finish" in text
        await player.press("1", see="The meter took the token: 32.2 kWh added")
        await player.press("1", see="has had this token: 0.0 kWh added, 32.2 kWh on the meter")
        await player.press("enter", see="Thank you")
        await player.press("enter", see="Put in your card")
        assert token[:4] not in player.text()

    hall.play(script, size=size)
    assert list(hall.paper.jobs.values()) == ["printed"]


def test_card_is_written_when_a_card_meter_is_paid_with_notes(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await card_in(player, hall)
        await player.press("enter", see="How much")
        await player.press("3", see="Total")
        await player.press("enter", see="Still needed")
        await player.press("3", see="Enough")
        await player.press("enter", see="Take your card")
        await player.see("Your card carries")
        await player.press("enter", "escape")  # finished comes only when the card is out
        assert "Thank you" not in player.text()
        await player.press("1", see="Thank you")
        await player.see("put the card into the meter")
        await player.press("1", see="The meter took the purchase")
        await player.press("1", see="has had this purchase: 0.0 kWh added")

    hall.play(script)


def test_card_is_asked_for_when_its_number_was_typed_and_it_is_not_in(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await to_amount(player, hall.card)
        await player.see("is charged by card")
        await player.press("1", see="How much do you want to buy?")
        await player.press("escape", see="Nothing was paid")
        await player.see("Take your card")

    hall.play(script)


def test_money_is_kept_when_the_customer_cancels_after_a_note(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await to_payment(player, hall.keypad, "3")
        await player.press("1", see="Put in: 10.00")
        await player.press("escape", see="10.00 ZAR is kept for meter")
        await player.press("enter")
        await to_amount(player, hall.keypad)
        await player.see("10.00 ZAR kept for this meter is used first")

    hall.play(script)
    assert credit_minor(hall, hall.keypad) == 1_000
    assert list(hall.paper.jobs) and next(iter(hall.paper.jobs)).endswith("/kept")


def test_nothing_is_owed_when_the_customer_cancels_before_a_note(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await to_payment(player, hall.keypad, "1")
        await player.press("escape", see="Cancelled. Nothing was paid.")

    hall.play(script)
    assert credit_minor(hall, hall.keypad) == 0


#: What is typed, what is said, and the nearest amount that Enter takes over.
OUTSIDE = [("5", "the smallest is 10.00 ZAR", "10.00"), ("9000", "largest is 5000.00", "5000.00")]


@pytest.mark.parametrize(("typed", "said", "nearest"), OUTSIDE)
def test_nearest_amount_is_named_when_the_amount_is_outside_the_limits(
    hall: Hall, typed: str, said: str, nearest: str
) -> None:
    async def script(player: Player) -> None:
        await to_amount(player, hall.keypad)
        await player.see("6 Another amount")
        await player.press("6")
        await player.dial(typed)
        await player.see(said)
        await player.press("enter", see=f"For {nearest} ZAR you get")

    hall.play(script)


#: What is typed, and what the screen says of it; the last needs Enter.
WRONG = [("01470000008", False, "has a wrong digit"), ("01470000017", True, "is not known here")]


@pytest.mark.parametrize(("number", "enter", "said"), WRONG)
def test_number_is_judged_when_it_is_wrong_or_unknown(
    hall: Hall, number: str, enter: bool, said: str
) -> None:
    async def script(player: Player) -> None:
        await player.see("No change is given")
        await player.dial(number)
        if enter:
            await player.press("enter")
        await player.see(said)
        await player.press("backspace")
        assert said not in player.text()

    hall.play(script)


def test_an_ending_is_finished_by_enter_when_the_card_has_not_been_looked_at_yet(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, really = threading.Event(), ending._look

    def slowly(desk: Desk, visit: Visit | None) -> tuple[bool, int, SlipState | None]:
        looked.wait(60)
        return really(desk, visit)

    monkeypatch.setattr(ending, "_look", slowly)
    monkeypatch.setattr(ending, "_STAY", 100_000)

    async def script(player: Player) -> None:
        await to_amount(player, hall.keypad)
        await player.see("How much do you want to buy?")
        await player.press("escape", see="Enter: finish")
        await player.press("enter")
        looked.set()
        await player.see("No change is given")

    hall.play(script)


def test_french_is_spoken_when_the_language_key_is_pressed(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await player.see("Clear: Français")
        await player.press("backspace", see="compteur")
        assert not player.cut_off()
        await player.dial(hall.keypad.meter.number)
        await player.see("Le numéro est complet")
        await player.press("enter", see="Am***")
        await player.press("enter", see="ZAR")
        await player.press("3", see="22,5 kWh")
        await player.press("asterisk", see="Pourquoi")
        await player.press("enter")
        await player.press("enter", see="Il manque")
        await player.press("3", see="C'est assez")
        await player.press("enter", see="Prenez votre ticket")
        assert not player.cut_off()
        await player.press("enter", see="Merci")
        await player.press("enter", see="Buy electricity")

    hall.play(script)
