"""Money on the card and cards under suspicion, on the staff's faces: keys alone, 80 by 24."""

from __future__ import annotations

import msgspec
import pytest

from kiosk.domain import chart
from kiosk.domain.card_account_record import CaseRecord, MoveRecord
from kiosk.errors import Refusal
from kiosk.till import card_accounts, suspicions
from kiosk.till.operators import sign_in, sign_out
from tests.screens.conftest import Hall, Player, Talk
from tests.screens.walks import card_room


def _put_in(hall: Hall) -> str:
    world, hands = hall.house.world, hall.house.hands
    assert world is not None and hands is not None
    hands.insert_card(hall.card.meter.number)
    return world.card_of(hall.card.meter.number).serial


def _put_on(hall: Hall, amount_minor: int) -> None:
    sign_in(hall.desk, "101", "1234")
    record = card_accounts.top_up(hall.desk, amount_minor)
    assert isinstance(record, MoveRecord) and record.state == "moved"
    sign_out(hall.desk)


def _played_back(hall: Hall) -> str:
    """The card as it was before money was put on it: a case for staff; the serial."""
    world = hall.house.world
    assert world is not None
    serial = _put_in(hall)
    chip = world.folder / "cards" / f"{serial}.card"
    old = chip.read_bytes()
    _put_on(hall, 5000)
    chip.write_bytes(old)
    assert isinstance(card_accounts.purse(hall.desk), Refusal)
    return serial


# --- money on a card ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_cash_is_on_the_card_when_the_cashier_confirms_card_and_amount(
    hall: Hall, size: tuple[int, int]
) -> None:
    serial = _put_in(hall)
    _put_on(hall, 2000)
    card = hall.card

    async def script(player: Player) -> None:
        await card_room(player, "101")
        await player.press("7")
        text = await player.see("On the card: 20.00 ZAR, movement 1")
        assert f"chip {serial}" in text
        assert f"meter {card.meter.number}" in text
        await player.press("1")
        await player.see("Amount in cash")
        await player.press(*"50", "enter")
        text = " ".join((await player.see("Enter: do it")).split())
        for part in (
            "family open", f"chip {serial}", f"card {card.card.number if card.card else ''}",
            card.customer.name, f"meter {card.meter.number}",
            "50.00 ZAR in cash is put on it. There is 20.00 ZAR on it; there will be 70.00 ZAR.",
        ):  # fmt: skip
            assert part in text, part
        await player.press("enter", "enter")
        await player.see("There is 70.00 ZAR on it now.")
        await player.press("escape")
        await player.see("On the card: 70.00 ZAR, movement 2")
        await player.see("put on 50.00 ZAR 70.00 ZAR done")

    hall.play(script, face="cashier", size=size)
    balance = hall.desk.records.balance(chart.card_account(card.customer.account), "ZAR")
    assert balance == -7000
    (job,) = hall.paper.lines
    printed = " ".join(f"{line.text} {line.right}" for line in hall.paper.lines[job])
    for part in ("Put on the card", "50.00 ZAR", "70.00 ZAR", serial, card.meter.number):
        assert part in printed, part


def test_nothing_is_taken_when_the_restated_top_up_is_cancelled_or_cannot_be(hall: Hall) -> None:
    _put_in(hall)

    async def script(player: Player) -> None:
        await card_room(player, "101")
        await player.press("7")
        await player.see("Nothing was ever put on this card.")
        await player.press("1")
        await player.see("Amount in cash")
        await player.press(*"0", "enter")
        await player.see("above zero")
        await player.press("backspace", *"99999999999", "enter")
        await player.see("This card cannot hold more")
        await player.press(*["backspace"] * 11, *"50", "enter")
        await player.see("there will be 50.00 ZAR")
        await player.press("escape")
        await player.see("Nothing was ever put on this card.")

    hall.play(script, face="cashier")
    assert hall.desk.records.account_links() == []
    assert hall.paper.lines == {}


def test_no_cash_goes_on_another_card_when_it_was_changed_after_the_question(hall: Hall) -> None:
    world, hands = hall.house.world, hall.house.hands
    assert world is not None and hands is not None
    _put_in(hall)
    meters = hall.desk.records.cards_like("", 100)
    other = next(c.card for c in meters if c.card.meter != hall.card.meter.number)

    async def script(player: Player) -> None:
        await card_room(player, "101")
        await player.press("7")
        await player.see("Nothing was ever put on this card.")
        await player.press("1")
        await player.see("Amount in cash")
        await player.press(*"50", "enter")
        await player.see("Enter: do it")
        hands.pull_card()
        hands.insert_card(other.meter)
        await player.press("enter")
        await player.see("Another card is in the reader now")

    hall.play(script, face="cashier")
    assert hall.desk.records.account_links() == []


def test_the_cash_is_kept_and_settled_when_the_card_was_pulled_while_it_was_written(
    hall: Hall,
) -> None:
    world, hands = hall.house.world, hall.house.hands
    assert world is not None and hands is not None
    serial = _put_in(hall)
    faces = msgspec.structs.replace(hall.desk.settings.faces, card_back_s=5)
    hall.desk.settings = msgspec.structs.replace(hall.desk.settings, faces=faces)

    async def script(player: Player) -> None:
        await card_room(player, "101")
        await player.press("7")
        await player.see("Nothing was ever put on this card.")
        await player.press("1")
        await player.see("Amount in cash")
        await player.press(*"50", "enter")
        await player.see("Enter: do it")
        world.slot().pull_after(26)
        await player.press("enter")
        await player.see("Put the same card back")
        await player.press("escape")
        await player.see("Keep the cash, put the same card in again")
        (waiting,) = hall.desk.records.open_moves()
        assert waiting.committed.card == serial
        hands.insert_card(serial)
        await player.press("escape")
        await player.see("On the card: 50.00 ZAR, movement 1")

    hall.play(script, face="cashier")
    assert hall.desk.records.open_moves() == []


def test_a_technician_sees_the_money_but_takes_none(hall: Hall) -> None:
    _put_in(hall)

    async def script(player: Player) -> None:
        await card_room(player, "201")
        await player.press("0", "4")
        await player.see("Nothing was ever put on this card.")
        await player.press("1")
        await player.see("Your role does not allow this;")

    hall.play(script, face="technician")
    assert hall.desk.records.account_links() == []


def test_a_card_that_was_set_back_is_named_when_all_cards_are_put_together(hall: Hall) -> None:
    serial = _put_in(hall)
    _put_on(hall, 5000)

    async def script(player: Player) -> None:
        await card_room(player, "101")
        await player.press("7")
        await player.see("movement 1")
        await player.press("2")
        await player.see(f"{serial} 1 50.00 ZAR 0.00 ZAR whole")
        await player.press("enter")
        await player.see("one chip has made them all")
        await player.press("escape")
        await player.see(f"{serial} 1 50.00 ZAR 0.00 ZAR whole")
        await player.press("escape")
        await player.see("On the card: 50.00 ZAR")

    hall.play(script, face="cashier")


# --- cards under suspicion ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_two_persons_withdraw_a_card_when_its_case_was_restated(
    hall: Hall, size: tuple[int, int]
) -> None:
    serial = _played_back(hall)

    async def script(player: Player) -> None:
        await card_room(player, "101")
        await player.press("8")
        await player.see("its money was set back")
        await player.press("enter")
        text = await player.see(f"Serial: {serial}")
        assert "Movement of money: 1 in the books, 0" in text
        assert "File 1" in text
        await player.press("2")
        text = " ".join((await player.see("Note: how you know")).split())
        for part in (
            "its money was set back", "family open", f"chip {serial}",
            f"meter {hall.card.meter.number}", "nobody is ever sold to on this chip again",
        ):  # fmt: skip
            assert part in text, part
        await player.press(*"drawn in", "enter", *"101", "enter", *"1234", "enter")
        await player.see("101 is signed in already")
        await player.press("enter", *["backspace"] * 3, *"301", "enter", *"1234", "enter")
        await player.see("is closed: withdrawn.")
        await player.see("There is none.")
        await player.press("3")
        await player.see("its money was set back")
        await player.press("enter")
        await player.see("withdrawn: drawn in (101, 301)")

    hall.play(script, face="cashier", size=size)
    assert hall.desk.records.card_is_stopped(serial)


def test_the_card_buys_again_when_two_persons_found_it_genuine(hall: Hall) -> None:
    serial = _played_back(hall)

    async def script(player: Player) -> None:
        await card_room(player, "201")
        await player.press("0", "5")
        await player.see("its money was set back")
        await player.press("1")
        await player.see("this chip can be sold to again")
        await player.press("escape")
        await player.see("its money was set back")
        await player.press("1")
        await player.see("Note: how you know")
        await player.press(*"reader at fault", "enter", *"301", "enter", *"1234", "enter")
        await player.see("is closed: genuine.")

    hall.play(script, face="technician")
    assert not hall.desk.records.card_is_stopped(serial)
    sign_in(hall.desk, "101", "1234")
    (case,) = suspicions.open_cases(hall.desk, every=True) or ()  # type: ignore[misc]
    assert isinstance(case, CaseRecord) and case.end is not None
    assert (case.end.note, case.end.second) == ("reader at fault", "301")


# --- line by line ---------------------------------------------------------------------------------


def test_money_is_put_on_the_card_line_by_line(hall: Hall, talk: Talk) -> None:
    serial = _put_in(hall)
    text = talk("cashier", "101", "1234", "11", "7", "50", "Y", "11", "7", "", "Q")
    for part in (
        f"chip {serial}", "there will be 50.00 ZAR", "There is 50.00 ZAR on it now.",
        "On the card: 50.00 ZAR, movement 1", "put on | 50.00 ZAR | 50.00 ZAR | done",
    ):  # fmt: skip
        assert part in text, part


def test_a_suspicion_is_closed_line_by_line(hall: Hall, talk: Talk) -> None:
    serial = _played_back(hall)
    text = talk(
        "cashier", "101", "1234",
        "11", "7",
        "11", "8", "1", "2", "drawn in", "301", "1234", "Y",
        "Q",
    )  # fmt: skip
    for part in (
        f"{serial} | 1 | 50.00 ZAR | 0.00 ZAR | whole", "its money was set back",
        "nobody is ever sold to on this chip again", "is closed: withdrawn.",
    ):  # fmt: skip
        assert part in text, part
    assert hall.desk.records.card_is_stopped(serial)
