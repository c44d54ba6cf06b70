"""Prices at the till: counters, midnight, and packs that come and go."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from kiosk.domain import facts
from kiosk.domain.tariff_pack import (
    Usage,
    pack_digest,
)
from kiosk.errors import Refusal
from kiosk.till import history
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer, Offer, find_buyer, quote, quote_energy
from kiosk.till.sell import cash_payment, sell
from kiosk.till.usage import midnight_ms
from tests.till.hall import (
    CATALOGUE,
    KEYPAD,
    Hall,
    code,
    meter_number,
    offer_of,
    sell_to,
    sold,
)
from tests.till.new_prices import come_down, doubled, prices

HOUSEHOLD = meter_number("keypad", power_type="household", nth=1)
SOCIAL = meter_number("keypad", power_type="social")
INDUSTRY = meter_number("keypad", power_type="industry")
HOUR_MS = 60 * 60 * 1000


def terms(desk: Desk, meter: str, amount_minor: int) -> list[str]:
    lines = offer_of(desk, meter, amount_minor).quote.lines
    return [str(line.values["terms"]) for line in lines if line.code == "generation"]


# --- counters -------------------------------------------------------------------------------------


def test_the_next_step_begins_when_what_was_bought_this_month_reaches_it(
    hall: Hall, desk: Desk
) -> None:
    assert terms(desk, HOUSEHOLD, 9_000) == ["0-50 kWh"]
    first = sold(sell_to(desk, HOUSEHOLD, 9_000))
    assert first.committed.lines[0].code == "connection"
    usage = first.committed.usage
    assert isinstance(usage, Usage) and usage.used_wh == 0
    assert terms(desk, HOUSEHOLD, 9_000) == ["0-50 kWh", "50-200 kWh"]
    second = sold(sell_to(desk, HOUSEHOLD, 9_000))
    assert isinstance(second.committed.usage, Usage)
    assert second.committed.usage.used_wh == first.committed.energy_wh
    assert "connection" not in [line.code for line in second.committed.lines]
    hall.clock.advance(minutes=60 * 24 * 11)  # December
    assert terms(desk, HOUSEHOLD, 9_000) == ["0-50 kWh"]
    assert offer_of(desk, HOUSEHOLD, 9_000).quote.lines[0].code == "connection"


def test_an_undone_sale_uses_up_no_step_when_the_next_one_is_priced(desk: Desk) -> None:
    made = sold(sell_to(desk, HOUSEHOLD, 9_000))
    now_ms = desk.clock.now().time_ms
    assert desk.records.energy_since(0, meter=HOUSEHOLD) == made.committed.energy_wh
    assert desk.records.energy_since(now_ms + 1, meter=HOUSEHOLD) == 0
    assert desk.records.energy_since(0, account=made.committed.account) > 0
    committed = msgspec.structs.replace(
        made.committed, sale_id="voided", token=msgspec.structs.replace(
            made.committed.token, identifier=9, message_id="voided"  # type: ignore[type-var]
        ),
    )  # fmt: skip
    voided = facts.SaleVoided("voided", "no_vending_key", "cash:101")
    assert not isinstance(desk.journal.append(committed, voided), Refusal)
    assert desk.records.energy_since(0, meter=HOUSEHOLD) == made.committed.energy_wh


def test_free_units_are_given_once_a_month(desk: Desk) -> None:
    first = sold(sell_to(desk, SOCIAL, 1_000))
    free = [line for line in first.committed.lines if line.code == "free_basic"]
    assert [(line.amount_minor, line.energy_wh) for line in free] == [(0, 20_000)]
    second = sold(sell_to(desk, SOCIAL, 1_000))
    assert "free_basic" not in [line.code for line in second.committed.lines]


def test_the_days_since_the_last_purchase_are_charged_when_there_is_a_day_charge(
    hall: Hall, desk: Desk
) -> None:
    first = sold(sell_to(desk, INDUSTRY, 20_000)).committed.lines[0]
    assert (first.code, first.amount_minor) == ("capacity", 150)
    hall.clock.advance(minutes=60 * 24 * 5)
    second = sold(sell_to(desk, INDUSTRY, 20_000)).committed.lines[0]
    assert (second.code, second.amount_minor, second.values["count"]) == ("capacity", 750, 5)
    assert offer_of(desk, INDUSTRY, 20_000).quote.lines[0].code != "capacity"


@pytest.mark.parametrize("meter", [KEYPAD, HOUSEHOLD, SOCIAL, INDUSTRY])
def test_every_figure_is_explained_when_steps_and_charges_made_it(
    hall: Hall, desk: Desk, meter: str
) -> None:
    records = [sold(sell_to(desk, meter, 20_000)) for _ in range(3)]
    hall.clock.advance(minutes=60 * 24 * 40)
    come_down(desk, doubled())
    for record in records:
        explained = history.why(desk, record.committed.sale_id)
        assert not isinstance(explained, Refusal)
        assert explained.same, explained


def test_a_shared_meter_is_priced_by_each_of_its_uses_F048(desk: Desk) -> None:
    buyer = find_buyer(desk, KEYPAD)
    assert isinstance(buyer, Buyer)
    shared = msgspec.structs.replace(buyer.meter, shares=[("home", 600_000), ("farm", 400_000)])
    offer = quote(desk, msgspec.structs.replace(buyer, meter=shared), 10_000)
    assert isinstance(offer, Offer)
    payment = cash_payment(desk, 10_000, 10_000)
    assert not isinstance(payment, Refusal)
    record = sold(sell(desk, offer, payment))
    labels = {line.label.partition(":")[0] for line in record.committed.lines if line.energy_wh}
    assert {"Home", "Agriculture"} <= labels
    explained = history.why(desk, record.committed.sale_id)
    assert not isinstance(explained, Refusal) and explained.same


def test_energy_is_offered_for_the_smallest_amount_when_the_customer_names_it(desk: Desk) -> None:
    buyer = find_buyer(desk, KEYPAD)
    assert isinstance(buyer, Buyer)
    offer = quote_energy(desk, buyer, 22_500)
    assert isinstance(offer, Offer)
    assert offer.quote.energy_wh == 22_500
    less = offer_of(desk, KEYPAD, offer.quote.amount_minor - 1)
    assert less.quote.energy_wh < 22_500


def test_a_quote_ends_when_another_sale_has_moved_its_step(desk: Desk) -> None:
    offer, payment = offer_of(desk, HOUSEHOLD, 9_000), cash_payment(desk, 9_000, 9_000)
    assert not isinstance(payment, Refusal)
    sold(sell_to(desk, HOUSEHOLD, 5_000))
    assert code(sell(desk, offer, payment)) == "quote_too_old"


# --- packs that come and go -----------------------------------------------------------------------


def test_new_prices_wait_for_their_day_and_spare_a_quote_of_the_day_before_E12(
    hall: Hall, desk: Desk
) -> None:
    midnight = desk.clock.now().time_ms + 12 * HOUR_MS
    come_down(desk, doubled(valid_from_ms=midnight))
    old = pack_digest(CATALOGUE.tariff)
    hall.clock.advance(minutes=12 * 60 - 1)
    offer, payment = offer_of(desk, KEYPAD, 5_000), cash_payment(desk, 5_000, 5_000)
    assert offer.quote.tariff_digest == old
    assert not isinstance(payment, Refusal)
    hall.clock.advance(minutes=1)
    after = offer_of(desk, KEYPAD, 5_000)
    assert after.quote.tariff_digest != old
    assert after.quote.energy_wh < offer.quote.energy_wh
    assert sold(sell(desk, offer, payment)).committed.tariff_digest == old


def test_a_sale_counts_in_the_month_of_its_commit_when_its_quote_is_of_the_month_before_E12(
    hall: Hall, desk: Desk
) -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    sold(sell_to(desk, HOUSEHOLD, 9_000))
    end = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
    hall.clock.advance(minutes=int((end - noon).total_seconds()) // 60)
    offer, payment = offer_of(desk, HOUSEHOLD, 9_000), cash_payment(desk, 9_000, 9_000)
    assert not isinstance(payment, Refusal)
    assert offer.quote.lines[0].code != "connection", "November is paid"
    hall.clock.advance(minutes=1)
    made = sold(sell(desk, offer, payment)).committed
    assert made.lines == offer.quote.lines, "the price that was shown holds"
    december = offer_of(desk, HOUSEHOLD, 9_000).quote
    assert (december.usage.at, december.usage.used_wh) == ("2026-12-01T00:00", made.energy_wh)
    assert (december.lines[0].code, december.lines[0].values["until"]) == ("connection", "2026-12")


@pytest.mark.parametrize(
    ("moment", "at", "same_month"),
    [
        # The hour that the clocks skip, the one that they count twice, and the end of a month.
        ((2027, 3, 14, 6, 59), "2027-03-14T01:59", True),
        ((2027, 3, 14, 7, 0), "2027-03-14T03:00", True),
        ((2027, 11, 7, 5, 30), "2027-11-07T01:30", True),
        ((2027, 11, 7, 6, 30), "2027-11-07T01:30", True),
        ((2027, 11, 1, 3, 59), "2027-10-31T23:59", False),
    ],
)
def test_counters_follow_the_clock_of_the_utility_through_summer_time_E12(
    hall: Hall, desk: Desk, moment: tuple[int, int, int, int, int], at: str, same_month: bool
) -> None:
    come_down(desk, prices(zone="America/Toronto"))
    year, month, day, hour, minute = moment
    then = datetime(year, month, day, hour, minute, tzinfo=UTC)
    waited = then - datetime(2026, 11, 20, 12, tzinfo=UTC)
    hall.clock.advance(minutes=int(waited.total_seconds()) // 60)
    first = sold(sell_to(desk, INDUSTRY, 20_000)).committed
    assert isinstance(first.usage, Usage) and first.usage.at == at
    assert (first.lines[0].code, first.lines[0].values["until"]) == ("capacity", at[:10])
    hall.clock.advance(minutes=1)
    again = offer_of(desk, INDUSTRY, 20_000).quote
    same_day = again.usage.at[:10] == at[:10]
    assert (again.lines[0].code == "capacity") is not same_day, "a day is charged once"
    assert again.usage.month_wh == (first.energy_wh if same_month else 0)


def test_the_pack_that_began_last_is_in_force_when_several_are_there(desk: Desk) -> None:
    now_ms = desk.clock.now().time_ms
    come_down(desk, prices(2, valid_from_ms=now_ms + HOUR_MS), 2)
    come_down(desk, prices(3, valid_from_ms=now_ms - HOUR_MS), 3)
    come_down(desk, prices(4, valid_from_ms=now_ms - HOUR_MS, label="Corrected"), 4)
    numbers = []
    for hours in (-2, -1, 0, 1, 1_000):
        found = desk.records.tariff_at(now_ms + hours * HOUR_MS)
        assert found is not None
        numbers.append(found[1].number)
    assert numbers == [1, 4, 4, 2, 2]


def test_stale_prices_are_sold_at_in_their_grace_and_then_refused_E11(
    hall: Hall, desk: Desk
) -> None:
    use_by = desk.clock.now().time_ms + HOUR_MS
    come_down(desk, prices(use_by_ms=use_by))
    hall.clock.advance(minutes=60 * 24 * 7 + 60)
    assert isinstance(offer_of(desk, KEYPAD, 5_000), Offer)
    hall.clock.advance(minutes=1)
    refused = find_buyer(desk, KEYPAD)
    assert refused == Refusal("prices_too_old", {"use_by_ms": use_by})


def test_nothing_is_sold_when_the_prices_in_force_lack_a_power_type(desk: Desk) -> None:
    come_down(desk, prices(power_types=CATALOGUE.tariff.power_types[1:]))
    assert code(find_buyer(desk, KEYPAD)) == "no_price_for_power_type"
    assert isinstance(find_buyer(desk, SOCIAL), Buyer)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Africa/Johannesburg", "2026-11-21", 24),
        ("America/Toronto", "2023-03-12", 23),
        ("America/Toronto", "2022-11-06", 25),
        ("Africa/Cairo", "2026-04-24", 23),  # the clock jumps over midnight itself
    ],
)
def test_a_day_is_as_long_as_its_clock_says_when_summer_time_changes_E12(
    zone: str, day: str, hours: int
) -> None:
    begin = date.fromisoformat(day)
    clock = ZoneInfo(zone)
    begin_ms, end_ms = midnight_ms(begin, clock), midnight_ms(begin + timedelta(days=1), clock)
    assert end_ms - begin_ms == hours * HOUR_MS


def test_months_are_those_of_the_utility_when_its_clock_is_another_one(
    hall: Hall, desk: Desk
) -> None:
    # 22:30 UTC on 30 November is December in Johannesburg.
    come_down(desk, prices(zone="Africa/Johannesburg"))
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    late = datetime(2026, 11, 30, 22, 30, tzinfo=UTC)
    sold(sell_to(desk, HOUSEHOLD, 9_000))
    hall.clock.advance(minutes=int((late - noon).total_seconds()) // 60)
    quoted = offer_of(desk, HOUSEHOLD, 9_000).quote
    assert (quoted.usage.at, quoted.usage.used_wh) == ("2026-12-01T00:30", 0)
    assert quoted.lines[0].values["until"] == "2026-12"
