"""A sale is priced again when its right prices came late (E07, E11)."""

from __future__ import annotations

import msgspec
import pytest

from kiosk.domain import chart
from kiosk.domain.account_record import AccountRecord
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.till import closing, history, maintain, rerate, reverse
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer, find_buyer
from tests.till.hall import CATALOGUE, KEYPAD, SECOND, code, done, money, sell_to, sold
from tests.till.new_prices import LONG_MS, publish

RIGHT = CATALOGUE.customers[2].account

#: New prices in per cent, who bears it -> account, its sign.
RATES = [
    (120, "customer", "receivable", 1),
    (80, "customer", "meter_account", -1),
    (120, "utility", "revenue", 1),
    (80, "utility", "revenue", -1),
]


def done_all(outcome: list[AccountRecord] | Refusal) -> list[AccountRecord]:
    assert not isinstance(outcome, Refusal), outcome
    return outcome


@pytest.mark.parametrize(("per_cent", "bearer", "account", "sign"), RATES)
def test_the_difference_is_booked_and_the_token_stays_when_prices_came_late_E07_E11(
    desk: Desk, per_cent: int, bearer: str, account: str, sign: int
) -> None:
    accounts = msgspec.structs.replace(desk.settings.accounts, rerate_to=bearer)
    desk.settings = msgspec.structs.replace(desk.settings, accounts=accounts)
    record = sold(sell_to(desk, KEYPAD, 5_000))
    owner = record.committed.account
    publish(desk, per_cent, record.time_ms - LONG_MS)
    looked = rerate.look(desk)
    events = rerate.rerate_all(desk)
    assert not isinstance(events, Refusal)
    assert len(events) == 1
    # Without the service charge and its tax 45.97 bought energy: a fifth of it, rounded down.
    difference = {120: 919, 80: -920}[per_cent]
    holder = {"revenue": "tariff_variance", "meter_account": KEYPAD}.get(account, owner)
    assert money(desk, f"{account}:{holder}") == difference
    assert looked == [desk.records.fact(events[0].sequence)], "the look shows what is written"
    assert difference * sign > 0
    assert rerate.rerate_all(desk) == []
    assert rerate.rerate(desk, record.committed.sale_id) == events[0]
    explained = history.why(desk, record.committed.sale_id)
    assert not isinstance(explained, Refusal) and explained.difference_minor == difference
    publish(desk, 150, record.time_ms - LONG_MS + 1, number=3)
    assert code(rerate.rerate(desk, record.committed.sale_id)) == "priced_again_before"
    assert desk.records.sale(record.committed.sale_id) == record
    assert not maintain.verify(desk).first_bad


def test_the_next_purchase_bears_it_when_too_much_was_paid_E11(desk: Desk) -> None:
    record = sold(sell_to(desk, KEYPAD, 5_000))
    publish(desk, 80, record.time_ms - LONG_MS)
    rerate.rerate_all(desk)
    buyer = find_buyer(desk, KEYPAD)
    assert isinstance(buyer, Buyer)
    assert buyer.credit_minor == 920


def test_a_sale_is_found_when_its_right_prices_were_replaced_meanwhile_E11(desk: Desk) -> None:
    record = sold(sell_to(desk, KEYPAD, 5_000))
    publish(desk, 120, record.time_ms - LONG_MS)
    publish(desk, 300, record.time_ms + LONG_MS, number=3)
    (event,) = done_all(rerate.rerate_all(desk))
    assert {f.name: f.amount_minor for f in event.figures}["difference"] == 919
    assert done_all(rerate.rerate_all(desk)) == []


def test_a_sale_is_right_when_its_quote_was_made_before_the_prices_began_E12(desk: Desk) -> None:
    record = sold(sell_to(desk, KEYPAD, 5_000))
    publish(desk, 120, record.time_ms - 60_000)
    assert code(rerate.rerate(desk, record.committed.sale_id)) == "priced_right"


def test_a_sale_is_not_undone_when_it_was_priced_again(desk: Desk, card_sale: SaleRecord) -> None:
    token, card = sold(sell_to(desk, KEYPAD, 5_000)).committed.sale_id, card_sale.committed.sale_id
    publish(desk, 120, card_sale.time_ms - LONG_MS)
    assert len(done_all(rerate.rerate_all(desk))) == 2
    assert code(reverse.reverse(desk, card, "wrong amount")) == "sale_priced_again"
    target = f"capital:{RIGHT}"
    moved = reverse.reallocate(desk, token, target, "wrong meter", SECOND, consumed=True)
    assert code(moved) == "sale_priced_again"


def test_a_sale_is_not_priced_again_when_it_was_undone(desk: Desk, card_sale: SaleRecord) -> None:
    done(reverse.reverse(desk, card_sale.committed.sale_id, "wrong amount"))
    publish(desk, 120, card_sale.time_ms - LONG_MS)
    assert done_all(rerate.rerate_all(desk)) == []
    assert code(rerate.rerate(desk, card_sale.committed.sale_id)) == "undone_before"


def test_the_utility_bears_the_difference_when_the_customer_has_left(desk: Desk) -> None:
    record = sold(sell_to(desk, KEYPAD, 5_000))
    closed = closing.close(desk, KEYPAD, "moved away", SECOND)
    assert not isinstance(closed, Refusal), closed
    publish(desk, 120, record.time_ms - LONG_MS)
    (event,) = done_all(rerate.rerate_all(desk))
    assert event.texts == {"borne_by": "utility"}
    assert money(desk, chart.receivable(record.committed.account)) == 0


def test_only_sales_of_the_days_asked_for_are_priced_again(desk: Desk) -> None:
    record = sold(sell_to(desk, KEYPAD, 5_000))
    publish(desk, 120, record.time_ms - LONG_MS)
    assert done_all(rerate.rerate_all(desk, record.time_ms + 1)) == []
    assert len(done_all(rerate.rerate_all(desk, record.time_ms))) == 1


def test_a_sale_is_left_alone_when_its_prices_were_in_force(desk: Desk) -> None:
    record = sold(sell_to(desk, KEYPAD, 5_000))
    assert code(rerate.rerate(desk, record.committed.sale_id)) == "priced_right"
    publish(desk, 120, record.time_ms + 60_000)
    assert code(rerate.rerate(desk, record.committed.sale_id)) == "priced_right"
    assert rerate.rerate_all(desk) == []
