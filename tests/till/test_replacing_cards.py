"""Cards that are lost: another one carries the same purchase under the same number (E15)."""

from __future__ import annotations

import pytest

from drivers.card.simulated_reader import CardFaults
from kiosk import marks
from kiosk.domain import chart
from kiosk.errors import Refusal
from kiosk.till import history, recover
from kiosk.till.cards import look, watch
from kiosk.till.cards import plan as planning
from kiosk.till.cards.work import carry_out, give_up
from kiosk.till.desk import Desk
from kiosk.till.greet import find_buyer_by_card
from kiosk.till.maintain import verify
from kiosk.till.tokens import SecondPerson
from tests.till.card_desk import (
    insert_serial,
    planned,
    put_in_blank,
    put_in_other,
    reissue,
    worked,
)
from tests.till.hall import (
    CARD,
    SECOND,
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


def bought(hall: Hall, desk: Desk, amount_minor: int = 5000) -> int:
    """An unread purchase on the customer's card, which is taken out; its energy."""
    hall.put_in(CARD)
    record = sold(sell_to(desk, CARD, amount_minor))
    hall.take_out()
    return record.committed.energy_wh


@pytest.mark.parametrize("first", ["the new card", "the old card"])
def test_the_meter_takes_the_purchase_once_when_the_lost_card_is_found_again_E15(
    hall: Hall, desk: Desk, first: str
) -> None:
    energy_wh = bought(hall, desk)
    old = hall.serial(CARD)
    new, record = reissue(hall, desk, CARD)
    hall.take_out()
    assert record.committed.content.purchase_number == 1
    assert record.committed.issue == 2
    order = [new, old] if first == "the new card" else [old, new]
    gained = [insert_serial(hall, CARD, serial) for serial in order]
    assert gained == [energy_wh, 0]
    assert hall.credited_wh(CARD) == energy_wh
    assert not verify(desk).first_bad


def test_the_next_purchase_goes_onto_the_new_card_and_never_onto_the_old_one(
    hall: Hall, desk: Desk
) -> None:
    first = bought(hall, desk)
    old = hall.serial(CARD)
    new, _ = reissue(hall, desk, CARD)
    assert code(sell_to(desk, CARD, 2000)) == "card_unread_purchase"
    hall.take_out()
    insert_serial(hall, CARD, old)
    hall.slot().insert(new)
    assert code(sell_to(desk, CARD, 2000)) == "card_unread_purchase"
    hall.take_out()
    insert_serial(hall, CARD, new)
    hall.slot().insert(old)
    assert code(sell_to(desk, CARD, 2000)) == "card_not_accepted"
    hall.take_out()
    hall.slot().insert(new)
    second = sold(sell_to(desk, CARD, 2000))
    assert second.purchase_number == 2
    hall.take_out()
    insert_serial(hall, CARD, new)
    assert hall.credited_wh(CARD) == first + second.committed.energy_wh


def test_nothing_is_left_to_take_when_the_meter_had_the_purchase_before_the_card_was_lost(
    hall: Hall, desk: Desk
) -> None:
    energy_wh = bought(hall, desk)
    assert hall.insert_in_meter(CARD).energy_wh_added == energy_wh
    new, record = reissue(hall, desk, CARD)
    hall.take_out()
    assert record.committed.content.purchase_number == 1
    assert insert_serial(hall, CARD, new) == 0
    hall.slot().insert(new)
    assert sold(sell_to(desk, CARD, 2000)).purchase_number == 2


# fee, free, cash of the operator, revenue, tax
FEES = [
    (5000, False, 5000, 4348, 652),
    (1, False, 1, 1, 0),
    (4, False, 4, 3, 1),
    (5000, True, 0, 0, 0),
    (0, False, 0, 0, 0),
]


@pytest.mark.parametrize(("fee_minor", "free", "cash", "revenue", "tax"), FEES)
def test_the_fee_is_a_line_of_its_own_when_a_card_is_replaced(
    hall: Hall, desk: Desk, fee_minor: int, free: bool, cash: int, revenue: int, tax: int
) -> None:
    import msgspec

    card = msgspec.structs.replace(desk.settings.card, reissue_fee_minor=fee_minor)
    desk.settings = msgspec.structs.replace(desk.settings, card=card)
    _, record = reissue(hall, desk, CARD, free=free)
    assert money(desk, chart.cash("101")) == cash
    assert -money(desk, chart.revenue("card_fee")) == revenue
    assert -money(desk, chart.tax("tax")) == tax
    assert money(desk, chart.CARDS_PENDING) == 0
    assert record.committed.second == ("301" if free and fee_minor else "")
    assert not verify(desk).first_bad


@pytest.mark.parametrize(
    ("second", "refusal"),
    [
        (None, "second_person_needed"),
        (SecondPerson("101", "1234"), "second_person_same"),
        (SecondPerson("102", "1234"), "no_right"),
        (SecondPerson("301", "0000"), "wrong_pin"),
    ],
)
def test_no_fee_is_waived_when_no_second_person_agrees(
    hall: Hall, desk: Desk, second: SecondPerson | None, refusal: str
) -> None:
    put_in_blank(hall)
    plan = planned(planning.plan_reissue(desk, CARD, "lost", free=True))
    assert code(carry_out(desk, plan, "poor customer", second)) == refusal
    assert desk.records.open_card_works() == []
    assert desk.records.cards_of(meter=CARD)[0].state == "active"


def test_nothing_is_made_when_meter_card_or_reason_do_not_fit(hall: Hall, desk: Desk) -> None:
    before = entries(desk)
    assert code(planning.plan_reissue(desk, CARD, "lost")) == "no_card"
    hall.put_in(OTHER)
    assert code(planning.plan_reissue(desk, CARD, "lost")) == "card_not_blank"
    hall.take_out()
    put_in_other(hall, "foreign")
    assert code(planning.plan_reissue(desk, CARD, "lost")) == "card_foreign"
    hall.take_out()
    put_in_blank(hall)
    assert code(planning.plan_make(desk, CARD)) == "card_there_already"
    assert code(planning.plan_reissue(desk, CARD, "eaten")) == "not_a_choice"
    keypad = meter_number("keypad")
    assert code(planning.plan_reissue(desk, keypad, "lost")) == "meter_takes_no_card"
    plan = planned(planning.plan_reissue(desk, CARD, "lost"))
    assert code(carry_out(desk, plan, " ")) == "reason_missing"
    hall.take_out()
    put_in_blank(hall)
    assert code(carry_out(desk, plan, "lost in town")) == "card_changed"
    assert entries(desk) == before


def test_a_technician_takes_no_money_when_a_card_is_replaced(hall: Hall, desk: Desk) -> None:
    technician = hall.station(role="technician", operator="201")
    put_in_blank(hall)
    assert code(planning.plan_reissue(technician, CARD, "lost")) == "no_right"
    plan = planned(planning.plan_reissue(technician, CARD, "lost", free=True))
    worked(carry_out(technician, plan, "card did not work", SECOND))


# --- a sale in doubt whose card is lost -----------------------------------------------------------


@pytest.mark.parametrize("command", [16, 18, 21, 23])
def test_a_sale_in_doubt_is_settled_and_taken_once_when_its_card_is_lost_E03_E15(
    hall: Hall, desk: Desk, command: int
) -> None:
    hall.put_in(CARD)
    reader = desk.reader
    hall.clumsy_reader(desk, CardFaults("pull", command))
    record = sold(sell_to(desk, CARD, 5000), "in_doubt")
    desk.reader = reader
    sale_id, old = record.committed.sale_id, hall.serial(CARD)
    put_in_blank(hall)
    plan = planned(planning.plan_reissue(desk, CARD, "lost"))
    assert plan.settles == sale_id
    worked(carry_out(desk, plan, "lost in town"))
    hall.take_out()
    after = desk.records.sale(sale_id)
    assert after is not None
    assert (after.state, after.how) == ("delivered", "reissued")
    insert_serial(hall, CARD, old)
    insert_serial(hall, CARD, plan.serial)
    assert hall.credited_wh(CARD) == record.committed.energy_wh
    assert history.in_doubt(desk) == []
    assert not verify(desk).first_bad


# --- interruptions --------------------------------------------------------------------------------

MARKS = [("pen.after_commit", 1), ("card.before_write", 1), ("card.before_read_back", 1),
         ("card.after_read_back", 1), ("sale.before_commit_two", 1),
         *[("card.after_each_write", n) for n in range(1, 13)]]  # fmt: skip


@pytest.mark.parametrize(("mark", "passage"), MARKS)
def test_the_card_is_made_once_when_the_program_stopped_in_between_E01(
    hall: Hall, desk: Desk, mark: str, passage: int
) -> None:
    energy_wh = bought(hall, desk)
    old, new = hall.serial(CARD), put_in_blank(hall)
    plan = planned(planning.plan_reissue(desk, CARD, "lost"))
    marks.arm(die_at(mark, passage))
    with pytest.raises(DiedError):
        carry_out(desk, plan, "lost in town")
    marks.arm(None)
    hall.leave(desk)
    again = hall.station()
    recovered = recover.recover(again)
    assert not isinstance(recovered, Refusal)
    assert [record.state for record in recovered.cards] == ["done"]
    assert money(again, chart.cash("101")) == 5000 + 5000
    assert money(again, chart.CARDS_PENDING) == 0
    hall.take_out()
    assert [insert_serial(hall, CARD, serial) for serial in (new, old)] == [energy_wh, 0]
    assert not verify(again).first_bad


@pytest.mark.parametrize("command", range(1, 40))
def test_the_same_card_is_finished_when_it_was_pulled_at_any_command_E02(
    hall: Hall, desk: Desk, command: int
) -> None:
    energy_wh = bought(hall, desk)
    new = put_in_blank(hall)
    plan = planned(planning.plan_reissue(desk, CARD, "lost"))
    hall.clumsy_reader(desk, CardFaults("pull", command, written_bytes=5))

    def card_back(_reason: str) -> bool:
        hall.slot().insert(new)
        return True

    outcome = carry_out(desk, plan, "lost in town", card_back=card_back)
    if isinstance(outcome, Refusal):
        assert desk.records.card_works_of(CARD) == []
        return
    worked(outcome)
    hall.take_out()
    assert insert_serial(hall, CARD, new) == energy_wh
    assert insert_serial(hall, CARD, hall.serial(CARD)) == 0


def test_a_card_that_does_not_read_back_is_not_made(
    hall: Hall, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that says yes and writes nothing."""
    bought(hall, desk)
    put_in_blank(hall)
    plan = planned(planning.plan_reissue(desk, CARD, "lost"))
    assert desk.reader is not None
    monkeypatch.setattr(desk.reader, "personalise", lambda _serial, _writes: None)
    worked(carry_out(desk, plan, "lost in town"), "in_doubt")
    assert money(desk, chart.revenue("card_fee")) == 0


def test_the_fee_is_kept_for_the_meter_when_a_work_is_given_up_after_its_customer_has_gone(
    hall: Hall, desk: Desk
) -> None:
    bought(hall, desk)
    put_in_blank(hall)
    plan = planned(planning.plan_reissue(desk, CARD, "lost"))
    hall.clumsy_reader(desk, CardFaults("pull", 25))
    work = worked(carry_out(desk, plan, "lost in town"), "in_doubt").committed
    hall.leave(desk)
    again = hall.station()
    worked(give_up(again, work.work_id, "card broke"), "undone")
    assert money(again, chart.meter_account(CARD)) == -work.amount_minor < 0
    assert money(again, chart.cash("101")) == 5000 + work.amount_minor


def test_the_fee_goes_back_when_a_work_in_doubt_is_given_up(hall: Hall, desk: Desk) -> None:
    energy_wh = bought(hall, desk)
    new = put_in_blank(hall)
    plan = planned(planning.plan_reissue(desk, CARD, "lost"))
    reader = desk.reader
    hall.clumsy_reader(desk, CardFaults("pull", 25))
    record = worked(carry_out(desk, plan, "lost in town"), "in_doubt")
    desk.reader = reader
    assert code(sell_to_blocked(desk)) == "card_work_open"
    ended = worked(give_up(desk, record.committed.work_id, "card broke"), "undone")
    assert ended.returned_to == chart.cash("101")
    (blanks,) = desk.records.card_stock()
    assert (blanks.damaged, blanks.issued, blanks.in_stock) == (1, 0, 0)
    assert money(desk, chart.CARDS_PENDING) == 0 == money(desk, chart.revenue("card_fee"))
    third, _ = reissue(hall, desk, CARD)
    hall.take_out()
    hall.slot().insert(new)
    assert isinstance(find_buyer_by_card(desk), Refusal)  # made out to nobody that is known
    hall.take_out()
    gained = [insert_serial(hall, CARD, serial) for serial in (new, third, hall.serial(CARD))]
    assert sum(gained) == energy_wh
    assert not verify(desk).first_bad


def sell_to_blocked(desk: Desk) -> object:
    from kiosk.till.quote import Buyer, find_buyer, quote

    buyer = find_buyer(desk, CARD)
    assert isinstance(buyer, Buyer)
    return quote(desk, buyer, 2000)


# --- the hot list, and what a later catalogue may not undo ----------------------------------------


def test_a_hot_card_gets_a_neutral_answer_and_staff_a_case_when_it_is_put_in_E16(
    hall: Hall, desk: Desk
) -> None:
    number = desk.records.cards_of(meter=CARD)[0].card.number
    assert not isinstance(watch.stop(desk, number, "hot", "seen twice"), Refusal)
    kiosk = hall.station(role="self_service", operator="self-service")
    hall.put_in(CARD)
    before = desk.records.card_cases()
    for _ in range(2):
        assert code(find_buyer_by_card(kiosk)) == "card_not_accepted"
    (case,) = desk.records.card_cases()
    assert before == []
    assert (case.kind, case.serial, case.meter) == ("hot", hall.serial(CARD), CARD)
    view = look.look(desk)
    assert isinstance(view, look.CardView)
    assert view.state == "stopped"
    assert code(watch.release(desk, number, "one chip", SecondPerson("102", "1234"))) == "no_right"
    released = watch.release(desk, number, "one chip after all", SECOND)
    assert not isinstance(released, Refusal)
    assert released.state == "active"
    assert code(find_buyer_by_card(kiosk)) == "card_not_accepted"  # the case is still open
    assert not isinstance(watch.close_case(desk, case.case_id, "handed_back", "seen"), Refusal)
    assert not isinstance(find_buyer_by_card(kiosk), Refusal)


def test_a_replaced_card_stays_out_of_use_when_a_release_is_asked_for(
    hall: Hall, desk: Desk
) -> None:
    old = hall.serial(CARD)
    reissue(hall, desk, CARD)
    assert code(watch.release(desk, old, "found again", SECOND)) == "card_replaced"


def test_a_stopped_card_stays_stopped_and_the_new_one_in_use_when_a_catalogue_comes(
    hall: Hall, desk: Desk
) -> None:
    import msgspec

    from kiosk.domain import catalogue as catalogues
    from tests.till.hall import CATALOGUE

    old, hot = hall.serial(CARD), hall.serial(OTHER)
    new, _ = reissue(hall, desk, CARD)
    watch.stop(desk, hot, "hot", "seen twice")
    later = msgspec.structs.replace(CATALOGUE, number=2)
    content = catalogues.encode(later)
    assert not isinstance(desk.journal.append(catalogues.received(later), content=content), Refusal)
    states = {
        each.card.serial: each.state
        for meter in (CARD, OTHER)
        for each in desk.records.cards_of(meter=meter)
    }
    assert states == {old: "lost", new: "active", hot: "hot"}
    assert desk.records.card(meter=CARD) == desk.records.cards_of(serial=new)[0].card
    assert not verify(desk).first_bad
