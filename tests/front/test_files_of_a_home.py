"""What a person may do to the files of a home by mistake, and what copies tell a stranger."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.errors import BadInput
from kiosk.front import enrolment
from kiosk.front.cli import run
from kiosk.ledger.entry_file import Cover
from kiosk.ledger.second_medium import PURPOSE, check_medium
from kiosk.till import copies
from kiosk.till.desk import Desk
from sync import sealed, wire
from tests.front.conftest import Kiosk, is_one_sentence
from tests.front.keeper import CREDENTIAL, Keeper
from tests.till.hall import KEYPAD

IN_THE_HOME = ("ledger.db", "home.json", "keys/signing.key", "new.file")


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    made = Keeper(tmp_path)
    made.sell(1)
    yield made
    made.close()


@pytest.mark.parametrize("name", IN_THE_HOME)
@pytest.mark.parametrize("words", [("backup",), ("export", "--all"), ("export", "--catalogue")])
def test_nothing_of_the_home_is_written_over_when_a_copy_is_sent_there(
    kiosk: Kiosk, home: Path, words: tuple[str, ...], name: str
) -> None:
    kiosk("customers", "--json")
    target = home / name
    before = target.read_bytes() if target.exists() else None
    part = "not written over" if before is not None else "lies in the home"
    is_one_sentence(kiosk(words[0], target, *words[1:]), 1, part)
    assert (target.read_bytes() if target.exists() else None) == before


@pytest.mark.parametrize("words", [("backup",), ("export", "--all")])
def test_a_file_that_exists_is_not_written_over(
    kiosk: Kiosk, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "doc.txt").write_text("precious")
    is_one_sentence(kiosk(words[0], tmp_path / "doc.txt", *words[1:]), 1, "not written over")
    assert (tmp_path / "doc.txt").read_text() == "precious"


def test_an_empty_ledger_is_told_in_one_sentence(kiosk: Kiosk, tmp_path: Path) -> None:
    place = tmp_path / "empty"
    place.mkdir()
    (place / "ledger.db").touch()
    is_one_sentence(kiosk("verify", "--home", place), 1, "the ledger of this home is gone")


def test_a_sound_ledger_of_another_home_is_no_sound_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    homes = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        made = Keeper(tmp_path / name, lock="none", medium=False)
        made.open().close()
        homes.append(made.home)
    one, other = homes
    assert run(["verify", "--home", str(one)]) == 0
    (one / "keys" / "signing.key").write_bytes((other / "keys" / "signing.key").read_bytes())
    assert run(["verify", "--home", str(one)]) == 1
    assert "signing key is not the one" in capsys.readouterr().err
    shutil.copyfile(other / "ledger.db", one / "ledger.db")
    for beside in one.glob("ledger.db-*"):
        beside.unlink()
    assert run(["verify", "--home", str(one)]) == 1
    assert "belongs to" in capsys.readouterr().err


def enrol_with_a_key(keeper: Keeper) -> X25519PrivateKey:
    key = sealed.box_key(bytes(32))
    told = wire.Enrolment("SC1", "00" * 32, 0, 32, 0, sealed.public_part(key).hex())
    house = keeper.open()

    class Road:
        def enrol(self, _request: wire.EnrolmentRequest) -> wire.Enrolment:
            return told

    enrolment.enrol(keeper.home, house.home.journal, Road())  # type: ignore[arg-type]
    house.close()
    return key


def test_only_the_centre_reads_an_export_that_was_sealed(
    keeper: Keeper, capsys: pytest.CaptureFixture[str]
) -> None:
    key = enrol_with_a_key(keeper)
    open_file, closed = keeper.place / "open.bundles", keeper.place / "closed.bundles"
    for words in ((str(open_file),), (str(closed), "--sealed")):
        assert run(["export", *words, "--all", "--home", str(keeper.home)]) == 0
    said = capsys.readouterr()
    assert said.err.count("lie open") == 1
    whole = b"".join(sealed.opened(each, "SC1", key) for each in sealed.split(closed.read_bytes()))
    told = [entry.body for each in wire.decode_bundles(whole) for entry in each.entries]
    assert any(KEYPAD.encode() in body for body in told), "the test of the test"
    for secret in (KEYPAD.encode(), CREDENTIAL):
        assert secret not in closed.read_bytes()
    assert whole == open_file.read_bytes()


def test_a_sealed_export_wants_a_centre_that_gave_a_key(
    keeper: Keeper, capsys: pytest.CaptureFixture[str]
) -> None:
    target = keeper.place / "closed.bundles"
    assert run(["export", str(target), "--sealed", "--home", str(keeper.home)]) == 1
    assert "no key to seal with" in capsys.readouterr().err
    assert not target.exists()


def test_a_rotten_second_medium_is_told_before_it_is_needed(keeper: Keeper) -> None:
    entries = next(keeper.medium.glob("*.entries"))
    house = keeper.open()
    desk: Desk = house.desk
    cover = Cover(_key(keeper), desk.journal.origin, PURPOSE)
    assert check_medium(entries, cover) == ""
    with contextlib.closing(house), pytest.raises(BadInput, match="lies in the home"):
        copies.backup(desk, keeper.home / "new.backup")
    content = bytearray(entries.read_bytes())
    content[len(content) // 2] ^= 1
    entries.write_bytes(content)
    assert "damaged" in check_medium(entries, cover)


def _key(keeper: Keeper) -> bytes:
    from kiosk.ledger.connection import key_of

    return key_of(keeper.home)
