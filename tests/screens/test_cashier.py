"""The counter, by keys alone: what is pressed, and what stands on the screen."""

from __future__ import annotations

import pytest

from kiosk.ports import PrinterStatus
from kiosk.till import history
from tests.screens.conftest import Hall, Player
from tests.screens.walks import choose, find_customer, sell_for, sign_in_by_keys


def test_token_and_change_are_shown_when_a_cashier_sells(hall: Hall) -> None:
    number, name = hall.keypad.meter.number, hall.keypad.customer.name

    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await find_customer(player, number)
        assert name in player.text()
        await player.press("enter", see="For how much?")
        await player.press(*"35")
        text = await player.see("VAT 15 %")
        assert "Service charge" in text
        assert "Charged once with this purchase." in text
        await player.press("enter", see="Cash received (Total 35.00 ZAR)")
        await player.press(*"50", see="Give back 15.00 ZAR")
        await player.press("enter", see=f"to meter {number} for 35.00 ZAR?")
        await player.press("enter", "enter")
        text = await player.see("Slip: printed.")
        assert "Give back 15.00 ZAR" in text
        assert "#####" in text
        await player.see("operator 101")
        await player.press("enter", see="What is to be done?")

    hall.play(script, face="cashier")
    sales = hall.desk.records.last_sales(9)
    assert [sale.state for sale in sales] == ["delivered"]
    assert sales[0].committed.operator == "101"
    assert sales[0].committed.change_minor == 1500


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_nothing_is_cut_off_when_the_terminal_is_small_or_large(
    hall: Hall, size: tuple[int, int]
) -> None:
    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await find_customer(player, hall.keypad.meter.number)
        await sell_for(player, "35")
        await player.press("enter")
        text = await player.see("Token, five groups of four")
        token = hall.desk.records.last_sales(1)[0].token or ""
        assert " ".join(token[at : at + 4] for at in range(0, 20, 4)) in text
        assert "Enter: next customer" in text
        await player.see("operator 101")

    hall.play(script, face="cashier", size=size)


def test_card_is_written_when_it_is_put_in_on_the_customer_page(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await find_customer(player, hall.card.meter.number)
        await player.see("8 put in the card of")
        await player.press("8", see="inserted")
        await sell_for(player, "20")
        await player.press("enter", see="The card carries purchase 1.")
        await player.see("Take the card out")

    hall.play(script, face="cashier")


def test_amount_is_refused_with_the_reason_when_there_is_no_card(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await find_customer(player, hall.card.meter.number)
        await player.press("enter", see="For how much?")
        await player.press(*"9", see="the smallest is 10.00 ZAR")
        await player.press("backspace", *"20", see="Total")
        await player.press("enter", see="There is no card in the reader")

    hall.play(script, face="cashier")


def test_customer_of_the_card_in_the_reader_is_opened_when_asked_for(hall: Hall) -> None:
    hands = hall.house.hands
    assert hands is not None
    hands.insert_card(hall.card.meter.number)

    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await player.see("What is to be done?")
        await player.press("2", see=hall.card.customer.name)

    hall.play(script, face="cashier")


def test_sale_is_in_doubt_when_a_card_is_pulled_out_and_does_not_come_back(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await _pulled_while_written(player, hall)
        await player.press("escape", see="is in doubt. Keep the money")
        await player.press("enter", see="What is to be done?")
        await player.press("4", see="the card, 0 min")
        await player.press("enter", see="No card testifies")
        await player.press("1", see="0 sales settled, 1 still waiting.")

    hall.play(script, face="cashier")
    assert len(history.in_doubt(hall.desk)) == 1


def test_sale_is_finished_when_the_same_card_is_put_back(hall: Hall) -> None:
    assert hall.house.hands is not None
    hands = hall.house.hands

    async def script(player: Player) -> None:
        await _pulled_while_written(player, hall)
        hands.insert_card(hall.card.meter.number)
        await player.see("The card carries purchase 1.")

    hall.play(script, face="cashier")
    assert history.in_doubt(hall.desk) == []


async def _pulled_while_written(player: Player, hall: Hall) -> None:
    """A sale to the card in the reader, which comes out while it is written."""
    world, hands = hall.house.world, hall.house.hands
    assert world is not None and hands is not None
    hands.insert_card(hall.card.meter.number)
    await sign_in_by_keys(player)
    await find_customer(player, hall.card.meter.number)
    await sell_for(player, "20")
    world.slot().pull_after(_until_the_write(hall))
    await player.press("enter", see="Put the same card back")


def _until_the_write(hall: Hall) -> int:
    """Commands of the three readings that a sale makes before it writes, and one write."""
    world = hall.house.world
    assert world is not None
    assert hall.desk.reader is not None
    many = 10_000
    world.slot().pull_after(many)
    hall.desk.reader.read()
    left = world.slot().state().pull_after
    assert left is not None
    return 3 * (many - left) + 2


def test_copy_is_marked_and_reasons_are_shown_when_a_past_sale_is_opened(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await find_customer(player, hall.keypad.meter.number)
        await sell_for(player, "35")
        await player.press("enter", see="Slip: printed.")
        await player.press("enter", see="What is to be done?")
        await player.press("3", see="delivered")
        await player.press("enter", see="delivered at once")
        await player.press("1", see="Print COPY 1 of sale")
        await player.press("enter", "enter", see="COPY 1 goes to the printer.")
        await player.press("2", see="every line agrees.")
        await player.press("escape", see="delivered at once")
        await player.press("escape", see="> 20")
        await player.press("escape")
        await find_customer(player, hall.keypad.meter.number)
        await sell_for(player, "35")
        await player.see("The same meter bought 35.00 ZAR")

    hall.play(script, face="cashier")
    (copy,) = (lines for job, lines in hall.paper.lines.items() if job.endswith("/1"))
    assert any("COPY 1" in line.text for line in copy)


def test_row_is_chosen_by_arrows_when_several_customers_are_found(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await player.see("What is to be done?")
        await player.press("1", see="Which customer?")
        await player.press(*"014", "enter", see="12 found.")
        chosen = next(row for row in player.text().splitlines() if row.lstrip().startswith(">"))
        await player.press("down")
        again = next(row for row in player.text().splitlines() if row.lstrip().startswith(">"))
        assert again != chosen
        number = again.split()[1]
        await player.press("enter", see="Enter: sell")
        await player.see(number)

    hall.play(script, face="cashier")


def test_typed_number_is_refused_when_its_check_digit_is_wrong(hall: Hall) -> None:
    number = hall.keypad.meter.number
    wrong = f"{number[:-1]}{(int(number[-1]) + 1) % 10}"

    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await player.see("What is to be done?")
        await player.press("1", see="Which customer?")
        await player.press(*wrong, "enter", see="has a wrong digit")

    hall.play(script, face="cashier")


def test_nothing_is_sold_when_the_last_question_is_answered_with_escape(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await find_customer(player, hall.keypad.meter.number)
        await sell_for(player, "35")
        await player.press("escape", see="Cash received")
        await player.press("escape", see="For how much?")
        await player.see("Total")
        await player.press("escape", see="From 10.00 ZAR")

    hall.play(script, face="cashier")
    assert hall.desk.records.last_sales(9) == []


def test_sale_stands_when_the_printer_has_no_paper(hall: Hall) -> None:
    hall.paper.state_now = PrinterStatus("paper_out")

    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await find_customer(player, hall.keypad.meter.number)
        await sell_for(player, "35")
        await player.press("enter", see="Slip: not printed.")
        await player.see("printer out of paper")

    hall.play(script, face="cashier")


def test_counter_is_closed_when_somebody_signs_out_or_may_not_sell(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "101", "4321")
        await player.see("Operator or PIN is wrong")
        await sign_in_by_keys(player, "201")
        await player.see("Your role does not allow this")
        await sign_in_by_keys(player)
        await choose(player, "More")
        await choose(player, "Sign out")
        await player.see("Sign in")
        assert hall.desk.operator == ""
        await player.see("nobody signed in")

    hall.play(script, face="cashier")


def test_everything_is_french_when_the_language_is_changed(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await choose(player, "More")
        await choose(player, "Language")
        await player.see("Autres")
        await player.press("escape", see="Que faut-il faire ?")
        await player.press("1", see="Quel client ?")

    hall.play(script, face="cashier")


def test_program_ends_when_the_way_out_is_confirmed(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await choose(player, "More")
        await choose(player, "End the program")
        await player.see("The program ends")
        await player.press("escape")
        await choose(player, "More")
        await choose(player, "End the program")
        await player.see("The program ends")
        await player.press("enter")
        while player.app.return_value is None:
            await player.pilot.pause()
        assert player.app.return_value == 0

    hall.play(script, face="cashier")
