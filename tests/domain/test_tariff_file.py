"""The file of a tariff clerk: what it means, and how every fault in it is said."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.energy import format_kwh
from kiosk.domain.money import format_amount
from kiosk.domain.tariff_file import read_pack
from kiosk.domain.tariff_pack import (
    PPM,
    Charge,
    Period,
    Preference,
    Rate,
    Season,
    Steps,
    SubItem,
    TariffPack,
    Tax,
    TimeOfUse,
)
from kiosk.domain.tariff_toml import Fault
from kiosk.screens.tariff_telling import fault_sentence
from kiosk.words.book import Words
from kiosk.words.formats import Formats

WHOLE = """\
number = 7
label = "Everything"
currency = "ZAR"
zone = "Africa/Johannesburg"
valid_from = 2026-07-01
use_by = 2027-06-30

[[season]]
code = "wet"
label = "Wet season"
from = "11-01"
to = "03-31"

[[period]]
code = "peak"
label = "Peak"
hours = ["06:00-09:00", "17:30-20:00"]
days = ["mon-fri", "sun"]

[[period]]
code = "rest"
label = "Rest"

[[power_type]]
code = "home"
label = "Home"
minimum = 10
maximum = 5_000
multiple = 0.50
debt_share_percent = 12.5

[power_type.steps]
per = "season"
up_to_kwh = [50, 200.5]
count = "household"

[power_type.time_of_use]
rule = "shares"
shares_percent = { peak = 33.3, rest = 66.7 }

[[power_type.price]]
code = "generation"
label = "Generation"
per_kwh = 1.21501
rate = [{ step = 2, per_kwh = 1.5 }, { season = "wet", period = "peak", per_kwh = 2 }]

[[power_type.price]]
code = "levy"
label = "Levy"
kind = "levy"
per_kwh = 0.04

[[power_type.charge]]
code = "service"
label = "Service"
amount = 3.50
per = "month"

[[power_type.tax]]
code = "vat"
label = "VAT"
rate_percent = 15
on = ["generation", "service"]

[[preference]]
code = "basic"
label = "Free basic electricity"
customer_class = "indigent"
power_types = ["home"]
months = [6, 7]
first_kwh_per_month = 50
free = true
"""


def zone_of(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def test_every_field_means_what_it_says_when_a_whole_file_is_read() -> None:
    pack = read_pack(WHOLE, zone_of)
    assert isinstance(pack, TariffPack), pack
    begin = datetime(2026, 6, 30, 22, tzinfo=UTC)  # midnight in Johannesburg
    assert pack.valid_from_ms == int(begin.timestamp()) * 1000
    assert pack.use_by_ms == pack.valid_from_ms + 365 * 86_400_000
    assert pack.seasons == [Season("wet", "Wet season", 1101, 331)]
    assert pack.periods[0] == Period("peak", "Peak", [(360, 540), (1050, 1200)], [0, 1, 2, 3, 4, 6])
    assert pack.preferences == [
        Preference("basic", "Free basic electricity", "indigent", ["home"], [6, 7], 50_000, PPM)
    ]
    (home,) = pack.power_types
    assert home.sub_items == [
        SubItem("generation", "Generation", "energy", 121_501,
                rates=[Rate(150_000, step=2), Rate(200_000, "wet", "peak")]),
        SubItem("levy", "Levy", "levy", 4_000),
    ]  # fmt: skip
    assert (home.minimum_minor, home.maximum_minor, home.multiple_minor) == (1_000, 500_000, 50)
    assert home.debt_share_ppm == 125_000
    assert home.steps == Steps([50_000, 200_500], "season", household=True)
    assert home.time_of_use == TimeOfUse("shares", {"peak": 333_000, "rest": 667_000})
    assert home.charges == [Charge("service", "Service", 350, "month", 12)]
    assert home.taxes == [Tax("vat", "VAT", 150_000, ["generation", "service"])]


def test_a_currency_without_decimals_has_prices_to_a_thousandth() -> None:
    text = WHOLE.replace('"ZAR"', '"UGX"').replace("0.50", "50").replace("3.50", "3")
    pack = read_pack(text.replace("1.21501", "747.5"), zone_of)
    assert isinstance(pack, TariffPack), pack
    assert pack.power_types[0].sub_items[0].price_minor_per_mwh == 747_500
    assert pack.power_types[0].minimum_minor == 10


def said(fault: Fault, language: str = "en") -> str:
    return fault_sentence(Words(language, Formats(format_amount, format_kwh, "ZAR")), fault)


FAULTS = [
    ("currency = \"ZAR\"", "currency = \"rand\"", "three letters"),
    ("number = 7", "number = 0", "1 or higher"),
    ("number = 7", "", "needs number"),
    ("zone = \"Africa/Johannesburg\"", "zone = \"Mars\"", "no time zone"),
    ("valid_from = 2026-07-01", "valid_from = \"2026-07-01\"", "without quotation marks"),
    ("use_by = 2027-06-30", "use_by = 2025-06-30", "later than valid_from"),
    ("from = \"11-01\"", "from = \"1 November\"", "a month and a day"),
    ("to = \"03-31\"", "to = \"02-30\"", "no day of the year"),
    ("days = [\"mon-fri\", \"sun\"]", "days = [\"monday\"]", "mon-fri"),
    ("hours = [\"06:00-09:00\", \"17:30-20:00\"]", "hours = [\"6-9\"]", "06:00-09:00"),
    ("minimum = 10", "minimum = \"10\"", "as a number"),
    ("minimum = 10", "minimum = 10.001", "more than 2 digits"),
    ("minimum = 10", "minimum = nan", "million million"),
    ("minimum = 10", "minimum = 9000", "at most the maximum"),
    ("minimum = 10", "minimun = 10", "did you mean minimum?"),
    ("per_kwh = 1.21501", "per_kwh = 1.215011", "more than 5 digits"),
    ("per_kwh = 1.21501", "per_kwh = -1", "million million"),
    ("per_kwh = 1.21501", "per_kwh = true", "as a number"),
    ("rate_percent = 15", "rate_percent = 1500", "above 100 percent"),
    ("on = [\"generation\", \"service\"]", "on = [\"generaton\"]", "no price and no charge"),
    ("on = [\"generation\", \"service\"]", "on = []", "must list the codes"),
    ("kind = \"levy\"", "kind = \"tax\"", "energy, levy"),
    ("code = \"levy\"", "code = \"generation\"", "stands twice"),
    ("code = \"levy\"", "code = \"Levy!\"", "small letters"),
    ("code = \"service\"", "code = \"debt\"", "taken by the program"),
    ("up_to_kwh = [50, 200.5]", "up_to_kwh = [200, 50]", "must grow"),
    ("up_to_kwh = [50, 200.5]", "up_to_kwh = []", "ends of the steps"),
    ("rest = 66.7", "rest = 66.6", "100 percent together"),
    ("free = true", "free = true\noff_percent = 5", "cannot stand beside"),
    ("free = true", "", "neither what is free"),
    ("months = [6, 7]", "months = [6.5]", "whole numbers"),
    ("label = \"Home\"", "label = \"\"", "must not be empty"),
    ("per = \"month\"", "per = \"week\"", "purchase, month, day"),
    ("[power_type.steps]", "[power_type.steps", "not TOML"),
    ("[[power_type.charge]]", "[[charge]]", "did you mean power_type.charge?"),
    ("[[power_type.tax]]", "[power_type.tax]", "tables [[power_type.tax]]"),
    ("[[season]]", "[[seasons]]", "did you mean season?"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "part"), FAULTS, ids=[part for *_, part in FAULTS])
def test_a_fault_has_its_line_and_a_sentence_when_a_file_is_wrong(
    old: str, new: str, part: str
) -> None:
    assert old in WHOLE
    text = WHOLE.replace(old, new, 1)
    found = read_pack(text, zone_of)
    assert isinstance(found, list)
    fault = next((fault for fault in found if part in said(fault)), None)
    assert fault is not None, [said(each) for each in found]
    assert said(fault)[-1] in ".?" and "{" not in said(fault)
    assert said(fault, "fr")[-1] in ".?" and said(fault, "fr") != said(fault)
    line = WHOLE[: WHOLE.index(old)].count("\n") + 1
    table = [number for number, row in enumerate(text.splitlines(), 1) if row.startswith("[")]
    own_table = max((number for number in table if number <= line), default=1)
    assert own_table - 12 <= fault.line <= line + 1, (fault, line)


def test_every_fault_is_said_at_once_in_the_order_of_the_lines() -> None:
    text = WHOLE.replace("number = 7", "number = 0").replace("minimum = 10", "minimum = -1")
    text = text.replace("per_kwh = 0.04", "per_kwh = true").replace("rule = ", "ruler = ")
    found = read_pack(text, zone_of)
    assert isinstance(found, list)
    assert len(found) >= 4
    assert [fault.line for fault in found] == sorted(fault.line for fault in found)
    assert {1, 27, 37, 51} <= {fault.line for fault in found}


def test_what_is_free_must_end_when_a_preference_gives_it() -> None:
    found = read_pack(WHOLE.replace("first_kwh_per_month = 50", ""), zone_of)
    assert isinstance(found, list)
    (fault,) = found
    assert 'by the preference "basic" without an end' in said(fault)


@given(st.text(max_size=200))
def test_faults_come_and_never_an_error_when_the_text_is_any(text: str) -> None:
    assert isinstance(read_pack(text, zone_of), list)


@given(st.integers(0, len(WHOLE)), st.sampled_from(list('"[]={}\n#.9-x')))
def test_a_slip_of_the_pen_gives_faults_or_another_pack_and_never_an_error(
    place: int, sign: str
) -> None:
    found = read_pack(WHOLE[:place] + sign + WHOLE[place + 1 :], zone_of)
    assert isinstance(found, TariffPack) or all(said(fault) for fault in found)
