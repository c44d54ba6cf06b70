"""Opening accounts, amending, reading, sharing: the registry at a counter."""

from __future__ import annotations

import msgspec
import pytest

from kiosk.domain.registry import Customer, Meter, luhn_digit
from kiosk.errors import Refusal
from kiosk.till import amend, history, inquiry, maintain, registration, registry_slips
from kiosk.till.desk import Desk
from kiosk.till.inquiry import Listing, Span
from kiosk.till.new_meter import NewMeter
from kiosk.till.registration import Opened, add_meter, open_account
from tests.till.hall import BLOCKED, CARD, CATALOGUE, KEYPAD, Hall, code, sell_to, sold


def number(place: int) -> str:
    digits = f"0199{place:06d}"
    return digits + luhn_digit(digits)


def card_number(place: int) -> str:
    digits = f"79{place:09d}"
    return digits + luhn_digit(digits)


LEA = Customer("", "Lea Çelik", "9 Hill", "0709 11", customer_class="household", area="north")
HOME = NewMeter(number(1), "keypad", "home", 1, 4600, place="wall", installed_on="2026-11-20",
                seals=["S1", "S2"])  # fmt: skip


def opened(outcome: Opened | Refusal) -> Opened:
    assert isinstance(outcome, Opened), outcome
    return outcome


def meter_of(outcome: Meter | Refusal) -> Meter:
    assert isinstance(outcome, Meter), outcome
    return outcome


# --- opening ----------------------------------------------------------------------------------

METERS = [
    ("keypad, one phase", HOME),
    ("keypad, three phases", msgspec.structs.replace(HOME, phases=3)),
    ("keypad, shared", msgspec.structs.replace(
        HOME, shares=[("home", 700_000), ("shop", 300_000)])),
    ("card", msgspec.structs.replace(
        HOME, kind="card", card=card_number(1), card_serial="00ff00ff00ff00ff")),
    ("card, three phases", msgspec.structs.replace(
        HOME, kind="card", phases=3, card=card_number(1), card_serial="00ff00ff00ff00ff")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "meter"), METERS, ids=[name for name, _ in METERS])
def test_an_account_is_open_when_everything_is_in_order(
    desk: Desk, name: str, meter: NewMeter
) -> None:
    done = opened(open_account(desk, LEA, meter))
    assert done.customer.account == "20000041", "the next number after the forty known ones"
    assert done.meter is not None
    assert (done.meter.kind, done.meter.phases) == (meter.kind, meter.phases)
    assert done.meter.shares == meter.shares
    assert desk.records.customer("20000041") == done.customer
    found = history.find(desk, "lea celik hill")
    assert not isinstance(found, Refusal)
    assert [row.meter.number for row in found] == [meter.number]
    assert maintain.verify(desk).first_bad == 0


def test_a_token_can_be_bought_when_the_account_was_opened_a_moment_ago(desk: Desk) -> None:
    opened(open_account(desk, LEA, HOME))
    assert sold(sell_to(desk, HOME.number, 5000)).token is not None


def test_the_serial_is_that_of_the_card_inside_when_none_is_typed(hall: Hall, desk: Desk) -> None:
    by_card = msgspec.structs.replace(HOME, kind="card", card=card_number(2))
    assert code(open_account(desk, LEA, by_card)) == "no_card"
    hall.put_in(CARD)
    taken = open_account(desk, LEA, by_card)
    assert code(taken) == "card_exists", "the card inside is somebody else's"


def test_the_slip_names_account_meter_and_seals_when_an_account_is_opened(desk: Desk) -> None:
    done = opened(open_account(desk, LEA, HOME))
    texts = [line.right or line.text for line in registry_slips.slip_lines(desk, done.slip)]
    for wanted in ("ACCOUNT OPENED", "20000041", "Lea Çelik", HOME.number, "S1, S2", "4600 W"):
        assert wanted in texts, texts
    again = registry_slips.of_entry(desk, done.slip.sequence)
    assert not isinstance(again, Refusal)
    assert again.customer == done.customer


WRONG = [
    ("meter_number", {"number": "123"}, "bad_meter_number"),
    ("check_digit", {"number": "01990000010"}, "bad_meter_check_digit"),
    ("known", {"number": KEYPAD}, "meter_exists"),
    ("kind", {"kind": "steam"}, "unknown_meter_kind"),
    ("phases", {"phases": 2}, "bad_phases"),
    ("capacity", {"capacity_w": -1}, "bad_capacity"),
    ("power_type", {"power_type": "gold"}, "unknown_power_type"),
    ("shares", {"shares": [("home", 700_000), ("shop", 200_000)]}, "shares_wrong"),
    ("share_type", {"shares": [("home", 700_000), ("gold", 300_000)]}, "unknown_power_type"),
    ("group", {"supply_group": "999999"}, "unknown_supply_group"),
    ("base_date", {"base_date": 2035}, "unknown_meter_key"),
    ("key_revision", {"key_revision": 7}, "unknown_meter_key"),
    ("date", {"installed_on": "2026-02-30"}, "bad_date"),
    ("card_number", {"kind": "card", "card": "12"}, "bad_card_number"),
    ("card_known", {"kind": "card", "card": CATALOGUE.cards[0].number, "card_serial": "aa"},
     "card_exists"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "refused"), [row[1:] for row in WRONG], ids=[r[0] for r in WRONG]
)
def test_nothing_is_written_when_the_meter_cannot_be(
    desk: Desk, change: dict[str, object], refused: str
) -> None:
    before = desk.journal.head()
    assert code(open_account(desk, LEA, msgspec.structs.replace(HOME, **change))) == refused
    assert desk.journal.head() == before


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"name": " "}, "field_missing"),
        ({"name": "x" * 61}, "field_too_long"),
        ({"address": "9 Hill\x1b[2J"}, "field_too_long"),
        ({"account": "no spaces"}, "bad_account_number"),
        ({"account": CATALOGUE.customers[0].account}, "account_exists"),
    ],
)
def test_nothing_is_written_when_the_customer_cannot_be(
    desk: Desk, change: dict[str, str], refused: str
) -> None:
    before = desk.journal.head()
    outcome = open_account(desk, msgspec.structs.replace(LEA, **change), None)
    assert code(outcome) == refused
    assert desk.journal.head() == before


def test_a_further_meter_belongs_to_the_same_customer(desk: Desk) -> None:
    first = CATALOGUE.customers[0].account
    done = opened(add_meter(desk, first, HOME))
    assert done.meter is not None
    in_use = [meter for meter in desk.records.meters_of(first) if not meter.retired]
    assert [meter.account for meter in in_use] == [first, first]
    assert code(add_meter(desk, "nobody", HOME)) == "unknown_account"


def test_a_kiosk_registers_nobody(hall: Hall) -> None:
    desk = hall.station(role="self_service")
    assert code(open_account(desk, LEA, None)) == "no_right"
    assert code(amend.block(desk, KEYPAD, "whim")) == "no_right"


# --- amending ---------------------------------------------------------------------------------


def test_before_and_after_stay_when_a_customer_moves(desk: Desk) -> None:
    account = CATALOGUE.customers[0].account
    moved = amend.amend_customer(desk, account, "address", " 7  Mill   Lane ", "moved")
    assert isinstance(moved, Customer)
    assert moved.address == "7 Mill Lane"
    (line, *_) = desk.records.amendments(5, number=account)
    assert (line.field, line.old, line.new) == ("address", "1 River Road", "7 Mill Lane")
    assert (line.reason, line.operator) == ("moved", "101")
    assert account in [c.account for c in desk.records.search_customers("mill lane 7", 5)]
    assert account not in [c.account for c in desk.records.search_customers("1 river road", 50)]
    assert code(amend.amend_customer(desk, account, "address", "7 Mill Lane", "again")) == (
        "nothing_changed"
    )


@pytest.mark.parametrize(
    ("field", "text", "reason", "refused"),
    [
        ("account", "1", "why", "unknown_field"),
        ("name", "", "why", "field_missing"),
        ("phone", "0" * 21, "why", "field_too_long"),
        ("phone", "07", "", "reason_missing"),
    ],
)
def test_an_amendment_is_refused_when_it_cannot_stand(
    desk: Desk, field: str, text: str, reason: str, refused: str
) -> None:
    account = CATALOGUE.customers[0].account
    assert code(amend.amend_customer(desk, account, field, text, reason)) == refused


def test_the_second_counter_is_told_to_look_again_when_it_saw_the_old_record(desk: Desk) -> None:
    from kiosk.domain.registry_facts import CustomerAmended

    account = CATALOGUE.customers[0].account
    amend.amend_customer(desk, account, "phone", "0711", "new phone")
    stale = CustomerAmended("late", account, "phone", "0700000000", "0722", "also", "102")
    outcome = desk.journal.append(stale)
    assert code(outcome) == "record_changed"


def test_a_blocked_meter_buys_again_when_it_is_unblocked(desk: Desk) -> None:
    assert meter_of(amend.unblock(desk, BLOCKED, "paid its debt")).blocked is False
    sold(sell_to(desk, BLOCKED, 5000))
    assert meter_of(amend.block(desk, BLOCKED, "tampered")).blocked
    assert code(history.buyer_record(desk, BLOCKED)) == "blocked_meter"
    assert code(amend.block(desk, BLOCKED, "again")) == "nothing_changed"


def test_the_power_type_changes_now_or_on_its_day(hall: Hall, desk: Desk) -> None:
    assert meter_of(amend.change_power_type(desk, KEYPAD, "shop", "a shop")).power_type == "shop"
    day_ms = hall.clock.time_ms + 24 * 3600 * 1000
    meter_of(amend.change_power_type(desk, KEYPAD, "social", "pension", day_ms))
    assert sold(sell_to(desk, KEYPAD, 5000)).committed.power_type == "shop"
    hall.clock.advance(minutes=24 * 60 + 1)
    assert sold(sell_to(desk, KEYPAD, 5000)).committed.power_type == "social"
    meter_of(amend.change_power_type(desk, KEYPAD, "home", "moved out"))
    assert sold(sell_to(desk, KEYPAD, 5000)).committed.power_type == "home"
    past = amend.change_power_type(desk, KEYPAD, "shop", "late", day_ms)
    assert code(past) == "time_is_past"
    assert maintain.verify(desk).first_bad == 0


def test_a_further_change_waits_for_its_day_when_the_first_has_come(hall: Hall, desk: Desk) -> None:
    day_ms = 24 * 3600 * 1000
    amend.change_power_type(desk, KEYPAD, "shop", "a shop", hall.clock.time_ms + day_ms)
    hall.clock.advance(minutes=24 * 60 + 1)
    amend.change_power_type(desk, KEYPAD, "social", "pension", hall.clock.time_ms + day_ms)
    assert sold(sell_to(desk, KEYPAD, 5000)).committed.power_type == "shop"
    hall.clock.advance(minutes=24 * 60 + 1)
    assert sold(sell_to(desk, KEYPAD, 5000)).committed.power_type == "social"


def test_capacity_and_shares_are_amended_with_their_history(desk: Desk) -> None:
    assert meter_of(amend.change_capacity(desk, KEYPAD, 9200, "oven")).capacity_w == 9200
    shares = [("home", 700_000), ("shop", 300_000)]
    assert meter_of(amend.set_shares(desk, KEYPAD, shares, "a shop")).shares == shares
    assert code(amend.set_shares(desk, KEYPAD, [("home", 500_000)], "half")) == "shares_wrong"
    assert meter_of(amend.set_shares(desk, KEYPAD, [], "closed")).shares == []
    fields = [line.field for line in desk.records.amendments(9, number=KEYPAD)]
    assert fields == ["shares", "shares", "capacity_w"]


# --- reading and asking -----------------------------------------------------------------------


def test_a_reading_is_checked_against_what_was_bought(desk: Desk) -> None:
    record = sold(sell_to(desk, KEYPAD, 5000))
    bought = record.committed.energy_wh
    amend.read_meter(desk, KEYPAD, 4_000, bought - 4_500)
    found = inquiry.listing(desk, "checking", Span(number=KEYPAD))
    assert isinstance(found, Listing)
    row = dict(zip(found.columns, found.rows[0], strict=True))
    assert (row["bought_wh"], row["used_wh"]) == (bought, 4_000)
    assert (row["expected_wh"], row["difference_wh"]) == (bought - 4_000, -500)
    future = amend.read_meter(desk, KEYPAD, 1, read_ms=desk.clock.now().time_ms + 1)
    assert code(future) == "bad_reading"


@pytest.mark.parametrize("name", list(inquiry.LISTS))
def test_every_list_has_a_value_for_each_column(desk: Desk, name: str) -> None:
    sold(sell_to(desk, KEYPAD, 5000))
    amend.read_meter(desk, KEYPAD, 4_000, 100)
    amend.block(desk, KEYPAD, "tampered")
    number = KEYPAD if name == "history" else ""
    found = inquiry.listing(desk, name, Span(number=number, limit=500))
    assert isinstance(found, Listing)
    assert found.rows
    assert all(len(row) == len(found.columns) for row in found.rows)


def test_the_diary_says_who_did_what(desk: Desk) -> None:
    amend.block(desk, KEYPAD, "tampered")
    found = inquiry.listing(desk, "diary", Span(number="101"))
    assert isinstance(found, Listing)
    assert found.rows[0][1:6] == ["101", "", "meter_amended", KEYPAD, "tampered"]


def test_the_diary_is_for_supervisors(hall: Hall) -> None:
    desk = hall.station(role="cashier")
    assert code(inquiry.listing(desk, "diary", Span())) == "no_right"
    assert code(inquiry.listing(desk, "gossip", Span())) == "unknown_list"


def test_a_list_keeps_to_its_time(hall: Hall, desk: Desk) -> None:
    early = sold(sell_to(desk, KEYPAD, 5000))
    hall.clock.advance(minutes=60)
    late = sold(sell_to(desk, KEYPAD, 5000))
    hour = inquiry.listing(desk, "purchases", Span(late.time_ms, late.time_ms))
    rest = inquiry.listing(desk, "purchases", Span(0, late.time_ms - 1))
    assert isinstance(hour, Listing)
    assert isinstance(rest, Listing)
    assert [row[1] for row in hour.rows] == [late.committed.sale_id]
    assert [row[1] for row in rest.rows] == [early.committed.sale_id]
    diary = inquiry.listing(desk, "diary", Span(late.time_ms, late.time_ms))
    assert isinstance(diary, Listing)
    assert {row[0] for row in diary.rows} == {late.time_ms}


def test_everything_is_said_of_a_customer_when_any_number_is_given(desk: Desk) -> None:
    meter = next(m for m in CATALOGUE.meters if m.number == CARD)
    card = next(c for c in CATALOGUE.cards if c.meter == CARD)
    for text in (meter.account, meter.number, card.number):
        found = inquiry.overall(desk, text)
        assert isinstance(found, inquiry.Overall)
        assert found.customer.account == meter.account
        assert found.lists[0].rows[0][0] == CARD
    assert code(inquiry.overall(desk, "nobody")) == "unknown_account"


def test_numbers_of_two_terminals_never_meet(desk: Desk) -> None:
    from kiosk.domain.facts import LaneGiven

    desk.journal.append(LaneGiven(5, 32, "centre"))
    account = registration.next_account(desk)
    assert int(account) % 32 == 5
    assert int(account) > int(desk.records.highest_account())
