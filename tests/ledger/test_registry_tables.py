"""The registry of a terminal: catalogues in any order, none undoes what it does not know."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from kiosk.domain import catalogue as catalogues
from kiosk.domain import facts
from kiosk.domain import registry_facts as written
from kiosk.domain.catalogue import Catalogue
from kiosk.domain.registry import Customer, Meter
from kiosk.domain.special_tokens import KeyPlace
from kiosk.domain.token_facts import MeterKeyChanged
from kiosk.ledger import registry_migration
from kiosk.ledger.pen import Draft, Pen
from kiosk.ledger.proof import prove
from kiosk.ledger.records import Records
from kiosk.ledger.store import open_reader
from tests.builders import METER
from tests.ledger.ledgers import CATALOGUE, ORIGIN, open_pen

ACCOUNT = CATALOGUE.customers[0].account
OTHER = CATALOGUE.customers[1].account
NEW_METER = "01470000206"


def take(pen: Pen, catalogue: Catalogue) -> None:
    draft = Draft.of(catalogues.received(catalogue), catalogues.encode(catalogue))
    assert isinstance(pen.append([draft]), list)


def write(pen: Pen, *those: facts.Fact) -> int:
    outcome = pen.append([Draft.of(fact) for fact in those])
    assert isinstance(outcome, list), outcome
    return outcome[-1]


def later(
    number: int, name: str, *, merged: dict[str, int] | None = None, **more: object
) -> Catalogue:
    """A later catalogue that knows the first customer as `name`."""
    customers = [Customer(ACCOUNT, name, f"address {number}")]
    plain = msgspec.structs.replace(
        CATALOGUE, number=number, customers=customers, meters=[], cards=[], merged=merged or {}
    )
    return msgspec.structs.replace(plain, **more)


@pytest.fixture
def pen(home: Callable[[], Path]) -> Pen:
    pen = open_pen(home())
    take(pen, CATALOGUE)
    return pen


def records(home: Callable[[], Path]) -> Records:
    return Records(open_reader(home()), ORIGIN)


def seen(home: Callable[[], Path], pen: Pen) -> tuple[Customer | None, Meter | None]:
    """Customer and meter as a reader sees them; and verify draws the same."""
    reads = records(home)
    try:
        return reads.customer(ACCOUNT), reads.meter(METER)
    finally:
        reads.close()
        connection = open_reader(home())
        connection.execute("BEGIN")
        proof = prove(connection, ORIGIN)
        connection.close()
        assert not proof.first_bad, proof.fault
        pen.close()


def amended(field: str, old: str, new: str) -> written.CustomerAmended:
    return written.CustomerAmended(f"{field}{new}", ACCOUNT, field, old, new, "why", "101")


def test_an_older_catalogue_that_comes_late_overwrites_nothing(
    home: Callable[[], Path], pen: Pen
) -> None:
    take(pen, later(5, "five"))
    take(pen, later(3, "three", customers=[
        Customer(ACCOUNT, "three", ""), Customer("20000077", "only in three", "")]))  # fmt: skip
    reads = records(home)
    assert reads.customer("20000077") is not None, "what no newer one contains is filled in"
    reads.close()
    customer, _ = seen(home, pen)
    assert customer is not None
    assert customer.name == "five"


def test_a_confirmed_key_change_survives_a_catalogue_that_does_not_know_it(
    home: Callable[[], Path], pen: Pen
) -> None:
    place = KeyPlace("123456", 2, 1, 2, 2014)
    write(pen, *key_change(place))
    take(pen, msgspec.structs.replace(CATALOGUE, number=2))
    _, meter = seen(home, pen)
    assert meter is not None
    assert meter.key_revision == 2


def key_change(place: KeyPlace) -> list[facts.Fact]:
    """A set of tokens was made and the meter took it."""
    from kiosk.domain import token_facts
    from kiosk.domain.special_tokens import KeyChangeRequest

    old = KeyPlace("123456", 1, 1, 2, 2014)
    request = KeyChangeRequest("k1", METER, "07", old, place, 2)
    return [
        token_facts.TokenCommitted(
            "k1", "counter-1", "201", "", "technician", METER, "key_change", "new key", "", 0,
            request,
        ),
        token_facts.TokenIssued("k1", METER, "key_change", 0, ["1" * 20, "2" * 20], "normal"),
        MeterKeyChanged("k1", METER, place, "201"),
    ]  # fmt: skip


def test_an_amendment_stays_on_top_until_a_catalogue_contains_it(
    home: Callable[[], Path], pen: Pen
) -> None:
    first = write(pen, amended("address", "1 River Road", "2 Hill"))
    write(pen, amended("phone", "0700", "0799"))
    take(pen, later(2, "merged the first", merged={ORIGIN: first}))
    customer, _ = seen(home, pen)
    assert customer is not None
    assert (customer.address, customer.phone) == ("address 2", "0799")


def test_a_registration_stays_when_a_catalogue_has_the_same_number(
    home: Callable[[], Path], pen: Pen
) -> None:
    joined = write(
        pen, written.CustomerRegistered("77", "Lea", "9 Hill", "", "", "", "101", "counter")
    )
    stranger = Customer("77", "Somebody else", "")
    take(pen, later(2, "x", customers=[stranger]))
    reads = records(home)
    customer = reads.customer("77")
    assert customer is not None
    assert customer.name == "Lea"
    take(pen, later(3, "x", customers=[stranger], merged={ORIGIN: joined}))
    customer = reads.customer("77")
    assert customer is not None
    assert customer.name == "Somebody else", "the centre has decided"
    reads.close()
    seen(home, pen)


def test_the_search_follows_what_comes_down(home: Callable[[], Path], pen: Pen) -> None:
    take(pen, later(2, "Zuleikha Njoroge"))
    reads = records(home)
    assert [c.account for c in reads.search_customers("zulei njoro", 5)] == [ACCOUNT]
    assert reads.search_customers("amina", 5) == []
    reads.close()
    seen(home, pen)


ARRIVALS = list(itertools.permutations(range(4)))


@pytest.mark.parametrize("order", ARRIVALS, ids=str)
def test_the_same_record_stands_in_whatever_order_catalogues_arrive(
    home: Callable[[], Path], pen: Pen, order: tuple[int, ...]
) -> None:
    first = write(pen, amended("address", "1 River Road", "2 Hill"))
    write(pen, amended("phone", "0700", "0799"))
    coming = [
        later(2, "two"), later(3, "three", merged={ORIGIN: first}),
        later(4, "four", customers=[Customer(OTHER, "other", "far")]), later(5, "five"),
    ]  # fmt: skip
    for place in order:
        take(pen, coming[place])
    customer, _ = seen(home, pen)
    assert customer == Customer(ACCOUNT, "five", "2 Hill", "0799")


def test_an_older_home_is_drawn_again_when_a_new_program_opens_it(
    home: Callable[[], Path], pen: Pen
) -> None:
    write(pen, *key_change(KeyPlace("123456", 2, 1, 2, 2014)))

    def as_before(connection: object) -> None:
        execute = connection.execute  # type: ignore[attr-defined]
        execute("DELETE FROM amendments")
        execute("DELETE FROM registry_index")
        execute("INSERT INTO registry_search (registry_search) VALUES ('rebuild')")
        execute("UPDATE customers SET name_key = 'x', catalogue = 0")
        execute("UPDATE meters SET catalogue = 0")
        registry_migration.redraw(connection)

    pen.run(as_before)
    reads = records(home)
    assert [c.account for c in reads.search_customers("amina", 5)] == [ACCOUNT]
    reads.close()
    _, meter = seen(home, pen)
    assert meter is not None
    assert meter.key_revision == 2
