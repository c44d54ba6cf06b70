"""A card sale from both sides, and a card that is pulled out at every command (E02)."""

from __future__ import annotations

import msgspec
import pytest

from drivers.card.simulated_reader import CardFaults
from kiosk.domain.cards import open as open_card
from kiosk.domain.cards.open import OpenCard
from kiosk.domain.chart import SALES_PENDING, cash
from kiosk.errors import Refusal
from kiosk.ledger.records import Records
from kiosk.till import recover
from kiosk.till.desk import Desk
from kiosk.till.maintain import verify
from kiosk.till.sell import card_delivery
from tests.till.hall import (
    CARD,
    Hall,
    code,
    entries,
    meter_number,
    money,
    offer_of,
    sell_to,
    sold,
)

OTHER = meter_number("card", power_type="home", nth=1)

#: Commands of one card sale: two readings before the payment (select, four files, the card's proof
#: and the second slot of its account), one reading before the writes, select, identity and the
#: proof of the seller, four writes, and the reading back.
BEFORE_PAYMENT = range(1, 15)
BEFORE_WRITES = range(15, 26)
WRITES = {26: 1, 27: 31, 28: 8, 29: 1}  # command: bytes of the write
READ_BACK = range(30, 37)


def card_now(desk: Desk) -> OpenCard:
    assert desk.reader is not None
    state = open_card.state(desk.reader.read())
    assert isinstance(state, OpenCard), state
    return state


def worth_wh(hall: Hall, meter: str) -> int:
    """What the meter would gain from its card now: the purchase that it has not taken."""
    world = hall.houses[0].world
    assert world is not None
    chip = world.rack.card(hall.serial(meter))
    try:
        purchase = chip.files()[2]
    finally:
        chip.close()
    return int.from_bytes(purchase[5:10], "big") if purchase[39] == 0xA5 else 0


def test_the_meter_gains_what_was_sold_once_when_the_card_is_inserted_twice(
    hall: Hall, desk: Desk
) -> None:
    hall.put_in(CARD)
    record = sold(sell_to(desk, CARD, 5000))
    assert record.purchase_number == 1
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == record.committed.energy_wh
    assert hall.insert_in_meter(CARD).energy_wh_added == 0
    assert hall.credited_wh(CARD) == record.committed.energy_wh


def test_the_purchase_numbers_follow_each_other_when_the_meter_takes_each(
    hall: Hall, desk: Desk
) -> None:
    energy_wh = 0
    for number in (1, 2, 3):
        hall.put_in(CARD)
        record = sold(sell_to(desk, CARD, 1000 * number))
        assert record.purchase_number == number
        energy_wh += record.committed.energy_wh
        hall.take_out()
        hall.insert_in_meter(CARD)
    assert hall.credited_wh(CARD) == energy_wh


def test_a_second_purchase_is_refused_when_the_meter_has_not_taken_the_first_E03(
    hall: Hall, desk: Desk
) -> None:
    hall.put_in(CARD)
    sold(sell_to(desk, CARD, 5000))
    before = entries(desk)
    assert code(sell_to(desk, CARD, 5000)) == "card_unread_purchase"
    assert entries(desk) == before


@pytest.mark.parametrize(("inside", "refused"), [("", "no_card"), (OTHER, "wrong_card")])
def test_nothing_is_taken_when_the_card_of_the_meter_is_not_there(
    hall: Hall, desk: Desk, inside: str, refused: str
) -> None:
    if inside:
        hall.put_in(inside)
    before = entries(desk)
    assert code(sell_to(desk, CARD, 5000)) == refused
    assert entries(desk) == before


def test_nothing_is_written_on_a_card_that_names_another_meter_than_the_registry(
    hall: Hall, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall.put_in(OTHER)
    assert desk.reader is not None
    offer = offer_of(desk, CARD, 5000)
    known = desk.records.card(serial=desk.reader.read().serial)
    assert known is not None
    lies = msgspec.structs.replace(known, meter=CARD)
    monkeypatch.setattr(Records, "card", lambda _self, **_which: lies)
    assert code(card_delivery(desk, offer)) == "wrong_card"


@pytest.mark.parametrize("at", BEFORE_PAYMENT)
def test_nothing_is_taken_when_the_card_is_pulled_before_the_payment(
    hall: Hall, desk: Desk, at: int
) -> None:
    hall.put_in(CARD)
    hall.clumsy_reader(desk, CardFaults("pull", at))
    before = entries(desk)
    assert code(sell_to(desk, CARD, 5000)) == "card_unreadable"
    assert entries(desk) == before


def pulls() -> list[tuple[int, int]]:
    """Every command after the payment, and how many bytes of a write reached the chip."""
    whole = [(at, 0) for at in (*BEFORE_WRITES, *READ_BACK)]
    torn = [
        (at, written) for at, length in WRITES.items() for written in {0, 1, length // 2, length}
    ]
    return sorted(whole + torn)


@pytest.mark.parametrize(("at", "written_bytes"), pulls())
def test_one_purchase_stands_when_the_card_is_pulled_and_put_back_E02(
    hall: Hall, desk: Desk, at: int, written_bytes: int
) -> None:
    hall.put_in(CARD)
    hall.clumsy_reader(desk, CardFaults("pull", at, written_bytes))
    asked: list[str] = []

    def put_back(reason: str) -> bool:
        asked.append(reason)
        hall.put_in(CARD)
        return True

    record = sold(sell_to(desk, CARD, 5000, put_back))
    assert asked == ["card_away"]
    assert record.purchase_number == card_now(desk).purchase_number == 1
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == record.committed.energy_wh
    assert hall.insert_in_meter(CARD).energy_wh_added == 0


@pytest.mark.parametrize(("at", "written_bytes"), pulls())
def test_the_card_is_the_witness_when_it_comes_back_later_E01_E02_E03(
    hall: Hall, desk: Desk, at: int, written_bytes: int
) -> None:
    hall.put_in(CARD)
    hall.clumsy_reader(desk, CardFaults("pull", at, written_bytes))
    record = sold(sell_to(desk, CARD, 5000), "in_doubt")
    assert worth_wh(hall, CARD) in (0, record.committed.energy_wh)
    assert money(desk, SALES_PENDING) == -5000
    assert money(desk, cash("101")) == 5000
    hall.put_in(CARD)
    settled = recover.recover(desk)
    assert isinstance(settled, recover.Recovered)
    after = sold(settled.sales[0])
    assert after.how in ("recovered", "witnessed")
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == record.committed.energy_wh
    assert hall.insert_in_meter(CARD).energy_wh_added == 0
    assert money(desk, SALES_PENDING) == 0
    assert verify(desk).first_bad == 0


@pytest.mark.parametrize("at", [29, *READ_BACK])
def test_it_counts_as_delivered_when_the_meter_took_it_while_the_sale_was_in_doubt_E03(
    hall: Hall, desk: Desk, at: int
) -> None:
    hall.put_in(CARD)
    hall.clumsy_reader(desk, CardFaults("pull", at, written_bytes=1))
    record = sold(sell_to(desk, CARD, 5000), "in_doubt")
    assert hall.insert_in_meter(CARD).energy_wh_added == record.committed.energy_wh
    hall.put_in(CARD)
    settled = recover.recover(desk)
    assert isinstance(settled, recover.Recovered)
    assert sold(settled.sales[0]).how == "witnessed"
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == 0


@pytest.mark.parametrize("at", [25, 26, 27, 28, 29, 30])
def test_the_other_card_stays_as_it_is_when_cards_are_swapped_E02(
    hall: Hall, desk: Desk, at: int
) -> None:
    hall.put_in(CARD)
    hall.clumsy_reader(desk, CardFaults("pull", at))
    asked: list[str] = []

    def swap_then_put_back(reason: str) -> bool:
        asked.append(reason)
        hall.take_out()
        hall.put_in(OTHER if len(asked) == 1 else CARD)
        return True

    record = sold(sell_to(desk, CARD, 5000, swap_then_put_back))
    assert asked == ["card_away", "card_other"]
    hall.take_out()
    assert hall.insert_in_meter(OTHER).energy_wh_added == 0
    assert hall.insert_in_meter(CARD).energy_wh_added == record.committed.energy_wh


@pytest.mark.parametrize("kind", ["mute", "short", "status", "reset"])
@pytest.mark.parametrize("at", [25, 27, 29, 32])
def test_it_is_asked_again_when_the_card_misbehaves_after_the_payment(
    hall: Hall, desk: Desk, kind: str, at: int
) -> None:
    hall.put_in(CARD)
    hall.clumsy_reader(desk, CardFaults(kind, at, written_bytes=1))  # type: ignore[arg-type]
    record = sold(sell_to(desk, CARD, 5000, lambda _reason: True))
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == record.committed.energy_wh


def test_it_ends_in_doubt_when_the_customer_never_puts_the_card_back(
    hall: Hall, desk: Desk
) -> None:
    hall.put_in(CARD)
    hall.clumsy_reader(desk, CardFaults("pull", 27, 15))
    asked: list[str] = []

    def try_without(reason: str) -> bool:
        asked.append(reason)
        return True

    sold(sell_to(desk, CARD, 5000, try_without), "in_doubt")
    assert 1 < len(asked) <= 5, "it does not ask for ever"
    hall.put_in(CARD)
    assert not isinstance(recover.recover(desk), Refusal)


def test_this_meter_cannot_buy_when_its_sale_is_in_doubt_E03(hall: Hall, desk: Desk) -> None:
    from kiosk.till.quote import Buyer, find_buyer, quote

    hall.put_in(CARD)
    hall.clumsy_reader(desk, CardFaults("pull", 27, 15))
    sold(sell_to(desk, CARD, 5000), "in_doubt")
    buyer, other = find_buyer(desk, CARD), find_buyer(desk, OTHER)
    assert isinstance(buyer, Buyer) and isinstance(other, Buyer)
    assert code(quote(desk, buyer, 5000)) == "sale_in_doubt_for_meter"
    assert not isinstance(quote(desk, other, 5000), Refusal)
