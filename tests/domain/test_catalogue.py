"""What comes down is checked as a whole before anything of it is taken over."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from kiosk.domain import catalogue as catalogues
from kiosk.domain.catalogue import Catalogue
from kiosk.domain.registry import Card, Customer, Meter
from kiosk.domain.tariff import PowerType, SubItem, TariffPack, pack_digest
from kiosk.errors import Refusal

HOME = PowerType(
    "home", "Home", [SubItem("energy", "Energy", "energy", 200_000)], "VAT", 150_000, "Charge",
    350, 1_000, 500_000, 250_000,
)  # fmt: skip
AMINA = Customer("20000001", "Amina Noor", "1 River Road", opening_debt_minor=500)
BORIS = Customer("20000002", "Boris Petrov", "2 River Road")
KEYPAD = Meter("01470000009", "20000001", "keypad", "home")
BY_CARD = Meter("37000000019", "20000002", "card", "home")
CARD = Card("760000000006", "00112233445566aa", "37000000019")
WHOLE = Catalogue(
    7, "utility", TariffPack(3, "2026", "ZAR", 0, [HOME]), [AMINA, BORIS], [KEYPAD, BY_CARD], [CARD]
)


def but(**fields: Any) -> Catalogue:
    return msgspec.structs.replace(WHOLE, **fields)


def test_a_catalogue_is_taken_when_everything_in_it_has_its_place() -> None:
    assert catalogues.decode(catalogues.encode(WHOLE)) == WHOLE


NO_PRICE = msgspec.structs.replace(HOME, sub_items=[])


@pytest.mark.parametrize(
    ("broken", "record"),
    [
        (but(customers=[BORIS]), KEYPAD.number),
        (but(meters=[KEYPAD], cards=[CARD]), CARD.number),
        (but(meters=[msgspec.structs.replace(KEYPAD, power_type="farm"), BY_CARD]), KEYPAD.number),
        (but(meters=[msgspec.structs.replace(KEYPAD, kind="coin"), BY_CARD]), KEYPAD.number),
        (but(customers=[AMINA, BORIS, AMINA]), AMINA.account),
        (but(meters=[KEYPAD, BY_CARD, KEYPAD]), KEYPAD.number),
        (but(cards=[CARD, CARD]), CARD.number),
        (but(cards=[CARD, msgspec.structs.replace(CARD, number="2")]), CARD.serial),
        (but(tariff=TariffPack(3, "2026", "ZAR", 0, [NO_PRICE])), "home"),
    ],
)
def test_nothing_is_taken_over_when_a_record_contradicts_another(
    broken: Catalogue, record: str
) -> None:
    refused = catalogues.decode(catalogues.encode(broken))
    assert refused == Refusal("catalogue_inconsistent", {"record": record})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xc1",
        b"\x80",
        catalogues.encode(WHOLE)[:-1],
        catalogues.encode(WHOLE) + b"x",
        catalogues.encode(WHOLE).replace(b"Amina", b"Am\xffna"),
        b"\x86\xa1x" + b"\x91" * 100_000,
    ],
)
def test_a_catalogue_is_unreadable_when_bytes_are_missing_or_foreign(content: bytes) -> None:
    refused = catalogues.decode(content)
    assert isinstance(refused, Refusal)
    assert refused.code == "catalogue_unreadable"


def test_the_fact_of_its_arrival_names_the_content_by_digest() -> None:
    fact = catalogues.received(WHOLE)
    assert fact.digest == hashlib.sha256(catalogues.encode(WHOLE)).hexdigest()
    assert fact.tariff_digest == pack_digest(WHOLE.tariff)
    assert (fact.number, fact.customers, fact.meters, fact.cards) == (7, 2, 2, 1)
    assert fact.opening_debts == {"20000001": 500}
    assert fact.identity() == "catalogue/7"
