"""A change of tenant: the meter of somebody who has left goes to the next customer."""

from __future__ import annotations

from pathlib import Path

import msgspec

from kiosk.domain import chart
from kiosk.domain.registry import Customer
from kiosk.domain.tariff_pack import Usage
from kiosk.errors import Refusal
from kiosk.screens.telling import parted_by_tenant
from kiosk.till import closing, history, maintain, registration, replace, reverse, statement
from kiosk.till.closing import Closed
from kiosk.till.credit_left import Final
from kiosk.till.desk import Desk
from kiosk.till.new_meter import NewMeter
from kiosk.till.registry_file import import_file
from tests.till.hall import (
    CARD,
    CATALOGUE,
    KEYPAD,
    SECOND,
    Hall,
    code,
    meter_number,
    money,
    offer_of,
    sell_to,
    sold,
)

OWNER = next(meter.account for meter in CATALOGUE.meters if meter.number == KEYPAD)
HOUSEHOLD = meter_number("keypad", power_type="household", nth=1)


def left(outcome: Closed | Refusal) -> Closed:
    assert isinstance(outcome, Closed), outcome
    return outcome


def newcomer(desk: Desk) -> str:
    opened = registration.open_account(desk, Customer("", "Lea Çelik", "9 Hill", "0709 11"), None)
    assert isinstance(opened, registration.Opened), opened
    return opened.customer.account


def test_the_meter_goes_to_the_next_customer_when_the_last_one_has_left(desk: Desk) -> None:
    sold(sell_to(desk, KEYPAD, 5_000))
    left(closing.close(desk, OWNER, "moved away", SECOND))
    known, account_number = desk.records.meter(KEYPAD), newcomer(desk)
    new = NewMeter(KEYPAD, "keypad", "shop", capacity_w=9_200, reading_wh=12_000)
    opened = registration.add_meter(desk, account_number, new)
    assert isinstance(opened, registration.Opened), opened
    handed = desk.journal.head().sequence
    assert known is not None
    assert desk.records.meter(KEYPAD) == msgspec.structs.replace(
        known, account=account_number, power_type="shop", capacity_w=9_200, shares=[]
    )
    bought = sold(sell_to(desk, KEYPAD, 7_000))
    assert bought.committed.account == account_number
    sales = history.sales_of_meter(desk, KEYPAD)
    assert not isinstance(sales, Refusal)
    parted = parted_by_tenant(sales, account_number)
    assert [record and record.committed.amount_minor for record in parted] == [7_000, None, 5_000]
    kinds = {
        account: [entry.kind for entry in desk.records.history(
            account, 50, from_ms=0, until_ms=2**62)]
        for account in (OWNER, account_number)
    }  # fmt: skip
    assert (kinds[OWNER].count("meter_amended"), kinds[OWNER].count("sale_committed")) == (1, 1)
    assert kinds[account_number].count("meter_amended") == 3
    assert kinds[account_number].count("sale_committed") == 1
    assert {"meter_read", "customer_registered"} <= set(kinds[account_number])
    assert [reading.sequence for reading in desk.records.readings(9, meter=KEYPAD)] == [handed]


def test_the_next_customer_waits_when_something_speaks_against_the_meter(desk: Desk) -> None:
    account_number, same = newcomer(desk), NewMeter(KEYPAD, "keypad", "home")
    assert code(registration.add_meter(desk, account_number, same)) == "meter_exists"
    left(closing.close(desk, OWNER, "moved away", SECOND))
    other_group = msgspec.structs.replace(same, supply_group="999999")
    assert code(registration.add_meter(desk, account_number, other_group)) == "meter_differs"
    as_card = NewMeter(KEYPAD, "card", "home", card="790000000018", card_serial="ab")
    assert code(registration.add_meter(desk, account_number, as_card)) == "meter_differs"
    assert code(registration.add_meter(desk, OWNER, same)) == "account_closed"
    nowhere = NewMeter(KEYPAD, "keypad", "palace")
    assert code(registration.add_meter(desk, account_number, nowhere)) == "unknown_power_type"


def handed_on(desk: Desk, number: str) -> str:
    """The account that the meter went to when its customer had left."""
    meter = desk.records.meter(number)
    assert meter is not None
    left(closing.close(desk, meter.account, "moved away", SECOND))
    account = newcomer(desk)
    opened = registration.add_meter(desk, account, NewMeter(number, meter.kind, meter.power_type))
    assert isinstance(opened, registration.Opened), opened
    return account


def test_steps_and_monthly_charges_begin_anew_when_the_meter_was_handed_on(desk: Desk) -> None:
    before = sold(sell_to(desk, HOUSEHOLD, 9_000)).committed
    counted = offer_of(desk, HOUSEHOLD, 9_000).quote
    assert counted.usage.used_wh == counted.usage.month_wh == before.energy_wh
    assert counted.usage.charged
    assert "connection" not in [line.code for line in counted.lines]
    handed_on(desk, HOUSEHOLD)
    anew = offer_of(desk, HOUSEHOLD, 9_000).quote
    assert (anew.usage.used_wh, anew.usage.month_wh, anew.usage.charged) == (0, 0, {})
    assert anew.lines == before.lines
    first = sold(sell_to(desk, HOUSEHOLD, 9_000)).committed
    again = sold(sell_to(desk, HOUSEHOLD, 9_000)).committed
    assert isinstance(again.usage, Usage)
    assert again.usage.used_wh == first.energy_wh
    assert not maintain.verify(desk).first_bad


def test_nobody_is_paid_for_the_energy_of_the_customer_before(desk: Desk) -> None:
    sold(sell_to(desk, KEYPAD, 50_000))
    handed_on(desk, KEYPAD)
    own_wh = sold(sell_to(desk, KEYPAD, 5_000)).committed.energy_wh
    more = Final("technician", 0, own_wh + 20_000, "paid")
    outcome = replace.cancel_meter(desk, KEYPAD, more, "moves", SECOND)
    assert isinstance(outcome, Refusal)
    assert (outcome.code, outcome.details["expected_wh"]) == ("more_left_than_bought", own_wh)
    own = Final("technician", 0, own_wh, "paid")
    assert not isinstance(replace.cancel_meter(desk, KEYPAD, own, "moves", SECOND), Refusal)


def test_the_card_goes_with_its_meter_when_the_next_customer_comes(hall: Hall, desk: Desk) -> None:
    standing = desk.records.card(meter=CARD)
    account = handed_on(desk, CARD)
    assert desk.records.card(meter=CARD) == standing
    hall.put_in(CARD)
    bought = sold(sell_to(desk, CARD, 5_000)).committed
    assert (bought.account, bought.meter) == (account, CARD)
    assert [r.committed.account for r in desk.records.sales_of(account=account)] == [account]


def test_no_money_of_the_customer_before_goes_to_the_next_one(hall: Hall, desk: Desk) -> None:
    hall.put_in(CARD)
    before = sold(sell_to(desk, CARD, 5_000)).committed
    account = handed_on(desk, CARD)
    kept = reverse.reverse(desk, before.sale_id, "typo", to="meter", second=SECOND)
    assert code(kept) == "account_closed"
    paid = reverse.reverse(desk, before.sale_id, "typo", to="cash", second=SECOND)
    assert not isinstance(paid, Refusal), paid
    assert money(desk, chart.meter_account(CARD)) == 0
    assert statement.purses(desk, account, 9) == []


def test_a_cancelled_meter_goes_to_nobody(desk: Desk) -> None:
    read = Final("technician", 12_000, 0)
    left(closing.close(desk, OWNER, "moved away", SECOND, finals={KEYPAD: read}))
    same = NewMeter(KEYPAD, "keypad", "home")
    assert code(registration.add_meter(desk, newcomer(desk), same)) == "retired_meter"


def test_the_meter_is_found_under_its_new_customer_alone(desk: Desk) -> None:
    account = handed_on(desk, KEYPAD)
    assert [one.account for one in desk.records.search_customers(KEYPAD[:6], 50)].count(OWNER) == 0
    assert [one.account for one in desk.records.search_customers(KEYPAD, 50)] == [account]
    told = desk.records.amendments(1, number=KEYPAD)
    assert [(one.field, one.old, one.new) for one in told] == [("account", OWNER, account)]


def test_a_file_hands_the_meter_on_as_the_screen_does_when_its_customer_has_left(
    desk: Desk, tmp_path: Path
) -> None:
    left(closing.close(desk, OWNER, "moved away", SECOND))
    path = tmp_path / "in.csv"
    path.write_text(
        f"account,name,meter,power_type,capacity_w\n70000001,Lea Celik,{KEYPAD},shop,9200\n"
    )
    found = import_file(desk, path, lambda _done, _all: None)
    assert not isinstance(found, Refusal)
    assert (found.customers, found.meters, found.bad) == (1, 1, [])
    meter = desk.records.meter(KEYPAD)
    assert meter is not None
    assert (meter.account, meter.power_type, meter.capacity_w) == ("70000001", "shop", 9_200)
    again = import_file(desk, path, lambda _done, _all: None)
    assert not isinstance(again, Refusal)
    assert (again.customers, again.meters, again.known, again.bad) == (0, 0, 1, [])
    assert maintain.verify(desk).first_bad == 0
