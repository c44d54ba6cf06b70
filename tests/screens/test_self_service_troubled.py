"""The customer's face when the customer leaves, a device fails or somebody looks for a way out."""

from __future__ import annotations

import msgspec
import pytest
from textual import events

from drivers.cash import sim
from kiosk.errors import Refusal, StoreFault
from kiosk.ports import PrinterStatus
from kiosk.screens.widgets.entry import NumberEntry
from kiosk.till.history import in_doubt
from kiosk.till.operators import sign_in
from kiosk.till.paper import reprint
from kiosk.till.quote import Buyer, find_buyer
from tests.screens.conftest import Hall, Player
from tests.screens.walks import HandClock, card_in, to_amount, to_payment


def credit_minor(hall: Hall, buyer: Buyer) -> int:
    found = find_buyer(hall.desk, buyer.meter.number)
    assert isinstance(found, Buyer)
    return found.credit_minor


def test_customer_decides_first_when_the_printer_has_no_paper(hall: Hall) -> None:
    async def script(player: Player) -> None:
        hall.paper.state_now = PrinterStatus("paper_out")
        await to_amount(player, hall.keypad)
        await player.see("How much")
        await player.press("2", see="Total")
        await player.press("enter", see="go on without a slip")
        await player.press("enter", see="Still needed")
        await player.press("2", see="Enough")
        await player.press("enter", see="The slip could not be printed")
        hall.paper.state_now = PrinterStatus("ok")
        await player.press("enter", see="Take your slip")
        await player.press("enter", see="Thank you")
        await player.press("enter", see="No change is given")

    hall.play(script)
    assert len(hall.paper.jobs) == 1, "the same job again, no copy"
    assert hall.paper.abandoned == list(hall.paper.jobs)


def test_purchase_is_finished_when_the_card_is_pulled_and_put_back(hall: Hall) -> None:
    assert hall.house.world is not None
    slot = hall.house.world.slot()

    async def script(player: Player) -> None:
        await card_in(player, hall)
        await player.press("enter", see="How much")
        await player.press("2", see="Total")
        await player.press("enter", see="Still needed")
        slot.pull_after(17)  # two readings and a look are 15 commands; the second write fails
        await player.press("2", see="Enough")
        await player.press("enter", see="Put the SAME card back in")
        await player.press("1", see="Your card carries")

    hall.play(script)
    assert in_doubt(hall.desk) == []


def test_earlier_purchase_is_finished_first_when_its_card_comes_back(hall: Hall) -> None:
    assert hall.house.world is not None
    slot = hall.house.world.slot()
    faces = msgspec.structs.replace(hall.desk.settings.faces, card_back_s=1)
    hall.desk.settings = msgspec.structs.replace(hall.desk.settings, faces=faces)

    async def script(player: Player) -> None:
        await card_in(player, hall)
        await player.press("enter", see="How much")
        await player.press("2", see="Total")
        await player.press("enter", see="Still needed")
        slot.pull_after(17)
        await player.press("2", see="Enough")
        await player.press("enter", see="not yet known how this sale ended")
        await player.press("enter", see="No change is given")
        await player.press("asterisk", see="1 put in the card of")
        await player.press("1", see="The earlier purchase is finished: your card carries")

    hall.play(script)
    assert in_doubt(hall.desk) == []


def test_first_screen_comes_back_when_nobody_presses_a_key(hall: Hall) -> None:
    clock = HandClock(hall.desk)
    hall.desk.clock = clock

    async def script(player: Player) -> None:
        await to_amount(player, hall.keypad)
        await player.see("How much")
        clock.ahead_ms += 45_000
        player.app.tick()
        await player.see("Do you need more time?")
        await player.press("5", see="How much")
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
        await player.press("1", see="Put in: 10.00")
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
        await player.press("3", see="Put in: 50.00")
        await player.press("enter", see="Take your slip")
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
        await player.press("enter", see="No change is given")

    hall.play(script)


def test_no_notes_are_asked_for_when_the_acceptor_is_gone(hall: Hall) -> None:
    hall.desk.cash = None

    async def script(player: Player) -> None:
        await player.see("No notes are taken now")
        await to_amount(player, hall.keypad)
        await player.see("How much")
        await player.press("3", see="Total")
        await player.press("enter", see="takes no notes now")

    hall.play(script)


@pytest.mark.parametrize(("size", "fault"), [((80, 24), "jam"), ((120, 40), "mute")])
def test_the_first_screen_says_that_no_notes_are_taken_until_the_acceptor_is_back(
    hall: Hall, size: tuple[int, int], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.cash.cctalk.CHECK_EVERY_S", 0)
    monkeypatch.setattr("drivers.cash.cctalk.TROUBLED_EVERY_S", 0)
    assert hall.house.world is not None
    acceptor = hall.house.world.acceptor

    async def script(player: Player) -> None:
        await player.see("notes of 10.00")
        sim.set_fault(acceptor, fault)
        text = await player.see("No notes are taken now; kept money still buys.")
        assert "notes of 10.00" not in text
        assert "IC cards" in text
        sim.set_fault(acceptor, fault, present=False)
        text = await player.see("notes of 10.00")
        assert "No notes are taken now" not in text

    hall.play(script, size=size)


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


def test_no_case_is_opened_when_the_program_ends_while_somebody_types(
    hall: Hall, caplog: pytest.LogCaptureFixture
) -> None:
    async def script(player: Player) -> None:
        await player.see("No change is given")
        await player.press("enter", see="on the face of the meter")
        screen, shutdown = player.app.screen, player.app._shutdown

        async def end() -> None:
            """The digit field goes first, the screen last."""
            player.app._running = False
            await screen.query_one(NumberEntry).remove()
            screen.post_message(events.Key("1", "1"))
            await shutdown()

        player.app._shutdown = end  # type: ignore[method-assign]

    hall.play(script)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
