"""The small utility that a rehearsal plays: customers, meters, cards, prices. The same every time.

The vending key is the published test key of sts-facts (supply group 123456, key revision 1, tariff
index 1, key type 2) with base date 2014; none of its tokens works in a real meter.
"""

from __future__ import annotations

import hashlib

from kiosk.domain.catalogue import Catalogue
from kiosk.domain.registry import Card, Customer, Meter, luhn_digit
from kiosk.domain.tariff import PowerType, SubItem, TariffPack

_GIVEN = (
    "Amina", "Boris", "Chen", "Dalia", "Emeka", "Fatou", "Goran", "Hana", "Ivan", "Joyce",
    "Kofi", "Leila", "Miguel", "Nadia", "Oluwa", "Priya", "Qiang", "Rosa", "Samir", "Tariq",
)  # fmt: skip
_FAMILY = (
    "Noor", "Petrov", "Wei", "Haddad", "Okafor", "Diallo", "Ilic", "Sato", "Sidorov", "Mwangi",
    "Mensah", "Rahimi", "Santos", "Karimova", "Adeyemi", "Sharma", "Li", "Moreno", "Aziz",
)  # fmt: skip
_STREETS = ("River Road", "Market Street", "Mill Lane", "Station Road", "School Street")

#: Who may sign in at a rehearsal; the PIN is the same for all and stands on the first screen.
OPERATORS = (
    ("101", "cashier"), ("102", "cashier"), ("201", "technician"),
    ("301", "supervisor"), ("302", "supervisor"),
)  # fmt: skip
REHEARSAL_PIN = "1234"

_EVERY_THIRD_HAS_A_CARD = 3
_BLOCKED = 40
_IN_DEBT = 8


def tariff_pack(currency: str) -> TariffPack:
    """The prices of the rehearsal: a home tariff, a shop tariff and a social one."""
    generation = SubItem("generation", "Generation", "energy", 121_500)
    grid = SubItem("grid", "Grid", "energy", 53_250)
    levy = SubItem("levy_rural", "Rural electrification levy", "levy", 4_000, taxed=False)

    def power_type(code: str, label: str, items: list[SubItem], fixed_minor: int) -> PowerType:
        return PowerType(
            code, label, items, "VAT 15 %", 150_000, "Service charge", fixed_minor,
            minimum_minor=1_000, maximum_minor=500_000, debt_share_ppm=250_000,
        )  # fmt: skip

    shop = SubItem("generation", "Generation", "energy", 148_000)
    social = SubItem("generation", "Generation, social price", "energy", 62_000)
    return TariffPack(
        number=1,
        label="Rehearsal prices",
        currency=currency,
        valid_from_ms=0,
        power_types=[
            power_type("home", "Home", [generation, grid, levy], 350),
            power_type("shop", "Shop", [shop, grid, levy], 900),
            power_type("social", "Social", [social, grid], 0),
        ],
    )


def catalogue(customers: int, currency: str) -> Catalogue:
    """The first catalogue of a rehearsal home: `customers` customers with one meter each."""
    people = [_customer(place) for place in range(customers)]
    meters = [_meter(place, person) for place, person in enumerate(people)]
    cards = [_card(place, meter) for place, meter in enumerate(meters) if meter.kind == "card"]
    return Catalogue(1, "rehearsal", tariff_pack(currency), people, meters, cards)


def _customer(place: int) -> Customer:
    name = f"{_GIVEN[place % len(_GIVEN)]} {_FAMILY[place % len(_FAMILY)]}"
    address = f"{place // len(_STREETS) + 1} {_STREETS[place % len(_STREETS)]}"
    debt = 1_500 + 700 * (place % 11) if place % _IN_DEBT == 4 else 0
    return Customer(f"{20_000_001 + place}", name, address, f"0700{place:06d}", debt)


def _meter(place: int, person: Customer) -> Meter:
    digits = f"01{47_000_000 + 37 * place:08d}"
    return Meter(
        number=digits + luhn_digit(digits),
        account=person.account,
        kind="card" if place % _EVERY_THIRD_HAS_A_CARD == 1 else "keypad",
        power_type=("home", "home", "shop", "home", "social")[place % 5],
        blocked=place % _BLOCKED == _BLOCKED - 1,
        phases=3 if place % 5 == 2 else 1,
    )


def _card(place: int, meter: Meter) -> Card:
    digits = f"7{60_000_000 + 53 * place:010d}"
    serial = hashlib.sha256(f"rehearsal card {place}".encode()).hexdigest()[:16]
    return Card(digits + luhn_digit(digits), serial, meter.number)
