"""Steps, seasons, periods, charges, taxes, price sheet and shared meters, one rule at a time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
import pytest

from kiosk.domain import tariff
from kiosk.domain.tariff import Quote
from kiosk.domain.tariff_calendar import counter_start, period_at, season_at, units_due
from kiosk.domain.tariff_check import problems, unsellable
from kiosk.domain.tariff_pack import (
    PPM,
    Charge,
    Period,
    PowerType,
    Preference,
    Rate,
    Steps,
    SubItem,
    TariffPack,
    Tax,
    TimeOfUse,
    Usage,
    decode_pack,
    pack_bytes,
    pack_digest,
)
from kiosk.errors import Refusal
from kiosk.front import utility
from tests.domain.tariff_packs import PERIODS, SEASONS, pack, power_type

NOON = "2026-11-20T12:00"


def sold(made: TariffPack, amount: int, code: str = "any", **usage: Any) -> Quote:
    found = tariff.quote(
        made, code, amount, account="1", carrier="card", usage=Usage(**({"at": NOON} | usage))
    )
    assert isinstance(found, Quote), found
    return found


def rows(found: Quote) -> list[tuple[str, int, int]]:
    return [(line.code, line.amount_minor, line.energy_wh) for line in found.lines]


# --- old packs ------------------------------------------------------------------------------------


def test_an_old_pack_keeps_its_digest_when_later_fields_are_not_used() -> None:
    """The bytes of the first published pack; what came later is not in them."""
    levy = SubItem("levy", "Levy", "levy", 4_000, taxed=False)
    energy = SubItem("energy", "Energy", "energy", 200_000)
    old = PowerType("home", "Home", [energy, levy], "VAT", 150_000, "Charge", 350, 1_000, 5_000, 0)
    made = TariffPack(1, "2026", "ZAR", 0, [old])
    assert pack_digest(made) == OLD_DIGEST
    assert decode_pack(pack_bytes(made)) == made


OLD_DIGEST = "317b4ab84c8a2e29b30fd01708c1f7d57c6679776ba52f96ebb9873894fc0f4c"


# --- steps ----------------------------------------------------------------------------------------

#: 1.00 up to 50 kWh, 2.00 up to 200, 4.00 above; nothing else.
STEPPED = pack(
    power_type(
        "any",
        SubItem(
            "energy",
            "Energy",
            "energy",
            100_000,
            rates=[Rate(200_000, step=2), Rate(400_000, step=3)],
        ),
        steps=Steps([50_000, 200_000]),
    )
)


@pytest.mark.parametrize(
    ("used_wh", "amount", "energy"),
    [
        (0, 4_999, [49_990]),
        (0, 5_000, [50_000]),
        (0, 5_001, [50_000, 5]),
        (49_999, 200, [1, 999]),
        (50_000, 200, [1_000]),
        (0, 5_000 + 30_000 + 400, [50_000, 150_000, 1_000]),
        (900_000, 400, [1_000]),
    ],
)
def test_each_step_has_its_own_line_when_a_purchase_runs_over_its_end(
    used_wh: int, amount: int, energy: list[int]
) -> None:
    found = sold(STEPPED, amount, used_wh=used_wh)
    given = [line for line in found.lines if line.code == "energy"]
    assert [line.energy_wh for line in given] == energy
    assert all(line.reason == "energy_terms" for line in given)


def test_the_step_is_named_by_its_range_when_a_line_is_explained() -> None:
    terms = [line.values.get("terms") for line in sold(STEPPED, 40_000).lines]
    assert terms == ["0-50 kWh", "50-200 kWh", "> 200 kWh"]


# --- seasons, periods, the calendar ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "season"),
    [
        ("2026-10-31", None), ("2026-11-01", "wet"), ("2027-01-01", "wet"), ("2027-03-31", "wet"),
        ("2027-04-01", None), ("2027-06-01", "dry"), ("2027-08-31", "dry"), ("2027-09-01", None),
    ],
)  # fmt: skip
def test_a_season_may_cross_the_new_year(day: str, season: str | None) -> None:
    found = season_at(STEPPED, date.fromisoformat(day))
    assert (found.code if found else None) == season


def test_the_price_is_that_of_the_season_when_there_is_one() -> None:
    items = SubItem("energy", "Energy", "energy", 200_000, rates=[Rate(100_000, season="wet")])
    made = pack(power_type("any", items))
    assert sold(made, 1_000, at="2026-10-31T23:59").energy_wh == 5_000
    assert sold(made, 1_000, at="2026-11-01T00:00").energy_wh == 10_000
    assert sold(made, 1_000).lines[0].values["terms"] == "Wet season"


@pytest.mark.parametrize(
    ("moment", "period"),
    [
        ("2026-11-20T06:00", "peak"), ("2026-11-20T08:59", "peak"), ("2026-11-20T09:00", "day"),
        ("2026-11-21T07:00", "day"), ("2026-11-20T22:00", "night"), ("2026-11-20T05:59", "night"),
        ("2026-11-20T00:00", "night"),
    ],
)  # fmt: skip
def test_a_period_is_known_by_its_hours_and_days(moment: str, period: str) -> None:
    found = period_at(STEPPED, datetime.fromisoformat(moment))
    assert found is not None and found.code == period


PRICED_BY_PERIOD = SubItem(
    "energy", "Energy", "energy", 200_000,
    rates=[Rate(400_000, period="peak"), Rate(100_000, period="night")],
)  # fmt: skip


def test_the_period_of_the_purchase_has_the_price_when_the_rule_is_its_time() -> None:
    made = pack(power_type("any", PRICED_BY_PERIOD, time_of_use=TimeOfUse("purchase_time")))
    energy = [
        sold(made, 1_000, at=f"2026-11-20T{hour}").energy_wh for hour in ("07:00", "12:00", "23:00")
    ]
    assert energy == [2_500, 5_000, 10_000]


def test_the_agreed_shares_mix_the_prices_when_the_rule_is_shares() -> None:
    # 0.25 * 4.00 + 0.50 * 2.00 + 0.25 * 1.00 = 2.25 for a kWh.
    shares = {"peak": 250_000, "day": 500_000, "night": 250_000}
    grid = SubItem("grid", "Grid", "energy", 0)
    made = pack(power_type("any", PRICED_BY_PERIOD, grid, time_of_use=TimeOfUse("shares", shares)))
    assert rows(sold(made, 900)) == [
        ("energy", 400, 1_000), ("energy", 400, 2_000), ("energy", 100, 1_000), ("grid", 0, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("counter", "day", "begin"),
    [
        ("month", "2026-11-30", "2026-11-01"), ("year", "2026-11-30", "2026-01-01"),
        ("season", "2027-02-10", "2026-11-01"), ("season", "2027-04-20", "2027-04-01"),
        ("season", "2027-08-31", "2027-06-01"), ("month", "2028-02-29", "2028-02-01"),
    ],
)  # fmt: skip
def test_a_counter_begins_with_its_month_season_or_year(counter: str, day: str, begin: str) -> None:
    prices = power_type(steps=Steps([1], counter))  # type: ignore[arg-type]
    assert counter_start(STEPPED, prices, date.fromisoformat(day)).isoformat() == begin


# --- charges --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("per", "at_most", "last", "now", "due", "until"),
    [
        ("month", 12, "", "2026-11-20", 1, "2026-11"),
        ("month", 12, "2026-11", "2026-11-30", 0, "2026-11"),
        ("month", 12, "2026-11", "2027-02-01", 3, "2027-02"),
        ("month", 2, "2026-11", "2027-02-01", 2, "2027-01"),
        ("month", 12, "2026-12", "2026-11-30", 0, "2026-12"),
        ("day", 366, "", "2026-11-20", 1, "2026-11-20"),
        ("day", 366, "2026-11-18", "2026-11-20", 2, "2026-11-20"),
        ("day", 366, "2028-02-28", "2028-03-01", 2, "2028-03-01"),
        ("day", 10, "2026-01-01", "2026-11-20", 10, "2026-01-11"),
        ("purchase", 1, "", "2026-11-20", 1, ""),
    ],
)
def test_a_charge_is_due_since_it_was_last_taken(
    per: str, at_most: int, last: str, now: str, due: int, until: str
) -> None:
    charge = Charge("service", "Service", 100, per, at_most)  # type: ignore[arg-type]
    usage = Usage(f"{now}T08:00", charged={"service": last} if last else {})
    found = units_due(charge, usage)
    assert found[0] == due
    assert found[1] == until or due == 0


def test_a_monthly_charge_is_taken_once_a_month_and_said_in_its_line() -> None:
    charges = [
        Charge("service", "Service", 300, "month", 12),
        Charge("meter", "Rent", 5, "day", 62),
    ]
    made = pack(power_type(charges=charges))
    charged = {"service": "2026-09", "meter": "2026-11-10"}
    found = sold(made, 1_000, charged=charged)
    assert rows(found) == [("service", 600, 0), ("meter", 50, 0), ("energy", 350, 1_750)]
    assert found.lines[0].values == {"price_minor": 300, "count": 2, "until": "2026-11"}
    paid = sold(made, 1_000, charged={"service": "2026-11", "meter": "2026-11-20"})
    assert rows(paid) == [("energy", 1_000, 5_000)]


# --- taxes ----------------------------------------------------------------------------------------


def test_each_tax_is_on_its_own_lines_when_there_are_several() -> None:
    # A kWh: 1.00 with VAT and duty, 0.50 with VAT, 0.40 with none: 1.00 * 1.20 + 0.575 + 0.40.
    made = pack(
        power_type(
            "any",
            SubItem("energy", "Energy", "energy", 100_000),
            SubItem("grid", "Grid", "energy", 50_000),
            SubItem("levy", "Levy", "levy", 40_000),
            charges=[Charge("service", "Service", 1_000)],
            taxes=[
                Tax("vat", "VAT 15 %", 150_000, ["energy", "grid", "service"]),
                Tax("duty", "Duty 5 %", 50_000, ["energy"]),
            ],
        )
    )
    found = sold(made, 1_150 + 21_750)
    assert rows(found) == [
        ("service", 1_000, 0), ("energy", 10_000, 100_000), ("grid", 5_000, 0),
        ("levy", 4_000, 0), ("vat", 2_400, 0), ("duty", 500, 0),
    ]  # fmt: skip
    assert {line.account for line in found.lines} == {
        "revenue:service", "revenue:energy", "revenue:grid", "levy:levy", "tax:vat", "tax:duty",
    }  # fmt: skip


# --- the preferential price sheet -----------------------------------------------------------------

FREE = Preference("basic", "Free basic", "indigent", first_wh=20_000, discount_ppm=PPM)
CHEAP = Preference(
    "winter", "Pensioners in winter", "pensioner", ["any"], [6, 7, 8], discount_ppm=250_000
)
SHEET = pack(power_type(), preferences=[FREE, CHEAP])


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({}, [("energy", 1_000, 5_000)]),
        ({"customer_class": "indigent"}, [("basic", 0, 20_000), ("energy", 1_000, 5_000)]),
        ({"customer_class": "indigent", "month_wh": 15_000},
         [("basic", 0, 5_000), ("energy", 1_000, 5_000)]),
        ({"customer_class": "indigent", "month_wh": 20_000}, [("energy", 1_000, 5_000)]),
        ({"customer_class": "pensioner"}, [("energy", 1_000, 5_000)]),
        # 1.50 for a kWh from June to August.
        ({"customer_class": "pensioner", "at": "2026-07-01T08:00"},
         [("energy", 1_000, 6_666), ("rounding", 0, 1)]),
    ],
)  # fmt: skip
def test_energy_is_free_or_cheaper_for_those_whom_the_sheet_names(
    usage: dict[str, Any], expected: list[tuple[str, int, int]]
) -> None:
    assert rows(sold(SHEET, 1_000, **usage)) == expected


def test_a_price_of_the_sheet_replaces_the_price_of_the_pack() -> None:
    line = Preference("farm", "Cooperative", first_wh=1_000, prices={"energy": 50_000})
    found = sold(pack(power_type(), preferences=[line]), 250)
    assert rows(found) == [("energy", 50, 1_000), ("energy", 200, 1_000)]
    assert found.lines[0].values["terms"] == "Cooperative"


# --- limits, and energy for money -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "code", "nearest"),
    [
        (1_030, "amount_not_a_multiple", 1_000), (999, "amount_below_minimum", 1_000),
        (5_001, "amount_above_maximum", 5_000), (1_001, "amount_not_a_multiple", 1_000),
    ],
)  # fmt: skip
def test_the_nearest_multiple_is_named_when_an_amount_is_none(
    amount: int, code: str, nearest: int
) -> None:
    prices = power_type(minimum_minor=1_000, maximum_minor=5_000, multiple_minor=50)
    found = tariff.quote(pack(prices), "any", amount, account="1", carrier="card")
    assert found == Refusal(code, {**found.details, "nearest_minor": nearest})  # type: ignore[union-attr]


def test_too_much_energy_is_refused_with_the_most_there_is() -> None:
    made = pack(power_type(maximum_minor=5_000))
    found = tariff.quote_energy(made, "any", 25_001, account="1", carrier="card")
    assert found == Refusal("energy_above_maximum", {"largest_wh": 25_000})


# --- shared meters (F048) -------------------------------------------------------------------------

SHARED = pack(
    power_type("any", charges=[Charge("service", "Service", 100)]),
    power_type("farm", SubItem("energy", "Energy", "energy", 100_000)),
)


def test_each_use_pays_its_own_price_when_a_meter_is_shared_F048() -> None:
    # 70 % at 2.00 and 30 % at 1.00: 1.70 for a kWh of the meter.
    found = tariff.shared_quote(
        SHARED, [("any", 700_000), ("farm", 300_000)], 1_800, account="1", carrier="card",
        usage=Usage(at=NOON),
    )  # fmt: skip
    assert isinstance(found, Quote)
    assert [(line.label, line.amount_minor, line.energy_wh) for line in found.lines] == [
        ("Service", 100, 0), ("Any: Energy", 1_400, 7_000), ("Farm: Energy", 300, 3_000),
    ]  # fmt: skip
    assert found.power_type == "any"
    assert found.usage.shares == [("any", 700_000), ("farm", 300_000)]


def test_the_step_ends_at_the_share_of_the_meter_when_one_use_has_steps() -> None:
    stepped = STEPPED.power_types[0]
    made = pack(stepped, power_type("flat"))
    found = tariff.shared_quote(
        made, [("any", 500_000), ("flat", 500_000)], 30_000, account="1", carrier="card",
        usage=Usage(NOON, used_wh=20_000),
    )  # fmt: skip
    assert isinstance(found, Quote)
    first = next(line for line in found.lines if line.label == "Any: Energy")
    # Half of 20 kWh was for the stepped use: 40 kWh are left of its first step.
    assert first.energy_wh == 40_000


# --- what is refused ------------------------------------------------------------------------------


def changed(**fields: Any) -> TariffPack:
    return pack(power_type(**fields))


ITEM = SubItem("energy", "Energy", "energy", 200_000)
FAULTY = [
    (pack(power_type(), power_type()), "twice"),
    (pack(power_type("any", ITEM, SubItem("x", "X", "energy", 1, rates=[Rate(1, season="no")]))),
     "no_season"),
    (pack(power_type("any", SubItem("x", "X", "energy", 1, rates=[Rate(1, period="peak")]))),
     "no_rule"),
    (pack(power_type("any", SubItem("x", "X", "energy", 1, rates=[Rate(1, step=1)]))),
     "no_step"),
    (changed(steps=Steps([5, 5])), "not_growing"),
    (changed(time_of_use=TimeOfUse("shares", {"peak": 1})), "shares_sum"),
    (changed(time_of_use=TimeOfUse("shares")), "shares_sum"),
    (pack(power_type(time_of_use=TimeOfUse("purchase_time")), periods=PERIODS[:2]), "last_period"),
    (changed(charges=[Charge("a", "A", -1)]), "below_zero"),
    (changed(charges=[Charge("a", "A", 1, "day", 0)]), "at_least_one"),
    (changed(taxes=[Tax("vat", "VAT", 1, ["nothing"])]), "not_taxable"),
    (changed(multiple_minor=0), "not_above_zero"),
    (changed(maximum_minor=150, multiple_minor=100, charges=[Charge("a", "A", 100)]),
     "maximum_too_small"),
    (changed(maximum_minor=1_000, charges=[Charge("a", "A", 100, "month", 12)]),
     "maximum_too_small"),
    (pack(power_type(), preferences=[Preference("p", "P", discount_ppm=PPM)]),
     "preference_without_end"),
    (pack(power_type(), preferences=[Preference("p", "P")]), "gives_nothing"),
    (pack(power_type(), preferences=[Preference("p", "P", months=[13], discount_ppm=1)]),
     "months"),
    (pack(power_type(), preferences=[Preference("p", "P", power_types=["x"], discount_ppm=1)]),
     "no_power_type"),
    (pack(power_type(), seasons=[msgspec.structs.replace(SEASONS[0], last_day=230)]), "no_day"),
    (pack(power_type(), periods=[Period("p", "P", [(60, 60)])]), "hours_order"),
    (pack(power_type(), use_by_ms=1, valid_from_ms=2), "not_later"),
]  # fmt: skip


@pytest.mark.parametrize(("made", "code"), FAULTY, ids=[code for _, code in FAULTY])
def test_a_pack_is_refused_when_it_contradicts_itself(made: TariffPack, code: str) -> None:
    assert code in [problem.code for problem in problems(made)]
    assert unsellable(made) is not None


def test_the_rehearsal_has_every_kind_of_price_and_is_sound() -> None:
    made = utility.tariff_pack("ZAR")
    assert unsellable(made) is None
    assert len(made.power_types) >= 5
    kinds = {prices.code: prices for prices in made.power_types}
    assert len(kinds["household"].step_ends_wh) == 2
    assert kinds["industry"].period_rule == "shares"
    assert any(rate.season for rate in kinds["farm"].sub_items[0].rates)
    assert any(line.discount_ppm == PPM for line in made.preferences)
