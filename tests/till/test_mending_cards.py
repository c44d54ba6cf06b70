"""Purchases that are taken back, cards that are brought to their meter's number (F004, E13)."""

from __future__ import annotations

import pytest

from drivers.card.simulated_reader import CardFaults
from kiosk import marks
from kiosk.domain import chart
from kiosk.domain.cards import open as open_card
from kiosk.domain.cards.open import OpenCard
from kiosk.errors import Refusal
from kiosk.screens.account_telling import why_lines
from kiosk.screens.card_telling import plan_lines
from kiosk.till import history, recover, reverse, suspicions
from kiosk.till.cards import mend
from kiosk.till.cards.work import carry_out, give_up
from kiosk.till.desk import Desk
from kiosk.till.maintain import verify
from kiosk.till.tokens import SecondPerson
from tests.till.card_desk import (
    cancel,
    energy,
    insert_serial,
    planned,
    reissue,
    repair,
    scratch,
    worked,
)
from tests.till.hall import (
    CARD,
    SECOND,
    DiedError,
    Hall,
    balances,
    code,
    die_at,
    meter_number,
    money,
    sell_to,
    sold,
)

ACCOUNT = chart.meter_account(CARD)
IN_DEBT = meter_number("card", debt=True)


def card_now(desk: Desk) -> OpenCard:
    assert desk.reader is not None
    state = open_card.state(desk.reader.read())
    assert isinstance(state, OpenCard), state
    return state


# --- a purchase is taken back ---------------------------------------------------------------------


@pytest.mark.parametrize("meter", [CARD, IN_DEBT])
@pytest.mark.parametrize("to", ["cash", "meter_account"])
def test_every_account_is_as_before_the_sale_when_its_purchase_is_taken_back(
    hall: Hall, desk: Desk, meter: str, to: str
) -> None:
    before = balances(desk)
    hall.put_in(meter)
    sold(sell_to(desk, meter, 5000))
    image = desk.reader and desk.reader.read()
    record = worked(cancel(desk, to))
    kept = {} if to == "cash" else {(chart.meter_account(meter), "ZAR"): -5000,
                                    (chart.cash("101"), "ZAR"): 5000}  # fmt: skip
    assert balances(desk) == before | kept
    assert record.committed.second == "301"
    assert image != (desk.reader and desk.reader.read())
    hall.take_out()
    assert hall.insert_in_meter(meter).energy_wh_added == 0
    assert not verify(desk).first_bad


def test_the_number_is_given_again_and_taken_once_when_the_customer_buys_anew_E13(
    hall: Hall, desk: Desk
) -> None:
    hall.put_in(CARD)
    sold(sell_to(desk, CARD, 5000))
    worked(cancel(desk))
    again = sold(sell_to(desk, CARD, 2000))
    assert again.purchase_number == 1
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == again.committed.energy_wh
    assert energy(desk, CARD) == hall.credited_wh(CARD)
    assert money(desk, ACCOUNT) == -5000  # paid in cash again; the kept money is still there


def test_a_later_purchase_is_taken_back_to_the_one_before_and_a_reissue_repeats_that(
    hall: Hall, desk: Desk
) -> None:
    hall.put_in(CARD)
    first = sold(sell_to(desk, CARD, 5000))
    hall.take_out()
    hall.insert_in_meter(CARD)
    hall.put_in(CARD)
    before = desk.reader and desk.reader.read()
    assert sold(sell_to(desk, CARD, 2000)).purchase_number == 2
    worked(cancel(desk))
    assert before == (desk.reader and desk.reader.read())
    hall.take_out()
    new, record = reissue(hall, desk, CARD)
    assert record.committed.content.purchase_number == 1
    assert record.committed.content.sale_id == first.committed.sale_id
    hall.take_out()
    assert insert_serial(hall, CARD, new) == 0
    assert hall.credited_wh(CARD) == first.committed.energy_wh


def test_nothing_is_taken_back_when_the_meter_has_it_E13(hall: Hall, desk: Desk) -> None:
    hall.put_in(CARD)
    sold(sell_to(desk, CARD, 5000))
    plan = planned(mend.plan_cancel(desk, "cash"))
    hall.take_out()
    hall.insert_in_meter(CARD)
    hall.put_in(CARD)
    assert code(carry_out(desk, plan, "moved away", SECOND)) == "card_changed"
    assert code(cancel(desk)) == "purchase_consumed"
    hall.take_out()
    scratch(hall, hall.serial(CARD), 3, 39, b"\0")  # the meter was interrupted while it wrote back
    hall.put_in(CARD)
    assert code(cancel(desk)) == "purchase_perhaps_consumed"


def test_nothing_is_taken_back_twice_or_from_a_card_that_replaces_another(
    hall: Hall, desk: Desk
) -> None:
    hall.put_in(CARD)
    assert code(cancel(desk)) == "card_nothing_to_take_back"  # nothing was bought yet
    sold(sell_to(desk, CARD, 5000))
    hall.take_out()
    reissue(hall, desk, CARD)
    assert code(cancel(desk)) == "card_purchase_unknown"  # the lost card still carries it
    hall.take_out()
    hall.slot().insert(hall.serial(CARD))
    assert code(cancel(desk)) == "card_not_accepted"


def test_no_purchase_is_taken_back_when_one_person_alone_or_the_wrong_role_asks(
    hall: Hall, desk: Desk
) -> None:
    hall.put_in(CARD)
    sold(sell_to(desk, CARD, 5000))
    plan = planned(mend.plan_cancel(desk))
    assert code(carry_out(desk, plan, "moved away")) == "second_person_needed"
    assert code(carry_out(desk, plan, "x", SECOND)) == "reason_missing"
    cashier = SecondPerson("102", "1234")
    assert code(carry_out(desk, plan, "moved away", cashier)) == "no_right"
    technician = hall.station(role="technician", operator="201")
    assert code(mend.plan_cancel(technician, "cash")) == "no_right"
    kiosk = hall.station(role="self_service")
    assert code(mend.plan_cancel(kiosk)) == "no_right"
    assert code(mend.plan_cancel(desk, "2301")) == "not_a_choice", "never the other answer instead"
    assert code(mend.plan_repair(hall.station(role="cashier"))) == "no_right"


def test_a_paid_purchase_is_named_when_a_repair_would_take_it_off_its_card_unread_F004(
    hall: Hall, desk: Desk
) -> None:
    """The number that the meter shows is typed, and may be typed wrong."""
    hall.put_in(CARD)
    sale = sold(sell_to(desk, CARD, 5000))
    plan = planned(mend.plan_repair(desk, 9))
    assert (plan.drops.sale_id, plan.drops.number) == (sale.committed.sale_id, 1)
    said = " ".join(plan_lines(hall.houses[0].words, plan, desk.currency))
    assert "PAID AND UNREAD: purchase 1 of" in said
    assert f"50.00 ZAR, sale {sale.committed.sale_id}" in said
    hall.take_out()
    hall.insert_in_meter(CARD)
    hall.put_in(CARD)
    assert not planned(
        mend.plan_repair(desk, 9)
    ).drops.number  # the meter has written that it is taken


def test_a_purchase_dropped_by_a_wrong_number_is_delivered_again_once_when_the_right_one_is_typed(
    hall: Hall, desk: Desk
) -> None:
    hall.put_in(CARD)
    sale = sold(sell_to(desk, CARD, 5000))
    sale_id, bytes_sold = sale.committed.sale_id, desk.reader and desk.reader.read()
    worked(repair(desk, 9))
    why = history.why(desk, sale_id)
    assert not isinstance(why, Refusal)
    assert (why.undone, why.record.standing, card_now(desk).purchase_energy_wh) == (
        "dropped", "dropped", 0,
    )  # fmt: skip
    said = " ".join(why_lines(hall.houses[0].words, why))
    assert "(101, 301: does not fit) took it off its card unread" in said
    assert code(reverse.reverse(desk, sale_id, "wrong amount")) == "purchase_dropped"
    assert not planned(mend.plan_repair(desk, 5)).restores.number, "under its own number only"
    plan = planned(mend.plan_repair(desk, 0))
    assert plan.restores.sale_id == sale_id
    assert "put on again" in " ".join(plan_lines(hall.houses[0].words, plan, desk.currency))
    worked(repair(desk, 0))
    assert bytes_sold == (desk.reader and desk.reader.read()), "with its seller's mark"
    why = history.why(desk, sale_id)
    assert not isinstance(why, Refusal)
    assert why.undone == ""
    assert "put it on its card as purchase 1" in " ".join(why_lines(hall.houses[0].words, why))
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == sale.committed.energy_wh
    hall.put_in(CARD)
    worked(repair(desk, 9))
    assert not desk.records.dropped(CARD), "what the meter has taken is not dropped"
    assert not verify(desk).first_bad


def test_the_value_of_a_dropped_purchase_is_moved_once_when_it_is_not_put_on_again(
    hall: Hall, desk: Desk
) -> None:
    hall.put_in(CARD)
    sale = sold(sell_to(desk, CARD, 5000)).committed
    worked(repair(desk, 9))
    back = planned(mend.plan_repair(desk, 0))
    moved = reverse.reallocate(
        desk, sale.sale_id, f"capital:{sale.account}", "mistyped", SECOND, consumed=False
    )
    assert not isinstance(moved, Refusal)
    assert money(desk, chart.capital_account(sale.account)) == -5000
    assert code(carry_out(desk, back, "put it on again", SECOND)) == "undone_before"
    assert not planned(mend.plan_repair(desk, 0)).restores.number
    assert not verify(desk).first_bad


def test_the_purchase_that_a_repair_renumbered_is_known_when_it_is_taken_back(
    hall: Hall, desk: Desk
) -> None:
    """A new meter counts from 0: number 1 on the card is another sale than the first number 1."""
    hall.put_in(CARD)
    sold(sell_to(desk, CARD, 2000))
    hall.take_out()
    hall.insert_in_meter(CARD)
    hall.put_in(CARD)
    second = sold(sell_to(desk, CARD, 5000)).committed
    back = b"\1" + bytes(14) + b"\4" + bytes.fromhex("0" + CARD)
    scratch(hall, hall.serial(CARD), 3, 0, back.ljust(39, b"\0") + b"\xa5")
    assert worked(repair(desk)).committed.content.purchase_number == 1
    dropping = planned(mend.plan_repair(desk, 9))
    assert (dropping.drops.sale_id, dropping.drops.number) == (second.sale_id, 1)
    record = worked(cancel(desk))
    assert (record.committed.sale_id, record.committed.amount_minor) == (second.sale_id, 5000)
    assert (card_now(desk).purchase_number, card_now(desk).purchase_energy_wh) == (0, 0)
    assert not verify(desk).first_bad


# --- interruptions --------------------------------------------------------------------------------

MARKS = [("pen.after_commit", 1), ("card.before_write", 1), ("card.before_read_back", 1),
         ("card.after_read_back", 1), ("sale.before_commit_two", 1),
         *[("card.after_each_write", n) for n in range(1, 5)]]  # fmt: skip


@pytest.mark.parametrize("meter_first", [False, True])
@pytest.mark.parametrize(("mark", "passage"), MARKS)
def test_meter_and_money_agree_when_the_program_stopped_while_a_purchase_was_taken_back_E01_E03(
    hall: Hall, desk: Desk, mark: str, passage: int, meter_first: bool
) -> None:
    hall.put_in(CARD)
    sale = sold(sell_to(desk, CARD, 5000))
    plan = planned(mend.plan_cancel(desk, "cash"))
    marks.arm(die_at(mark, passage))
    with pytest.raises(DiedError):
        carry_out(desk, plan, "moved away", SECOND)
    marks.arm(None)
    hall.leave(desk)
    again = hall.station()
    gained = 0
    if meter_first:
        hall.take_out()
        gained = hall.insert_in_meter(CARD).energy_wh_added
        hall.put_in(CARD)
    recovered = recover.recover(again)
    assert not isinstance(recovered, Refusal)
    (record,) = recovered.cards
    assert record.state in {"done", "undone"}
    assert (record.state == "undone") == (gained > 0)
    # The customer has gone: what is given back waits at the meter's account.
    assert money(again, ACCOUNT) == (0 if gained else -5000)
    assert money(again, chart.cash("101")) == 5000
    hall.take_out()
    gained += hall.insert_in_meter(CARD).energy_wh_added
    assert gained == energy(again, CARD) == hall.credited_wh(CARD)
    assert gained in {0, sale.committed.energy_wh}
    assert not verify(again).first_bad


@pytest.mark.parametrize("command", range(1, 22))
def test_a_cancel_in_doubt_waits_for_its_card_when_it_was_pulled_at_any_command_E02(
    hall: Hall, desk: Desk, command: int
) -> None:
    hall.put_in(CARD)
    sold(sell_to(desk, CARD, 5000))
    plan = planned(mend.plan_cancel(desk))
    reader = desk.reader
    hall.clumsy_reader(desk, CardFaults("pull", command))
    outcome = carry_out(desk, plan, "moved away", SECOND)
    desk.reader = reader
    if isinstance(outcome, Refusal) or outcome.state != "in_doubt":
        return
    assert money(desk, ACCOUNT) == 0
    assert code(give_up(desk, outcome.committed.work_id, "gone")) == "card_work_needs_card"
    other = meter_number("card", power_type="home", nth=1)
    hall.put_in(other)
    assert not isinstance(recovered := recover.recover(desk), Refusal)
    assert recovered.cards == []
    hall.take_out()
    hall.put_in(CARD)
    assert not isinstance(recovered := recover.recover(desk), Refusal)
    assert [record.state for record in recovered.cards] == ["done"]
    assert money(desk, ACCOUNT) == -5000


# --- a card is brought to its meter's number ------------------------------------------------------


def test_the_card_goes_on_from_the_meters_number_when_it_was_behind(hall: Hall, desk: Desk) -> None:
    serial = hall.serial(CARD)
    for amount in (2000, 3000):
        hall.put_in(CARD)
        sold(sell_to(desk, CARD, amount))
        hall.take_out()
        hall.insert_in_meter(CARD)
    scratch(hall, serial, 2, 1, (1).to_bytes(4, "big"))  # somebody put an older purchase back
    hall.put_in(CARD)
    assert code(sell_to(desk, CARD, 2000)) == "card_to_counter", "a number that fell is looked at"
    (case,) = desk.records.open_suspicions()
    looked = suspicions.close_case(desk, case.suspected.case_id, "genuine", SECOND, "seen")
    assert not isinstance(looked, Refusal)
    record = worked(repair(desk))
    assert (card_now(desk).purchase_number, card_now(desk).purchase_energy_wh) == (2, 0)
    assert record.committed.content.purchase_number == 2
    third = sold(sell_to(desk, CARD, 2000))
    assert third.purchase_number == 3
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == third.committed.energy_wh
    assert energy(desk, CARD) == hall.credited_wh(CARD)
    assert not verify(desk).first_bad


def test_a_paid_purchase_is_kept_under_the_next_number_when_the_card_is_ahead_of_its_meter(
    hall: Hall, desk: Desk
) -> None:
    serial = hall.serial(CARD)
    scratch(hall, serial, 2, 1, (6).to_bytes(4, "big"))
    back = b"\1" + (6).to_bytes(4, "big") + bytes(10) + b"\2" + bytes.fromhex("0" + CARD)
    scratch(hall, serial, 3, 0, back.ljust(39, b"\0") + b"\xa5")  # as if it had taken number 6
    hall.put_in(CARD)
    sale = sold(sell_to(desk, CARD, 5000))
    assert sale.purchase_number == 7
    hall.take_out()
    assert hall.insert_in_meter(CARD).result == "purchase_number"  # the meter counts from 0
    hall.put_in(CARD)
    assert code(sell_to(desk, CARD, 2000)) == "card_to_counter", "the write-back fell"
    record = worked(repair(desk))
    assert record.committed.content.purchase_number == 1
    assert code(repair(desk)) == "card_nothing_to_repair"
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == sale.committed.energy_wh
    assert hall.insert_in_meter(CARD).energy_wh_added == 0
    assert energy(desk, CARD) == hall.credited_wh(CARD)


def test_a_purchase_that_nobody_paid_for_is_cleared_when_the_card_is_ahead_of_its_meter(
    hall: Hall, desk: Desk
) -> None:
    forged = open_card.rewrite(9, 90_000, 5000, "ZAR")
    for write in forged:
        scratch(hall, hall.serial(CARD), write.file, write.address, write.data)
    hall.insert_in_meter(CARD)
    hall.put_in(CARD)
    worked(repair(desk))
    assert card_now(desk).purchase_energy_wh == 0
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == 0
    hall.put_in(CARD)
    assert sold(sell_to(desk, CARD, 2000)).purchase_number == 1


def test_a_torn_purchase_is_cleared_when_the_meters_number_is_typed(hall: Hall, desk: Desk) -> None:
    serial = hall.serial(CARD)
    scratch(hall, serial, 2, 39, b"\0")
    hall.put_in(CARD)
    assert code(sell_to(desk, CARD, 2000)) == "card_unfinished_purchase"
    assert code(repair(desk)) == "card_meter_number_needed"
    assert code(repair(desk, -1)) == "card_meter_number_wrong"
    worked(repair(desk, 0))
    hall.take_out()
    hall.insert_in_meter(CARD)
    hall.put_in(CARD)
    assert sold(sell_to(desk, CARD, 2000)).purchase_number == 1


def test_a_number_below_the_meters_own_word_is_refused_when_it_is_typed(
    hall: Hall, desk: Desk
) -> None:
    hall.put_in(CARD)
    sold(sell_to(desk, CARD, 2000))
    hall.take_out()
    hall.insert_in_meter(CARD)
    hall.put_in(CARD)
    assert code(repair(desk, 0)) == "card_meter_number_wrong"
    assert code(repair(desk)) == "card_nothing_to_repair"
