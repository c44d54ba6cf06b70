"""Registrations, amendments and catalogues converge, in whatever order they arrive."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.domain import registry_facts as facts
from kiosk.domain.catalogue import Catalogue, decode, encode, received
from kiosk.domain.fact import Fact
from kiosk.domain.registry import Card, Customer
from kiosk.domain.registry_merge import Doubt, Registry
from kiosk.domain.special_tokens import KeyPlace
from kiosk.domain.token_facts import MeterKeyChanged
from tests.ledger.ledgers import CATALOGUE

BASE = CATALOGUE
ACCOUNT = BASE.customers[0].account
METER = BASE.meters[0].number
SECOND = msgspec.structs.replace(
    BASE, number=2, customers=[Customer(ACCOUNT, "Amina N.", "utility says", "0")], meters=[],
    cards=[],
)  # fmt: skip

Written = tuple[str, int, int, Fact]  # origin, sequence, time, fact


def moved(
    origin: str, sequence: int, time_ms: int, address: str, account: str = ACCOUNT
) -> Written:
    fact = facts.CustomerAmended(
        f"{origin}{sequence}", account, "address", "?", address, "moved", origin
    )
    return origin, sequence, time_ms, fact


def joined(origin: str, sequence: int, time_ms: int, account: str, name: str) -> Written:
    fact = facts.CustomerRegistered(account, name, "1 Hill", "", "", "", origin, "counter")
    return origin, sequence, time_ms, fact


def merged(written: list[Written], *more: Catalogue) -> tuple[Catalogue, list[Doubt]]:
    registry = Registry()
    for catalogue in (BASE, *more):
        registry.take_catalogue(catalogue)
    for entry in written:
        registry.take_entry(*entry)
    upto: dict[str, int] = {}
    for origin, sequence, *_ in written:
        upto[origin] = max(upto.get(origin, 0), sequence)
    result = registry.merged(9, "centre", dict(sorted(upto.items())))
    return result.catalogue, result.doubts


def address(catalogue: Catalogue, account: str = ACCOUNT) -> str:
    return next(c.address for c in catalogue.customers if c.account == account)


def test_both_changes_stand_when_two_halls_amend_different_fields() -> None:
    phone = facts.CustomerAmended("b1", ACCOUNT, "phone", "?", "0799", "new phone", "B")
    catalogue, doubts = merged([moved("A", 1, 10, "2 Hill"), ("B", 1, 10, phone)])
    assert (catalogue.customers[0].address, catalogue.customers[0].phone) == ("2 Hill", "0799")
    assert doubts == []
    assert catalogue.customers[0].opening_debt_minor == 0, "its debt was booked with the first one"


def test_the_later_one_stands_when_two_halls_amend_the_same_field() -> None:
    early, late = moved("B", 1, 10, "early"), moved("A", 7, 20, "late")
    assert address(merged([early, late])[0]) == "late"
    assert address(merged([late, early])[0]) == "late"


def test_whoever_saw_more_comes_later_whatever_the_clocks_say() -> None:
    saw = ("B", 1, 1, received(SECOND))
    catalogue, _ = merged([moved("A", 1, 9_999, "clock ahead"), saw, moved("B", 2, 2, "saw more")])
    assert address(catalogue) == "saw more"


def test_a_hall_keeps_its_own_order_when_its_clock_was_set_back() -> None:
    catalogue, _ = merged([moved("A", 1, 500, "first"), moved("A", 2, 100, "second")])
    assert address(catalogue) == "second"


def test_an_amendment_survives_when_a_catalogue_does_not_know_it() -> None:
    catalogue, _ = merged([moved("A", 5, 10, "amended")], SECOND)
    assert address(catalogue) == "amended"


def test_an_amendment_gives_way_when_a_catalogue_contains_it() -> None:
    knows = msgspec.structs.replace(SECOND, merged={"A": 5})
    catalogue, _ = merged([moved("A", 5, 10, "amended"), moved("B", 1, 5, "other")], knows)
    assert address(catalogue) == "other"


def test_the_first_registration_stands_when_a_number_was_given_twice() -> None:
    catalogue, doubts = merged([joined("B", 1, 20, "77", "Later"), joined("A", 1, 10, "77", "Lea")])
    assert [c.name for c in catalogue.customers] == ["Lea"]
    assert doubts == [Doubt("registered_twice", "customer", "77", "B")]


def test_an_amendment_waits_for_a_person_when_nobody_knows_its_record() -> None:
    catalogue, doubts = merged([moved("A", 1, 10, "x", "nobody")])
    assert catalogue.customers == []
    assert doubts == [Doubt("unknown_record", "customer", "nobody", "A")]


def test_meter_and_card_come_too_when_a_hall_registered_their_customer() -> None:
    installed = facts.MeterInstalled(
        "01470000206", "77", "card", "home", 1, 0, "123456", 1, 1, 2, "07", 2014, "760000000105",
        "ff", "", "", 0, [], "A", "counter",
    )  # fmt: skip
    catalogue, _ = merged([joined("A", 1, 10, "77", "Lea"), ("A", 2, 11, installed)])
    assert [m.number for m in catalogue.meters] == ["01470000206"]
    assert catalogue.cards == [Card("760000000105", "ff", "01470000206")]
    assert decode(encode(catalogue)) == catalogue
    assert isinstance(decode(encode(catalogue)), Catalogue), "terminals can take it"


def test_a_person_looks_at_a_meter_when_its_power_type_is_unknown() -> None:
    changed = facts.MeterAmended("c", METER, "power_type", "home", "gold", 0, "why", "A")
    catalogue, doubts = merged([("A", 1, 10, changed)])
    assert catalogue.meters == []
    assert doubts == [Doubt("dangling", "meter", METER, "")]


def test_a_meter_comes_down_under_the_next_customer_when_the_one_before_left() -> None:
    handed = facts.MeterAmended("c", METER, "account", ACCOUNT, "77", 0, "change of tenant", "A")
    catalogue, doubts = merged([joined("A", 1, 10, "77", "Lea"), ("A", 2, 11, handed)])
    assert [c.account for c in catalogue.customers] == ["77"]
    assert [(m.number, m.account) for m in catalogue.meters] == [(METER, "77")]
    assert doubts == []
    assert isinstance(decode(encode(catalogue)), Catalogue), "terminals can take it"


def test_a_key_change_is_in_the_next_catalogue_when_it_was_confirmed() -> None:
    place = KeyPlace("123456", 2, 1, 2, 2014)
    catalogue, _ = merged([("A", 1, 10, MeterKeyChanged("t", METER, place, "A"))])
    assert catalogue.meters[0].key_revision == 2


# --- any order --------------------------------------------------------------------------------

ACCOUNTS = (ACCOUNT, BASE.customers[1].account, "77", "78")


@st.composite
def histories(draw: st.DrawFn) -> list[Written]:
    """What three halls wrote, each in its own order, with clocks that agree on nothing."""
    written: list[Written] = []
    for origin in "ABC":
        for sequence in range(1, draw(st.integers(0, 5)) + 1):
            account = draw(st.sampled_from(ACCOUNTS))
            time_ms = draw(st.integers(0, 30))
            kind = draw(st.sampled_from(["moved", "joined", "catalogue", "blocked", "replaced"]))
            fact: Fact
            if kind == "moved":
                written.append(moved(origin, sequence, time_ms, f"{origin}{sequence}", account))
                continue
            if kind == "joined":
                written.append(joined(origin, sequence, time_ms, account, f"{origin}{sequence}"))
                continue
            if kind == "catalogue":
                fact = received(SECOND)
            elif kind == "blocked":
                fact = facts.MeterAmended(
                    f"{origin}{sequence}", METER, "blocked", "false", "true", 0, "why", origin
                )
            else:
                fact = facts.MeterReplaced(
                    f"{origin}{sequence}", METER, "01470000206", ACCOUNT, "ZAR", "display", 0, 0,
                    0, 0, 0, 0, 0, origin, "301", "dark",
                )  # fmt: skip
            written.append((origin, sequence, time_ms, fact))
    return written


@given(histories(), st.randoms(use_true_random=False), st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_same_registry_comes_out_when_everything_arrives_in_any_order(
    written: list[Written], chance: object, knows: bool
) -> None:
    more = [SECOND, msgspec.structs.replace(SECOND, number=3, merged={"A": 2})] if knows else []
    expected = merged(written, *more)
    for _ in range(3):
        shuffled = list(written)
        chance.shuffle(shuffled)  # type: ignore[attr-defined]
        assert merged(shuffled, *reversed(more)) == expected
    assert isinstance(decode(encode(expected[0])), Catalogue)
