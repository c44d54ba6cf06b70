"""Past sales, who is who, and why a figure is what it is."""

from __future__ import annotations

import pytest

from kiosk.domain.tariff import pack_digest
from kiosk.domain.token import grouped
from kiosk.errors import Refusal
from kiosk.till import history
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer, buyer_of
from tests.till.hall import (
    BLOCKED,
    CARD,
    CATALOGUE,
    KEYPAD,
    Hall,
    code,
    meter_number,
    offer_of,
    sell_to,
    sold,
)
from tests.till.new_prices import publish

IN_DEBT = meter_number("keypad", debt=True)


@pytest.mark.parametrize("meter", [KEYPAD, CARD, IN_DEBT, meter_number("card", debt=True)])
def test_every_figure_is_explained_when_prices_have_changed_since(
    hall: Hall, desk: Desk, meter: str
) -> None:
    if meter in {card.meter for card in CATALOGUE.cards}:
        hall.put_in(meter)
    record = sold(sell_to(desk, meter, 5000))
    publish(desk, 200, CATALOGUE.tariff.valid_from_ms)
    explained = history.why(desk, record.committed.sale_id)
    assert not isinstance(explained, Refusal)
    assert explained.same
    assert explained.replayed is not None
    assert explained.replayed.lines == record.committed.lines
    assert record.committed.tariff_digest == pack_digest(CATALOGUE.tariff)
    assert offer_of(desk, KEYPAD, 5000).quote.tariff_digest != record.committed.tariff_digest


def test_a_quote_at_old_prices_is_refused_when_new_ones_have_come_E12(desk: Desk) -> None:
    from kiosk.till.sell import cash_payment, sell

    offer, payment = offer_of(desk, KEYPAD, 5000), cash_payment(desk, 5000, 5000)
    assert not isinstance(payment, Refusal)
    publish(desk, 200, CATALOGUE.tariff.valid_from_ms)
    assert code(sell(desk, offer, payment)) == "quote_too_old"


def test_a_sale_is_found_when_its_token_is_given_in_any_spacing(desk: Desk) -> None:
    record = sold(sell_to(desk, KEYPAD, 5000))
    assert record.token is not None
    for text in (record.committed.sale_id, record.token, grouped(record.token)):
        explained = history.why(desk, text)
        assert not isinstance(explained, Refusal)
        assert explained.record == record


@pytest.mark.parametrize("text", ["", "nope", "1" * 20, "%", "' OR 1=1 --"])
def test_there_is_no_explanation_when_there_is_no_such_sale(desk: Desk, text: str) -> None:
    sold(sell_to(desk, KEYPAD, 5000))
    assert code(history.why(desk, text)) == "unknown_sale"


@pytest.mark.parametrize("part", ["name", "account", "address", "meter", "card"])
def test_a_customer_is_found_when_any_part_of_the_record_is_typed(desk: Desk, part: str) -> None:
    customer, card = CATALOGUE.customers[1], CATALOGUE.cards[0]
    text = {
        "name": customer.name.upper(),
        "account": customer.account,
        "address": customer.address,
        "meter": f"  {card.meter[2:]} ",
        "card": card.number[3:],
    }[part]
    found = history.find(desk, text)
    assert not isinstance(found, Refusal)
    assert card.meter in {row.meter.number for row in found}


@pytest.mark.parametrize("text", ["%", "_", "\\", "'; DROP TABLE meters; --", "x" * 10_000])
def test_nobody_is_found_when_the_search_is_a_trick(desk: Desk, text: str) -> None:
    assert history.search(desk, text) == []


def test_the_newest_sale_comes_first_when_a_meter_is_looked_at(desk: Desk) -> None:
    made = [sold(sell_to(desk, KEYPAD, amount)) for amount in (1000, 2000, 3000)]
    assert history.sales_of_meter(desk, KEYPAD) == made[::-1]
    assert history.last_sales(desk, limit=2) == made[:0:-1]


def test_a_blocked_meter_is_shown_and_cannot_buy(desk: Desk) -> None:
    assert history.registry_row(desk, BLOCKED).meter.blocked
    assert code(history.buyer_record(desk, BLOCKED)) == "blocked_meter"


@pytest.mark.parametrize("role", ["self_service", "", "nobody"])
def test_nothing_is_told_when_the_role_may_not_ask(hall: Hall, role: str) -> None:
    desk = hall.station(role=role)
    for answer in (
        history.search(desk, "a"),
        history.find(desk, "a"),
        history.sales_of_meter(desk, KEYPAD),
        history.last_sales(desk),
        history.buyer_record(desk, KEYPAD),
    ):
        assert code(answer) == "no_right"
    assert isinstance(buyer_of(desk, KEYPAD), Buyer), "buying is another matter"
