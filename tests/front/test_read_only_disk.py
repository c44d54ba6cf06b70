"""A disk that the system turned read-only: things are looked up, nothing is sold or written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.errors import StoreFault
from kiosk.front.cli import run
from kiosk.till.history import search
from tests.front.keeper import Keeper
from tests.till.hall import KEYPAD, code, sell_to


@pytest.fixture
def keeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path, lock="none", medium=False)
    keeper.sell(2)
    (keeper.home / "kiosk.toml").write_text("[rehearsal]\ncustomers = 40\ncentre = false\n")
    really = os.access

    def access(path: str | Path, mode: int) -> bool:
        return not (mode & os.W_OK and keeper.home == Path(path)) and really(path, mode)

    monkeypatch.setattr(os, "access", access)
    yield keeper
    keeper.close()


def content(keeper: Keeper) -> dict[str, bytes]:
    """Everything in the home but the simulated devices, which a rehearsal alone has."""
    files = (path for path in sorted(keeper.home.rglob("*")) if path.is_file())
    return {str(path): path.read_bytes() for path in files if "world" not in path.parts}


def test_enquiries_go_on_and_nothing_is_written_when_the_disk_is_read_only(
    keeper: Keeper,
) -> None:
    before = content(keeper)
    with pytest.raises(StoreFault, match="its disk is read-only") as fault:
        keeper.open()
    house = keeper.open(damage=fault.value.sentence)
    try:
        assert search(house.desk, KEYPAD)
        assert code(sell_to(house.desk, KEYPAD, 5000)) == "read_only"
    finally:
        house.close()
    assert content(keeper) == before


def test_the_ledger_is_proved_when_the_disk_is_read_only(
    keeper: Keeper, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(keeper)
    assert run(["--home", str(keeper.home), "verify"]) == 0
    assert "as they were written" in capsys.readouterr().out
    assert content(keeper) == before
