"""The second medium as a witness: a ledger older than it sells nothing, and its own rot is told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kiosk.errors import BadInput, LedgerDamaged, StoreFault
from kiosk.front import keeping
from kiosk.front.night import NightWatch, watch
from kiosk.front.restoring import Wanted, restore
from kiosk.front.utility import REHEARSAL_PIN
from kiosk.ledger.second_medium import MEDIUM_DAMAGE
from kiosk.till.maintain import alarms, devices
from kiosk.till.tokens import SecondPerson
from tests.front.keeper import Keeper
from tests.till.hall import KEYPAD, code, sell_to


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path)
    keeper.sell(1)
    yield keeper
    keeper.close()


def put_back_an_old_ledger(keeper: Keeper) -> None:
    """As `cp ledger.db` would, with two sales in between."""
    old = keeper.place / "old.db"
    shutil.copyfile(keeper.home / "ledger.db", old)
    keeper.sell(2)
    for left in keeper.home.glob("ledger.db*"):
        left.unlink()
    shutil.copyfile(old, keeper.home / "ledger.db")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def entries_of(keeper: Keeper) -> Path:
    return next(keeper.medium.glob("*.entries"))


def test_an_old_ledger_sells_nothing_when_the_second_medium_holds_more(keeper: Keeper) -> None:
    put_back_an_old_ledger(keeper)
    for _ in range(2):
        with pytest.raises(StoreFault, match="which its ledger does not have"):
            keeper.open()
    away = keeper.place / "away"
    keeper.medium.rename(away)
    with pytest.raises(StoreFault, match="until `kiosk restore`"):
        keeper.open()
    away.rename(keeper.medium)
    done = restore(keeper.home, keeper.settings, Wanted(), keeper.now)
    assert done.sales == 3
    keeper.sell(1)
    assert keeper.proof().sales == 4


def test_selling_stops_when_the_medium_comes_back_with_more_than_this_ledger_has(
    keeper: Keeper,
) -> None:
    away = keeper.place / "away"
    put_back_an_old_ledger(keeper)
    keeper.medium.rename(away)
    house = keeper.open()
    try:
        away.rename(keeper.medium)
        house.desk.journal.rest()
        head = house.desk.journal.head()
        assert code(sell_to(house.desk, KEYPAD, 5000)) == "read_only"
        assert house.desk.journal.head() == head
    finally:
        house.close()
    with pytest.raises(StoreFault):
        keeper.open()


def test_a_medium_is_not_taken_as_a_new_one_when_it_holds_more(keeper: Keeper) -> None:
    put_back_an_old_ledger(keeper)
    before = entries_of(keeper).read_bytes()
    with pytest.raises(BadInput, match="this ledger lacks"):
        keeping.take_medium(keeper.home, keeper.settings, keeper.medium)
    assert entries_of(keeper).read_bytes() == before


def test_nobody_is_told_to_plug_a_medium_in_when_it_is_there_and_does_not_write(
    keeper: Keeper,
) -> None:
    entries = entries_of(keeper)
    entries.unlink()
    entries.mkdir()
    house = keeper.open()
    try:
        states = devices(house.desk)
    finally:
        house.close()
    assert isinstance(states, list)
    told = next(state for state in states if state.device == "second medium")
    assert (told.state, told.advice) == ("fault", "Make room on it, or mend it.")


def test_each_damaged_file_stays_when_a_medium_is_taken_anew_again_and_again(
    keeper: Keeper,
) -> None:
    spoilt = []
    for _ in range(3):
        flip(entries_of(keeper))
        spoilt.append(entries_of(keeper).read_bytes())
        keeping.take_medium(keeper.home, keeper.settings, keeper.medium)
        keeper.sell(1)
    kept = sorted(keeper.medium.glob("*.damaged.*"))
    assert [path.read_bytes() for path in kept] == spoilt


def test_nothing_is_restored_past_the_medium_when_it_holds_other_entries(keeper: Keeper) -> None:
    put_back_an_old_ledger(keeper)
    away = keeper.place / "away"
    keeper.medium.rename(away)
    keeper.sell(1)
    away.rename(keeper.medium)
    with pytest.raises(LedgerDamaged, match="another one"):
        restore(keeper.home, keeper.settings, Wanted(), keeper.now)
    chosen = Wanted(second_medium=keeper.medium, without_ledger=True)
    with pytest.raises(BadInput, match="Two persons"):
        restore(keeper.home, keeper.settings, chosen, keeper.now)
    both = SecondPerson("301", REHEARSAL_PIN), SecondPerson("302", REHEARSAL_PIN)
    done = restore(keeper.home, keeper.settings, chosen, keeper.now, agree=lambda _lost: both)
    assert done.sales == 3


def test_a_medium_is_written_anew_when_rot_in_its_middle_was_found_at_night(keeper: Keeper) -> None:
    house = keeper.open()
    origin = house.home.origin
    house.close()
    assert watch(keeper.home, origin, None, str(keeper.medium)).medium == ""
    flip(entries_of(keeper))
    report = watch(keeper.home, origin, None, str(keeper.medium))
    assert (report.fault, "is damaged" in report.medium) == ("", True)
    house = keeper.open()
    try:
        NightWatch(house.desk)._take(report)
        assert alarms(house.desk) == ("second_medium_damaged",)
        states = devices(house.desk)
        assert isinstance(states, list)
        told = next(state for state in states if state.device == "second medium")
        assert (told.state, "store medium" in told.advice) == ("fault", True)
    finally:
        house.close()
    keeping.take_medium(keeper.home, keeper.settings, keeper.medium)
    assert not (keeper.home / MEDIUM_DAMAGE).exists()
    keeper.sell(1)
    assert watch(keeper.home, origin, None, str(keeper.medium)).medium == ""
    assert [path.suffix for path in keeper.medium.glob("*.damaged.*")] == [".1"]
    keeper.lose_disk()
    wanted = Wanted(second_medium=keeper.medium)
    assert restore(keeper.home, keeper.settings, wanted, keeper.now).sales == 2


def test_no_old_backup_takes_its_place_when_the_medium_is_away_and_there_is_no_centre(
    keeper: Keeper,
) -> None:
    """Its entries would be gone without a word, and their identifiers given again."""
    backup = keeper.back_up()
    keeper.sell(1)
    keeper.medium.rename(keeper.place / "away")
    (keeper.home / "ledger.db").write_bytes(bytes(range(256)) * 64)
    wanted = Wanted(backup=backup)
    with pytest.raises(BadInput, match="plug it in"):
        restore(keeper.home, keeper.settings, wanted, keeper.now)
    lost = msgspec.structs.replace(wanted, without_medium=True)
    with pytest.raises(BadInput, match="Two persons must agree"):
        restore(keeper.home, keeper.settings, lost, keeper.now)
    (keeper.place / "away").rename(keeper.medium)
    assert restore(keeper.home, keeper.settings, wanted, keeper.now).sales == 2
