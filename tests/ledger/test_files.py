"""Small files beside the ledger: whole, synced, and only then under their name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kiosk.ledger.files import replace_durably, write_durably

CONTENT = b"a key that is worth nothing in part"


@pytest.mark.parametrize("write", [write_durably, replace_durably])
def test_a_file_is_whole_and_synced_when_the_disk_took_it_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: object
) -> None:
    assert callable(write)
    to_disk, sync = os.write, os.fsync
    synced: list[int] = []

    def told(handle: int) -> None:
        synced.append(os.fstat(handle).st_size)
        sync(handle)

    monkeypatch.setattr(os, "write", lambda handle, data: to_disk(handle, data[:10]))
    monkeypatch.setattr(os, "fsync", told)
    path = tmp_path / "sealed.keys"
    write(path, CONTENT)
    assert path.read_bytes() == CONTENT
    assert synced[0] == len(CONTENT), "its content first, its name afterwards"
    assert [left.name for left in tmp_path.iterdir()] == [path.name]


def test_the_first_content_stays_when_a_second_one_is_written(tmp_path: Path) -> None:
    path = tmp_path / "medium.id"
    write_durably(path, b"first")
    write_durably(path, b"second")
    assert path.read_bytes() == b"first"
