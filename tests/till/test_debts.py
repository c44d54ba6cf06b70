"""Dated debts and their ages, plans that pay them with purchases, bills of old meters, interest."""

from __future__ import annotations

import msgspec
import pytest

from kiosk.domain import bill_facts, chart
from kiosk.domain.debts import DAY_MS, Plan, period_start_ms, rule_of
from kiosk.domain.money import LARGEST_MINOR
from kiosk.errors import BadInput, Refusal
from kiosk.till import account, bills, debt, history, maintain
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer, find_buyer, quote
from kiosk.till.sell import cash_payment, sell
from kiosk.till.tokens import SecondPerson
from tests.builders import NOON_MS
from tests.till.hall import (
    CATALOGUE,
    CURRENCY,
    KEYPAD,
    SECOND,
    code,
    done,
    meter_number,
    money,
    offer_of,
    sell_to,
    sold,
)

OWNER = CATALOGUE.customers[0].account
OWED = chart.receivable(OWNER)
BILLS = """bill,account,name,meter,period,amount,due,late_fee
B1,X9,Old Customer,77,2026-10,80.00,2026-10-31,2.00
B2,X9,Old Customer,77,2026-11,30.00,2026-12-31,2.00
"""


def owe(desk: Desk, amount_minor: int, dated: str, name: str, kind: str = "arrears") -> None:
    done(debt.record(desk, OWNER, kind, amount_minor, dated, "old book", SECOND, name))


def left(desk: Desk) -> dict[str, int]:
    found = debt.owed(desk, OWNER)
    assert not isinstance(found, Refusal)
    return {one.debt_id: one.open_minor for one in found.debts}


@pytest.fixture
def debtor(desk: Desk) -> Desk:
    """A customer with three dated debts."""
    owe(desk, 1_000, "2026-11-01", "new")
    owe(desk, 3_000, "2026-01-15", "old")
    owe(desk, 2_000, "2026-09-10", "fee", "fee")
    return desk


def test_debts_stand_in_their_class_of_age_when_they_are_dated_F068(debtor: Desk) -> None:
    found = debt.owed(debtor, OWNER)
    assert not isinstance(found, Refusal)
    assert [one.debt_id for one in found.debts] == ["old", "fee", "new"]
    assert found.classes_minor == [1_000, 0, 2_000, 3_000]
    assert found.open_minor == money(debtor, OWED)
    everybody = debt.all_owed(debtor)
    assert not isinstance(everybody, Refusal)
    opening = sum(customer.opening_debt_minor for customer in CATALOGUE.customers)
    assert sum(one.open_minor for one in everybody) == opening + 6_000


ORDERS = [
    ("oldest", {"fee": 1_500, "new": 1_000}),
    ("newest", {"old": 2_500}),
    ("smallest", {"old": 2_500}),
    ("largest", {"fee": 1_500, "new": 1_000}),
]


@pytest.mark.parametrize(("order", "after"), ORDERS)
def test_debts_are_paid_in_the_order_of_the_plan_when_cash_is_paid(
    debtor: Desk, order: str, after: dict[str, int]
) -> None:
    done(debt.agree_plan(debtor, OWNER, Plan("tariff", order=order), "agreed"))
    done(debt.pay(debtor, OWNER, 3_500, tendered_minor=4_000))
    assert left(debtor) == after


def test_one_debt_is_paid_and_no_more_than_it_when_it_is_named(debtor: Desk) -> None:
    assert code(debt.pay(debtor, OWNER, 1_001, debt_id="new")) == "debt_smaller"
    done(debt.pay(debtor, OWNER, 1_000, debt_id="new"))
    assert left(debtor) == {"old": 3_000, "fee": 2_000}
    assert code(debt.pay(debtor, OWNER, 5_001)) == "debt_smaller"


def test_a_debt_is_given_up_by_two_persons_and_no_more_than_it(debtor: Desk) -> None:
    assert code(debt.write_off(debtor, "old", 3_001, "died", SECOND)) == "debt_smaller"
    alone = debt.write_off(debtor, "old", 3_000, "died", SecondPerson("101", "1234"))
    assert code(alone) == "second_person_same"
    done(debt.write_off(debtor, "old", 2_500, "died", SECOND))
    assert left(debtor)["old"] == 500
    assert money(debtor, chart.WRITTEN_OFF) == 2_500


#: Plan -> the share of a purchase that it takes, and the most; None leaves it to the tariff pack.
PLANS = [
    (None, None),
    (Plan("tariff"), None),
    (Plan("fixed", 400), (900_000, 400)),
    (Plan("share", share_ppm=500_000), (500_000, LARGEST_MINOR)),
]


@pytest.mark.parametrize(("plan", "rule"), PLANS)
def test_a_plan_takes_so_much_of_a_purchase(
    plan: Plan | None, rule: tuple[int, int] | None
) -> None:
    assert rule_of(plan) == rule


def test_the_plan_pays_debt_with_each_purchase_when_it_is_agreed_F012(debtor: Desk) -> None:
    done(debt.agree_plan(debtor, OWNER, Plan("fixed", 400), "agreed"))
    record = sold(sell_to(debtor, KEYPAD, 2_000))
    line = next(line for line in record.committed.lines if line.code == "debt")
    assert (line.amount_minor, line.reason) == (400, "debt_agreed")
    assert line.values == {"taken_minor": 400, "left_minor": 5_600}
    assert left(debtor)["old"] == 2_600
    explained = history.why(debtor, record.committed.sale_id)
    assert not isinstance(explained, Refusal)
    assert explained.same
    done(debt.agree_plan(debtor, OWNER, Plan("tariff"), "ended"))
    record = sold(sell_to(debtor, KEYPAD, 2_000))
    assert next(x for x in record.committed.lines if x.code == "debt").amount_minor == 500


@pytest.mark.parametrize("share_ppm", [100_000, 500_000, 900_000])
def test_the_amount_that_is_named_can_be_sold_when_a_plan_takes_its_share(
    debtor: Desk, share_ppm: int
) -> None:
    owe(debtor, 900_000, "2025-01-01", "huge")
    done(debt.agree_plan(debtor, OWNER, Plan("share", share_ppm=share_ppm), "agreed"))
    buyer = find_buyer(debtor, KEYPAD)
    assert isinstance(buyer, Buyer)
    for amount in (1_000, 1_200, 3_000):
        offer = quote(debtor, buyer, amount)
        if isinstance(offer, Refusal):
            nearest = int(offer.details["nearest_minor"])
            assert not isinstance(quote(debtor, buyer, nearest), Refusal)
            assert isinstance(quote(debtor, buyer, nearest - 1), Refusal)


BAD_PLANS = [
    (Plan("fixed"), "plan_needs_figure"),
    (Plan("share"), "plan_needs_figure"),
    (Plan("fixed", 100, 100), "plan_needs_figure"),
    (Plan("share", share_ppm=950_000), "plan_share_too_large"),
    (Plan("never"), "unknown_plan"),
    (Plan("tariff", order="random"), "unknown_plan"),
]


@pytest.mark.parametrize(("plan", "refused"), BAD_PLANS)
def test_a_plan_is_refused_when_it_cannot_be_kept_E35(desk: Desk, plan: Plan, refused: str) -> None:
    assert code(debt.agree_plan(desk, OWNER, plan, "agreed")) == refused


def test_what_was_overpaid_is_kept_and_moved_back_when_two_halls_took_the_same_debt(
    debtor: Desk,
) -> None:
    done(debt.agree_plan(debtor, OWNER, Plan("share", share_ppm=900_000), "agreed"))
    done(debt.pay(debtor, OWNER, 5_500))
    offers = [offer_of(debtor, KEYPAD, 2_000) for _ in range(2)]
    for offer in offers:
        payment = cash_payment(debtor, 2_000, 2_000)
        assert not isinstance(payment, Refusal)
        sold(sell(debtor, offer, payment))
    assert money(debtor, OWED) == -500
    found = debt.owed(debtor, OWNER)
    assert not isinstance(found, Refusal)
    assert (found.debts, found.overpaid_minor) == ([], 500)
    too_much = account.transfer(
        debtor, f"overpaid:{OWNER}", f"capital:{OWNER}", 501, "overpaid", SECOND
    )
    assert code(too_much) == "not_overpaid"
    owe(debtor, 200, "2026-02-01", "later")
    assert left(debtor) == {}
    done(account.transfer(debtor, f"overpaid:{OWNER}", f"capital:{OWNER}", 300, "over", SECOND))
    assert money(debtor, OWED) == 0
    assert not maintain.verify(debtor).first_bad


# --- interest ---------------------------------------------------------------------------------


def rate(desk: Desk, ppm: int) -> None:
    accounts = msgspec.structs.replace(desk.settings.accounts, interest_ppm_per_month=ppm)
    desk.settings = msgspec.structs.replace(desk.settings, accounts=accounts)


def test_a_month_is_charged_once_and_on_old_principal_only_when_interest_is_set_E30(
    debtor: Desk,
) -> None:
    assert code(debt.charge_interest(debtor, "2026-11")) == "no_interest_set"
    rate(debtor, 15_000)
    charged = debt.charge_interest(debtor, "2026-11")
    assert not isinstance(charged, Refusal)
    # 1.5 % of 30.00; the fee bears none, the debt of November is not overdue.
    assert [(e.account, e.figures[0].amount_minor) for e in charged] == [(OWNER, 45)]
    assert debt.charge_interest(debtor, "2026-11") == []
    assert money(debtor, chart.revenue("interest")) == -45
    assert left(debtor)[f"interest/2026-11/{OWNER}"] == 45


@pytest.mark.parametrize("period", ["2026-13", "202611", "2027-01", "2026-1", "x", "١٢٣٤-٠١"])
def test_a_period_is_refused_when_it_is_no_month_that_has_begun_E31(
    debtor: Desk, period: str
) -> None:
    rate(debtor, 10_000)
    assert code(debt.charge_interest(debtor, period)) == "bad_period"


def test_a_period_begins_at_its_first_moment() -> None:
    start = period_start_ms("2026-11")
    assert not isinstance(start, Refusal)
    assert 19 * DAY_MS < NOON_MS - start < 20 * DAY_MS


# --- bills ------------------------------------------------------------------------------------


@pytest.fixture
def billed(desk: Desk) -> Desk:
    taken = bills.take_in(desk, bills.read_bills(BILLS.splitlines(), CURRENCY, "101"))
    assert taken == bills.Taken(2, 0)
    return desk


def test_a_bill_is_collected_in_parts_with_its_late_fee_once_F009(billed: Desk) -> None:
    first = done(bills.collect(billed, "B1", 3_200, tendered_minor=5_000))
    assert [(f.name, f.amount_minor) for f in first.figures] == [
        ("amount", 3_000), ("late_fee", 200), ("total", 3_200), ("tendered", 5_000),
        ("change", 1_800),
    ]  # fmt: skip
    again = bill_facts.BillCollected(
        "x", "B1", "X9", CURRENCY, 1_000, 200, chart.cash("101"), 1_200, 0, "101"
    )
    assert code(billed.journal.append(again)) == "balance_changed", "the fee is paid"
    rest = done(bills.collect(billed, "B1"))
    assert rest.figures[0].amount_minor == 5_000
    assert code(bills.collect(billed, "B1")) == "bill_smaller"
    assert money(billed, chart.revenue("late_fee")) == -200
    assert money(billed, chart.bills_receivable("X9")) == 3_000
    in_time = done(bills.collect(billed, "B2"))
    assert "late_fee" not in [figure.name for figure in in_time.figures]
    assert money(billed, chart.bills_receivable("X9")) == 0
    found = bills.listed(billed, paid=True)
    assert not isinstance(found, Refusal)
    assert [bill.state for bill in found] == ["paid", "paid"]
    assert not maintain.verify(billed).first_bad


def test_nothing_is_doubled_when_a_file_or_a_payment_comes_again_E05(billed: Desk) -> None:
    again = bills.take_in(billed, bills.read_bills(BILLS.splitlines(), CURRENCY, "102"))
    assert again == bills.Taken(0, 2)
    first = done(bills.collect(billed, "B1", event_id="p1"))
    assert bills.collect(billed, "B1", event_id="p1") == first
    other = bills.collect(billed, "B2", event_id="p1")
    assert code(other) == "exists_with_different_content"
    changed = bills.read_bills(BILLS.replace("30.00", "31.00").splitlines(), CURRENCY, "101")
    assert code(bills.take_in(billed, changed)) == "bill_number_used"


@pytest.mark.parametrize(
    ("amount", "refused"), [(200, "amount_below_minimum"), (8_201, "bill_smaller")]
)
def test_a_payment_of_a_bill_is_refused_when_it_is_too_small_or_too_large(
    billed: Desk, amount: int, refused: str
) -> None:
    assert code(bills.collect(billed, "B1", amount)) == refused


WRONG_FILES = [
    ("bill,account\n", "Line 1: the column name is missing"),
    (BILLS.replace("80.00", "-80"), "Line 2: amount"),
    (BILLS.replace("2026-12-31", "31.12.2026"), "Line 3: due"),
    (BILLS.replace("B2", ""), "Line 3: bill"),
    (BILLS.replace("X9,Old", '"X9,Old'), "is not CSV"),
]


@pytest.mark.parametrize(("text", "said"), WRONG_FILES)
def test_the_line_is_named_when_a_file_of_bills_is_wrong(text: str, said: str) -> None:
    with pytest.raises(BadInput) as fault:
        bills.read_bills(text.splitlines(), CURRENCY, "101")
    assert said in fault.value.sentence


def test_the_debt_comes_back_with_its_date_when_the_opening_came_with_a_catalogue(
    desk: Desk,
) -> None:
    meter = meter_number("keypad", debt=True)
    owner = next(m.account for m in CATALOGUE.meters if m.number == meter)
    found = debt.owed(desk, owner)
    assert not isinstance(found, Refusal)
    assert [one.kind for one in found.debts] == ["opening"]
    assert found.open_minor == money(desk, chart.receivable(owner))
