"""The work of the night: begun when nobody is there, once, and what it does with what it finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kiosk.front.night import NightReport, NightWatch, watch
from kiosk.ledger.store import LEDGER_FILE
from kiosk.till.copies import COMPANIONS
from kiosk.till.desk import Desk
from tests.front.keeper import Keeper, with_store
from tests.till.hall import KEYPAD, code, sell_to

NIGHT_MIN = 14 * 60  # from noon to two o'clock


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path, medium=False)
    (tmp_path / "backups").mkdir()
    keeper.settings = with_store(
        keeper.settings, backup_folder=str(tmp_path / "backups"), ballast_mib=1, backups_kept=2
    )
    yield keeper
    keeper.close()


def finished(night: NightWatch) -> None:
    assert night._child is not None
    night._child.wait(60)
    night.tick(3600)


def test_the_ledger_is_checked_and_backed_up_once_when_nobody_was_there_at_night(
    keeper: Keeper,
) -> None:
    keeper.sell(1)
    house = keeper.open()
    night = NightWatch(house.desk)
    night.tick(3600)
    assert (keeper.home / "ballast").stat().st_size == 2**20
    assert night._child is None, "it is day"
    keeper.clock.advance(minutes=NIGHT_MIN)
    night.tick(60)
    assert night._child is None, "somebody was there a minute ago"
    night.tick(3600)
    finished(night)
    made = sorted((keeper.place / "backups").iterdir())
    assert [path.suffix for path in made] == [".backup"]
    assert house.desk.records.last_of("backup_made") is not None
    night.tick(3600)
    assert night._child is None, "once a night"
    for _ in range(3):
        keeper.clock.advance(minutes=24 * 60)
        night.tick(3600)
        finished(night)
    assert len(list((keeper.place / "backups").iterdir())) == 2
    house.close()


def test_selling_stops_and_nothing_is_written_when_the_night_finds_damage(keeper: Keeper) -> None:
    keeper.sell(2)
    house = keeper.open()
    night = NightWatch(house.desk)
    head = house.desk.journal.head()
    night._take(NightReport(10, "Entry 10: is missing."))
    assert code(sell_to(house.desk, KEYPAD, 5000)) == "read_only"
    assert house.desk.journal.head() == head
    assert not house.desk.journal.holds_pen
    house.close()


def test_work_under_way_is_given_up_when_the_face_is_closed(keeper: Keeper) -> None:
    keeper.sell(1)
    house = keeper.open()
    night = NightWatch(house.desk)
    keeper.clock.advance(minutes=NIGHT_MIN)
    night.tick(3600)
    night.close()
    assert night._child is None
    house.close()


def test_the_report_names_the_damage_when_pages_were_overwritten(keeper: Keeper) -> None:
    keeper.sell(2)
    house = keeper.open()
    origin = house.home.origin
    house.close()
    assert watch(keeper.home, origin, None).fault == ""
    path = keeper.home / LEDGER_FILE
    content = bytearray(path.read_bytes())
    content[8192:12288] = bytes(4096)
    path.write_bytes(content)
    assert watch(keeper.home, origin, None).fault
    assert msgspec.structs.asdict(NightReport())["fault"] == ""


def test_plain_keys_are_in_no_list_of_what_leaves_the_machine(keeper: Keeper) -> None:
    assert isinstance(Desk, type)
    assert not [name for name in COMPANIONS if "signing" in name or "secret" in name]
