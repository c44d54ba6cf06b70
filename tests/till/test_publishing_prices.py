"""Who may change prices, and which changes are refused."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from kiosk.domain import facts
from kiosk.domain.tariff_pack import (
    PPM,
    Charge,
    Preference,
    Rate,
    Steps,
    SubItem,
    TariffPack,
    pack_bytes,
    pack_digest,
)
from kiosk.errors import Refusal
from kiosk.front import utility
from kiosk.ledger.proof import prove
from kiosk.ledger.store import open_reader
from kiosk.till import history, tariffs
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer, Offer, find_buyer, quote
from kiosk.till.tokens import SecondPerson
from tests.domain.tariff_packs import power_type
from tests.till.hall import (
    CATALOGUE,
    KEYPAD,
    SECOND,
    Hall,
    code,
    meter_number,
    offer_of,
    sell_to,
    sold,
)
from tests.till.new_prices import come_down, doubled, prices

HOUSEHOLD = meter_number("keypad", power_type="household", nth=1)


def first_bad(desk: Desk) -> int:
    """The first entry that `kiosk verify` finds fault with."""
    connection = open_reader(desk.home)
    try:
        return prove(connection, desk.journal.origin, every_signature=True).first_bad
    finally:
        connection.close()


def supervisor(hall: Hall) -> Desk:
    return hall.station(operator="302")


def test_prices_come_into_force_as_a_fact_when_two_persons_publish_them(hall: Hall) -> None:
    desk = supervisor(hall)
    before = offer_of(desk, KEYPAD, 5_000).quote
    digest = tariffs.publish(desk, doubled(), SECOND)
    assert digest == pack_digest(doubled())
    fact = desk.records.last_of("tariff_published")
    assert isinstance(fact, facts.TariffPublished)
    assert (fact.number, fact.digest, fact.operator, fact.second) == (2, digest, "302", "301")
    assert offer_of(desk, KEYPAD, 5_000).quote.energy_wh < before.energy_wh
    assert first_bad(desk) == 0


def test_prices_are_not_taken_over_when_the_fact_says_other_than_the_pack(hall: Hall) -> None:
    desk = supervisor(hall)
    pack = doubled()
    fact = facts.TariffPublished(
        pack.number, pack_digest(pack), pack.currency, pack.valid_from_ms, pack.use_by_ms,
        pack_bytes(pack), "302", "301",
    )  # fmt: skip
    forged = msgspec.structs.replace(fact, number=3, digest="00" * 32)
    assert code(desk.journal.append(forged)) == "tariff_unreadable"
    unsound = prices(4, power_types=[power_type(multiple_minor=0)])
    wrong = msgspec.structs.replace(
        fact, number=4, digest=pack_digest(unsound), content=pack_bytes(unsound)
    )
    assert code(desk.journal.append(wrong)) == "tariff_unsound"


JUMPING = SubItem("generation", "Generation", "energy", 9_000_000)
REFUSED = [
    (prices(1), "tariff_number_used"),
    (prices(2, currency="KES"), "tariff_currency"),
    (prices(2, power_types=CATALOGUE.tariff.power_types[:2]), "tariff_lacks_power_type"),
    (prices(2, power_types=[power_type("home", JUMPING), *CATALOGUE.tariff.power_types[1:]]),
     "price_jump"),
]  # fmt: skip


@pytest.mark.parametrize(("pack", "refused"), REFUSED, ids=[refused for _, refused in REFUSED])
def test_prices_are_refused_when_they_do_not_fit_the_hall_E35(
    hall: Hall, pack: TariffPack, refused: str
) -> None:
    desk = supervisor(hall)
    assert code(tariffs.publish(desk, pack, SECOND)) == refused
    if refused == "price_jump":
        assert tariffs.publish(desk, pack, SECOND, jump=True) == pack_digest(pack)


@pytest.mark.parametrize(
    ("second", "refused"),
    [
        (SecondPerson("302", "1234"), "second_person_same"),
        (SecondPerson("301", "9999"), "wrong_pin"),
        (SecondPerson("101", utility.REHEARSAL_PIN), "no_right"),
    ],
)
def test_prices_stay_when_the_second_person_does_not_agree(
    hall: Hall, second: SecondPerson, refused: str
) -> None:
    desk = supervisor(hall)
    assert code(tariffs.publish(desk, doubled(), second)) == refused
    assert desk.records.tariff_at(desk.clock.now().time_ms)[1].number == 1  # type: ignore[index]


@pytest.mark.parametrize("role", ["cashier", "technician", "self_service"])
def test_only_a_supervisor_touches_prices(hall: Hall, role: str) -> None:
    desk = hall.station(role=role)
    assert code(tariffs.preview(desk, doubled())) == "no_right"
    assert code(tariffs.publish(desk, doubled(), SECOND)) == "no_right"


def test_a_preview_says_what_changes_for_whom(hall: Hall) -> None:
    desk = supervisor(hall)
    changes = tariffs.preview(desk, doubled())
    assert not isinstance(changes, Refusal)
    assert sum(change.meters for change in changes) == desk.records.counts()["meters"]
    by_case = {(change.power_type, change.customer_class): change for change in changes}
    home, shop = by_case["home", ""], by_case["shop", ""]
    for example in home.examples:
        assert example.now_minor is not None and example.then_minor is not None
        twice = 2 * (example.now_minor - 403)
        assert abs(example.then_minor - 403 - twice) <= 25
    assert all(example.now_minor == example.then_minor for example in shop.examples)
    assert ("household", "pensioner") in by_case


def test_a_class_has_its_own_price_when_the_sheet_names_it(hall: Hall, desk: Desk) -> None:
    line = Preference("gift", "Gift", "pensioner", first_wh=10_000, discount_ppm=PPM)
    come_down(desk, prices(preferences=[line]))
    classes: dict[str, set[bool]] = {}
    for meter, customer in zip(CATALOGUE.meters, CATALOGUE.customers, strict=True):
        if meter.kind == "keypad" and not meter.blocked and meter.power_type == "home":
            codes = [each.code for each in offer_of(desk, meter.number, 5_000).quote.lines]
            classes.setdefault(customer.customer_class, set()).add("gift" in codes)
    assert classes == {"": {False}, "pensioner": {True}}


def test_a_price_by_step_and_charge_is_refused_with_its_nearest_amount_E37(desk: Desk) -> None:
    dear = power_type(
        "home",
        SubItem("energy", "Energy", "energy", 200_000, rates=[Rate(300_000, step=2)]),
        steps=Steps([10_000]),
        charges=[Charge("service", "Service", 2_000, "month", 3)],
        minimum_minor=500, multiple_minor=500,
    )  # fmt: skip
    come_down(desk, prices(power_types=[dear, *CATALOGUE.tariff.power_types[1:]]))
    buyer = find_buyer(desk, KEYPAD)
    assert isinstance(buyer, Buyer)
    refused = Refusal("amount_buys_nothing", {"nearest_minor": 2_500})
    assert quote(desk, buyer, 1_500) == refused
    assert isinstance(quote(desk, buyer, 2_500), Offer)


def test_sales_go_on_when_a_file_names_what_would_stand_there_anyway(hall: Hall) -> None:
    """The words of a file are other objects than the defaults that they equal."""
    desk = supervisor(hall)
    before = sold(sell_to(desk, HOUSEHOLD, 9_000))
    pack = read(hall, per="purchase", counter="month")
    assert tariffs.publish(desk, pack, SECOND, backdate=True) == pack_digest(pack)
    stored = desk.records.tariff_at(desk.clock.now().time_ms)
    assert stored is not None
    assert stored[0] == pack_digest(stored[1]) == pack_digest(pack)
    after = sold(sell_to(desk, HOUSEHOLD, 9_000))
    assert after.committed.tariff_digest == stored[0]
    for record in (before, after):
        explained = history.why(desk, record.committed.sale_id)
        assert not isinstance(explained, Refusal) and explained.same
    assert first_bad(desk) == 0


def read(hall: Hall, *, per: str, counter: str) -> TariffPack:
    """A pack with these words as a file has them: no constants of the program."""
    home, *others = CATALOGUE.tariff.power_types
    charge = Charge("counter_fee", "Counter fee", 10, "".join(per))  # type: ignore[arg-type]
    steps = Steps([50_000], "".join(counter))  # type: ignore[arg-type]
    named = msgspec.structs.replace(home, charges=[charge], steps=steps)
    items = [
        *named.sub_items[1:],
        msgspec.structs.replace(named.sub_items[0], rates=[Rate(1, step=1)]),
    ]
    return prices(power_types=[msgspec.structs.replace(named, sub_items=items), *others])


def test_prices_that_an_older_program_published_are_named_by_the_bytes_that_are_stored(
    hall: Hall,
) -> None:
    desk = supervisor(hall)
    written = pack_bytes(prices()).replace(b"\xa6number\x02", b"\xa6number\xcc\x02")
    digest = hashlib.sha256(written).hexdigest()
    pack = prices()
    fact = facts.TariffPublished(
        2, digest, pack.currency, pack.valid_from_ms, pack.use_by_ms, written, "302", "301"
    )
    assert not isinstance(desk.journal.append(fact), Refusal)
    made = sold(sell_to(desk, KEYPAD, 5_000))
    assert made.committed.tariff_digest == digest != pack_digest(pack)
    explained = history.why(desk, made.committed.sale_id)
    assert not isinstance(explained, Refusal) and explained.same
    assert first_bad(desk) == 0


def test_prices_do_not_reach_back_to_sales_unless_it_is_said(hall: Hall) -> None:
    desk = supervisor(hall)
    sold(sell_to(desk, KEYPAD, 5_000))
    sold_ms = desk.clock.now().time_ms
    hall.clock.advance(minutes=1)
    pack = doubled(valid_from_ms=sold_ms)
    refused = tariffs.publish(desk, pack, SECOND)
    assert refused == Refusal("prices_backdated", {"valid_from_ms": sold_ms, "sales": 1})
    later = doubled(valid_from_ms=sold_ms + 1)
    assert tariffs.publish(desk, later, SECOND) == pack_digest(later), "nothing was sold since"
    third = doubled(number=3, valid_from_ms=sold_ms)
    assert tariffs.publish(desk, third, SECOND, backdate=True) == pack_digest(third)
