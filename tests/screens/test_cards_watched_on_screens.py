"""Cards that were stopped, found, counted, left in a reader or pulled out: on faces and lines."""

from __future__ import annotations

import msgspec
import pytest

from kiosk.errors import Refusal
from kiosk.till.cards import watch
from tests.screens.cards_of_a_hall import bought, put_in, restated
from tests.screens.conftest import Hall, Player, Talk
from tests.screens.walks import card_room


def test_the_second_card_of_a_meter_is_refused_and_every_row_has_help(hall: Hall) -> None:
    put_in(hall, "blank")

    async def script(player: Player) -> None:
        await card_room(player)
        await player.press("question_mark", see="Shows what the card says and its bytes.")
        await player.press("escape", see="1 Read and show the card")
        for place in range(1, 12):
            await player.press(*["down"] * place, "question_mark", see="Help: cards")
            await player.press("escape", see="1 Read and show the card")
        await player.press("2", see="Printed number")
        await player.press(*hall.card.meter.number, "enter", "enter", *"second one", "enter")
        await player.see("has a card already")

    hall.play(script, face="technician")


def test_cards_are_stopped_released_found_and_counted_by_keys_alone(hall: Hall) -> None:
    serial = put_in(hall)
    assert not isinstance(watch.left_behind(hall.desk), Refusal)

    async def script(player: Player) -> None:
        await card_room(player)
        await player.press("9", see="left in the reader")
        await player.press("1")
        text = " ".join((await player.see("the card was handed back to its owner")).split())
        restated(text, "left in the reader", f"chip {serial}", f"meter {hall.card.meter.number}")
        await player.press(*"passport shown", "enter", see="There is none.")
        await player.press("escape", see="1 Read and show the card")
        await player.press("8", see="There is none.")
        await player.press("1", see="1 hot, 2 lost, 3 out of use")
        await player.press(*serial, "enter", "1", "enter", *"seen twice", "enter")
        text = " ".join((await player.see("Nobody is sold to on this card")).split())
        restated(text, f"chip {serial}, meter {hall.card.meter.number}", "from now on: hot",
                 "Reason: seen twice")  # fmt: skip
        assert hall.desk.records.hot_list() == []
        await player.press("enter", see=f"{serial} {hall.card.meter.number} 1 hot")
        await player.press("2")
        text = " ".join((await player.see("Second person")).split())
        restated(text, f"chip {serial}, meter {hall.card.meter.number}",
                 "(hot, seen twice) can be sold to again")  # fmt: skip
        await player.press(*"one chip", "enter", *"301", "enter", *"1234", "enter")
        await player.see("There is none.")
        await player.press("escape", see="1 Read and show the card")
        await player.press(*["down"] * 10, "enter", see="No blank cards were counted in yet.")
        await player.press("1", see="1 open, 2 sle4442")
        await player.press("1", "enter", *"50", "enter", *"delivery", "enter")
        await player.see("open: 50 in stock (50 received")
        await player.press("escape", see="1 Read and show the card")
        await player.press(*["down"] * 11, "enter", see="Card, chip, meter, account or name")
        await player.press(*serial[:6], "enter", see=f"{serial} {hall.card.meter.number} 1 in use")

    hall.play(script, face="technician")


def test_the_work_is_settled_when_the_card_was_pulled_and_comes_back(hall: Hall) -> None:
    serial = put_in(hall, "blank")
    world, hands = hall.house.world, hall.house.hands
    assert world is not None
    assert hands is not None
    faces = msgspec.structs.replace(hall.desk.settings.faces, card_back_s=5)
    hall.desk.settings = msgspec.structs.replace(hall.desk.settings, faces=faces)

    async def script(player: Player) -> None:
        await card_room(player, "101")
        await player.press("2", see="Put a blank card")
        await player.press(
            *hall.card.meter.number, "enter", "enter", "enter", *"lost in town", "enter"
        )
        await player.see("Enter: do it")
        world.slot().pull_after(18)
        await player.press("enter", see="Put the same card back")
        await player.press("escape", see="put the same card in again and settle it")

    hall.play(script, face="cashier")
    hands.insert_card(serial)

    async def settle(player: Player) -> None:
        await card_room(player)
        await player.press(*["down"] * 9, "enter", see="in doubt: waits for its card")
        await player.press("1")
        text = " ".join((await player.see("finished on that very card")).split())
        restated(text, "Card replaced, work", f"family open, chip {serial}",
                 f"meter {hall.card.meter.number}")  # fmt: skip
        await player.press("enter", see="Card works settled: 1.")

    hall.play(settle, face="technician")
    (record,) = hall.desk.records.card_works_of(hall.card.meter.number)
    assert record.state == "done"


@pytest.mark.parametrize("way", [["escape"], ["enter", "escape"]])
def test_the_kiosk_is_locked_when_a_card_is_left_until_staff_close_the_case_E23(
    hall: Hall, way: list[str]
) -> None:
    faces = msgspec.structs.replace(hall.desk.settings.faces, card_left_s=1)
    hall.desk.settings = msgspec.structs.replace(hall.desk.settings, faces=faces)
    meter = hall.card.meter.number

    async def script(player: Player) -> None:
        await player.see("Press any key")
        put_in(hall)
        await player.see(meter)
        await player.press(way[0])
        if len(way) > 1:
            await player.see("How much")
            await player.press(way[1])
        await player.see("Take your card" if len(way) > 1 else "A card was left")
        await player.see("A card was left in this machine.")
        assert hall.card.customer.name not in player.text()
        while not hall.desk.records.card_cases():  # written by a worker while the screen stands
            await player.pilot.pause(0.02)
        (case,) = hall.desk.records.card_cases()
        assert (case.kind, case.meter) == ("found", meter)
        hall.desk.operator, hall.desk.role = "301", "supervisor"
        watch.close_case(hall.desk, case.case_id, "handed_back", "passport shown")
        hall.desk.operator, hall.desk.role = "self-service", "self_service"
        assert hall.house.hands is not None
        hall.house.hands.pull_card()
        await player.see("Put in your card, or type your meter number")

    hall.play(script)


def test_a_lost_card_is_replaced_line_by_line(hall: Hall, talk: Talk) -> None:
    bought(hall)
    hands = hall.house.hands
    assert hands is not None
    hands.pull_card()
    serial = put_in(hall, "blank")
    meter = hall.card.meter.number
    text = talk(
        "cashier", "101", "1234", "11", "2", meter, "1", "1", "lost in town", "Y",
        "11", "1", "Q",
    )  # fmt: skip
    for part in (
        "2 Reissue: another card", f"chip {serial}", "Fee: 50.00 ZAR in cash.",
        "The card was written and read back.", "Issue: 2", "File 2",
    ):  # fmt: skip
        assert part in text, part
    assert "Repair" not in text


def test_stock_hot_list_and_a_refused_repair_are_said_line_by_line(hall: Hall, talk: Talk) -> None:
    serial = put_in(hall)
    text = talk(
        "technician", "201", "1234",
        "9", "12", "1", "1", "50", "delivery",
        "9", "8", "", "nonsense",
        "9", "4", serial, "1", "seen twice", "Y",
        "9", "4", serial, "one chip", "301", "1234", "Y",
        "9", "9", "1", "", "",
        "Q",
    )  # fmt: skip
    assert "open: 50 in stock" in text
    assert "type the purchase number that the meter shows" in text
    assert "| hot" in text
    assert "| in use" in text
    assert "is not blank" in text
