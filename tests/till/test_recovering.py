"""The program stops at every point of a sale; who comes next finishes it, once (E01)."""

from __future__ import annotations

import contextlib
import threading

import pytest

from drivers.card.simulated_reader import CardFaults
from kiosk import marks
from kiosk.domain.chart import SALES_PENDING, cash, meter_account
from kiosk.errors import Refusal
from kiosk.till import history, recover
from kiosk.till.desk import Desk
from kiosk.till.maintain import evidence, verify
from kiosk.till.recover import Recovered
from tests.till.hall import (
    CARD,
    KEYPAD,
    DiedError,
    Hall,
    code,
    die_at,
    entries,
    meter_number,
    money,
    sell_to,
    sold,
)

OTHER = meter_number("card", power_type="home", nth=1)


def die_selling(hall: Hall, meter: str, mark: str, passage: int = 1) -> None:
    """A station sells to `meter` and stops at `mark`; its process is gone afterwards."""
    gone = hall.station(operator="102")
    marks.arm(die_at(mark, passage))
    with pytest.raises(DiedError):
        sell_to(gone, meter, 5000)
    marks.arm(None)
    hall.leave(gone)


def recovered(desk: Desk) -> Recovered:
    outcome = recover.recover(desk)
    assert isinstance(outcome, Recovered), outcome
    return outcome


TOKEN_MARKS = ("sale.after_commit_one", "token.before_issue", "token.after_issue",
               "sale.before_commit_two")  # fmt: skip
CARD_MARKS = (
    ("sale.after_commit_one", 1), ("card.before_write", 1), ("card.after_each_write", 1),
    ("card.after_each_write", 2), ("card.after_each_write", 3), ("card.after_each_write", 4),
    ("card.before_read_back", 1), ("card.after_read_back", 1), ("sale.before_commit_two", 1),
)  # fmt: skip


@pytest.mark.parametrize("mark", TOKEN_MARKS)
def test_the_token_is_made_once_when_the_program_stopped_after_the_payment_E01(
    hall: Hall, desk: Desk, mark: str
) -> None:
    die_selling(hall, KEYPAD, mark)
    record = sold(recovered(desk).sales[0])
    assert record.how == "recovered"
    assert desk.vendor is not None
    assert record.committed.token is not None
    assert record.token == desk.vendor.issue(record.committed.token), "what was committed"
    assert hall.enter(KEYPAD, record.token or "").energy_wh_added == 22500
    assert recovered(desk) == Recovered([], [], [])
    assert money(desk, cash("102")) == 5000
    assert money(desk, SALES_PENDING) == 0
    assert verify(desk).first_bad == 0


def test_nothing_was_taken_when_the_program_stopped_before_the_first_commit(
    hall: Hall, desk: Desk
) -> None:
    before = entries(desk)
    die_selling(hall, KEYPAD, "sale.before_commit_one")
    assert recovered(desk) == Recovered([], [], [])
    assert entries(desk) == before


def test_nothing_is_left_to_do_when_the_program_stopped_after_the_second_commit(
    hall: Hall, desk: Desk
) -> None:
    die_selling(hall, KEYPAD, "sale.after_commit_two")
    assert recovered(desk) == Recovered([], [], [])
    sales = history.sales_of_meter(desk, KEYPAD)
    assert not isinstance(sales, Refusal)
    assert hall.enter(KEYPAD, sold(sales[0]).token or "").energy_wh_added == 22500


@pytest.mark.parametrize(("mark", "passage"), CARD_MARKS)
def test_the_card_is_finished_once_when_the_program_stopped_after_the_payment_E01_E02_E03(
    hall: Hall, desk: Desk, mark: str, passage: int
) -> None:
    hall.put_in(CARD)
    die_selling(hall, CARD, mark, passage)
    record = sold(recovered(desk).sales[0])
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == record.committed.energy_wh
    assert hall.insert_in_meter(CARD).energy_wh_added == 0
    assert money(desk, SALES_PENDING) == 0


@pytest.mark.parametrize("inside", ["", OTHER])
def test_a_card_sale_waits_when_its_card_is_not_there_E01(
    hall: Hall, desk: Desk, inside: str
) -> None:
    hall.put_in(CARD)
    die_selling(hall, CARD, "card.after_each_write", 2)
    hall.take_out()
    if inside:
        hall.put_in(inside)
    first = recovered(desk)
    assert [sale.state for sale in first.waiting] == ["in_doubt"]
    before = entries(desk)
    assert recovered(desk).waiting == first.waiting
    assert entries(desk) == before, "a doubt is written once"
    hall.take_out()
    hall.put_in(CARD)
    assert sold(recovered(desk).sales[0]).how == "recovered"


def test_a_running_sale_is_left_alone_when_another_station_recovers(hall: Hall, desk: Desk) -> None:
    seen: list[object] = []

    def look(name: str) -> None:
        if name == "token.before_issue":
            seen.append(recover.recover(desk))

    busy = hall.station(operator="102")
    marks.arm(look)
    record = sold(sell_to(busy, KEYPAD, 5000))
    assert seen == [Recovered([], [], [])]
    assert record.how == "normal"


def test_one_outcome_stands_when_two_stations_recover_at_once(hall: Hall, desk: Desk) -> None:
    die_selling(hall, KEYPAD, "token.before_issue")
    other = hall.station()
    meeting = threading.Barrier(2)

    def meet(name: str) -> None:
        if name == "recover.before_commit":
            meeting.wait(60)

    marks.arm(meet)
    outcomes: list[Recovered | Refusal] = []
    workers = [
        threading.Thread(target=lambda d=each: outcomes.append(recover.recover(d)))
        for each in (desk, other)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    marks.arm(None)
    tokens = {
        sold(outcome.sales[0]).token for outcome in outcomes if isinstance(outcome, Recovered)
    }
    assert len(outcomes) == 2
    assert len(tokens) == 1
    assert verify(desk).first_bad == 0


@pytest.mark.parametrize("times", [1, 2, 3])
def test_it_still_ends_once_when_recovery_itself_stops_again_and_again(
    hall: Hall, desk: Desk, times: int
) -> None:
    die_selling(hall, KEYPAD, "token.after_issue")
    for _ in range(times):
        gone = hall.station()
        marks.arm(die_at("recover.before_commit"))
        with contextlib.suppress(DiedError):
            recover.recover(gone)
        marks.arm(None)
        hall.leave(gone)
    record = sold(recovered(desk).sales[0])
    assert hall.enter(KEYPAD, record.token or "").energy_wh_added == 22500
    assert desk.records.sales_table()["delivered"][0] == 1


# --- undo: the card proves that nothing was delivered --------------------------------------------


def interrupted(hall: Hall, desk: Desk, at: int, written_bytes: int = 0) -> str:
    """A card sale in doubt: the card was pulled at command `at`. Gives the sale."""
    hall.put_in(CARD)
    reader = desk.reader
    hall.clumsy_reader(desk, CardFaults("pull", at, written_bytes))
    record = sold(sell_to(desk, CARD, 5000), "in_doubt")
    desk.reader = reader
    return record.committed.sale_id


@pytest.mark.parametrize("at", [15, 18, 25, 26])
def test_the_money_goes_back_when_the_card_shows_that_nothing_was_written(
    hall: Hall, desk: Desk, at: int
) -> None:
    sale_id = interrupted(hall, desk, at)
    hall.put_in(CARD)
    shown = evidence(desk, sale_id)
    assert not isinstance(shown, Refusal)
    assert shown.testimony == "not_delivered"
    record = sold(recover.undo(desk, sale_id), "voided")
    assert record.reason == "undone"
    assert money(desk, cash("101")) == money(desk, SALES_PENDING) == 0
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == 0
    hall.put_in(CARD)
    sold(sell_to(desk, CARD, 5000))


def test_the_money_is_kept_for_the_meter_when_another_station_undoes(
    hall: Hall, desk: Desk
) -> None:
    gone = hall.station(operator="102")
    sale_id = interrupted(hall, gone, 25)
    hall.leave(gone)
    hall.put_in(CARD)
    sold(recover.undo(desk, sale_id), "voided")
    assert money(desk, meter_account(CARD)) == -5000
    assert money(desk, cash("102")) == 5000


@pytest.mark.parametrize(("at", "written_bytes"), [(27, 0), (27, 16), (28, 0), (29, 0), (29, 1)])
def test_nothing_is_undone_when_the_card_was_written_to(
    hall: Hall, desk: Desk, at: int, written_bytes: int
) -> None:
    sale_id = interrupted(hall, desk, at, written_bytes)
    hall.put_in(CARD)
    assert code(recover.undo(desk, sale_id)) == "not_undone"
    sold(recovered(desk).sales[0])


def test_nothing_is_undone_when_the_proof_is_missing(hall: Hall, desk: Desk) -> None:
    sale_id = interrupted(hall, desk, 25)
    assert code(recover.undo(desk, sale_id)) == "no_card"
    hall.put_in(OTHER)
    assert code(recover.undo(desk, sale_id)) == "not_undone"
    hall.take_out()
    token_sale = sold(sell_to(desk, KEYPAD, 5000)).committed.sale_id
    assert code(recover.undo(desk, token_sale)) == "sale_not_open"
    assert code(recover.undo(desk, "nosuchsale")) == "unknown_sale"


def test_nothing_is_undone_when_its_station_is_still_selling(hall: Hall, desk: Desk) -> None:
    busy = hall.station(operator="102")
    sale_id = interrupted(hall, busy, 25)
    hall.put_in(CARD)
    assert code(recover.undo(desk, sale_id)) == "sale_under_way"
