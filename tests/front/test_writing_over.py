"""What leaves the ledger never takes the place of a file that is there (a mistyped name)."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest

from kiosk.__main__ import main
from tests.front.conftest import Kiosk, is_one_sentence

LEAVING = [
    ("backup",), ("export", "--all"), ("export", "--catalogue"), ("customers", "export"),
]  # fmt: skip


@pytest.mark.parametrize("words", LEAVING)
@pytest.mark.parametrize("name", ["ledger.db", "keys/signing.key", "home.json", "new.file"])
def test_the_home_is_untouched_when_a_copy_is_named_into_it(
    kiosk: Kiosk, home: Path, words: tuple[str, ...], name: str
) -> None:
    kiosk("verify")
    kiosk("customers", "--limit", "1")
    before = (home / "keys" / "signing.key").read_bytes()
    is_one_sentence(kiosk(*words, home / name), 1, "inside the home")
    assert not (home / "new.file").exists()
    assert (home / "keys" / "signing.key").read_bytes() == before
    assert kiosk("verify").exit == 0


@pytest.mark.parametrize("words", LEAVING)
def test_an_older_file_stays_when_its_name_is_given_again(
    kiosk: Kiosk, tmp_path: Path, words: tuple[str, ...]
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("yesterday")
    is_one_sentence(kiosk(*words, precious), 1, "never written over")
    assert precious.read_text() == "yesterday"
    fresh = tmp_path / "fresh"
    assert kiosk(*words, fresh).exit == 0
    assert fresh.stat().st_size
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fresh", "precious"]


def test_lists_and_exports_are_for_their_owners_eyes_when_the_program_writes_them(
    home: Path, kiosk: Kiosk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kiosk("customers")  # the home is there
    before = os.umask(0o022)
    try:
        for words in (("customers", "export"), ("export", "--all")):
            file = tmp_path / words[0]
            monkeypatch.setattr(sys, "argv", ["kiosk", *words, str(file)])
            assert main() == 0
            assert file.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)
        gc.enable()
