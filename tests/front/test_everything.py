"""A year with every kind of fact in it is archived, restored and carried on, and proves itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk.domain.facts import KINDS
from kiosk.front import keeping
from kiosk.front.restoring import Wanted, restore
from tests.front.everything import CUSTOMERS, OF_THE_JOURNAL, everything_happens, kinds_of
from tests.front.keeper import Keeper, with_store


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path)
    rehearsal = msgspec.structs.replace(keeper.settings.rehearsal, customers=CUSTOMERS)
    settings = msgspec.structs.replace(keeper.settings, rehearsal=rehearsal)
    keeper.settings = with_store(settings, retention_days=400)
    yield keeper
    keeper.close()


def seen(keeper: Keeper) -> dict[str, Any]:
    """What must be the same whether old sales are here or in an archive."""
    house = keeper.open()
    records = house.desk.records
    owners = {meter.number: meter.account for meter in records.search("", CUSTOMERS)}
    found = {
        "balances": records.balances(),
        "debts": records.open_debts(),
        "charged": {meter: records.charged(meter, owner) for meter, owner in owners.items()},
        "cards": {meter: records.last_purchase(meter) for meter in owners},
        "hot": records.hot_list(),
        "bills": records.bills("", 100, paid=True),
    }
    house.close()
    return found


def test_a_year_with_every_kind_of_fact_goes_into_an_archive_and_comes_back(
    keeper: Keeper,
) -> None:
    everything_happens(keeper)
    house = keeper.open()
    assert kinds_of(house) == {each for each in KINDS if each[0] not in OF_THE_JOURNAL}
    house.close()
    keeper.clock.advance(minutes=500 * 24 * 60)
    keeper.sell(1)
    before, whole = seen(keeper), keeper.proof()
    file = keeper.place / "year.archive"
    made = keeper.archive(file.name)
    assert made.entries >= 10
    assert seen(keeper) == before
    assert keeper.proof().sales < whole.sales

    shutil.rmtree(keeper.medium)
    keeper.medium.mkdir()
    keeping.take_medium(keeper.home, keeper.settings, keeper.medium)
    keeper.sell(1)
    before = seen(keeper)
    (keeper.home / "ledger.db").write_bytes(b"nothing")
    wanted = Wanted(second_medium=keeper.medium, archives=(file,))
    restore(keeper.home, keeper.settings, wanted, keeper.now)
    assert keeper.proof().sales == whole.sales + 1
    assert seen(keeper) == before
    house = keeper.open()
    assert {kind for kind, _ in KINDS} - {kind for kind, _ in kinds_of(house)} == {
        "origin_rejoined",
        "terminal_revoked",
        "lease_given",
    }
    house.close()
