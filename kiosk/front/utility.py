"""The small utility that a rehearsal plays: customers, meters, cards, prices. The same every time.

The vending key is the published test key of sts-facts (supply group 123456, key revision 1, tariff
index 1, key type 2) with base date 2014; none of its tokens works in a real meter.
"""

from __future__ import annotations

import hashlib

from kiosk.domain.catalogue import Catalogue
from kiosk.domain.registry import Card, Customer, Meter, luhn_digit
from kiosk.domain.tariff_pack import (
    PPM,
    Charge,
    Period,
    PowerType,
    Preference,
    Rate,
    Season,
    Steps,
    SubItem,
    TariffPack,
    Tax,
    TimeOfUse,
)

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
#: Of every twenty meters, the ones that are neither homes nor shops nor social.
_OTHERS = {13: "household", 15: "household", 17: "industry", 18: "farm"}
_PENSIONER = 7
_IN_DEBT = 8


def tariff_pack(currency: str) -> TariffPack:
    """The prices of the rehearsal: plain ones for homes and shops, free units for the poor, three
    steps a month, agreed shares of day and night, and an irrigation season."""
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
            _household(grid, levy),
            _industry(grid, levy),
            _farm(grid),
        ],
        seasons=[Season("irrigation", "Irrigation season", 401, 930)],
        periods=[
            Period("peak", "Peak", [(360, 540), (1020, 1200)], [0, 1, 2, 3, 4]),
            Period("night", "Night", [(0, 360), (1320, 1440)]),
            Period("day", "Day"),
        ],
        preferences=[
            Preference(
                "free_basic", "Free basic electricity", power_types=["social"], first_wh=20_000,
                discount_ppm=PPM,
            ),
            Preference(
                "pensioner", "Pensioners", "pensioner", ["household"], first_wh=50_000,
                discount_ppm=100_000, items=["generation"],
            ),
        ],
    )  # fmt: skip


_VAT = "VAT 15 %"


def _household(grid: SubItem, levy: SubItem) -> PowerType:
    """Three steps a month, counted over all meters of a customer, and a monthly charge."""
    generation = SubItem(
        "generation", "Generation", "energy", 98_000,
        rates=[Rate(121_500, step=2), Rate(167_000, step=3)],
    )  # fmt: skip
    return PowerType(
        "household", "Household, three steps", [generation, grid, levy], "", 0, "", 0, 1_000,
        500_000, 250_000,
        steps=Steps([50_000, 200_000], household=True),
        charges=[Charge("connection", "Connection charge", 1_200, "month", at_most=3)],
        taxes=[Tax("vat", _VAT, 150_000, ["generation", "grid", "connection"])],
    )  # fmt: skip


def _industry(grid: SubItem, levy: SubItem) -> PowerType:
    """A day charge and two taxes; the night and the peak of the agreed shares have prices."""
    generation = SubItem(
        "generation", "Generation", "energy", 110_000,
        rates=[Rate(198_000, period="peak"), Rate(64_000, period="night")],
    )  # fmt: skip
    return PowerType(
        "industry", "Industry, day and night", [generation, grid, levy], "", 0, "", 0, 1_000,
        5_000_000, 250_000,
        time_of_use=TimeOfUse("shares", {"peak": 250_000, "day": 450_000, "night": 300_000}),
        charges=[Charge("capacity", "Capacity charge", 150, "day", at_most=62)],
        taxes=[
            Tax("vat", _VAT, 150_000, ["generation", "grid", "capacity"]),
            Tax("energy_tax", "Energy tax 2 %", 20_000, ["generation"]),
        ],
        multiple_minor=100,
    )  # fmt: skip


def _farm(grid: SubItem) -> PowerType:
    """Cheaper while the fields are watered."""
    generation = SubItem(
        "generation", "Generation", "energy", 118_000, rates=[Rate(71_000, season="irrigation")]
    )
    return PowerType(
        "farm", "Agriculture", [generation, grid], "", 0, "", 0, 1_000, 1_000_000, 250_000,
        taxes=[Tax("vat", _VAT, 150_000, ["generation", "grid"])],
    )  # fmt: skip


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
    customer_class = "pensioner" if place % _PENSIONER == 1 else ""
    return Customer(
        f"{20_000_001 + place}", name, address, f"0700{place:06d}", debt, customer_class
    )


def _meter(place: int, person: Customer) -> Meter:
    digits = f"01{47_000_000 + 37 * place:08d}"
    return Meter(
        number=digits + luhn_digit(digits),
        account=person.account,
        kind="card" if place % _EVERY_THIRD_HAS_A_CARD == 1 else "keypad",
        power_type=_OTHERS.get(place % 20, ("home", "home", "shop", "home", "social")[place % 5]),
        blocked=place % _BLOCKED == _BLOCKED - 1,
        phases=3 if place % 5 == 2 else 1,
    )


def _card(place: int, meter: Meter) -> Card:
    digits = f"7{60_000_000 + 53 * place:010d}"
    serial = hashlib.sha256(f"rehearsal card {place}".encode()).hexdigest()[:16]
    return Card(digits + luhn_digit(digits), serial, meter.number)
