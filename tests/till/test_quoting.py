"""What an amount buys, and who may buy at all, before any money is taken."""

from __future__ import annotations

import pytest

from kiosk.domain.chart import receivable
from kiosk.errors import Refusal
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer, Offer, buyer_of, find_buyer, quote
from tests.till.hall import (
    BLOCKED,
    CARD,
    CATALOGUE,
    KEYPAD,
    Hall,
    code,
    meter_number,
    money,
    offer_of,
    sell_to,
    sold,
)

IN_DEBT = meter_number("keypad", debt=True)


def test_every_line_is_as_a_person_would_reckon_when_fifty_is_paid(desk: Desk) -> None:
    # 50.00 - 3.50 fixed - 0.53 VAT on it leave 45.97; a kWh costs 2.049625 with its VAT.
    offer = offer_of(desk, KEYPAD, 5000)
    assert [(line.code, line.amount_minor, line.energy_wh) for line in offer.quote.lines] == [
        ("fixed", 350, 0),
        ("generation", 2724, 22428),
        ("grid", 1195, 0),
        ("levy_rural", 90, 0),
        ("tax", 641, 0),
        ("rounding", 0, 72),
    ]
    assert offer.quote.energy_wh == 22500


@pytest.mark.parametrize("kind", ["keypad", "card"])
@pytest.mark.parametrize("debt", [False, True])
@pytest.mark.parametrize("amount_minor", [1500, 1501, 1999, 12345, 99999, 500_000])
def test_lines_sum_to_the_amount_when_anything_allowed_is_paid(
    desk: Desk, kind: str, debt: bool, amount_minor: int
) -> None:
    quoted = offer_of(desk, meter_number(kind, debt=debt), amount_minor).quote
    assert sum(line.amount_minor for line in quoted.lines) == amount_minor
    assert sum(line.energy_wh for line in quoted.lines) == quoted.energy_wh > 0
    assert quoted.energy_wh % 100 == 0 or kind == "card"


def test_a_quarter_goes_to_old_debt_until_nothing_is_owed_when_purchases_follow(
    desk: Desk,
) -> None:
    buyer = buyer_of(desk, IN_DEBT)
    assert isinstance(buyer, Buyer)
    owed, account = buyer.debt_minor, receivable(buyer.meter.account)
    while owed:
        record = sold(sell_to(desk, IN_DEBT, 4000))
        debt_line = record.committed.lines[0]
        assert (debt_line.code, debt_line.amount_minor) == ("debt", min(owed, 1000))
        owed -= debt_line.amount_minor
        assert money(desk, account) == owed
    assert offer_of(desk, IN_DEBT, 4000).quote.lines[0].code != "debt"


@pytest.mark.parametrize(
    ("number", "refused"),
    [
        (BLOCKED, "blocked_meter"),
        ("01470000008", "bad_meter_check_digit"),
        ("0147000000", "bad_meter_number"),
        ("0147000000X", "bad_meter_number"),
        ("", "bad_meter_number"),
        ("12345678903", "unknown_meter"),
        ("700600000018", "bad_card_check_digit"),
        ("123456789015", "unknown_card"),
        ("\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\u0660\u0661", "bad_meter_number"),
    ],
)
def test_nobody_is_quoted_when_the_number_is_not_a_buyer(
    desk: Desk, number: str, refused: str
) -> None:
    assert code(find_buyer(desk, number)) == refused


def test_the_same_customer_is_found_when_meter_or_card_number_is_typed(desk: Desk) -> None:
    card = next(card for card in CATALOGUE.cards if card.meter == CARD)
    spaced = " ".join((CARD[:4], CARD[4:8], CARD[8:]))
    assert find_buyer(desk, spaced) == find_buyer(desk, card.number) == buyer_of(desk, CARD)


@pytest.mark.parametrize(
    ("amount_minor", "refused", "nearest_minor"),
    [
        (999, "amount_below_minimum", 1000),
        (1, "amount_below_minimum", 1000),
        (500_001, "amount_above_maximum", 500_000),
        (10**15, "amount_above_maximum", 500_000),
    ],
)
def test_the_nearest_amount_is_named_when_one_is_outside_the_limits(
    desk: Desk, amount_minor: int, refused: str, nearest_minor: int
) -> None:
    buyer = find_buyer(desk, KEYPAD)
    assert isinstance(buyer, Buyer)
    outcome = quote(desk, buyer, amount_minor)
    assert outcome == Refusal(refused, {"nearest_minor": nearest_minor})


def test_the_smallest_useful_amount_is_named_when_charges_and_debt_eat_it_all(desk: Desk) -> None:
    buyer = find_buyer(desk, meter_number("keypad", debt=True, power_type="shop"))
    assert isinstance(buyer, Buyer)
    outcome = quote(desk, buyer, 1000)
    assert code(outcome) == "amount_buys_nothing"
    assert isinstance(outcome, Refusal)
    nearest_minor = int(outcome.details["nearest_minor"])
    assert isinstance(quote(desk, buyer, nearest_minor), Offer)
    assert code(quote(desk, buyer, nearest_minor - 1)) == "amount_buys_nothing"


def test_the_sale_id_stays_when_a_quote_is_made_again(desk: Desk) -> None:
    first = offer_of(desk, KEYPAD, 2000)
    again = quote(desk, first.buyer, 4000, first.sale_id)
    assert isinstance(again, Offer)
    assert again.sale_id == first.sale_id != offer_of(desk, KEYPAD, 2000).sale_id


def test_a_technician_is_refused_when_selling_is_tried(hall: Hall) -> None:
    desk = hall.station(role="technician")
    assert code(sell_to(desk, KEYPAD, 2000)) == "no_right"
