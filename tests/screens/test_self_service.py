"""The customer's face, by keys alone: what is pressed, and what stands on the screen."""

from __future__ import annotations

import threading

import msgspec
import pytest

from kiosk.errors import Refusal, StoreFault
from kiosk.ports import Moment, PrinterStatus, SlipState
from kiosk.screens.self_service import ending
from kiosk.screens.self_service.visit import Visit
from kiosk.screens.widgets.digits import drawn, token_lines
from kiosk.till.desk import Desk
from kiosk.till.history import in_doubt
from kiosk.till.operators import sign_in
from kiosk.till.paper import reprint
from kiosk.till.quote import Buyer, find_buyer
from tests.screens.conftest import Hall, Player


async def to_amount(player: Player, buyer: Buyer) -> None:
    """From the first screen to the question of the amount, by typing the number."""
    await player.see("No change is given")
    await player.dial(buyer.meter.number)
    await player.see("The number is complete")
    await player.press("enter")
    await player.see("Is this your meter?")
    await player.press("enter")


async def to_payment(player: Player, buyer: Buyer, row: str) -> None:
    """On to the notes, with the amount of a row."""
    await to_amount(player, buyer)
    await player.see("How much do you want to buy?")
    await player.press(row)
    await player.see("Total")
    await player.press("enter")
    await player.see("Still needed")


async def card_in(player: Player, hall: Hall) -> None:
    """From the first screen with the card of the card meter put in by the help screen."""
    await player.see("No change is given")
    await player.press("asterisk")
    await player.see("1 put in the card of")
    await player.press("1")
    await player.see("Is this your meter?")


def credit_minor(hall: Hall, buyer: Buyer) -> int:
    found = find_buyer(hall.desk, buyer.meter.number)
    assert isinstance(found, Buyer)
    return found.credit_minor


SIZES = [(80, 24), (120, 40)]


@pytest.mark.parametrize("size", SIZES)
def test_token_comes_when_a_keypad_meter_is_paid_with_notes(
    hall: Hall, size: tuple[int, int]
) -> None:
    async def script(player: Player) -> None:
        await to_payment(player, hall.keypad, "3")
        await player.press("2")
        await player.see("Put in: 20.00")
        await player.press("enter")  # dead: not enough yet
        await player.press("3")
        await player.see("Put in: 70.00")
        await player.press("enter", "enter", "enter")
        text = await player.see("Take your slip")
        token = player.app.played.token
        for row in (row for line in token_lines(token) for row in drawn(line)):
            assert row in text
        assert "Enter: finish" in text
        await player.press("1")
        await player.see("The meter took the token: 32.2 kWh added")
        await player.press("1")
        await player.see("has had this token: 0.0 kWh added, 32.2 kWh on the meter")
        await player.press("enter")
        await player.see("Thank you")
        await player.press("enter")
        await player.see("Put in your card")
        assert token[:4] not in player.text()

    hall.play(script, size=size)
    assert list(hall.paper.jobs.values()) == ["printed"]


def test_card_is_written_when_a_card_meter_is_paid_with_notes(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await card_in(player, hall)
        await player.press("enter")
        await player.see("How much")
        await player.press("3")
        await player.see("Total")
        await player.press("enter")
        await player.see("Still needed")
        await player.press("3")
        await player.see("Enough")
        await player.press("enter")
        await player.see("Take your card")
        await player.see("Your card carries")
        await player.press("enter", "escape")  # finished comes only when the card is out
        assert "Thank you" not in player.text()
        await player.press("1")
        await player.see("Thank you")
        await player.see("put the card into the meter")
        await player.press("1")
        await player.see("The meter took the purchase")
        await player.press("1")
        await player.see("has had this purchase: 0.0 kWh added")

    hall.play(script)


def test_card_is_asked_for_when_its_number_was_typed_and_it_is_not_in(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await to_amount(player, hall.card)
        await player.see("is charged by card")
        await player.press("1")
        await player.see("How much do you want to buy?")
        await player.press("escape")
        await player.see("Nothing was paid")
        await player.see("Take your card")

    hall.play(script)


def test_money_is_kept_when_the_customer_cancels_after_a_note(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await to_payment(player, hall.keypad, "3")
        await player.press("1")
        await player.see("Put in: 10.00")
        await player.press("escape")
        await player.see("10.00 ZAR is kept for meter")
        await player.press("enter")
        await to_amount(player, hall.keypad)
        await player.see("10.00 ZAR kept for this meter is used first")

    hall.play(script)
    assert credit_minor(hall, hall.keypad) == 1_000
    assert list(hall.paper.jobs) and next(iter(hall.paper.jobs)).endswith("/kept")


def test_nothing_is_owed_when_the_customer_cancels_before_a_note(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await to_payment(player, hall.keypad, "1")
        await player.press("escape")
        await player.see("Cancelled. Nothing was paid.")

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
        await player.press("enter")
        await player.see(f"For {nearest} ZAR you get")

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


def test_customer_decides_first_when_the_printer_has_no_paper(hall: Hall) -> None:
    async def script(player: Player) -> None:
        hall.paper.state_now = PrinterStatus("paper_out")
        await to_amount(player, hall.keypad)
        await player.see("How much")
        await player.press("2")
        await player.see("Total")
        await player.press("enter")
        await player.see("go on without a slip")
        await player.press("enter")
        await player.see("Still needed")
        await player.press("2")
        await player.see("Enough")
        await player.press("enter")
        await player.see("The slip could not be printed")
        hall.paper.state_now = PrinterStatus("ok")
        await player.press("enter")
        await player.see("Take your slip")
        await player.press("enter")
        await player.see("Thank you")
        await player.press("enter")
        await player.see("No change is given")

    hall.play(script)
    assert len(hall.paper.jobs) == 1, "the same job again, no copy"
    assert hall.paper.abandoned == list(hall.paper.jobs)


def test_purchase_is_finished_when_the_card_is_pulled_and_put_back(hall: Hall) -> None:
    assert hall.house.world is not None
    slot = hall.house.world.slot()

    async def script(player: Player) -> None:
        await card_in(player, hall)
        await player.press("enter")
        await player.see("How much")
        await player.press("2")
        await player.see("Total")
        await player.press("enter")
        await player.see("Still needed")
        slot.pull_after(17)  # two readings and a look are 15 commands; the second write fails
        await player.press("2")
        await player.see("Enough")
        await player.press("enter")
        await player.see("Put the SAME card back in")
        await player.press("1")
        await player.see("Your card carries")

    hall.play(script)
    assert in_doubt(hall.desk) == []


def test_earlier_purchase_is_finished_first_when_its_card_comes_back(hall: Hall) -> None:
    assert hall.house.world is not None
    slot = hall.house.world.slot()
    faces = msgspec.structs.replace(hall.desk.settings.faces, card_back_s=1)
    hall.desk.settings = msgspec.structs.replace(hall.desk.settings, faces=faces)

    async def script(player: Player) -> None:
        await card_in(player, hall)
        await player.press("enter")
        await player.see("How much")
        await player.press("2")
        await player.see("Total")
        await player.press("enter")
        await player.see("Still needed")
        slot.pull_after(17)
        await player.press("2")
        await player.see("Enough")
        await player.press("enter")
        await player.see("not yet known how this sale ended")
        await player.press("enter")
        await player.see("No change is given")
        await player.press("asterisk")
        await player.see("1 put in the card of")
        await player.press("1")
        await player.see("The earlier purchase is finished: your card carries")

    hall.play(script)
    assert in_doubt(hall.desk) == []


def test_an_ending_is_finished_by_enter_when_the_card_has_not_been_looked_at_yet(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, really = threading.Event(), ending._look

    def slowly(desk: Desk, visit: Visit | None) -> tuple[bool, int, SlipState | None]:
        looked.wait(10)
        return really(desk, visit)

    monkeypatch.setattr(ending, "_look", slowly)
    monkeypatch.setattr(ending, "_STAY", 100_000)

    async def script(player: Player) -> None:
        await to_amount(player, hall.keypad)
        await player.see("How much do you want to buy?")
        await player.press("escape")
        await player.see("Enter: finish")
        await player.press("enter")
        looked.set()
        await player.see("No change is given")

    hall.play(script)


class HandClock:
    """A clock whose monotonic hand is moved by the test."""

    def __init__(self, desk: Desk) -> None:
        self._real, self.ahead_ms = desk.clock, 0

    def now(self) -> Moment:
        return self._real.now()

    def monotonic_ms(self) -> int:
        return self._real.monotonic_ms() + self.ahead_ms


def test_first_screen_comes_back_when_nobody_presses_a_key(hall: Hall) -> None:
    clock = HandClock(hall.desk)
    hall.desk.clock = clock

    async def script(player: Player) -> None:
        await to_amount(player, hall.keypad)
        await player.see("How much")
        clock.ahead_ms += 45_000
        player.app.tick()
        await player.see("Do you need more time?")
        await player.press("5")
        await player.see("How much")
        clock.ahead_ms += 45_000
        player.app.tick()
        await player.see("Do you need more time?")
        clock.ahead_ms += 20_000
        player.app.tick()
        await player.see("Put in your card")

    hall.play(script)


def test_money_is_kept_when_the_customer_has_gone_with_a_note_in_the_box(hall: Hall) -> None:
    clock = HandClock(hall.desk)
    hall.desk.clock = clock

    async def script(player: Player) -> None:
        await to_payment(player, hall.keypad, "3")
        await player.press("1")
        await player.see("Put in: 10.00")
        clock.ahead_ms += 100_000
        player.app.tick()
        await player.pilot.pause()
        assert "Still needed" in player.text(), "no hurry while money is being put in"
        clock.ahead_ms += 300_000
        player.app.tick()
        await player.see("10.00 ZAR is kept for meter")

    hall.play(script)
    assert credit_minor(hall, hall.keypad) == 1_000


def test_the_token_leaves_the_screen_and_its_owner_gets_it_at_the_counter_when_nobody_is_there_E23(
    hall: Hall,
) -> None:
    clock = HandClock(hall.desk)
    hall.desk.clock = clock
    token = ""

    async def script(player: Player) -> None:
        nonlocal token
        await to_payment(player, hall.keypad, "3")
        await player.press("3")
        await player.see("Put in: 50.00")
        await player.press("enter")
        await player.see("Take your slip")
        token = player.app.played.token
        for wait_s in (100, 200, 400, 800):
            clock.ahead_ms += wait_s * 1000
            player.app.tick()
            await player.pilot.pause(0.05)
        await player.see("Put in your card")
        assert token[:4] not in player.text()

    hall.play(script)
    hall.paper.lines.clear()
    sign_in(hall.desk, "101", "1234")
    (record,) = hall.desk.records.sales_of(meter=hall.keypad.meter.number)
    assert not isinstance(reprint(hall.desk, record.committed.sale_id), Refusal)
    (lines,) = hall.paper.lines.values()
    printed = "".join(line.text + line.right for line in lines).replace(" ", "").replace("-", "")
    assert token in printed
    assert "COPY1" in printed


def test_french_is_spoken_when_the_language_key_is_pressed(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await player.see("Clear: Français")
        await player.press("backspace")
        await player.see("compteur")
        assert not player.cut_off()
        await player.dial(hall.keypad.meter.number)
        await player.see("Le numéro est complet")
        await player.press("enter")
        await player.see("Am***")
        await player.press("enter")
        await player.see("ZAR")
        await player.press("3")
        await player.see("22,5 kWh")
        await player.press("asterisk")
        await player.see("Pourquoi")
        await player.press("enter")
        await player.press("enter")
        await player.see("0,00 ZAR")
        await player.press("3")
        await player.see("C'est assez")
        await player.press("enter")
        await player.see("Prenez votre ticket")
        assert not player.cut_off()
        await player.press("enter")
        await player.see("Merci")
        await player.press("enter")
        await player.see("Buy electricity")

    hall.play(script)


def test_case_number_is_shown_when_a_verb_fails_unexpectedly(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise StoreFault("The disk does not answer.")

    monkeypatch.setattr("kiosk.screens.self_service.number.find_buyer", broken)

    async def script(player: Player) -> None:
        await player.see("No change is given")
        await player.dial(hall.keypad.meter.number)
        await player.press("enter")
        text = await player.see("Something went wrong")
        assert "Case" in text
        assert "Traceback" not in text
        await player.press("enter")
        await player.see("No change is given")

    hall.play(script)


def test_no_notes_are_asked_for_when_the_acceptor_is_gone(hall: Hall) -> None:
    hall.desk.cash = None

    async def script(player: Player) -> None:
        await player.see("No notes are taken now")
        await to_amount(player, hall.keypad)
        await player.see("How much")
        await player.press("3")
        await player.see("Total")
        await player.press("enter")
        await player.see("takes no notes now")

    hall.play(script)


#: Keys that would leave or look behind the kiosk.
WAYS_OUT = ["ctrl+q", "ctrl+p", "ctrl+z", "ctrl+backslash", "f1"]


@pytest.mark.parametrize("key", WAYS_OUT)
def test_kiosk_stays_when_a_way_out_is_tried(hall: Hall, key: str) -> None:
    async def script(player: Player) -> None:
        await player.see("No change is given")
        await player.press(key)
        assert player.app.is_running
        assert len(player.app.screen_stack) <= 3

    hall.play(script)
