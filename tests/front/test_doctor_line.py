"""What the doctor says of the line to the centre: it is asked, also when no face is open."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.front.commands.doctor import _line
from kiosk.till.maintain import DeviceState
from tests.front.keeper import Keeper


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path, lock="none", medium=False)
    yield keeper
    keeper.close()


def line_of(keeper: Keeper, home: Path | None = None) -> DeviceState:
    house = keeper.open(home)
    try:
        return _line(house)
    finally:
        house.close()


def test_the_line_is_told_as_it_is_when_the_terminal_is_enrolled(keeper: Keeper) -> None:
    keeper.sell(1)
    assert line_of(keeper).state == "absent"
    keeper.start_centre()
    assert (line_of(keeper).state, line_of(keeper).advice) == ("warn", "`kiosk enrol`.")
    keeper.sell(1, sync=True)
    told = line_of(keeper)
    assert (told.state, told.advice) == ("ok", "")
    assert told.details.startswith("acknowledged up to ")


def test_a_fork_is_a_fault_when_the_centre_holds_other_entries(keeper: Keeper) -> None:
    keeper.start_centre()
    keeper.sell(1, sync=True)
    twin = keeper.place / "twin"
    shutil.copytree(keeper.home, twin)
    keeper.sell(1, sync=True)
    keeper.sell(2, twin)
    told = line_of(keeper, twin)
    assert (told.state, "rejoin" in told.details) == ("fault", True)
