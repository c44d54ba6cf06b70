"""A copied disk: the centre tells the fork, and the copy goes on under a number of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.domain import facts, store_facts
from kiosk.errors import BadInput
from kiosk.front import rejoining
from kiosk.front.rejoining import rejoin
from kiosk.ledger.copying import alone
from tests.front.keeper import Keeper
from tests.till.hall import KEYPAD, sell_to, sold
from tests.till.test_selling_tokens import ForgetfulVendor


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path, medium=False)
    keeper.start_centre()
    yield keeper
    keeper.close()


def copied(keeper: Keeper) -> Path:
    """The disk is copied; afterwards the original sells and sends."""
    twin = keeper.place / "twin"
    shutil.copytree(keeper.home, twin)
    keeper.sell(2, sync=True)
    return twin


def bodies(keeper: Keeper, home: Path, *kinds: str) -> list[tuple[str, bytes, int]]:
    house = keeper.open(home)
    found = [
        (entry.kind, entry.body, entry.time_ms)
        for entry in house.desk.journal.after(0, 10_000)
        if entry.kind in kinds
    ]
    house.close()
    return found


def test_the_copy_brings_its_own_sales_under_a_new_number_when_it_has_rejoined(
    keeper: Keeper,
) -> None:
    keeper.sell(2, sync=True)
    house = keeper.open()
    house.desk.vendor = ForgetfulVendor(99)
    waiting = sold(sell_to(house.desk, KEYPAD, 3000), "in_doubt").committed.sale_id
    house.close()
    keeper.clock.advance(minutes=40)
    assert keeper.sync() == ""
    twin = copied(keeper)
    keeper.sell(3, twin)
    trouble = keeper.sync(twin)
    assert "kiosk rejoin" in trouble
    sales = ("sale_committed", "sale_delivered")
    before = bodies(keeper, twin, *sales)
    house = keeper.open(twin)
    balances = {row[:2]: row[2] for row in house.desk.records.balances()}
    old_head = house.desk.journal.head()
    house.close()

    done = rejoin(twin, keeper.settings, "r-second")
    assert done.origin == "r-second"
    house = keeper.open(twin)
    fact = house.desk.records.fact(
        next(e.sequence for e in house.desk.journal.after(0, 100) if e.kind == "origin_rejoined")
    )
    assert isinstance(fact, store_facts.OriginRejoined)
    assert (fact.old_sequence, fact.old_digest) == (old_head.sequence, old_head.digest)
    assert [facts.carried_sale(sale).sale_id for sale in fact.sales] == [waiting]
    against = {f"carried_from:{done.old_origin}"}
    now = {row[:2]: row[2] for row in house.desk.records.balances() if row[0] not in against}
    assert {key: amount for key, amount in now.items() if amount} == {
        key: amount for key, amount in balances.items() if amount
    }
    record = house.desk.records.sale(waiting)
    assert record is not None
    assert record.state == "in_doubt"
    house.close()
    brought = bodies(keeper, twin, *sales)
    assert brought == before[-len(brought) :]
    assert len([each for each in brought if each[0] == "sale_committed"]) == 3
    assert keeper.proof(twin).sales == 3
    assert keeper.sync(twin) == ""
    keeper.sell(1, twin, sync=True)
    old = twin / "branches" / done.old_origin / "ledger.db"
    assert old.stat().st_mode & 0o777 == 0o400


def test_nothing_is_changed_when_there_is_no_fork(keeper: Keeper) -> None:
    keeper.sell(1, sync=True)
    with pytest.raises(BadInput, match="nothing to rejoin"):
        rejoin(keeper.home, keeper.settings, "")
    assert keeper.proof().sales == 1


def test_an_old_disk_that_has_sold_nothing_rejoins_too_when_the_centre_holds_more(
    keeper: Keeper,
) -> None:
    keeper.sell(1, sync=True)
    twin = copied(keeper)
    assert "kiosk rejoin" in keeper.sync(twin)
    done = rejoin(twin, keeper.settings, "")
    assert (done.brought, done.origin.startswith(done.old_origin)) == (0, True)
    keeper.sell(1, twin, sync=True)


def test_the_next_start_finishes_it_when_the_power_went_while_it_was_put_in_force(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.sell(1, sync=True)
    twin = copied(keeper)
    keeper.sell(1, twin)

    class PowerCut(BaseException):
        pass

    moved: list[Path] = []
    once = rejoining._move_once

    def cut(source: Path, target: Path, only_if: Path) -> None:
        once(source, target, only_if)
        moved.append(source)
        if len(moved) == 1:
            raise PowerCut

    monkeypatch.setattr(rejoining, "_move_once", cut)
    with pytest.raises(PowerCut):
        rejoin(twin, keeper.settings, "r-second")
    assert not (twin / "ledger.db").exists()
    keeper.sell(1, twin)
    assert keeper.proof(twin).sales == 2
    with alone(twin):
        assert not (twin / "rejoining").exists()
