"""A utility of our own with everything at once, worked out by hand: a fixed charge a month, steps
with a lifeline, a levy, a season, two taxes."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from kiosk.domain import tariff
from kiosk.domain.tariff import Quote
from kiosk.domain.tariff_file import read_pack
from kiosk.domain.tariff_pack import TariffPack, Usage

VALLEY = """\
number = 1
label = "Valley Power 2026"
currency = "KES"
zone = "Africa/Nairobi"
valid_from = 2026-07-01

[[season]]
code = "dry"
label = "Dry season"
from = "12-01"
to = "02-28"

[[power_type]]
code = "home"
label = "Home"
minimum = 50
maximum = 20000

[power_type.steps]
per = "month"
up_to_kwh = [30, 100]

[[power_type.price]]
code = "energy"
label = "Energy charge"
per_kwh = 19.08
rate = [{ step = 1, per_kwh = 12.23 }, { season = "dry", per_kwh = 21.5 }]

[[power_type.price]]
code = "fuel"
label = "Fuel cost charge"
kind = "levy"
per_kwh = 3.25

[[power_type.charge]]
code = "fixed"
label = "Fixed charge"
amount = 150
per = "month"

[[power_type.tax]]
code = "vat"
label = "VAT 16 %"
rate_percent = 16
on = ["energy", "fuel", "fixed"]

[[power_type.tax]]
code = "rural"
label = "Rural levy 5 %"
rate_percent = 5
on = ["energy"]
"""

WORKED = [
    # A kWh costs 12.23 * 1.21 + 3.25 * 1.16 = 18.5683, above 30 kWh 26.8568. 174.00 are the charge
    # with its tax; 30 kWh cost 557.049; 268.951 / 26.8568 = 10.0142. VAT 24.00 + (366.90 + 97.50) *
    # 0.16 = 74.30 + (191.07 + 32.55) * 0.16 = 35.78; rural 18.34 + 9.55.
    (Usage("2026-07-03T12:00"), 100_000, """
        fixed     15000      0
        energy    36690  30000
        fuel      13005      0
        energy    19108  10014
        vat       13408      0
        rural      2789      0
        rounding      0     86"""),
    # The charge is paid; 10 kWh are left of the second step: 268.568. 731.432 / 26.8568 = 27.2345.
    (Usage("2026-07-20T12:00", 90_000, 90_000, charged={"fixed": "2026-07"}), 100_000, """
        energy    19079  10000
        fuel      12102      0
        energy    51964  27234
        vat       13303      0
        rural      3552      0
        rounding      0     66"""),
    # December and January are due: 348.00. The lifeline keeps its price in the dry season: 557.049.
    # Above it 21.50 * 1.21 + 3.77 = 29.785; 94.951 / 29.785 = 3.1879.
    (Usage("2027-01-03T12:00", charged={"fixed": "2026-11"}), 100_000, """
        fixed     30000      0
        energy    36690  30000
        fuel      10787      0
        energy     6853   3187
        vat       13493      0
        rural      2177      0
        rounding      0     13"""),
]  # fmt: skip


@pytest.mark.parametrize(("usage", "amount", "lines"), WORKED)
def test_every_line_is_as_worked_out_by_hand_when_everything_comes_together(
    usage: Usage, amount: int, lines: str
) -> None:
    pack = read_pack(VALLEY, ZoneInfo)
    assert isinstance(pack, TariffPack), pack
    found = tariff.quote(pack, "home", amount, account="1", carrier="token", usage=usage)
    assert isinstance(found, Quote), found
    cells = [line.split() for line in lines.strip().splitlines()]
    expected = [(name, int(money), int(energy)) for name, money, energy in cells]
    assert [(li.code, li.amount_minor, li.energy_wh) for li in found.lines] == expected
    assert sum(money for _, money, _ in expected) == amount
