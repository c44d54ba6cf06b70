"""What an export tells a stranger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.front import enrolment
from kiosk.front.cli import run
from sync import sealed, wire
from tests.front.keeper import CREDENTIAL, Keeper
from tests.till.hall import KEYPAD


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    made = Keeper(tmp_path)
    made.sell(1)
    yield made
    made.close()


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
