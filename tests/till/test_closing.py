"""An account that is closed: the money, the meters and the cards of somebody who leaves."""

from __future__ import annotations

from kiosk.domain import chart
from kiosk.domain.registry import Customer
from kiosk.errors import Refusal
from kiosk.till import (
    account,
    amend,
    card_accounts,
    closing,
    inquiry,
    maintain,
    registration,
    replace,
)  # fmt: skip
from kiosk.till.closing import Closed, Leaving
from kiosk.till.desk import Desk
from kiosk.till.registration import NewMeter
from kiosk.till.replace import Final
from kiosk.till.tokens import SecondPerson
from tests.till.hall import CARD, CATALOGUE, KEYPAD, Hall, code, money, sell_to, sold
from tests.till.test_opening_accounts import number

SECOND = SecondPerson("301", "1234")
OWNER = next(meter.account for meter in CATALOGUE.meters if meter.number == KEYPAD)
CARD_OWNER = next(meter.account for meter in CATALOGUE.meters if meter.number == CARD)
READ = Final("technician", 12_000, 3_000)


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
    assert desk.journal.head().sequence == before + 2
    assert [slip.meter for slip in closed.cancelled] == [KEYPAD]
    assert not closed.staying
    meter = desk.records.meter(KEYPAD)
    assert meter is not None
    assert meter.retired
    assert money(desk, chart.meter_account(KEYPAD)) == 0
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
