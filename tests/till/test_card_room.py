"""The card room of a hall: making, looking, tool cards, readings, found cards, stock, search."""

from __future__ import annotations

import msgspec
import pytest

from drivers.meter.card_meter import CardMeter
from kiosk.domain import catalogue as catalogues
from kiosk.domain.cards.work import MeterReading
from kiosk.domain.registry import Customer, Meter, luhn_digit
from kiosk.errors import Refusal
from kiosk.till import greet
from kiosk.till.cards import look, watch
from kiosk.till.cards import plan as planning
from kiosk.till.cards.look import CardView
from kiosk.till.cards.work import carry_out
from kiosk.till.desk import Desk
from kiosk.till.maintain import verify
from tests.till.card_desk import insert_serial, planned, put_in_blank, put_in_other, worked
from tests.till.hall import CARD, CATALOGUE, Hall, code, entries, sell_to, sold

_DIGITS = "0199000000"
NEW_METER = _DIGITS + luhn_digit(_DIGITS)


@pytest.fixture
def newcomer(desk: Desk) -> str:
    """A customer with a card meter who never had a card; the meter's number."""
    later = msgspec.structs.replace(
        CATALOGUE, number=2, customers=[Customer("29999999", "Nell New", "1 New Road")],
        meters=[Meter(NEW_METER, "29999999", "card", "home")], cards=[],
    )  # fmt: skip
    content = catalogues.encode(later)
    received = desk.journal.append(catalogues.received(later), content=content)
    assert not isinstance(received, Refusal)
    return NEW_METER


def seen(outcome: CardView | Refusal) -> CardView:
    assert isinstance(outcome, CardView), outcome
    return outcome


# --- make -----------------------------------------------------------------------------------------


def test_the_new_card_is_read_and_buys_when_a_customer_gets_the_first_one_F027(
    hall: Hall, desk: Desk, newcomer: str
) -> None:
    serial = put_in_blank(hall)
    assert code(planning.plan_reissue(desk, newcomer, "lost")) == "card_not_made_yet"
    watch.move_stock(desk, "open", "received", 10, "delivery 7")
    record = worked(carry_out(desk, planned(planning.plan_make(desk, newcomer)), "new customer"))
    number = record.committed.card_number
    assert luhn_digit(number[:-1]) == number[-1]
    view = seen(look.look(desk))
    assert (view.state, view.card and view.card.meter) == ("ok", newcomer)
    sale = sold(sell_to(desk, newcomer, 2000))
    hall.take_out()
    assert insert_serial(hall, newcomer, serial) == sale.committed.energy_wh
    (stock,) = desk.records.card_stock()
    assert (stock.received, stock.issued, stock.in_stock) == (10, 1, 9)
    assert not verify(desk).first_bad


@pytest.mark.parametrize(
    ("number", "refusal"),
    [("12", "bad_card_number"), ("760000000007", "bad_card_check_digit"),
     (CATALOGUE.cards[0].number, "card_number_taken")],
)  # fmt: skip
def test_no_card_is_made_when_its_printed_number_is_wrong_or_given(
    hall: Hall, desk: Desk, newcomer: str, number: str, refusal: str
) -> None:
    put_in_blank(hall)
    assert code(planning.plan_make(desk, newcomer, number)) == refusal


# --- look -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "state"), [("blank", "blank"), ("foreign", ""), ("damaged", "damaged")]
)
def test_a_card_is_named_for_what_it_is_when_it_is_nobodys(
    hall: Hall, desk: Desk, kind: str, state: str
) -> None:
    assert code(look.look(desk)) == "no_card"
    put_in_other(hall, kind)
    found = look.look(desk)
    if not state:
        assert code(found) == "card_foreign"
    else:
        assert (seen(found).state, seen(found).card) == (state, None)


def test_a_card_is_shown_with_its_purchase_and_a_cashier_may_look(hall: Hall, desk: Desk) -> None:
    hall.put_in(CARD)
    sale = sold(sell_to(desk, CARD, 2000))
    cashier = hall.station(role="cashier")
    view = seen(look.look(cashier))
    assert view.card is not None
    assert (view.card.purchase_number, view.last.number) == (1, 1)
    assert view.last.sale_id == sale.committed.sale_id
    assert view.standing is not None
    assert view.standing.state == "active"
    assert code(look.look(hall.station(role="self_service"))) == "no_right"


# --- tool cards and readings ----------------------------------------------------------------------


def test_the_meter_writes_its_registers_when_an_inquiry_card_is_put_in_F056(
    hall: Hall, desk: Desk
) -> None:
    hall.put_in(CARD)
    sale = sold(sell_to(desk, CARD, 5000))
    hall.take_out()
    hall.insert_in_meter(CARD)
    serial = put_in_blank(hall)
    assert code(look.read_meter(desk)) == "card_without_reading"
    worked(carry_out(desk, planned(planning.plan_tool(desk, "inquiry")), "round of readings"))
    hall.take_out()
    assert insert_serial(hall, CARD, serial) == 0
    hall.slot().insert(serial)
    energy_wh = sale.committed.energy_wh
    assert look.read_meter(desk) == MeterReading(CARD, 1, energy_wh, energy_wh, result=9)
    before = entries(desk)
    assert not isinstance(look.read_meter(desk), Refusal)
    assert entries(desk) == before  # the same reading is kept once
    kept_readings = look.readings(desk, CARD)
    assert not isinstance(kept_readings, Refusal)
    (kept,) = kept_readings
    assert (kept.purchase_number, kept.credited_wh) == (1, energy_wh)
    assert code(planning.plan_reissue(desk, CARD, "lost")) == "card_not_blank"


def test_the_meter_takes_its_limits_when_a_parameter_card_is_put_in(hall: Hall, desk: Desk) -> None:
    serial = put_in_blank(hall)
    plan = planning.plan_tool(desk, "parameter", CARD, {"alarm_wh": 20_000, "power_limit_w": 3_000})
    worked(carry_out(desk, planned(plan), "new limit"))
    hall.take_out()
    world = hall.houses[0].world
    assert world is not None
    hands = hall.houses[0].hands
    assert hands is not None
    assert hands.insert_in_meter(CARD, serial).result == "parameters"
    meter = world.meter(CARD)
    assert isinstance(meter, CardMeter)
    registers = meter.registers()
    assert (registers.alarm_wh, registers.power_limit_w) == (20_000, 3_000)
    assert registers.energy_credited_wh == registers.last_purchase == 0


def test_no_card_sets_a_meter_s_number_to_nothing_when_none_was_typed(
    hall: Hall, desk: Desk
) -> None:
    put_in_blank(hall)
    assert code(planning.plan_tool(desk, "meter-number")) == "tool_meter_needed"


@pytest.mark.parametrize("tool", ["preset", "key-update", "nonsense"])
def test_no_tool_card_is_made_when_the_family_has_none_of_that_kind(
    hall: Hall, desk: Desk, tool: str
) -> None:
    put_in_blank(hall)
    assert code(planning.plan_tool(desk, tool)) == "tool_card_unknown"


# --- found cards ----------------------------------------------------------------------------------


def test_a_card_that_was_left_is_locked_until_staff_hand_it_back_E23(
    hall: Hall, desk: Desk
) -> None:
    kiosk = hall.station(face="self-service", role="self_service", operator="self-service")
    hall.put_in(CARD)
    case = watch.left_behind(kiosk)
    assert not isinstance(case, Refusal)
    assert watch.left_behind(kiosk) == case
    assert watch.is_locked(kiosk, case.case_id)
    assert code(greet.find_buyer_by_card(kiosk)) == "card_not_accepted"
    assert code(sell_to(desk, CARD, 2000)) == "card_not_accepted"
    assert code(watch.close_case(kiosk, case.case_id, "handed_back", "it was me")) == "no_right"
    assert code(watch.close_case(desk, case.case_id, "eaten", "it was me")) == "not_a_choice"
    assert code(watch.close_case(desk, case.case_id, "handed_back", "")) == "reason_missing"
    closed = watch.close_case(desk, case.case_id, "handed_back", "passport shown")
    assert not isinstance(closed, Refusal)
    assert not watch.is_locked(kiosk, case.case_id)
    assert code(watch.close_case(desk, case.case_id, "kept", "again")) == "card_case_not_open"
    sold(sell_to(desk, CARD, 2000))
    assert not verify(desk).first_bad


def test_a_found_card_is_out_of_use_when_staff_retire_it(hall: Hall, desk: Desk) -> None:
    hall.put_in(CARD)
    case = watch.left_behind(desk)
    assert not isinstance(case, Refusal)
    watch.close_case(desk, case.case_id, "retired", "nobody came")
    assert desk.records.cards_of(serial=hall.serial(CARD))[0].state == "retired"
    assert code(greet.find_buyer_by_card(desk)) == "card_not_accepted"


# --- stock and search -----------------------------------------------------------------------------


def test_the_stock_is_what_came_went_and_was_counted_F063(desk: Desk) -> None:
    for movement, count in (("received", 100), ("damaged", 3), ("issued", 20), ("counted", 75)):
        assert watch.move_stock(desk, "open", movement, count, "shelf 2") is None
    (stock,) = desk.records.card_stock()
    assert (stock.received, stock.damaged, stock.issued) == (100, 3, 20)
    assert (stock.corrected, stock.in_stock) == (-2, 75)
    assert not verify(desk).first_bad


@pytest.mark.parametrize(
    ("family", "movement", "count", "note", "refusal"),
    [
        ("stone", "received", 1, "shelf", "unknown_card_family"),
        ("open", "eaten", 1, "shelf", "not_a_choice"),
        ("open", "received", 0, "shelf", "stock_count_wrong"),
        ("open", "counted", -1, "shelf", "stock_count_wrong"),
        ("open", "received", 10**7, "shelf", "stock_count_wrong"),
        ("open", "received", 1, "", "reason_missing"),
        ("open", "damaged", 1, "shelf", "stock_too_few"),
        ("open", "issued", 1, "shelf", "stock_too_few"),
    ],
)
def test_the_stock_stays_when_a_movement_makes_no_sense(
    desk: Desk, family: str, movement: str, count: int, note: str, refusal: str
) -> None:
    assert code(watch.move_stock(desk, family, movement, count, note)) == refusal
    assert desk.records.card_stock() == []


def test_a_card_is_found_by_any_of_its_numbers_and_by_its_owner_F028(
    hall: Hall, desk: Desk
) -> None:
    card = next(each for each in CATALOGUE.cards if each.meter == CARD)
    meter = next(each for each in CATALOGUE.meters if each.number == CARD)
    owner = next(each for each in CATALOGUE.customers if each.account == meter.account)
    for text in (card.number, card.serial, CARD, owner.account, owner.name, owner.name.split()[0]):
        found = look.search(desk, text)
        assert not isinstance(found, Refusal)
        assert card in [each.card for each in found], text
    assert look.search(desk, "%") == []


@pytest.mark.parametrize(
    ("tool", "settings", "refusal"),
    [("parameter", {"alarm": 5}, "tool_setting_unknown"),
     ("inquiry", {"alarm_wh": 5}, "tool_setting_unknown"),
     ("parameter", {"alarm_wh": 2**40}, "tool_setting_wrong"),
     ("parameter", {}, "tool_settings_needed"),
     ("preset", {"alarm_minor": 10**8}, "tool_setting_wrong"),
     ("preset", {"current_ratio": 10**6}, "tool_setting_wrong")],
)  # fmt: skip
def test_no_tool_card_is_made_when_it_would_set_something_else_than_was_typed(
    hall: Hall, desk: Desk, tool: str, settings: dict[str, int], refusal: str
) -> None:
    put_in_blank(hall)
    assert code(planning.plan_tool(desk, tool, "", settings)) == refusal
