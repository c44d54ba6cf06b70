"""What money buys, line by line. The tables were worked out by hand (prices below)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain import tariff
from kiosk.domain.energy import CARD_LARGEST_WH, STS_LARGEST_UNITS, sts_units_at_least
from kiosk.domain.tariff import Carrier, PowerType, Quote, SubItem, TariffPack, unsellable
from kiosk.errors import Refusal

GENERATION = SubItem("generation", "Generation", "energy", 121_500)
GRID = SubItem("grid", "Grid", "energy", 53_250)
LEVY = SubItem("levy", "Rural levy", "levy", 4_000, taxed=False)

#: (121,500 + 53,250) * 1.15 + 4,000 = 204,962.5 cents a MWh, tax included.
HOME = PowerType(
    "home", "Home", [GENERATION, GRID, LEVY], "VAT 15 %", 150_000, "Service charge",
    fixed_minor=350, minimum_minor=1_000, maximum_minor=500_000, debt_share_ppm=250_000,
)  # fmt: skip
#: 2.00 a kWh and nothing else.
PLAIN = PowerType(
    "plain", "Plain", [SubItem("energy", "Energy", "energy", 200_000)], "", 0, "",
    fixed_minor=0, minimum_minor=1, maximum_minor=500_000, debt_share_ppm=0,
)  # fmt: skip
#: A charge of 20.00 + 3.00 tax above a minimum of 10.00.
CHARGED = msgspec.structs.replace(HOME, code="charged", fixed_minor=2_000)
#: 1.00 a MWh: 1,820,162.4 kWh, the most that a token carries, cost 1,820.16.
CHEAP = PowerType(
    "cheap", "Cheap", [SubItem("energy", "Energy", "energy", 100)], "", 0, "",
    fixed_minor=0, minimum_minor=100, maximum_minor=500_000, debt_share_ppm=250_000,
)  # fmt: skip
PLAIN_OWING = msgspec.structs.replace(PLAIN, code="plain_owing", debt_share_ppm=250_000)
BY_THREE = msgspec.structs.replace(PLAIN, code="by_three", multiple_minor=300)
PACK = TariffPack(1, "Tests", "ZAR", 0, [HOME, PLAIN, PLAIN_OWING, BY_THREE, CHARGED, CHEAP])


def quote(
    power_type: str, amount_minor: int, debt_minor: int = 0, carrier: Carrier = "token"
) -> Quote | Refusal:
    return tariff.quote(
        PACK, power_type, amount_minor, account="20000001", debt_minor=debt_minor, carrier=carrier
    )


@pytest.mark.parametrize(
    ("power_type", "amount", "debt", "carrier", "lines"),
    [
        ("home", 5_000, 0, "token", """
            fixed        350      0
            generation  2724  22428
            grid        1195      0
            levy          90      0
            tax          641      0
            rounding       0     72"""),
        ("home", 5_000, 0, "card", """
            fixed        350      0
            generation  2724  22428
            grid        1195      0
            levy          90      0
            tax          641      0
            rounding       0      1"""),
        ("home", 5_000, 10_000, "token", """
            debt        1250      0
            fixed        350      0
            generation  1984  16329
            grid         869      0
            levy          66      0
            tax          481      0
            rounding       0     71"""),
        ("home", 5_000, 700, "token", """
            debt         700      0
            fixed        350      0
            generation  2310  19013
            grid        1012      0
            levy          77      0
            tax          551      0
            rounding       0     87"""),
        # A quarter of 50.01 is 12.5025: the share is rounded down, the rest buys energy.
        ("plain_owing", 5_001, 10_000, "card", """
            debt        1250      0
            energy      3751  18755"""),
        # A card carries more than a token can.
        ("cheap", 182_117, 0, "card", "energy 182117 1821170000"),
        # Nothing is rounded where everything is exact.
        ("plain", 1_000, 0, "token", "energy 1000 5000"),
        ("plain", 1_000, 0, "card", "energy 1000 5000"),
        # One cent buys 5 Wh; a token cannot carry less than 100.
        ("plain", 1, 0, "token", """
            energy         1      5
            rounding       0     95"""),
        ("plain", 1, 0, "card", "energy 1 5"),
        # Above 1,638.3 kWh a token goes in steps of 1 kWh, from 1,638.4 on.
        ("plain", 327_690, 0, "token", """
            energy    327690 1638450
            rounding       0     950"""),
    ],
)  # fmt: skip
def test_every_line_is_as_worked_out_by_hand(
    power_type: str, amount: int, debt: int, carrier: Carrier, lines: str
) -> None:
    quoted = quote(power_type, amount, debt, carrier)
    assert isinstance(quoted, Quote)
    cells = [line.split() for line in lines.strip().splitlines()]
    expected = [(code, int(money), int(energy)) for code, money, energy in cells]
    assert [(li.code, li.amount_minor, li.energy_wh) for li in quoted.lines] == expected
    assert quoted.energy_wh == sum(energy for _, _, energy in expected)


@pytest.mark.parametrize(
    ("power_type", "amount", "debt", "code", "nearest"),
    [
        ("home", 999, 0, "amount_below_minimum", 1_000),
        ("home", 500_001, 0, "amount_above_maximum", 500_000),
        ("by_three", 500_001, 0, "amount_above_maximum", 499_800),
        # 23.00 of charges: 23.01 is the first amount that buys anything.
        ("charged", 999, 0, "amount_below_minimum", 2_301),
        ("charged", 2_300, 0, "amount_buys_nothing", 2_301),
        # A debt of 1.00 is paid off first; a large one takes a quarter: 30.67 - 7.66 = 23.01.
        ("charged", 2_400, 100, "amount_buys_nothing", 2_401),
        ("charged", 3_066, 90_000, "amount_buys_nothing", 3_067),
        ("cheap", 182_017, 0, "energy_above_carrier", 182_016),
        ("cheap", 500_001, 0, "amount_above_maximum", 182_016),
        ("cheap", 182_117, 100, "energy_above_carrier", 182_116),
    ],
)
def test_the_nearest_amount_is_named_when_one_is_refused(
    power_type: str, amount: int, debt: int, code: str, nearest: int
) -> None:
    refused = quote(power_type, amount, debt)
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.details["nearest_minor"]) == (code, nearest)
    assert isinstance(quote(power_type, nearest, debt), Quote)


def change(**fields: Any) -> TariffPack:
    prices = msgspec.structs.replace(HOME, **fields)
    return msgspec.structs.replace(PACK, power_types=[prices])


@pytest.mark.parametrize(
    "pack",
    [
        change(sub_items=[]),
        change(sub_items=[SubItem("energy", "", "energy", 0)]),
        change(sub_items=[GENERATION, SubItem("gift", "", "energy", -1)]),
        change(fixed_minor=-1),
        change(tax_rate_ppm=-1),
        change(debt_share_ppm=1_000_000),
        change(minimum_minor=0),
        change(minimum_minor=500_001),
        change(maximum_minor=10**15 + 1),
        change(minimum_minor=100, maximum_minor=537),  # 3.50 + 0.53 of 75 % is 5.38
        change(sub_items=[SubItem("energy", "", "energy", 1)], tax_rate_ppm=0, minimum_minor=1_821),
        msgspec.structs.replace(PACK, power_types=[HOME, HOME]),
    ],
)
def test_prices_are_refused_when_nothing_could_be_sold_at_them(pack: TariffPack) -> None:
    assert unsellable(pack) == "home"


def test_prices_are_sound_when_everything_can_be_sold_at_them() -> None:
    assert unsellable(PACK) is None


# --- whatever the prices are ----------------------------------------------------------------------

kinds: st.SearchStrategy[Literal["energy", "levy"]] = st.sampled_from(["energy", "levy"])


def items(cheapest: int) -> st.SearchStrategy[SubItem]:
    prices = st.integers(cheapest, 5_000_000)
    return st.builds(SubItem, st.sampled_from("abc"), st.just(""), kinds, prices, st.booleans())


@st.composite
def packs(draw: st.DrawFn) -> TariffPack:
    """Any prices that are sound; the first part of the price is never free."""
    tax_ppm, fixed = draw(st.integers(0, 2_000_000)), draw(st.integers(0, 5_000))
    share_ppm, minimum = draw(st.integers(0, 900_000)), draw(st.integers(1, 10_000))
    largest = minimum + 10 * (3 * fixed + 2) + draw(st.integers(0, 10**7))
    parts = [draw(items(10)), *draw(st.lists(items(0), max_size=3))]
    prices = PowerType(
        "any", "", parts, "Tax", tax_ppm, "Charge", fixed, minimum, largest, share_ppm
    )
    pack = TariffPack(1, "", "ZAR", 0, [prices])
    assert unsellable(pack) is None
    return pack


carriers: st.SearchStrategy[Carrier] = st.sampled_from(["token", "card"])


def of(pack: TariffPack, amount: int, debt: int, carrier: Carrier) -> Quote | Refusal:
    return tariff.quote(pack, "any", amount, account="1", debt_minor=debt, carrier=carrier)


@given(packs(), st.integers(-10, 2 * 10**7), st.integers(0, 10**6), carriers)
def test_nothing_is_unbooked_and_every_refusal_has_its_nearest_amount(
    pack: TariffPack, amount: int, debt: int, carrier: Carrier
) -> None:
    result = of(pack, amount, debt, carrier)
    if isinstance(result, Refusal):
        nearest = result.details["nearest_minor"]
        assert isinstance(nearest, int)
        assert isinstance(of(pack, nearest, debt, carrier), Quote)
        beyond = nearest - 1 if amount < nearest else nearest + 1
        assert isinstance(of(pack, beyond, debt, carrier), Refusal)
        return
    lines = result.lines
    assert sum(line.amount_minor for line in lines) == amount
    assert all(line.amount_minor >= 0 and line.energy_wh >= 0 for line in lines)
    assert sum(line.energy_wh for line in lines) == result.energy_wh > 0
    owed = sum(line.amount_minor for line in lines if line.code == "debt")
    assert owed <= debt
    if carrier == "token":
        units, rest = divmod(result.energy_wh, 100)
        assert rest == 0 and sts_units_at_least(units) == units <= STS_LARGEST_UNITS
    else:
        assert result.energy_wh <= CARD_LARGEST_WH


@given(packs(), st.integers(1, 10**7), st.integers(0, 10**6), carriers)
def test_the_customer_never_gets_less_than_was_paid_for(
    pack: TariffPack, amount: int, debt: int, carrier: Carrier
) -> None:
    result = of(pack, amount, debt, carrier)
    if isinstance(result, Refusal):
        return
    prices = pack.power_types[0]
    fixed_tax = -(-(2 * prices.fixed_minor * prices.tax_rate_ppm - 10**6 + 1) // (2 * 10**6))
    owed = sum(line.amount_minor for line in result.lines if line.code == "debt")
    for_energy = amount - owed - prices.fixed_minor - fixed_tax
    per_mwh_ppm = sum(
        item.price_minor_per_mwh * (10**6 + item.taxed * prices.tax_rate_ppm)
        for item in prices.sub_items
    )
    assert result.energy_wh * per_mwh_ppm >= for_energy * 10**12


@given(packs(), st.integers(1, 10**7), st.integers(0, 10**6), st.integers(0, 10**6), carriers)
def test_more_money_never_buys_less_energy(
    pack: TariffPack, amount: int, more: int, debt: int, carrier: Carrier
) -> None:
    less, much = of(pack, amount, debt, carrier), of(pack, amount + more, debt, carrier)
    if isinstance(less, Quote) and isinstance(much, Quote):
        assert less.energy_wh <= much.energy_wh


def test_a_sale_remembers_its_prices_when_they_change_later() -> None:
    digest = tariff.pack_digest(PACK)
    dearer = msgspec.structs.replace(PACK, number=2)
    assert tariff.pack_digest(dearer) != digest
    quoted = quote("home", 5_000)
    assert isinstance(quoted, Quote)
    assert quoted.tariff_digest == digest
