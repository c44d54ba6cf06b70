"""What goes on and what does not while the ledger is damaged, the disk full or the medium away."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from kiosk.domain.organisation import RIGHTS
from kiosk.domain.store_facts import BackupMade
from kiosk.errors import Refusal
from kiosk.ledger import ballast
from kiosk.ledger.backup import read_head_of
from kiosk.till import copies, paper
from kiosk.till.desk import Desk
from kiosk.till.history import search
from kiosk.till.maintain import alarms, devices
from tests.till.hall import KEYPAD, Hall, code, sell_to, sold

READING = {"quote", "search", "history", "reprint", "maintain"}


@pytest.mark.parametrize("right", sorted(set().union(*RIGHTS.values())))
def test_only_reading_is_allowed_when_the_ledger_is_damaged(desk: Desk, right: str) -> None:
    desk.role = "supervisor"
    desk.damage = "Entry 7 is missing."
    assert (desk.gate(right) is None) == (right in READING)


def test_a_copy_of_a_slip_is_printed_and_nothing_is_written_when_the_ledger_is_damaged(
    hall: Hall, desk: Desk
) -> None:
    record = sold(sell_to(desk, KEYPAD, 5000))
    before = desk.journal.head()
    desk.damage = "Entry 7 is missing."
    desk.journal.stop_writing()
    assert not isinstance(paper.reprint(desk, record.committed.sale_id), Refusal)
    assert isinstance(search(desk, "1"), list)
    assert code(sell_to(desk, KEYPAD, 5000)) == "read_only"
    assert desk.journal.head() == before
    assert alarms(desk) == ("damaged",)


def test_the_ballast_goes_before_open_sales_are_in_danger_when_the_disk_is_nearly_full(
    hall: Hall, desk: Desk
) -> None:
    ballast.lay(desk.home, 1, 0)
    full = hall.station(free_space_reserve_mib=2**40)
    assert code(sell_to(full, KEYPAD, 5000)) == "disk_full"
    assert (desk.home / "ballast").stat().st_size == 0


def with_medium(desk: Desk, folder: Path, *, required: bool) -> None:
    store = msgspec.structs.replace(
        desk.settings.store, second_medium=str(folder), second_medium_required=required
    )
    desk.settings = msgspec.structs.replace(desk.settings, store=store)


@pytest.mark.parametrize("required", [True, False])
def test_policy_decides_when_the_second_medium_is_missing(
    hall: Hall, tmp_path: Path, required: bool
) -> None:
    folder = tmp_path / "stick"
    folder.mkdir()
    base = hall.station()
    neighbour = hall.station()
    with_medium(neighbour, folder, required=required)
    sold(sell_to(neighbour, KEYPAD, 5000))
    shutil.rmtree(folder)
    outcome = sell_to(neighbour, KEYPAD, 5000)
    if required:
        assert code(outcome) == "second_medium_missing"
    else:
        sold(outcome)
    hall.leave(neighbour)
    hall.leave(base)


def test_a_backup_is_a_fact_with_the_head_it_holds_when_it_was_made(
    desk: Desk, tmp_path: Path
) -> None:
    sold(sell_to(desk, KEYPAD, 5000))
    head = desk.journal.head()
    desk.role = "cashier"
    assert code(copies.backup(desk, tmp_path / "one.backup")) == "no_right"
    desk.role = "technician"
    made = copies.backup(desk, tmp_path / "one.backup")
    assert not isinstance(made, Refusal)
    assert (made.upto, made.digest) == (head.sequence, head.digest)
    fact = desk.records.last_of("backup_made")
    assert isinstance(fact, BackupMade)
    assert (fact.upto, fact.digest) == (head.sequence, head.digest.hex())
    told = read_head_of(tmp_path / "one.backup")
    assert (told.origin, told.upto, "home.json" in told.files) == (
        desk.journal.origin, head.sequence, True,
    )  # fmt: skip
    assert not [name for name in told.files if "signing" in name or "secret" in name]
    assert sorted(path.name for path in tmp_path.glob("*.backup")) == ["one.backup"]
    states = devices(desk)
    assert not isinstance(states, Refusal)
    assert next(state.state for state in states if state.device == "backup") == "ok"


def test_sales_go_on_while_a_backup_is_written_when_another_station_sells(
    hall: Hall, desk: Desk, tmp_path: Path
) -> None:
    other = hall.station()
    desk.role = "technician"
    copies.backup(desk, tmp_path / "one.backup")
    sold(sell_to(other, KEYPAD, 5000))
    made = copies.backup(other, tmp_path / "two.backup")
    assert not isinstance(made, Refusal)
    assert made.upto > read_head_of(tmp_path / "one.backup").upto
