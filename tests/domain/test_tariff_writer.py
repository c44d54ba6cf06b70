"""A pack goes into the clerk's file and comes back with the same prices."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.domain import tariff
from kiosk.domain.tariff import Quote
from kiosk.domain.tariff_file import read_pack
from kiosk.domain.tariff_pack import TariffPack, Usage, pack_digest
from kiosk.domain.tariff_writer import figure, pack_text
from kiosk.errors import Refusal
from kiosk.front import utility
from tests.domain.tariff_packs import packs, usages

FILES = sorted((Path(__file__).parents[2] / "docs" / "tariffs").glob("*.toml"))


def again(pack: TariffPack) -> TariffPack:
    zone = ZoneInfo(pack.zone) if pack.zone else UTC
    found = read_pack(pack_text(pack, zone, "UTC"), ZoneInfo)
    assert isinstance(found, TariffPack), (found, pack_text(pack, zone, "UTC"))
    return found


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_published_file_is_the_same_pack_when_it_is_written_again(file: Path) -> None:
    pack = read_pack(file.read_text(), ZoneInfo)
    assert isinstance(pack, TariffPack)
    assert pack_digest(again(pack)) == pack_digest(pack)


def rows(found: Quote | Refusal) -> object:
    if isinstance(found, Refusal):
        return found
    return [(li.code, li.label, li.amount_minor, li.energy_wh, li.account) for li in found.lines]


def sold(pack: TariffPack, code: str, amount: int, usage: Usage) -> object:
    return rows(tariff.quote(pack, code, amount, account="1", carrier="card", usage=usage))


@pytest.mark.parametrize("code", [each.code for each in utility.tariff_pack("ZAR").power_types])
def test_every_line_stays_when_the_rehearsals_prices_are_written(code: str) -> None:
    pack = utility.tariff_pack("ZAR")
    usage = Usage("2026-05-20T08:00", 30_000, 10_000, "pensioner", {"connection": "2026-03"})
    for amount in (1_000, 9_900, 123_400):
        assert sold(again(pack), code, amount, usage) == sold(pack, code, amount, usage)


@settings(
    max_examples=60, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(st.data(), st.integers(1, 10**6))
def test_every_line_stays_when_any_pack_is_written(data: st.DataObject, amount: int) -> None:
    pack = data.draw(packs())
    usage = data.draw(usages(pack.power_types[0]))
    assert sold(again(pack), "one", amount, usage) == sold(pack, "one", amount, usage)


@pytest.mark.parametrize(
    ("value", "places", "shown", "text"),
    [
        (350, 2, 2, "3.50"), (1_200, 2, 2, "12.00"), (121_500, 5, 2, "1.215"), (75, 0, 0, "75"),
        (120_000, 5, 2, "1.20"), (747_500, 3, 0, "747.5"), (50_000, 3, 0, "50"),
        (1, 5, 2, "0.00001"),
    ],
)  # fmt: skip
def test_figures_have_the_digits_that_they_need(
    value: int, places: int, shown: int, text: str
) -> None:
    assert figure(value, places, shown) == text
