"""Published retail prices of real utilities, worked out by hand to the minor unit.

The sources stand at the top of each file in docs/tariffs.
"""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kiosk.domain import tariff
from kiosk.domain.tariff import Carrier, Quote
from kiosk.domain.tariff_file import read_pack
from kiosk.domain.tariff_pack import TariffPack, Usage

FOLDER = Path(__file__).parents[2] / "docs" / "tariffs"


def pack(name: str) -> TariffPack:
    found = read_pack((FOLDER / f"{name}.toml").read_text(), ZoneInfo)
    assert isinstance(found, TariffPack), found
    return found


UMEME, TANESCO = pack("umeme-2022-q2"), pack("tanesco-2016")
ONTARIO = pack("wellington-north-2022-winter")

APRIL = Usage(at="2022-04-03T10:00")
#: 70 kWh were bought this month, the first time with the service charge.
LATER = Usage("2022-04-20T10:00", 70_000, 70_000, charged={"service": "2022-04"})
HEAVY = Usage("2022-04-28T10:00", 200_000, 200_000, charged={"service": "2022-04"})
MONDAY, SUNDAY = Usage(at="2022-11-07T08:00"), Usage(at="2022-11-06T08:00")

WORKED = [
    # 3,360 and 605 of VAT leave 16,035. 15 kWh at 250 * 1.18 cost 4,425; 11,610 at 747.5 * 1.18 =
    # 882.05 buy 13.1625 kWh. VAT: 675 + 1,771 + 605.
    (UMEME, "domestic", 20_000, APRIL, "token", """
        service    3360      0
        energy     3750  15000
        energy     9839  13162
        vat        3051      0
        rounding      0     38"""),
    # 10 kWh are left of the second step: 8,820.50. 21,179.50 at 412 * 1.18 = 486.16 buy 43.5649.
    # VAT 8,820 * 18 / 118 = 1,345 and 21,180 * 18 / 118 = 3,231.
    (UMEME, "domestic", 30_000, LATER, "token", """
        energy     7475  10000
        energy    17949  43564
        vat        4576      0
        rounding      0     36"""),
    # Above 150 kWh: 10,000 / 882.05 = 11.3372; VAT 1,525.
    (UMEME, "domestic", 10_000, HEAVY, "card", """
        energy     8475  11337
        vat        1525      0
        rounding      0      1"""),
    # 580.6 * 1.18 = 685.108: 100,000 buy 145.9624 kWh; VAT 15,254.
    (UMEME, "commercial", 100_000, APRIL, "card", """
        energy    84746 145962
        vat       15254      0
        rounding      0      1"""),
    # The example that TANESCO's customers reckon with: 4,098.37 + 737.70 + 40.98 + 122.95.
    (TANESCO, "t1", 500_000, Usage(), "token", """
        energy   409837  14035
        vat       73770      0
        ewura      4098      0
        rea       12295      0
        rounding      0     65"""),
    # 15 kWh of the first step cost 15 * 100 * 1.22 = 1,830; 8,170 at 427 buy 19.1334.
    (TANESCO, "d1", 1_000_000, Usage(used_wh=60_000), "token", """
        energy   150000  15000
        energy   669672  19133
        vat      147541      0
        ewura      8197      0
        rea       24590      0
        rounding      0     67"""),
    # 0.65 * 7.4 + 0.18 * 10.2 + 0.17 * 15.1 = 9.213 cents, 10.41069 with HST: 960.5511 kWh.
    (ONTARIO, "tou_shares", 10_000, MONDAY, "card", """
        energy     4620 624358
        energy     1764 172899
        energy     2466 163294
        hst        1150      0
        rounding      0      1"""),
    # Monday at eight: 15.1 * 1.13 = 17.063 cents, 117.2127 kWh; Sunday: 8.362 cents, 239.1772.
    (ONTARIO, "tou_clock", 2_000, MONDAY, "card", """
        energy     1770 117212
        hst         230      0
        rounding      0      1"""),
    (ONTARIO, "tou_clock", 2_000, SUNDAY, "card", """
        energy     1770 239177
        hst         230      0
        rounding      0      1"""),
    # 10 kWh are left of 1,000: 0.9831; 19.0169 at 11.639 cents buy 163.3894.
    (ONTARIO, "tiered", 2_000, Usage("2022-11-07T08:00", 990_000), "card", """
        energy       87  10000
        energy     1683 163389
        hst         230      0
        rounding      0      1"""),
]  # fmt: skip


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.toml")), ids=lambda file: file.stem)
def test_every_published_file_names_its_source_and_date(file: Path) -> None:
    head = file.read_text().partition("\nnumber = ")[0]
    assert re.search(r"# Sources?: .*", head)
    assert re.search(r"\b(19|20)\d\d\b", head)


@pytest.mark.parametrize(("prices", "code", "amount", "usage", "carrier", "lines"), WORKED)
def test_every_line_is_as_worked_out_by_hand_when_published_prices_are_used(
    prices: TariffPack, code: str, amount: int, usage: Usage, carrier: Carrier, lines: str
) -> None:
    quoted = tariff.quote(prices, code, amount, account="1", carrier=carrier, usage=usage)
    assert isinstance(quoted, Quote), quoted
    cells = [line.split() for line in lines.strip().splitlines()]
    expected = [(name, int(money), int(energy)) for name, money, energy in cells]
    assert [(li.code, li.amount_minor, li.energy_wh) for li in quoted.lines] == expected
    assert sum(money for _, money, _ in expected) == amount
    assert quoted.energy_wh == sum(energy for _, _, energy in expected)


@pytest.mark.parametrize(
    ("prices", "code", "energy_wh", "usage", "amount"),
    [
        # 3,965 of service charge, 4,425 for 15 kWh, 4,410.25 for 5 kWh; what is due for 12,800 is
        # rounded up to the next watt-hour, so that is enough. 10 kWh cost 8,820.50: the same.
        (UMEME, "domestic", 20_000, APRIL, 12_800),
        (UMEME, "domestic", 10_000, LATER, 8_820),
        # 14.1 kWh cost 5,022.98; purchases go in steps of 100.
        (TANESCO, "t1", 14_100, Usage(), 510_000),
        (ONTARIO, "tiered", 100_000, MONDAY, 984),
    ],
)
def test_energy_costs_what_was_worked_out_when_the_customer_names_the_energy(
    prices: TariffPack, code: str, energy_wh: int, usage: Usage, amount: int
) -> None:
    quoted = tariff.quote_energy(prices, code, energy_wh, account="1", carrier="card", usage=usage)
    assert isinstance(quoted, Quote), quoted
    assert quoted.amount_minor == amount
    assert quoted.energy_wh >= energy_wh
