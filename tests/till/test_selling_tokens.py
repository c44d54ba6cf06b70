"""A token sale from both sides: what the books say, and what the meter says."""

from __future__ import annotations

import threading

import pytest

from drivers.vending.software import SoftwareVendor
from drivers.vending.vending_key import rehearsal_keys
from kiosk import marks
from kiosk.domain import facts
from kiosk.domain.chart import SALES_PENDING, cash, meter_account, meter_energy
from kiosk.domain.facts import Tender
from kiosk.domain.record import SaleRecord
from kiosk.domain.token import TokenRequest
from kiosk.errors import Refusal, VendorFault
from kiosk.till import history, recover
from kiosk.till.desk import Desk
from kiosk.till.maintain import verify
from kiosk.till.sell import Payment, cash_due, cash_payment, sell
from tests.till.hall import (
    KEYPAD,
    Hall,
    code,
    entries,
    meter_number,
    money,
    offer_of,
    sell_to,
    sold,
)


class ForgetfulVendor(SoftwareVendor):
    """A security module whose answer is lost on the way `lost` times; it has made the token."""

    def __init__(self, lost: int) -> None:
        super().__init__(rehearsal_keys(), name="forgetful")
        self.lost = lost
        self.asked: list[TokenRequest] = []
        self.made: list[str | Refusal] = []

    def issue(self, request: TokenRequest) -> str | Refusal:
        self.asked.append(request)
        self.made.append(super().issue(request))
        if len(self.asked) <= self.lost:
            raise VendorFault("The security module does not answer.")
        return self.made[-1]


class StubbornVendor(ForgetfulVendor):
    """A security module that refuses."""

    def issue(self, request: TokenRequest) -> str | Refusal:
        self.asked.append(request)
        return Refusal("vending_limit_reached", {"supply_group": "123456", "key_revision": 1})


def test_the_meter_gains_what_was_sold_once_when_the_token_is_typed_twice(
    hall: Hall, desk: Desk
) -> None:
    record = sold(sell_to(desk, KEYPAD, 5000))
    assert record.token is not None
    assert hall.enter(KEYPAD, record.token).energy_wh_added == record.committed.energy_wh == 22500
    assert hall.enter(KEYPAD, record.token).energy_wh_added == 0
    assert hall.credited_wh(KEYPAD) == 22500


def test_every_account_is_as_it_should_be_when_a_token_was_sold(desk: Desk) -> None:
    sold(sell_to(desk, KEYPAD, 5000))
    assert {
        account: money(desk, account)
        for account in (
            cash("101"), SALES_PENDING, "revenue:fixed", "revenue:generation", "revenue:grid",
            "levy:levy_rural", "tax:tax",
        )
    } == {
        cash("101"): 5000,
        SALES_PENDING: 0,
        "revenue:fixed": -350,
        "revenue:generation": -2724,
        "revenue:grid": -1195,
        "levy:levy_rural": -90,
        "tax:tax": -641,
    }  # fmt: skip
    assert desk.records.balance(meter_energy(KEYPAD), "WH") == 22500
    assert verify(desk).first_bad == 0


@pytest.mark.parametrize(
    ("amount_minor", "tendered_minor", "change_minor"),
    [(5000, 5000, 0), (5000, 10000, 5000), (4999, 5000, 1)],
)
def test_change_is_given_when_more_is_tendered(
    desk: Desk, amount_minor: int, tendered_minor: int, change_minor: int
) -> None:
    payment = cash_payment(desk, amount_minor, tendered_minor)
    assert isinstance(payment, Payment)
    record = sold(sell(desk, offer_of(desk, KEYPAD, amount_minor), payment))
    assert record.committed.change_minor == change_minor
    assert money(desk, cash("101")) == amount_minor


@pytest.mark.parametrize(("kept_minor", "due_minor"), [(2000, 3000), (5000, 0), (9000, 0)])
def test_kept_money_is_used_first_when_its_meter_buys_at_the_counter(
    desk: Desk, kept_minor: int, due_minor: int
) -> None:
    keep_for(desk, KEYPAD, kept_minor)
    offer = offer_of(desk, KEYPAD, 5000)
    assert cash_due(offer) == due_minor
    payment = cash_payment(desk, 5000, due_minor + 700, offer.buyer)
    assert isinstance(payment, Payment)
    assert payment.change_minor == 700
    sold(sell(desk, offer, payment))
    assert money(desk, cash("101")) == due_minor
    assert money(desk, meter_account(KEYPAD)) == -(kept_minor - (5000 - due_minor))


def keep_for(desk: Desk, meter: str, amount_minor: int) -> None:
    """A customer who stopped paying at the kiosk: the note stays for the meter."""
    desk.journal.append(
        facts.NoteOffered(
            "p1", 1, desk.station.name, meter, "acceptor", 1, amount_minor, desk.currency
        ),
        facts.NoteStacked("p1", 1, 2),
        facts.PaymentKept("p1", meter, amount_minor, desk.currency, "cancelled"),
    )


def test_nothing_is_sold_when_too_little_is_tendered(desk: Desk) -> None:
    assert code(cash_payment(desk, 5000, 4999)) == "tender_too_small"


def test_one_sale_stands_when_the_same_offer_is_submitted_twice_E05(desk: Desk) -> None:
    offer, payment = offer_of(desk, KEYPAD, 5000), cash_payment(desk, 5000, 5000)
    assert isinstance(payment, Payment)
    sold(sell(desk, offer, payment))
    assert code(sell(desk, offer, payment)) == "exists_with_different_content"
    assert money(desk, cash("101")) == 5000
    assert desk.records.sales_table()["delivered"][0] == 1


def test_the_second_waits_for_its_turn_when_two_sell_at_one_station_E05(desk: Desk) -> None:
    seen: list[str] = []

    def press_again(name: str) -> None:
        if name == "sale.before_commit_one":
            marks.arm(None)
            seen.append(code(sell_to(desk, KEYPAD, 5000)))

    marks.arm(press_again)
    sold(sell_to(desk, KEYPAD, 5000))
    assert seen == ["sale_under_way"]
    assert money(desk, cash("101")) == 5000


@pytest.mark.parametrize("seconds", [121, -121])
def test_an_old_quote_is_refused_when_its_time_is_over_or_the_clock_ran_back_E12(
    hall: Hall, desk: Desk, seconds: int
) -> None:
    offer, payment = offer_of(desk, KEYPAD, 5000), cash_payment(desk, 5000, 5000)
    assert isinstance(payment, Payment)
    hall.clock.advance(seconds=seconds)
    before = entries(desk)
    assert code(sell(desk, offer, payment)) == "quote_too_old"
    assert entries(desk) == before


def test_nothing_is_taken_when_the_disk_is_nearly_full_E18(hall: Hall) -> None:
    desk = hall.station(free_space_reserve_mib=2**40)
    before = entries(desk)
    assert code(sell_to(desk, KEYPAD, 5000)) == "disk_full"
    assert entries(desk) == before


def test_nothing_is_sold_when_the_clock_was_set_back_E08(hall: Hall, desk: Desk) -> None:
    sold(sell_to(desk, KEYPAD, 5000))
    hall.clock.quality = "doubtful"
    before = entries(desk)
    assert code(sell_to(desk, KEYPAD, 5000)) == "clock_set_back"
    assert entries(desk) == before
    assert history.last_sales(desk), "enquiries go on"


def test_nothing_is_taken_when_there_is_no_key_for_the_meter(desk: Desk) -> None:
    desk.vendor = SoftwareVendor([])
    before = entries(desk)
    assert code(sell_to(desk, KEYPAD, 5000)) == "no_vending_key"
    assert entries(desk) == before


# --- the security module (E06) ------------------------------------------------------------------


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_the_same_digits_come_when_the_modules_answer_was_lost_E06(
    hall: Hall, desk: Desk, lost: int
) -> None:
    vendor = desk.vendor = ForgetfulVendor(lost)
    record = sold(sell_to(desk, KEYPAD, 5000))
    assert len(vendor.asked) == lost + 1
    assert len(set(vendor.asked)) == 1, "the same request under the same id"
    assert set(vendor.made) == {record.token}


def test_the_sale_waits_in_doubt_and_ends_with_the_same_digits_when_the_module_is_silent_E06(
    hall: Hall, desk: Desk
) -> None:
    silent = desk.vendor = ForgetfulVendor(99)
    record = sold(sell_to(desk, KEYPAD, 5000), "in_doubt")
    assert money(desk, SALES_PENDING) == -5000
    assert [sale.committed.sale_id for sale in history.in_doubt(desk)] == [record.committed.sale_id]
    before = entries(desk)
    recover.recover(desk)
    assert entries(desk) == before, "a doubt is written once"
    desk.vendor = SoftwareVendor(rehearsal_keys())
    settled = recover.recover(desk)
    assert isinstance(settled, recover.Recovered)
    after = sold(settled.sales[0])
    assert (after.how, after.token) == ("recovered", silent.made[0])
    assert hall.enter(KEYPAD, after.token or "").energy_wh_added == 22500


def test_cash_goes_back_when_the_module_refuses(desk: Desk) -> None:
    desk.vendor = StubbornVendor(0)
    record = sold(sell_to(desk, KEYPAD, 5000), "voided")
    assert record.reason == "vending_limit_reached"
    assert money(desk, cash("101")) == money(desk, SALES_PENDING) == 0
    assert verify(desk).first_bad == 0


def test_kept_money_is_not_turned_into_cash_when_the_module_refuses(desk: Desk) -> None:
    keep_for(desk, KEYPAD, 2000)
    desk.vendor = StubbornVendor(0)
    offer = offer_of(desk, KEYPAD, 5000)
    payment = cash_payment(desk, 5000, 3000, offer.buyer)
    assert isinstance(payment, Payment)
    sold(sell(desk, offer, payment), "voided")
    assert money(desk, meter_account(KEYPAD)) == -5000
    assert money(desk, cash("101")) == 3000


def test_kept_money_stays_kept_when_the_module_refuses(hall: Hall, desk: Desk) -> None:
    desk.vendor = StubbornVendor(0)
    sold(sell_to(desk, KEYPAD, 5000), "voided")  # cash back: nothing kept yet
    gone = hall.station()
    gone.vendor = ForgetfulVendor(99)
    sold(sell_to(gone, KEYPAD, 5000), "in_doubt")
    hall.leave(gone)
    recover.recover(desk)  # the customer is not there any more: kept for the meter
    assert money(desk, meter_account(KEYPAD)) == -5000
    tender = Tender("meter_account", 5000, meter_account(KEYPAD))
    sold(sell(desk, offer_of(desk, KEYPAD, 5000), Payment([tender], 0)), "voided")
    assert money(desk, meter_account(KEYPAD)) == -5000
    assert money(desk, cash("101")) == 5000, "it is in the drawer all the time"


def test_nothing_is_sold_when_less_money_is_kept_than_is_spent(desk: Desk) -> None:
    desk.vendor = StubbornVendor(0)
    offer = offer_of(desk, KEYPAD, 5000)
    tender = Tender("meter_account", 5000, meter_account(KEYPAD))
    assert code(sell(desk, offer, Payment([tender], 0))) == "meter_account_too_small"


# --- identifiers (E09) --------------------------------------------------------------------------


def identifier_of(record: SaleRecord) -> int:
    assert record.committed.token is not None
    return record.committed.token.identifier


def test_all_tokens_work_in_any_order_when_many_are_sold_in_one_minute_E09(
    hall: Hall, desk: Desk
) -> None:
    records = [sold(sell_to(desk, KEYPAD, 1000)) for _ in range(8)]
    identifiers = [identifier_of(record) for record in records]
    assert identifiers == list(range(identifiers[0], identifiers[0] + 8))
    added = [hall.enter(KEYPAD, record.token or "").energy_wh_added for record in reversed(records)]
    assert added == [record.committed.energy_wh for record in reversed(records)]


def test_the_next_token_is_refused_with_its_time_when_the_lead_is_used_up_E09(
    hall: Hall, desk: Desk
) -> None:
    while not isinstance(outcome := sell_to(desk, KEYPAD, 1000), Refusal):
        assert desk.records.sales_table()["delivered"][0] < 70
    assert code(outcome) == "identifier_lead"
    hall.clock.time_ms = int(outcome.details["earliest_ms"])
    sold(sell_to(desk, KEYPAD, 1000))


def test_the_minute_of_the_meter_itself_is_passed_over_when_it_is_due(
    hall: Hall, desk: Desk
) -> None:
    hall.clock.time_ms = hall.clock.time_ms // 86_400_000 * 86_400_000 + 60_000  # 00:01 UTC
    assert identifier_of(sold(sell_to(desk, KEYPAD, 1000))) % 1440 == 2


def test_both_get_a_token_of_their_own_when_two_stations_sell_to_one_meter_at_once(
    hall: Hall,
) -> None:
    desks = [hall.station(operator=name) for name in ("101", "102")]
    meeting = threading.Barrier(2)
    arrived = threading.local()

    def meet(name: str) -> None:
        # Both have chosen their identifier, neither has written it.
        if name == "sale.before_commit_one" and not getattr(arrived, "once", False):
            arrived.once = True
            meeting.wait(60)

    marks.arm(meet)
    outcomes: list[SaleRecord | Refusal] = []
    meter = meter_number("keypad", nth=3)
    sellers = [
        threading.Thread(target=lambda d=desk: outcomes.append(sell_to(d, meter, 5000)))
        for desk in desks
    ]
    for seller in sellers:
        seller.start()
    for seller in sellers:
        seller.join(60)
    records = [sold(outcome) for outcome in outcomes]
    assert len({identifier_of(record) for record in records}) == len(records) == 2
    for record in records:
        assert hall.enter(meter, record.token or "").energy_wh_added == record.committed.energy_wh
    assert verify(desks[0]).first_bad == 0
