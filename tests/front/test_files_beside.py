"""The small files beside a ledger lie open, sealed or not: what the journal knows better stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kiosk.config import CardSettings, Cash, PrinterSettings, Settings
from kiosk.errors import HomeFault
from kiosk.front.home import open_home
from kiosk.front.wiring import build
from tests.front.keeper import Keeper, with_store


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path, medium=False)
    yield keeper
    keeper.close()


def real(settings: Settings) -> Settings:
    """A hall without devices."""
    site = msgspec.structs.replace(settings.site, mode="real")
    card, cash = CardSettings(driver="none", module="none"), Cash(driver="none")
    printer = PrinterSettings(driver="none")
    return msgspec.structs.replace(settings, site=site, card=card, cash=cash, printer=printer)


def test_a_real_home_takes_no_operators_of_a_rehearsal_when_home_json_says_so_E34(
    keeper: Keeper,
) -> None:
    """Their PIN stands on the first screen of every rehearsal, and they stay when it is undone."""
    rehearsal, keeper.settings = keeper.settings, real(with_store(keeper.settings))
    open_home(keeper.home, keeper.settings, keeper.now).journal.close()
    file = keeper.home / "home.json"
    written = file.read_bytes()
    file.write_bytes(written.replace(b'"real"', b'"rehearsal"'))
    with pytest.raises(HomeFault, match="opened in real mode"):
        build(keeper.home, rehearsal, clock=keeper.clock, entropy=keeper.entropy)
    file.write_bytes(written)
    again = open_home(keeper.home, keeper.settings, keeper.now)
    assert again.journal.records.operators() == []
    again.journal.close()
