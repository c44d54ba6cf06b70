"""After a sale: taken back, or moved to the right customer (E13)."""

from __future__ import annotations

import pytest

from drivers.card.simulated_reader import CardFaults
from kiosk.domain import chart, correction_facts, facts
from kiosk.domain.account_record import AccountRecord
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.ledger.records import Records
from kiosk.till import account, closing, debt, history, maintain, rerate, reverse
from kiosk.till.cards import mend
from kiosk.till.cards.plan import Plan
from kiosk.till.cards.work import carry_out
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer, find_buyer, quote
from kiosk.till.sell import sell
from kiosk.till.tokens import SecondPerson
from tests.till.hall import (
    CARD,
    CATALOGUE,
    CURRENCY,
    KEYPAD,
    SECOND,
    Hall,
    balances,
    code,
    done,
    meter_number,
    money,
    offer_of,
    sell_to,
    sold,
)
from tests.till.new_prices import LONG_MS, publish

RIGHT = CATALOGUE.customers[2].account
OWNER = next(meter.account for meter in CATALOGUE.meters if meter.number == CARD)


# --- taking back -----------------------------------------------------------------------------


def test_everything_is_as_before_when_an_unread_card_sale_is_taken_back_F010(
    hall: Hall, desk: Desk
) -> None:
    hall.put_in(CARD)
    before = balances(desk)
    record = sold(sell_to(desk, CARD, 5_000))
    event = done(reverse.reverse(desk, record.committed.sale_id, "wrong amount"))
    assert (event.texts["how"], event.currency) == ("same_day", CURRENCY)
    assert balances(desk) == before
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == 0
    again = reverse.reverse(desk, record.committed.sale_id, "wrong amount")
    assert code(again) in {"undone_before", "card_of_sale_needed"}
    hall.put_in(CARD)
    assert sold(sell_to(desk, CARD, 5_000)).purchase_number == 1
    assert not maintain.verify(desk).first_bad


def test_the_card_goes_on_when_a_purchase_between_others_was_taken_back(
    hall: Hall, desk: Desk
) -> None:
    hall.put_in(CARD)
    first = sold(sell_to(desk, CARD, 5_000))
    hall.take_out()
    hall.insert_in_meter(CARD)
    hall.put_in(CARD)
    second = sold(sell_to(desk, CARD, 3_000))
    done(reverse.reverse(desk, second.committed.sale_id, "wrong amount"))
    third = sold(sell_to(desk, CARD, 4_000))
    assert third.purchase_number == second.purchase_number == 2
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == third.committed.energy_wh
    total = first.committed.energy_wh + third.committed.energy_wh
    assert hall.credited_wh(CARD) == total


#: Where the money goes: as it is asked for, and the account of the chart.
RETURNS = [
    ("cash", chart.cash("101")),
    ("capital", chart.capital_account(OWNER)),
    ("meter", chart.meter_account(CARD)),
]


@pytest.mark.parametrize(("to", "account"), RETURNS)
def test_the_money_goes_where_it_is_asked_to_when_a_sale_is_taken_back_F011(
    desk: Desk, card_sale: SaleRecord, to: str, account: str
) -> None:
    before = money(desk, account)
    done(reverse.reverse(desk, card_sale.committed.sale_id, "wrong amount", to=to))
    assert money(desk, account) == before - 5_000


def test_a_card_keeps_its_purchase_when_the_drawer_cannot_pay_it_back(
    desk: Desk, card_sale: SaleRecord
) -> None:
    desk.operator, sale = "102", card_sale.committed.sale_id
    short = reverse.reverse(desk, sale, "wrong amount", second=SECOND)
    assert code(short) == "drawer_too_small"
    account.top_up(desk, RIGHT, "cash", 4_999)
    short = reverse.reverse(desk, sale, "wrong amount", second=SECOND)
    assert code(short) == "drawer_too_small"
    assert reverse.waiting(desk) == []
    done(reverse.reverse(desk, sale, "wrong amount", to="meter", second=SECOND))


def test_a_token_is_never_taken_back_when_it_was_made(desk: Desk) -> None:
    record = sold(sell_to(desk, KEYPAD, 5_000))
    for sale in (record.committed.sale_id, record.token or ""):
        assert code(reverse.reverse(desk, sale, "wrong amount")) == "token_was_shown"


def test_a_consumed_card_is_never_taken_back_and_a_missing_one_is_asked_for(
    hall: Hall, desk: Desk, card_sale: SaleRecord
) -> None:
    sale = card_sale.committed.sale_id
    hall.take_out()
    assert code(reverse.reverse(desk, sale, "wrong amount")) == "card_of_sale_needed"
    hall.insert_in_meter(CARD)
    hall.put_in(CARD)
    assert code(reverse.reverse(desk, sale, "wrong amount")) == "card_consumed"


def test_a_second_person_is_asked_for_when_another_operator_sold_or_the_day_was_closed(
    hall: Hall, desk: Desk, card_sale: SaleRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    sale = card_sale.committed.sale_id
    other = hall.station(operator="102", role="cashier")
    assert code(reverse.reverse(other, sale, "wrong amount")) == "second_person_needed"
    with monkeypatch.context() as closed:
        closed.setattr(reverse, "_CLOSINGS", ("operator_signed_out",))
        desk.journal.append(facts.OperatorSignedOut("101", desk.station.name))
        assert code(reverse.reverse(desk, sale, "wrong amount")) == "second_person_needed"
        cashier = SecondPerson("102", "1234")
        assert code(reverse.reverse(desk, sale, "wrong amount", second=cashier)) == "no_right"
        event = done(reverse.reverse(desk, sale, "wrong amount", second=SECOND))
    assert (event.texts["how"], event.operator, event.second) == ("red_entry", "101", "301")


@pytest.mark.parametrize("commands", range(1, 24))
def test_the_same_card_finishes_it_when_it_is_pulled_out_at_any_command_E02(
    hall: Hall, desk: Desk, card_sale: SaleRecord, commands: int
) -> None:
    sale, worth = card_sale.committed.sale_id, card_sale.committed.energy_wh
    sound = desk.reader
    hall.clumsy_reader(desk, CardFaults("pull", commands, written_bytes=3))
    first = reverse.reverse(desk, sale, "wrong amount")
    undone = isinstance(first, AccountRecord)
    intended = desk.records.waiting_reversals() == [sale]
    if intended:
        buyer = find_buyer(desk, CARD)
        assert isinstance(buyer, Buyer)
        assert code(quote(desk, buyer, 5_000)) == "reversal_unfinished"
    hall.take_out()
    hall.put_in(CARD)
    desk.reader = sound
    if not undone:
        assert money(desk, chart.cash("101")) == 5_000
        done(reverse.reverse(desk, sale, "wrong amount"))
    assert desk.records.waiting_reversals() == []
    assert money(desk, chart.cash("101")) == 0
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == 0
    assert worth > 0


def test_a_reversal_is_given_up_when_the_meter_was_faster(
    hall: Hall, desk: Desk, card_sale: SaleRecord
) -> None:
    sale = card_sale.committed
    assert sale.card is not None
    intended = correction_facts.ReversalIntended(
        sale.sale_id, sale.card.serial, sale.card.writes, "gone", "101"
    )
    desk.journal.append(intended)
    hall.take_out()
    hall.insert_in_meter(CARD)
    hall.put_in(CARD)
    assert code(reverse.reverse(desk, sale.sale_id, "wrong amount")) == "card_consumed"
    assert reverse.waiting(desk) == []
    assert not maintain.verify(desk).first_bad


def test_a_debt_is_open_again_with_its_date_when_its_sale_is_taken_back(
    hall: Hall, desk: Desk
) -> None:
    meter = meter_number("card", debt=True)
    owner = next(m.account for m in CATALOGUE.meters if m.number == meter)
    before = debt.owed(desk, owner)
    hall.put_in(meter)
    record = sold(sell_to(desk, meter, 5_000))
    assert not isinstance(before, Refusal)
    assert money(desk, chart.receivable(owner)) < before.open_minor
    done(reverse.reverse(desk, record.committed.sale_id, "wrong amount"))
    assert debt.owed(desk, owner) == before


def test_a_second_person_is_asked_for_when_money_of_an_account_would_become_cash(
    hall: Hall, desk: Desk
) -> None:
    done(account.top_up(desk, OWNER, "cash", 5_000))
    hall.put_in(CARD)
    offer = offer_of(desk, CARD, 5_000)
    paid = account.capital_payment(desk, offer.buyer, 5_000)
    assert not isinstance(paid, Refusal)
    sale = sold(sell(desk, offer, paid)).committed.sale_id
    assert code(reverse.reverse(desk, sale, "wrong amount")) == "kept_money_in_cash"
    event = done(reverse.reverse(desk, sale, "wrong amount", second=SECOND))
    assert (event.second, event.texts["how"]) == ("301", "red_entry")
    assert money(desk, chart.cash("101")) == 0


def test_money_goes_back_once_when_the_card_room_took_the_purchase_back_E13(
    desk: Desk, card_sale: SaleRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    sale = card_sale.committed.sale_id
    plan = mend.plan_cancel(desk)
    assert isinstance(plan, Plan), plan
    work = carry_out(desk, plan, "moved away", SECOND)
    assert not isinstance(work, Refusal), work
    before = balances(desk)
    assert code(reverse.reverse(desk, sale, "wrong amount")) == "undone_before"
    with monkeypatch.context() as looked_before:  # the counter looked before the card room did
        looked_before.setattr(Records, "cancellation_of", lambda _self, _sale: None)
        late = reverse.reverse(desk, sale, "wrong amount")
        assert code(late) == "purchase_cancelled_before"
    publish(desk, 120, card_sale.time_ms - LONG_MS)
    assert code(rerate.rerate(desk, sale)) == "undone_before"
    assert balances(desk) == before


def test_the_card_room_takes_nothing_back_when_the_counter_did_E13(
    desk: Desk, card_sale: SaleRecord
) -> None:
    plan = mend.plan_cancel(desk)
    assert isinstance(plan, Plan), plan
    done(reverse.reverse(desk, card_sale.committed.sale_id, "wrong amount"))
    before = balances(desk)
    assert isinstance(carry_out(desk, plan, "moved away", SECOND), Refusal)
    assert balances(desk) == before


def test_the_money_goes_back_in_cash_when_the_customer_has_left(
    desk: Desk, card_sale: SaleRecord
) -> None:
    closed = closing.close(desk, CARD, "moved away", SECOND)
    assert not isinstance(closed, Refusal), closed
    sale = card_sale.committed.sale_id
    assert code(reverse.reverse(desk, sale, "moved away", to="capital")) == "account_closed"
    assert done(reverse.reverse(desk, sale, "moved away")).kind == "sale_reversed"


# --- the wrong meter -------------------------------------------------------------------------


@pytest.mark.parametrize("consumed", [True, False])
def test_the_value_moves_to_the_right_customer_when_a_token_was_for_the_wrong_meter(
    desk: Desk, consumed: bool
) -> None:
    meter = meter_number("keypad", debt=True)
    wrong = next(m.account for m in CATALOGUE.meters if m.number == meter)
    owed = money(desk, chart.receivable(wrong))
    record = sold(sell_to(desk, meter, 5_000))
    sale, paid_off = record.committed.sale_id, owed - money(desk, chart.receivable(wrong))
    same = reverse.reallocate(desk, sale, f"meter:{meter}", "wrong", SECOND, consumed=consumed)
    assert code(same) == "unknown_purse"
    target = f"capital:{RIGHT}"
    done(reverse.reallocate(desk, sale, target, "wrong meter", SECOND, consumed=consumed))
    assert money(desk, chart.capital_account(RIGHT)) == -5_000
    expected = owed - paid_off + (5_000 if consumed else paid_off)
    assert money(desk, chart.receivable(wrong)) == expected
    assert money(desk, chart.REALLOCATED) == (0 if consumed else 5_000 - paid_off)
    again = reverse.reallocate(desk, sale, target, "wrong meter", SECOND, consumed=consumed)
    assert code(again) == "undone_before"
    explained = history.why(desk, sale)
    assert not isinstance(explained, Refusal)
    assert explained.undone == "reallocated"
    assert not maintain.verify(desk).first_bad


def test_the_value_is_not_moved_when_an_unread_card_can_be_taken_back(
    desk: Desk, card_sale: SaleRecord
) -> None:
    sale = card_sale.committed.sale_id
    target = f"capital:{RIGHT}"
    moved = reverse.reallocate(desk, sale, target, "wrong meter", SECOND, consumed=True)
    assert code(moved) == "reverse_instead"
    alone = SecondPerson("101", "1234")
    token = sold(sell_to(desk, KEYPAD, 5_000)).committed.sale_id
    moved = reverse.reallocate(desk, token, target, "wrong meter", alone, consumed=True)
    assert code(moved) == "second_person_same"
