"""What can be read: every question that the till asks, after a day of trade."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.domain import facts
from kiosk.domain.facts import SaleCommitted
from kiosk.errors import StoreFault
from kiosk.ledger.operator_records import OperatorRecord
from kiosk.ledger.pen import Draft
from kiosk.ledger.records import HeldRecord, NoteRecord, Records
from kiosk.ledger.store import open_reader
from tests.builders import (
    CARD_SERIAL,
    METER,
    NOON_MS,
    card_delivery,
    delivered,
    offered,
    sale,
    stacked,
)
from tests.ledger.ledgers import CATALOGUE, CONTENT, OPENED, ORIGIN, RECEIVED, fill, open_pen

Tell = Callable[..., Records]


@pytest.fixture
def tell(home: Callable[[], Path]) -> Iterator[Tell]:
    """Write facts, and read what has become of them."""
    pen = open_pen(home())
    pen.append([Draft.of(RECEIVED, CONTENT)])
    records = Records(open_reader(home()), ORIGIN)

    def told(*story: facts.Fact) -> Records:
        assert isinstance(pen.append([Draft.of(fact) for fact in story]), list)
        return records

    yield told
    records.close()
    pen.close()


def test_a_sale_is_shown_with_its_token_when_it_was_delivered(tell: Tell) -> None:
    slips = [facts.SlipPrinted("s", copy, "printed", "101") for copy in (2, 0)]
    records = tell(sale("s"), delivered("s", "7" * 20), *slips)
    record = records.sale("s")
    assert record is not None
    assert record.committed == sale("s")
    assert (record.state, record.how, record.token) == ("delivered", "normal", "7" * 20)
    assert (record.sequence, record.time_ms, record.ended_ms) == (3, NOON_MS, NOON_MS)
    assert (record.copies, record.stages_ms) == (2, {"commit": 1})
    assert len(record.head) == 8
    assert records.sale_by_token("7" * 20) == record
    assert records.sale_by_token("8" * 20) is None
    assert records.sale("t") is None


@pytest.mark.parametrize(
    ("end", "state", "reason"),
    [
        ((), "paid", ""),
        ((facts.SaleInDoubt("s", "card_removed", "card", "101"),), "in_doubt", ""),
        ((facts.SaleVoided("s", "undone", "cash:101"),), "voided", "undone"),
    ],
)
def test_a_card_sale_shows_how_it_stands(
    tell: Tell, end: tuple[facts.Fact, ...], state: str, reason: str
) -> None:
    record = tell(sale("s", card=card_delivery(7)), *end).sale("s")
    assert record is not None
    assert (record.state, record.reason, record.purchase_number) == (state, reason, 7)


def test_the_newest_sales_come_first_and_open_ones_oldest_first(tell: Tell) -> None:
    records = tell(
        sale("a", identifier=1),
        sale("b", identifier=2, meter="01470000009"),
        sale("c", identifier=3),
        delivered("a"),
    )

    def names(found: list[object]) -> str:
        return "".join(record.committed.sale_id for record in found)  # type: ignore[attr-defined]

    assert names([*records.last_sales(10)]) == "cba"
    assert names([*records.last_sales(2)]) == "cb"
    assert names([*records.sales_of(meter=METER)]) == "ca"
    assert names([*records.sales_of(account="20000001")]) == "cba"
    assert names([*records.open_sales()]) == "bc"
    assert records.sales_table() == {"paid": (2, 2300, 23_000), "delivered": (1, 1150, 11_500)}


def test_the_highest_identifier_of_a_meter_is_known_when_the_next_is_chosen(tell: Tell) -> None:
    records = tell(sale("a", identifier=500), sale("b", identifier=400))
    assert records.last_identifier(METER, 2014) == 500
    assert records.last_identifier(METER, 2035) is None
    assert records.last_identifier("01470000009", 2014) is None


def test_notes_and_held_money_are_listed_until_they_have_ended(tell: Tell) -> None:
    records = tell(offered("p", 1, 2000), offered("p", 2, 1000), offered("q", 1, 500), stacked("p"))
    assert records.open_notes() == [
        NoteRecord("p", 2, "offered", "kiosk-1", "acceptor", METER, 12, 1000, "ZAR"),
        NoteRecord("q", 1, "offered", "kiosk-1", "acceptor", METER, 11, 500, "ZAR"),
    ]
    assert records.held() == [HeldRecord("p", "kiosk-1", METER, "ZAR", 2000)]
    records = tell(
        stacked("p", 2),
        facts.NoteInDoubt("q", 1, "jam"),
        facts.PaymentKept("p", METER, 3000, "ZAR", "cancelled"),
    )
    assert [(note.payment, note.state) for note in records.open_notes()] == [("q", "in_doubt")]
    assert records.held() == []
    assert records.balance(f"meter_account:{METER}", "ZAR") == -3000
    assert records.last_note_counter("acceptor") == 11
    assert records.last_note_counter("another") == 0


def test_balances_are_the_sums_of_the_postings(tell: Tell) -> None:
    records = tell(sale("s"), delivered("s"))
    assert records.balance("cash:101", "ZAR") == 1150
    assert records.balance("cash:102", "ZAR") == 0
    assert ("energy_issued", "WH", -11_500) in records.balances()
    for currency in ("ZAR", "WH"):
        assert sum(amount for _, money, amount in records.balances() if money == currency) == 0
    assert records.balance("receivable:20000001", "ZAR") == 500


def test_an_operator_is_known_with_the_wrong_pins_since_the_last_right_one(tell: Tell) -> None:
    registered = facts.OperatorRegistered("101", "cashier", "$hash", "301")
    wrong = facts.SignInRefused("101", "counter-1")
    records = tell(registered, wrong, wrong)
    assert records.operator("101") == OperatorRecord("101", "cashier", "$hash", 2, NOON_MS)
    records = tell(facts.OperatorSignedIn("101", "counter-1", "cashier"), wrong)
    assert records.operator("101") == OperatorRecord("101", "cashier", "$hash", 1, NOON_MS)
    assert records.operator("102") is None


def test_the_registry_is_that_of_the_catalogue(tell: Tell) -> None:
    records = tell()
    amina, ozge = CATALOGUE.customers
    found = records.customer("20000001")
    assert found is not None
    assert (found.name, found.address, found.phone) == (amina.name, amina.address, amina.phone)
    assert records.customer("1") is None
    for meter in CATALOGUE.meters:
        assert records.meter(meter.number) == meter
    assert records.meters_of(ozge.account) == [CATALOGUE.meters[1]]
    (card,) = CATALOGUE.cards
    assert records.card(number=card.number) == card
    assert records.card(serial=CARD_SERIAL) == records.card(meter=METER) == card
    assert records.card(number="1") is None
    assert records.counts() == {"customers": 2, "meters": 2, "cards": 1}
    found_pack = records.tariff()
    assert found_pack == (RECEIVED.tariff_digest, CATALOGUE.tariff)
    assert records.tariff(RECEIVED.tariff_digest) == found_pack
    assert records.tariff("00") is None
    assert records.opened() == OPENED
    assert records.last_of("lane_given") is None
    assert records.last_of("home_opened") == OPENED
    for residue in (1, 2):
        given = facts.LaneGiven(residue, 32, "c")
        assert tell(given).last_of("lane_given") == given


def test_nothing_is_sold_at_prices_that_were_changed_in_the_file(home: Callable[[], Path]) -> None:
    pen = open_pen(home())
    pen.append([Draft.of(RECEIVED, CONTENT)])
    pen.run(lambda connection: connection.execute("UPDATE tariffs SET content = x'c1'"))
    pen.close()
    records = Records(open_reader(home()), ORIGIN)
    with pytest.raises(StoreFault, match="not those that came down"):
        records.tariff()
    records.close()


@pytest.mark.parametrize(
    ("typed", "meters"),
    [
        ("amina", [METER]),
        ("NOOR", [METER]),
        ("şahin", ["01470000009"]),
        ("ÖZGE", ["01470000009"]),
        ("river", [METER]),
        ("2000000", [METER, "01470000009"]),
        ("014700", ["01470000009"]),
        ("7600000000", [METER]),
        ("ozge sahin", ["01470000009"]),
        ("noor road 0700", [METER]),
        ("am", [METER]),
        ("_", []),
        ("%", []),
        ('"', []),
        ("mill_lane 100%", ["01470000009"]),
        (METER, [METER]),
        ("760000000006", [METER]),
        ("\\", []),
        ("'; DROP TABLE meters; --", []),
    ],
)
def test_a_meter_is_found_by_what_its_customer_knows(
    tell: Tell, typed: str, meters: list[str]
) -> None:
    assert [meter.number for meter in tell().search(typed, 10)] == meters


def test_the_newest_time_is_known_when_the_clock_is_judged(home: Callable[[], Path]) -> None:
    pen = open_pen(home())
    fill(pen, 5)
    pen.close()
    records = Records(open_reader(home()), ORIGIN)
    assert records.highest_time_ms() == NOON_MS
    assert isinstance(records.fact(records.last_sales(1)[0].sequence), SaleCommitted)
    records.close()
