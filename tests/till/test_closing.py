"""An account that is closed: the money, the meters and the cards of somebody who leaves."""

from __future__ import annotations

import msgspec
import pytest

from kiosk.domain import bill_facts, chart
from kiosk.domain.account_record import AccountRecord
from kiosk.domain.registry import Customer
from kiosk.errors import Refusal
from kiosk.till import (
    account,
    amend,
    bills,
    card_accounts,
    closing,
    inquiry,
    maintain,
    registration,
    replace,
    reverse,
)  # fmt: skip
from kiosk.till.closing import Closed, Leaving
from kiosk.till.credit_left import Final
from kiosk.till.desk import Desk
from kiosk.till.new_meter import NewMeter
from kiosk.till.tokens import SecondPerson
from tests.till.hall import (
    CARD,
    CATALOGUE,
    KEYPAD,
    SECOND,
    Hall,
    code,
    money,
    sell_to,
    sold,
)
from tests.till.test_opening_accounts import number

OWNER = next(meter.account for meter in CATALOGUE.meters if meter.number == KEYPAD)
CARD_OWNER = next(meter.account for meter in CATALOGUE.meters if meter.number == CARD)
READ = Final("technician", 12_000, 3_000, "given_up")


def left(outcome: Closed | Refusal) -> Closed:
    assert isinstance(outcome, Closed), outcome
    return outcome


def looked(outcome: Leaving | Refusal) -> Leaving:
    assert isinstance(outcome, Leaving), outcome
    return outcome


def test_the_meter_goes_with_its_customer_when_it_was_read(desk: Desk) -> None:
    sold(sell_to(desk, KEYPAD, 5_000))
    account.top_up(desk, OWNER, "cash", 1_000)
    account.transfer(desk, f"capital:{OWNER}", f"meter:{KEYPAD}", 400, "asked", SECOND)
    leaving = looked(closing.look(desk, KEYPAD))
    assert (leaving.paid_out_minor, [old.meter.number for old in leaving.meters]) == (
        1_000, [KEYPAD],
    )  # fmt: skip
    before = desk.journal.head().sequence
    closed = left(closing.close(desk, KEYPAD, "moved away", SECOND, finals={KEYPAD: READ}))
    assert desk.journal.head().sequence == before + 4
    assert [slip.meter for slip in closed.cancelled] == [KEYPAD]
    assert not closed.staying
    meter = desk.records.meter(KEYPAD)
    assert meter is not None
    assert meter.retired
    assert money(desk, chart.meter_account(KEYPAD)) == 0
    assert not maintain.verify(desk).first_bad


def bought_left(desk: Desk, amount_minor: int, used_wh: int, treatment: str) -> tuple[int, Final]:
    """What was paid for the energy that is left of a purchase, and the last reading."""
    sale = sold(sell_to(desk, KEYPAD, amount_minor)).committed
    left_wh = sale.energy_wh - used_wh
    paid = sum(line.amount_minor for line in sale.lines if line.code not in {"debt", "fixed"})
    return paid * left_wh // sale.energy_wh, Final("technician", used_wh, left_wh, treatment)


def test_nobody_leaves_while_a_bill_is_open(desk: Desk) -> None:
    taken = bill_facts.BillReceived(
        "B1", OWNER, "Old Customer", "77", "2026-10", desk.currency, 8_000, 0, 200, "101"
    )
    assert bills.take_in(desk, [taken]) == bills.Taken(1, 0)
    assert code(closing.close(desk, OWNER, "moves away", SECOND)) == "bills_open"


def test_what_is_left_in_the_meter_is_paid_out_when_its_customer_leaves_E14(desk: Desk) -> None:
    worth, read = bought_left(desk, 50_000, 100_000, "paid")
    owner = looked(closing.look(desk, OWNER))
    going = closing.meters_going(desk, owner, {KEYPAD: read})
    assert not isinstance(going, Refusal), going
    assert [one.worth_minor for one in going] == [worth]
    closed = left(closing.close(desk, OWNER, "moves away", SECOND, finals={KEYPAD: read}))
    assert {one.name: one.amount_minor for one in closed.record.figures}["paid_out"] == worth > 0
    assert money(desk, chart.capital_account(OWNER)) == 0
    assert money(desk, chart.revenue("energy_taken_back")) == worth
    assert desk.records.balance(chart.meter_energy(KEYPAD), "WH") == read.reading_wh
    (slip,) = closed.cancelled
    assert ("worth_minor", worth) in slip.rows
    reading = inquiry.listing(desk, "readings", inquiry.Span(number=KEYPAD))
    assert not isinstance(reading, Refusal)
    row = dict(zip(reading.columns, reading.rows[0], strict=True))
    assert (row["reading_wh"], row["remaining_wh"]) == (read.reading_wh, read.remaining_wh)
    told = desk.records.account_events(OWNER, 2)[1]
    assert (told.kind, told.texts["treatment"], told.reason) == (
        "credit_left",
        "paid",
        "moves away",
    )
    assert not maintain.verify(desk).first_bad


def test_nothing_left_in_a_meter_is_dropped_without_a_word(desk: Desk) -> None:
    _, read = bought_left(desk, 50_000, 100_000, "")
    before = desk.journal.head().sequence
    finals = {KEYPAD: read}
    assert code(closing.close(desk, OWNER, "moves", SECOND, finals=finals)) == (
        "credit_left_undecided"
    )
    assert code(replace.cancel_meter(desk, KEYPAD, read, "moves", SECOND)) == (
        "credit_left_undecided"
    )
    assert desk.journal.head().sequence == before


def test_more_than_was_bought_is_not_paid_when_a_meter_goes(desk: Desk) -> None:
    _, read = bought_left(desk, 50_000, 100_000, "paid")
    too_much = Final("technician", read.reading_wh, 5_000_000, "paid")
    outcome = closing.close(desk, OWNER, "moves", SECOND, finals={KEYPAD: too_much})
    assert isinstance(outcome, Refusal)
    assert outcome.code == "more_left_than_bought"
    assert outcome.details["expected_wh"] == read.remaining_wh


def test_what_is_left_goes_to_the_account_when_only_the_meter_is_cancelled(desk: Desk) -> None:
    worth, read = bought_left(desk, 50_000, 100_000, "paid")
    slip = replace.cancel_meter(desk, KEYPAD, read, "a shop no more", SECOND)
    assert not isinstance(slip, Refusal), slip
    assert money(desk, chart.capital_account(OWNER)) == -worth
    given = Final("display", 0, 1_000, "given_up")
    assert not isinstance(replace.cancel_meter(desk, CARD, given, "burnt", SECOND), Refusal)
    assert money(desk, chart.revenue("energy_taken_back")) == worth
    assert not maintain.verify(desk).first_bad


@pytest.mark.parametrize("moved_first", [True, False])
def test_money_comes_back_once_when_a_purchase_is_moved_and_its_meter_goes(
    desk: Desk, moved_first: bool
) -> None:
    """What the utility bears for a wrong meter is not paid to that meter's customer as well."""
    sale = sold(sell_to(desk, KEYPAD, 50_000)).committed
    read = Final("technician", 0, sale.energy_wh, "paid")
    other = next(m.account for m in CATALOGUE.meters if m.account != OWNER)

    def move(*, consumed: bool) -> AccountRecord | Refusal:
        purse = f"capital:{other}"
        return reverse.reallocate(desk, sale.sale_id, purse, "typo", SECOND, consumed=consumed)

    if moved_first:
        assert isinstance(move(consumed=False), AccountRecord)
        cancelled = replace.cancel_meter(desk, KEYPAD, read, "moves", SECOND)
        assert code(cancelled) == "more_left_than_bought"
        given = msgspec.structs.replace(read, treatment="given_up")
        assert not isinstance(replace.cancel_meter(desk, KEYPAD, given, "moves", SECOND), Refusal)
    else:
        assert not isinstance(replace.cancel_meter(desk, KEYPAD, read, "moves", SECOND), Refusal)
        assert code(move(consumed=False)) == "credit_was_settled"
        assert isinstance(move(consumed=True), AccountRecord)
        assert money(desk, chart.receivable(OWNER)) == 50_000
    assert not maintain.verify(desk).first_bad


def test_a_meter_stays_with_its_reason_when_nobody_read_it(desk: Desk) -> None:
    closed = left(closing.close(desk, OWNER, "moved away", SECOND))
    assert [(meter.number, refusal.code) for meter, refusal in closed.staying] == [
        (KEYPAD, "meter_not_read")
    ]
    later = replace.cancel_meter(desk, KEYPAD, READ, "taken out", SECOND)
    assert not isinstance(later, Refusal), later


def test_the_purchase_on_the_card_is_said_when_its_meter_cannot_go(hall: Hall, desk: Desk) -> None:
    hall.put_in(CARD)
    sold(sell_to(desk, CARD, 5_000))
    leaving = looked(closing.look(desk, CARD_OWNER))
    assert [(meter.number, refusal.code) for meter, refusal in leaving.staying] == [
        (CARD, "old_card_unread")
    ]
    finals = {CARD: Final("technician", 0, 0)}
    assert code(closing.close(desk, CARD, "moved", SECOND, finals=finals)) == "old_card_unread"


def test_the_cards_are_retired_when_their_meter_goes(hall: Hall, desk: Desk) -> None:
    left(closing.close(desk, CARD, "moved away", SECOND, finals={CARD: READ}))
    (standing, *_) = desk.records.cards_of(meter=CARD)
    assert standing.state == "retired"


def test_nobody_leaves_when_money_is_on_the_card(hall: Hall, desk: Desk) -> None:
    hall.put_in(CARD)
    move = card_accounts.top_up(desk, 2_000)
    assert not isinstance(move, Refusal), move
    assert code(closing.look(desk, CARD_OWNER)) == "card_has_money"
    assert code(closing.close(desk, CARD_OWNER, "moved away", SECOND)) == "card_has_money"


def test_nothing_is_installed_when_the_account_is_closed(desk: Desk) -> None:
    left(closing.close(desk, OWNER, "moved away", SECOND))
    found = inquiry.overall(desk, OWNER)
    assert isinstance(found, inquiry.Overall)
    assert found.is_closed
    new = NewMeter(number(7), "keypad", "home")
    assert code(registration.add_meter(desk, OWNER, new)) == "account_closed"
    assert code(closing.look(desk, OWNER)) == "account_closed"
    renamed = amend.amend_customer(desk, OWNER, "phone", "0800", "left a number")
    assert isinstance(renamed, Customer)


def test_nothing_is_closed_when_a_reading_or_a_person_is_wrong(desk: Desk) -> None:
    before = desk.journal.head().sequence
    wrong = {KEYPAD: Final("technician", -1, 0)}
    assert code(closing.close(desk, OWNER, "moved", SECOND, finals=wrong)) == "bad_reading"
    other = {CARD: READ}
    assert code(closing.close(desk, OWNER, "moved", SECOND, finals=other)) == "unknown_meter"
    alone = SecondPerson("101", "1234")
    assert code(closing.close(desk, OWNER, "moved", alone)) == "second_person_same"
    assert code(closing.close(desk, OWNER, "", SECOND)) == "reason_missing"
    assert desk.journal.head().sequence == before
