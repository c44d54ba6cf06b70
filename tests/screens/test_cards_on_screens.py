"""Works on cards on the faces of the staff: keys alone, on 80 columns and 24 rows."""

from __future__ import annotations

import pytest

from kiosk import marks
from kiosk.front.commands.run import _settle
from kiosk.words.book import Words
from tests.screens.cards_of_a_hall import bought, in_doubt, meter_without_card, put_in, restated
from tests.screens.conftest import Hall, Player, Talk
from tests.screens.walks import card_room, sign_in_by_keys
from tests.till.hall import DiedError, die_at, sell_to


def test_a_counter_says_what_its_start_has_settled_before_anything_is_sold(
    hall: Hall, talk: Talk
) -> None:
    put_in(hall)
    marks.arm(die_at("card.after_read_back"))
    with pytest.raises(DiedError):
        sell_to(hall.desk, hall.card.meter.number, 5_000)
    marks.arm(None)
    _settle(hall.house)
    (ended,) = hall.desk.settled_at_start
    said = f"Settled first: sale {ended.committed.sale_id}"

    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await player.see(said)

    hall.play(script, face="cashier")
    assert hall.desk.settled_at_start == [], "told once"
    hall.desk.settled_at_start = [ended]
    assert said in talk("cashier", "101", "1234", "8")


def test_fields_and_bytes_stand_side_by_side_when_a_card_is_read(hall: Hall) -> None:
    serial = put_in(hall)

    async def script(player: Player) -> None:
        await card_room(player)
        await player.press("1")
        text = await player.see(f"Serial: {serial}")
        assert f"Meter: {hall.card.meter.number}" in text
        assert "File 1" in text
        row = next(line for line in text.split("\n") if serial.upper()[:2] in line[46:])
        assert len(row) <= 80
        assert hall.house.hands is not None
        hall.house.hands.pull_card()
        await player.press("enter", see="There is no card in the reader")
        put_in(hall, "blank")
        await player.press("enter", see="The card is blank")

    hall.play(script, face="technician")


@pytest.mark.parametrize("name", ["101", "301"])
def test_a_lost_card_is_replaced_for_its_fee_when_the_cashier_confirms(
    hall: Hall, name: str
) -> None:
    energy_wh = bought(hall)
    hands = hall.house.hands
    assert hands is not None
    hands.pull_card()
    serial = put_in(hall, "blank")
    meter = hall.card.meter.number

    async def script(player: Player) -> None:
        await card_room(player, name)
        await player.press("2", see="Put a blank card into the reader first.")
        await player.press(*meter, "enter", "1", "enter", "1", "enter", *"lost in town", "enter")
        text = " ".join((await player.see("Fee: 50.00 ZAR in cash.")).split())
        restated(text, f"a blank card, family open, chip {serial}. For {hall.card.customer.name}.",
                 f"Another card for meter {meter}", "under the same number",
                 "goes out of use: lost", "Reason: lost in town")  # fmt: skip
        await player.press("enter", "enter", see="The card was written and read back.")

    hall.play(script, face="cashier")
    (record,) = hall.desk.records.card_works_of(meter)
    assert (record.state, record.committed.content.energy_wh) == ("done", energy_wh)
    (job,) = hall.paper.lines
    printed = " ".join(f"{line.text} {line.right}" for line in hall.paper.lines[job])
    for part in ("Card replaced", "lost in town", "43.48 ZAR", "6.52 ZAR", "50.00 ZAR", serial):
        assert part in printed, part


def test_a_parameter_card_is_restated_with_all_that_it_sets(hall: Hall) -> None:
    serial = put_in(hall, "blank")

    async def script(player: Player) -> None:
        await card_room(player)
        await player.press("6", see="2 parameter")
        await player.press("2", "enter", "enter", *"alarm=5", "enter", *"new limits", "enter")
        await player.see("alarm is nothing that this card sets; it sets: alarm_wh, power_limit_w.")
        await player.press(
            "enter", "enter", *["backspace"] * 7, *"alarm_wh=20000", "enter", "enter"
        )
        text = " ".join((await player.see("Enter: do it")).split())
        restated(text, f"a blank card, family open, chip {serial}.", "a tool card: parameter card",
                 "It sets in the meter: alarm_wh=20000, power_limit_w=0.", "For: any meter",
                 "Reason: new limits")  # fmt: skip
        await player.press("escape", see="1 Read and show the card")

    hall.play(script, face="technician")
    assert hall.desk.records.open_card_works() == []


def test_a_first_card_is_made_when_card_meter_and_owner_were_restated(hall: Hall) -> None:
    """A meter that was opened here and has no card yet."""
    meter = meter_without_card(hall)
    serial = put_in(hall, "blank")

    async def script(player: Player) -> None:
        await card_room(player)
        await player.press("2", see="Put a blank card into the reader first.")
        await player.press(*meter, "enter", "enter", *"new customer", "enter")
        text = " ".join((await player.see("Enter: do it")).split())
        restated(text, f"a blank card, family open, chip {serial}. For Nadia New.",
                 f"A first card for meter {meter}", "It carries no purchase yet.",
                 "Reason: new customer")  # fmt: skip
        await player.press("enter", see="Card made: done")

    hall.play(script, face="technician")
    (standing,) = hall.desk.records.cards_of(meter=meter)
    assert standing.card.serial == serial


def test_a_card_is_repaired_when_two_persons_saw_what_becomes_of_it(hall: Hall) -> None:
    """The meter is ahead of the card: its purchase area is cleared and gets the meter's number."""
    bought(hall)
    assert hall.house.world is not None
    serial = hall.house.world.card_of(hall.card.meter.number).serial

    async def script(player: Player) -> None:
        await card_room(player)
        await player.press("4", see="Put the customer's card into the reader first.")
        await player.press("4", "enter", *"meter says 4", "enter")
        text = " ".join((await player.see("Two persons are needed.")).split())
        restated(text, f"In the reader: family open, chip {serial}, card ",
                 f"meter {hall.card.meter.number}", "is cleared and gets number 4",
                 "Reason: meter says 4")  # fmt: skip
        await player.press(*"301", "enter", *"1234", "enter", see="Card repaired: done")

    hall.play(script, face="technician")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_longest_restating_fits_when_a_lost_card_with_an_open_sale_is_replaced_free(
    hall: Hall, language: str
) -> None:
    """Eight lines, two of them wrapped, and the second person's questions on 24 rows."""
    world, hands = hall.house.world, hall.house.hands
    assert world is not None and hands is not None
    in_doubt(hall)
    serial = put_in(hall, "blank")
    meter = hall.card.meter.number

    words = Words(language, hall.house.words.formats)

    async def script(player: Player) -> None:
        await player.see("Sign in")
        player.app.speak(language)
        await player.see(words.say("cashier.sign_in"))
        await player.press(*"301", "enter", *"1234", "enter", see=f"7 {words.say('cards.title')}")
        await player.press("7", see=f"2 {words.say('cards.menu_reissue')}")
        await player.press("2", see=words.say("cards.put_blank"))
        reason = "held at the counter since monday morning"
        await player.press(*meter, "enter", "1", "enter", "2", "enter", *reason, "enter")
        text = " ".join((await player.see(words.say("cards.ask_second_pin"))).split())
        (sale,) = [each.committed.sale_id for each in hall.desk.records.open_sales()]
        restated(text, serial, sale, meter, hall.card.customer.name, reason,
                 words.say("cards.plan_two"), words.say("cards.plan_no_fee"))  # fmt: skip
        await player.press(*"302", "enter", *"1234", "enter", see=words.say("cards.work_done"))

    hall.play(script, face="cashier")
    (record,) = hall.desk.records.card_works_of(meter)
    assert (record.state, record.committed.second) == ("done", "302")
    assert hall.desk.records.open_sales() == []


def test_nothing_is_done_when_the_restated_work_is_cancelled(hall: Hall) -> None:
    put_in(hall, "blank")

    async def script(player: Player) -> None:
        await card_room(player, "101")
        await player.press("2", see="Put a blank card")
        await player.press(
            *hall.card.meter.number, "enter", "enter", "enter", *"lost in town", "enter"
        )
        await player.see("Enter: do it")
        await player.press("escape", see="1 Read and show the card")

    hall.play(script, face="cashier")
    assert hall.desk.records.card_works_of(hall.card.meter.number) == []


def test_a_purchase_is_taken_back_when_a_second_person_agrees_on_the_screen(hall: Hall) -> None:
    bought(hall)
    assert hall.house.world is not None
    serial = hall.house.world.card_of(hall.card.meter.number).serial

    async def script(player: Player) -> None:
        await card_room(player)
        await player.press("5", see="Put the customer's card into the reader first.")
        await player.press("1", "enter", *"moved away", "enter")
        text = " ".join((await player.see("Two persons are needed.")).split())
        restated(text, f"In the reader: family open, chip {serial}, card ",
                 hall.card.customer.name, "Purchase 1 of", "is taken off card",
                 f"50.00 ZAR is kept for meter {hall.card.meter.number}.",
                 "Reason: moved away")  # fmt: skip
        await player.press(*"301", "enter", *"9999", "enter", see="Operator or PIN is wrong")
        await player.press("escape", see="1 Read and show the card")
        await player.press("5", see="Put the customer's card")
        await player.press("enter", *"moved away", "enter", see="Two persons are needed.")
        await player.press(*"301", "enter", *"1234", "enter")
        await player.see("The card was written and read back.")

    hall.play(script, face="technician")
    account = f"meter_account:{hall.card.meter.number}"
    assert hall.desk.records.balance(account, "ZAR") == -5000


def test_an_inquiry_card_is_made_and_a_repair_says_that_nothing_is_wrong(hall: Hall) -> None:
    blank = put_in(hall, "blank")

    async def script(player: Player) -> None:
        await card_room(player)
        await player.press("6", see="1 inquiry, 2 parameter")
        await player.press("1", "enter", "enter", "enter", *"readings", "enter")
        text = " ".join((await player.see("becomes a tool card: inquiry card")).split())
        restated(text, f"a blank card, family open, chip {blank}.", "For: any meter",
                 "Reason: readings")  # fmt: skip
        await player.press("enter", see="Tool card made: done")
        await player.press("escape", see="1 Read and show the card")
        await player.press("7", see="No meter has written on this card yet.")
        assert hall.house.hands is not None
        hall.house.hands.pull_card()
        put_in(hall)
        await player.press("escape", see="1 Read and show the card")
        await player.press("4", see="Put the customer's card")
        await player.press("0", "enter", *"why not", "enter", see="The card and its meter agree")

    hall.play(script, face="technician")
