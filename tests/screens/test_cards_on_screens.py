"""The card room on the faces of the staff and the kiosk: keys alone, on 80 columns and 24 rows."""

from __future__ import annotations

import msgspec
import pytest

from kiosk.domain import catalogue as catalogues
from kiosk.domain.registry import Customer, Meter, luhn_digit
from kiosk.errors import Refusal
from kiosk.till.cards import watch
from kiosk.till.operators import sign_in, sign_out
from kiosk.words.book import Words
from tests.screens.conftest import Hall, Player
from tests.screens.test_linear import Talk, talk

__all__ = ["talk"]


async def _card_room(player: Player, name: str = "201") -> None:
    await player.see("Sign in")
    await player.press(*name, "enter", *"1234", "enter")
    await player.see("TECHNICIAN MODE" if name == "201" else "What is to be done?")
    await player.press("7")
    await player.see("Cards")
    await player.see("1 Read and show the card")


def _put_in(hall: Hall, kind: str = "") -> str:
    """The customer's card, or another one, in the reader; its serial."""
    world, hands = hall.house.world, hall.house.hands
    assert world is not None
    assert hands is not None
    if kind:
        serial = world.make_other(kind)
        hands.insert_card(serial)
        return serial
    hands.insert_card(hall.card.meter.number)
    return world.card_of(hall.card.meter.number).serial


def _bought(hall: Hall) -> int:
    """An unread purchase on the customer's card, which is in the reader; its energy."""
    from kiosk.domain.record import SaleRecord
    from kiosk.till import sell
    from kiosk.till.quote import Offer, quote

    _put_in(hall)
    sign_in(hall.desk, "101", "1234")
    offer = quote(hall.desk, hall.card, 5000)
    assert isinstance(offer, Offer)
    payment = sell.cash_payment(hall.desk, 5000, 5000)
    assert isinstance(payment, sell.Payment)
    record = sell.sell(hall.desk, offer, payment)
    assert isinstance(record, SaleRecord)
    assert record.state == "delivered"
    sign_out(hall.desk)
    return record.committed.energy_wh


def _meter_without_card(hall: Hall) -> str:
    """A card meter whose customer never had a card; a catalogue brought it."""
    digits = "0199000000"
    meter = digits + luhn_digit(digits)
    found = hall.desk.records.tariff()
    assert found is not None
    nadia = Customer("29999999", "Nadia New", "1 New Road")
    hers = Meter(meter, nadia.account, "card", "home")
    content = catalogues.Catalogue(2, "utility", found[1], [nadia], [hers], [])
    received = catalogues.received(content)
    assert not isinstance(
        hall.desk.journal.append(received, content=catalogues.encode(content)), Refusal
    )
    return meter


def _in_doubt(hall: Hall) -> None:
    """A card sale whose card was pulled out before anything was written, and is gone."""
    from kiosk.domain.record import SaleRecord
    from kiosk.till import sell
    from kiosk.till.quote import Offer, quote

    world, desk = hall.house.world, hall.desk
    assert world is not None and desk.reader is not None
    _put_in(hall)
    sign_in(desk, "101", "1234")
    offer = quote(desk, hall.card, 2000)
    assert isinstance(offer, Offer)
    payment = sell.cash_payment(desk, 2000, 2000)
    assert isinstance(payment, sell.Payment)
    world.slot().pull_after(10_000)
    desk.reader.read()
    left = world.slot().state().pull_after
    assert left is not None
    world.slot().pull_after(3 * (10_000 - left))
    record = sell.sell(desk, offer, payment)
    assert isinstance(record, SaleRecord) and record.state == "in_doubt"
    sign_out(desk)


def restated(text: str, *parts: str) -> None:
    """What will be done and to which card, on the screen before it is done."""
    for part in parts:
        assert part in text, (part, text)


def test_fields_and_bytes_stand_side_by_side_when_a_card_is_read(hall: Hall) -> None:
    serial = _put_in(hall)

    async def script(player: Player) -> None:
        await _card_room(player)
        await player.press("1")
        text = await player.see(f"Serial: {serial}")
        assert f"Meter: {hall.card.meter.number}" in text
        assert "File 1" in text
        row = next(line for line in text.split("\n") if serial.upper()[:2] in line[46:])
        assert len(row) <= 80
        assert hall.house.hands is not None
        hall.house.hands.pull_card()
        await player.press("enter")
        await player.see("There is no card in the reader")
        _put_in(hall, "blank")
        await player.press("enter")
        await player.see("The card is blank")

    hall.play(script, face="technician")


@pytest.mark.parametrize("name", ["101", "301"])
def test_a_lost_card_is_replaced_for_its_fee_when_the_cashier_confirms(
    hall: Hall, name: str
) -> None:
    energy_wh = _bought(hall)
    hands = hall.house.hands
    assert hands is not None
    hands.pull_card()
    serial = _put_in(hall, "blank")
    meter = hall.card.meter.number

    async def script(player: Player) -> None:
        await _card_room(player, name)
        await player.press("2")
        await player.see("Put a blank card into the reader first.")
        await player.press(*meter, "enter", "1", "enter", "1", "enter", *"lost in town", "enter")
        text = " ".join((await player.see("Fee: 50.00 ZAR in cash.")).split())
        restated(text, f"a blank card, family open, chip {serial}. For {hall.card.customer.name}.",
                 f"Another card for meter {meter}", "under the same number",
                 "goes out of use: lost", "Reason: lost in town")  # fmt: skip
        await player.press("enter", "enter")
        await player.see("The card was written and read back.")

    hall.play(script, face="cashier")
    (record,) = hall.desk.records.card_works_of(meter)
    assert (record.state, record.committed.content.energy_wh) == ("done", energy_wh)
    (job,) = hall.paper.lines
    printed = " ".join(f"{line.text} {line.right}" for line in hall.paper.lines[job])
    for part in ("Card replaced", "lost in town", "43.48 ZAR", "6.52 ZAR", "50.00 ZAR", serial):
        assert part in printed, part


def test_a_parameter_card_is_restated_with_all_that_it_sets(hall: Hall) -> None:
    serial = _put_in(hall, "blank")

    async def script(player: Player) -> None:
        await _card_room(player)
        await player.press("6")
        await player.see("2 parameter")
        await player.press("2", "enter", "enter", *"alarm=5", "enter", *"new limits", "enter")
        await player.see("alarm is nothing that this card sets; it sets: alarm_wh, power_limit_w.")
        await player.press(
            "enter", "enter", *["backspace"] * 7, *"alarm_wh=20000", "enter", "enter"
        )
        text = " ".join((await player.see("Enter: do it")).split())
        restated(text, f"a blank card, family open, chip {serial}.", "a tool card: parameter card",
                 "It sets in the meter: alarm_wh=20000, power_limit_w=0.", "For: any meter",
                 "Reason: new limits")  # fmt: skip
        await player.press("escape")
        await player.see("1 Read and show the card")

    hall.play(script, face="technician")
    assert hall.desk.records.open_card_works() == []


def test_a_first_card_is_made_when_card_meter_and_owner_were_restated(hall: Hall) -> None:
    """A meter that was opened here and has no card yet."""
    meter = _meter_without_card(hall)
    serial = _put_in(hall, "blank")

    async def script(player: Player) -> None:
        await _card_room(player)
        await player.press("2")
        await player.see("Put a blank card into the reader first.")
        await player.press(*meter, "enter", "enter", *"new customer", "enter")
        text = " ".join((await player.see("Enter: do it")).split())
        restated(text, f"a blank card, family open, chip {serial}. For Nadia New.",
                 f"A first card for meter {meter}", "It carries no purchase yet.",
                 "Reason: new customer")  # fmt: skip
        await player.press("enter")
        await player.see("Card made: done")

    hall.play(script, face="technician")
    (standing,) = hall.desk.records.cards_of(meter=meter)
    assert standing.card.serial == serial


def test_a_card_is_repaired_when_two_persons_saw_what_becomes_of_it(hall: Hall) -> None:
    """The meter is ahead of the card: its purchase area is cleared and gets the meter's number."""
    _bought(hall)
    assert hall.house.world is not None
    serial = hall.house.world.card_of(hall.card.meter.number).serial

    async def script(player: Player) -> None:
        await _card_room(player)
        await player.press("4")
        await player.see("Put the customer's card into the reader first.")
        await player.press("4", "enter", *"meter says 4", "enter")
        text = " ".join((await player.see("Two persons are needed.")).split())
        restated(text, f"In the reader: family open, chip {serial}, card ",
                 f"meter {hall.card.meter.number}", "is cleared and gets number 4",
                 "Reason: meter says 4")  # fmt: skip
        await player.press(*"301", "enter", *"1234", "enter")
        await player.see("Card repaired: done")

    hall.play(script, face="technician")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_longest_restating_fits_when_a_lost_card_with_an_open_sale_is_replaced_free(
    hall: Hall, language: str
) -> None:
    """Eight lines, two of them wrapped, and the second person's questions on 24 rows."""
    world, hands = hall.house.world, hall.house.hands
    assert world is not None and hands is not None
    _in_doubt(hall)
    serial = _put_in(hall, "blank")
    meter = hall.card.meter.number

    words = Words(language, hall.house.words.formats)

    async def script(player: Player) -> None:
        await player.see("Sign in")
        player.app.speak(language)
        await player.see(words.say("cashier.sign_in"))
        await player.press(*"301", "enter", *"1234", "enter")
        await player.see(f"7 {words.say('cards.title')}")
        await player.press("7")
        await player.see(f"2 {words.say('cards.menu_reissue')}")
        await player.press("2")
        await player.see(words.say("cards.put_blank"))
        reason = "held at the counter since monday morning"
        await player.press(*meter, "enter", "1", "enter", "2", "enter", *reason, "enter")
        text = " ".join((await player.see(words.say("cards.ask_second_pin"))).split())
        (sale,) = [each.committed.sale_id for each in hall.desk.records.open_sales()]
        restated(text, serial, sale, meter, hall.card.customer.name, reason,
                 words.say("cards.plan_two"), words.say("cards.plan_no_fee"))  # fmt: skip
        await player.press(*"302", "enter", *"1234", "enter")
        await player.see(words.say("cards.work_done"))

    hall.play(script, face="cashier")
    (record,) = hall.desk.records.card_works_of(meter)
    assert (record.state, record.committed.second) == ("done", "302")
    assert hall.desk.records.open_sales() == []


def test_nothing_is_done_when_the_restated_work_is_cancelled(hall: Hall) -> None:
    _put_in(hall, "blank")

    async def script(player: Player) -> None:
        await _card_room(player, "101")
        await player.press("2")
        await player.see("Put a blank card")
        await player.press(
            *hall.card.meter.number, "enter", "enter", "enter", *"lost in town", "enter"
        )
        await player.see("Enter: do it")
        await player.press("escape")
        await player.see("1 Read and show the card")

    hall.play(script, face="cashier")
    assert hall.desk.records.card_works_of(hall.card.meter.number) == []


def test_a_purchase_is_taken_back_when_a_second_person_agrees_on_the_screen(hall: Hall) -> None:
    _bought(hall)
    assert hall.house.world is not None
    serial = hall.house.world.card_of(hall.card.meter.number).serial

    async def script(player: Player) -> None:
        await _card_room(player)
        await player.press("5")
        await player.see("Put the customer's card into the reader first.")
        await player.press("1", "enter", *"moved away", "enter")
        text = " ".join((await player.see("Two persons are needed.")).split())
        restated(text, f"In the reader: family open, chip {serial}, card ",
                 hall.card.customer.name, "Purchase 1 of", "is taken off card",
                 f"50.00 ZAR is kept for meter {hall.card.meter.number}.",
                 "Reason: moved away")  # fmt: skip
        await player.press(*"301", "enter", *"9999", "enter")
        await player.see("Operator or PIN is wrong")
        await player.press("escape")
        await player.see("1 Read and show the card")
        await player.press("5")
        await player.see("Put the customer's card")
        await player.press("enter", *"moved away", "enter")
        await player.see("Two persons are needed.")
        await player.press(*"301", "enter", *"1234", "enter")
        await player.see("The card was written and read back.")

    hall.play(script, face="technician")
    account = f"meter_account:{hall.card.meter.number}"
    assert hall.desk.records.balance(account, "ZAR") == -5000


def test_an_inquiry_card_is_made_and_a_repair_says_that_nothing_is_wrong(hall: Hall) -> None:
    blank = _put_in(hall, "blank")

    async def script(player: Player) -> None:
        await _card_room(player)
        await player.press("6")
        await player.see("1 inquiry, 2 parameter")
        await player.press("1", "enter", "enter", "enter", *"readings", "enter")
        text = " ".join((await player.see("becomes a tool card: inquiry card")).split())
        restated(text, f"a blank card, family open, chip {blank}.", "For: any meter",
                 "Reason: readings")  # fmt: skip
        await player.press("enter")
        await player.see("Tool card made: done")
        await player.press("escape")
        await player.see("1 Read and show the card")
        await player.press("7")
        await player.see("No meter has written on this card yet.")
        assert hall.house.hands is not None
        hall.house.hands.pull_card()
        _put_in(hall)
        await player.press("escape")
        await player.see("1 Read and show the card")
        await player.press("4")
        await player.see("Put the customer's card")
        await player.press("0", "enter", *"why not", "enter")
        await player.see("The card and its meter agree")

    hall.play(script, face="technician")


def test_the_second_card_of_a_meter_is_refused_and_every_row_has_help(hall: Hall) -> None:
    _put_in(hall, "blank")

    async def script(player: Player) -> None:
        await _card_room(player)
        await player.press("question_mark")
        await player.see("Shows what the card says and its bytes.")
        await player.press("escape")
        await player.see("1 Read and show the card")
        for place in range(1, 12):
            await player.press(*["down"] * place, "question_mark")
            await player.see("Help: cards")
            await player.press("escape")
            await player.see("1 Read and show the card")
        await player.press("2")
        await player.see("Printed number")
        await player.press(*hall.card.meter.number, "enter", "enter", *"second one", "enter")
        await player.see("has a card already")

    hall.play(script, face="technician")


def test_cards_are_stopped_released_found_and_counted_by_keys_alone(hall: Hall) -> None:
    serial = _put_in(hall)
    assert not isinstance(watch.left_behind(hall.desk), Refusal)

    async def script(player: Player) -> None:
        await _card_room(player)
        await player.press("9")
        await player.see("left in the reader")
        await player.press("1")
        text = " ".join((await player.see("the card was handed back to its owner")).split())
        restated(text, "left in the reader", f"chip {serial}", f"meter {hall.card.meter.number}")
        await player.press(*"passport shown", "enter")
        await player.see("There is none.")
        await player.press("escape")
        await player.see("1 Read and show the card")
        await player.press("8")
        await player.see("There is none.")
        await player.press("1")
        await player.see("1 hot, 2 lost, 3 out of use")
        await player.press(*serial, "enter", "1", "enter", *"seen twice", "enter")
        text = " ".join((await player.see("Nobody is sold to on this card")).split())
        restated(text, f"chip {serial}, meter {hall.card.meter.number}", "from now on: hot",
                 "Reason: seen twice")  # fmt: skip
        assert hall.desk.records.hot_list() == []
        await player.press("enter")
        await player.see(f"{serial} {hall.card.meter.number} 1 hot")
        await player.press("2")
        text = " ".join((await player.see("Second person")).split())
        restated(text, f"chip {serial}, meter {hall.card.meter.number}",
                 "(hot, seen twice) can be sold to again")  # fmt: skip
        await player.press(*"one chip", "enter", *"301", "enter", *"1234", "enter")
        await player.see("There is none.")
        await player.press("escape")
        await player.see("1 Read and show the card")
        await player.press(*["down"] * 10, "enter")
        await player.see("No blank cards were counted in yet.")
        await player.press("1")
        await player.see("1 open, 2 sle4442")
        await player.press("1", "enter", *"50", "enter", *"delivery", "enter")
        await player.see("open: 50 in stock (50 received")
        await player.press("escape")
        await player.see("1 Read and show the card")
        await player.press(*["down"] * 11, "enter")
        await player.see("Card, chip, meter, account or name")
        await player.press(*serial[:6], "enter")
        await player.see(f"{serial} {hall.card.meter.number} 1 in use")

    hall.play(script, face="technician")


def test_the_work_is_settled_when_the_card_was_pulled_and_comes_back(hall: Hall) -> None:
    serial = _put_in(hall, "blank")
    world, hands = hall.house.world, hall.house.hands
    assert world is not None
    assert hands is not None
    faces = msgspec.structs.replace(hall.desk.settings.faces, card_back_s=5)
    hall.desk.settings = msgspec.structs.replace(hall.desk.settings, faces=faces)

    async def script(player: Player) -> None:
        await _card_room(player, "101")
        await player.press("2")
        await player.see("Put a blank card")
        await player.press(
            *hall.card.meter.number, "enter", "enter", "enter", *"lost in town", "enter"
        )
        await player.see("Enter: do it")
        world.slot().pull_after(18)
        await player.press("enter")
        await player.see("Put the same card back")
        await player.press("escape")
        await player.see("put the same card in again and settle it")

    hall.play(script, face="cashier")
    hands.insert_card(serial)

    async def settle(player: Player) -> None:
        await _card_room(player)
        await player.press(*["down"] * 9, "enter")
        await player.see("in doubt: waits for its card")
        await player.press("1")
        text = " ".join((await player.see("finished on that very card")).split())
        restated(text, "Card replaced, work", f"family open, chip {serial}",
                 f"meter {hall.card.meter.number}")  # fmt: skip
        await player.press("enter")
        await player.see("Card works settled: 1.")

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
        _put_in(hall)
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


# --- line by line ---------------------------------------------------------------------------------


def test_a_lost_card_is_replaced_line_by_line(hall: Hall, talk: Talk) -> None:
    _bought(hall)
    hands = hall.house.hands
    assert hands is not None
    hands.pull_card()
    serial = _put_in(hall, "blank")
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
    serial = _put_in(hall)
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
