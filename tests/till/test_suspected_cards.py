"""Cards that cannot be what they say (E16): no sale, the image as evidence, a case for staff."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.card.sealing import seal_files
from drivers.card.sim import CardRack
from drivers.vending.card_keys import PUBLISHED_MASTER, SoftwareCardModule, card_key
from kiosk.domain import facts
from kiosk.domain.card_account_facts import CardSuspected, SuspicionClosed
from kiosk.domain.cards import open as layout
from kiosk.errors import Refusal
from kiosk.front import utility
from kiosk.till import card_accounts, suspicions
from kiosk.till.cards import look
from kiosk.till.desk import Desk
from kiosk.till.maintain import verify
from kiosk.till.tokens import SecondPerson
from tests.till.hall import (
    CARD,
    SECOND,
    Hall,
    code,
    entries,
    meter_number,
    sell_to,
    sold,
)

OTHER = meter_number("card", power_type="home", nth=1)
MODULE = SoftwareCardModule()


def chip_file(hall: Hall, meter: str = CARD) -> Path:
    return hall.world().folder / "cards" / f"{hall.serial(meter)}.card"


def written(hall: Hall, file: int, offset: int, data: bytes) -> None:
    """Somebody who holds the keys writes on the card: its MACs are right afterwards."""
    rack, serial = CardRack(hall.world().folder), hall.serial(CARD)
    files = rack.files(serial)
    files[file] = files[file][:offset] + data + files[file][offset + len(data) :]
    sealed = seal_files(MODULE, "open", serial, files)
    place = 31
    content = b"\3" + files[3][:place]
    sealed[3] = files[3][:place] + MODULE.content_mac("open", serial, content) + files[3][39:]
    chip = rack.card(serial)
    for number in (2, 3):
        chip.store(number, 0, sealed[number])
    chip.close()


def used(hall: Hall, desk: Desk, times: int = 1) -> None:
    for _ in range(times):
        hall.take_out()
        hall.put_in(CARD)
        sold(sell_to(desk, CARD, 2000))
        hall.take_out()
        hall.insert_in_meter(CARD)
    hall.put_in(CARD)


def suspected(desk: Desk) -> CardSuspected:
    """The one case; nothing was sold and no money was taken on the way."""
    sales = desk.records.sales_table()
    before = entries(desk)
    assert code(sell_to(desk, CARD, 2000)) == "card_to_counter"
    assert desk.records.sales_table() == sales
    assert entries(desk) == before + 1
    assert code(sell_to(desk, CARD, 2000)) == "card_to_counter"
    assert entries(desk) == before + 1, "one case, however often it is tried"
    return desk.records.open_suspicions()[0].suspected


def test_an_old_card_is_stopped_when_it_is_played_back(hall: Hall, desk: Desk) -> None:
    used(hall, desk)
    old = chip_file(hall).read_bytes()
    used(hall, desk)
    hall.take_out()
    chip_file(hall).write_bytes(old)
    hall.put_in(CARD)
    case = suspected(desk)
    assert case.reason == "number_fell"
    assert (case.known["ledger_purchase_number"], case.known["card_purchase_number"]) == (2, 1)
    assert case.image.files[2] == old[512 + 48 :][:40], "the evidence is the card as it was"
    assert verify(desk).first_bad == 0


def test_the_card_is_stopped_when_a_delivered_number_has_another_sellers_mark(
    hall: Hall, desk: Desk
) -> None:
    used(hall, desk)
    written(hall, 2, 21, b"someoneels")
    assert suspected(desk).reason == "number_twice"


def test_the_card_is_stopped_when_the_meters_total_has_fallen(hall: Hall, desk: Desk) -> None:
    used(hall, desk, times=2)
    written(hall, 3, 5, bytes(5))
    assert suspected(desk).reason == "write_back_fell"


@pytest.mark.parametrize("file", [1, 2, 3])
def test_the_card_is_stopped_when_a_mac_is_wrong(hall: Hall, desk: Desk, file: int) -> None:
    used(hall, desk)
    chip = hall.world().rack.card(hall.serial(CARD))
    chip.store(file, 35, b"\x99")
    chip.close()
    case = suspected(desk)
    assert (case.reason, case.serial) == ("forged", hall.serial(CARD))


def test_the_card_is_stopped_when_its_chip_does_not_hold_the_key(hall: Hall, desk: Desk) -> None:
    """A copy of all files on a chip that says the same serial."""
    used(hall, desk)
    hall.take_out()
    files = hall.world().rack.files(hall.serial(CARD))
    chip_file(hall).unlink()
    hall.world().rack.make(hall.serial(CARD), files, chip="keyed", key=bytes(16))
    hall.put_in(CARD)
    assert suspected(desk).reason == "forged"


def test_the_card_is_stopped_when_another_chip_has_its_number(hall: Hall, desk: Desk) -> None:
    """The same printed number on a chip that was never registered, with right keys."""
    number = hall.world().card_of(CARD).number
    serial = "00000000000000aa"
    sealed = seal_files(MODULE, "open", serial, layout.make(serial, number, CARD))
    rack = hall.world().rack
    rack.make(serial, sealed, chip="keyed", key=card_key(PUBLISHED_MASTER, 2, serial))
    hall.slot().insert(serial)
    case = suspected(desk)
    assert (case.reason, case.serial, case.card_number) == ("other_chip", serial, number)


def test_the_customer_is_told_nothing_but_where_to_go(hall: Hall, desk: Desk) -> None:
    used(hall, desk)
    written(hall, 2, 21, b"someoneels")
    refused = card_accounts.purse(desk)
    assert refused == Refusal("card_to_counter")
    words = hall.house_of(desk).words
    said = words.say("refusals.card_to_counter")
    assert "counter" in said
    assert not {"clone", "copy", "forged", "fraud"} & set(said.lower().split())


def test_other_cards_buy_when_one_is_stopped(hall: Hall, desk: Desk) -> None:
    used(hall, desk)
    written(hall, 2, 21, b"someoneels")
    suspected(desk)
    hall.take_out()
    hall.put_in(OTHER)
    sold(sell_to(desk, OTHER, 2000))


# --- no false alarm -----------------------------------------------------------------------------


def test_nobody_is_suspected_when_another_hall_sold_meanwhile(
    hall: Hall, desk: Desk, tmp_path: Path, template: Path
) -> None:
    away = Hall(tmp_path / "away", template)
    try:
        counter = away.station()
        counter.reader = desk.reader
        used(hall, desk)
        for _ in range(3):
            sold(sell_to(counter, CARD, 1000))
            hall.take_out()
            hall.insert_in_meter(CARD)
            hall.put_in(CARD)
        sold(sell_to(desk, CARD, 2000))
        assert desk.records.open_suspicions() == counter.records.open_suspicions() == []
    finally:
        away.close()


# --- staff --------------------------------------------------------------------------------------


def test_staff_who_look_at_the_card_are_told_of_its_case(hall: Hall, desk: Desk) -> None:
    used(hall, desk)
    path = chip_file(hall)
    old = path.read_bytes()
    used(hall, desk)
    path.write_bytes(old)
    assert suspected(desk).reason == "number_fell"
    view = look.look(desk)
    assert isinstance(view, look.CardView)
    assert view.state == "under_suspicion"
    assert view.refusal == Refusal("card_under_suspicion")


@pytest.fixture
def case_id(hall: Hall, desk: Desk) -> str:
    used(hall, desk)
    written(hall, 2, 21, b"someoneels")
    return suspected(desk).case_id


def test_the_case_is_listed_for_staff_and_for_nobody_else(desk: Desk, case_id: str) -> None:
    listed = suspicions.open_cases(desk)
    assert not isinstance(listed, Refusal)
    assert [case.suspected.case_id for case in listed] == [case_id]
    desk.role = "self_service"
    assert code(suspicions.open_cases(desk)) == "no_right"


@pytest.mark.parametrize("finding", suspicions.FINDINGS)
def test_two_persons_close_a_case_and_a_withdrawn_card_stays_stopped(
    hall: Hall, desk: Desk, case_id: str, finding: str
) -> None:
    closed = suspicions.close_case(desk, case_id, finding, SECOND, "passport seen ")
    assert not isinstance(closed, Refusal)
    assert closed.closed is not None
    assert closed.end is not None
    assert (closed.end.finding, closed.end.note) == (finding, "passport seen")
    assert suspicions.open_cases(desk) == []
    assert suspicions.open_cases(desk, every=True) == [closed]
    assert desk.records.open_suspicions() == []
    assert desk.records.card_is_stopped(hall.serial(CARD)) == (finding == "withdrawn")
    again = suspicions.close_case(desk, case_id, finding, SECOND, "passport seen ")
    assert code(again) == "suspicion_not_open"
    assert verify(desk).first_bad == 0


@pytest.mark.parametrize(
    ("second", "pin", "finding", "refused"),
    [
        ("301", "0000", "genuine", "wrong_pin"),
        ("101", utility.REHEARSAL_PIN, "genuine", "second_person_same"),
        ("301", utility.REHEARSAL_PIN, "lost", "card_finding_unknown"),
    ],
)
def test_the_case_stays_open_when_one_of_the_two_is_missing(
    desk: Desk, case_id: str, second: str, pin: str, finding: str, refused: str
) -> None:
    agreeing = SecondPerson(second, pin)
    assert code(suspicions.close_case(desk, case_id, finding, agreeing, "seen")) == refused
    assert code(suspicions.close_case(desk, case_id, "genuine", SECOND, " ")) == "reason_missing"
    assert len(desk.records.open_suspicions()) == 1
    assert code(suspicions.close_case(desk, "nosuch", "genuine", SECOND, "seen")) == (
        "suspicion_not_open"
    )


def test_a_case_that_was_closed_before_there_were_notes_reads_as_it_was_written() -> None:
    """The bytes of an entry never change: an empty note is not in them."""
    closed = SuspicionClosed("c1", "genuine", "101", "301")
    body = facts.encode(closed)
    assert b"note" not in body
    assert facts.decode(closed.KIND, closed.VERSION, body) == closed
