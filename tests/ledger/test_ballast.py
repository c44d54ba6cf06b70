"""Space that is given back when the disk is nearly full, so that what is open can end (E18)."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from kiosk.ledger import ballast

MIB = 1024 * 1024


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def disk(patch: pytest.MonkeyPatch, free_mib: int) -> None:
    patch.setattr(shutil, "disk_usage", lambda _path: Usage(10**12, 0, free_mib * MIB))


def test_space_is_reserved_given_back_and_owed_when_the_disk_fills_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ballast"
    assert ballast.owed_mib(tmp_path, 2) == 0, "a home that never had any owes none"
    disk(monkeypatch, 65)
    ballast.lay(tmp_path, 2, 64)
    assert not file.exists(), "there is no room for it beside the reserve"
    disk(monkeypatch, 67)
    ballast.lay(tmp_path, 2, 64)
    assert file.stat().st_size == 2 * MIB
    assert file.stat().st_blocks * 512 >= 2 * MIB, "the space is taken, not only named"
    assert ballast.owed_mib(tmp_path, 2) == 0
    ballast.release(tmp_path)
    assert file.stat().st_size == 0
    assert ballast.owed_mib(tmp_path, 2) == 2
    ballast.release(tmp_path)
    ballast.lay(tmp_path, 2, 64)
    assert ballast.owed_mib(tmp_path, 2) == 0


def test_it_goes_when_no_ballast_is_wanted_any_more(tmp_path: Path) -> None:
    ballast.lay(tmp_path, 1, 0)
    ballast.lay(tmp_path, 0, 0)
    assert not (tmp_path / "ballast").exists()
