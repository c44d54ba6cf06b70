"""What `kiosk doctor` can say of a machine on which something of the card reader is missing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.card import binding, diagnose
from drivers.card.monitor import Seat
from drivers.card.pcsc import PcscTransport, chooser
from kiosk.errors import BadInput, ServiceLost

REPOSITORY = Path(__file__).parents[3]


def test_each_part_names_its_package_when_it_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(binding, "has_library", lambda: False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setattr("shutil.which", lambda _name, path: None)
    monkeypatch.setattr(diagnose, "_DRIVERS", tmp_path)
    told = diagnose.diagnose()
    assert [state for state, _, _ in told] == ["missing"] * 3 + ["warning"] * 2
    packages = ("libpcsclite1", "libpcsclite-dev", "pcscd", "libccid", "libacsccid1")
    for (_, _, advice), package in zip(told, packages, strict=True):
        assert package in advice


def test_one_sentence_names_the_package_when_a_real_reader_is_wanted_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(binding, "has_library", lambda: False)
    with pytest.raises(BadInput, match=r"apt install .*libpcsclite1"):
        PcscTransport()
    monkeypatch.setattr(binding, "has_library", lambda: True)
    monkeypatch.setitem(sys.modules, "smartcard", None)
    with pytest.raises(BadInput, match=r"pip install 'payment-hall\[pcsc\]'"):
        PcscTransport()


def test_pyscard_stays_unloaded_when_only_the_module_is_imported() -> None:
    program = "import sys, drivers.card.pcsc; sys.exit('smartcard' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=False)
    assert done.returncode == 0


@pytest.mark.skipif(importlib.util.find_spec("smartcard") is None, reason="pyscard is missing")
def test_the_service_is_named_when_it_does_not_answer() -> None:
    """In a process of its own: the library keeps the first socket it was told of."""
    program = "from drivers.card.diagnose import diagnose; print(diagnose())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY, env={"PCSCLITE_CSOCK_NAME": "/nowhere"}, check=True, capture_output=True,
    )  # fmt: skip
    assert b"does not answer (8010001D)" in done.stdout
    assert done.stderr == b""


READERS = ["ACS ACR39U [0A] 00 00", "ACS ACR39U [0B] 01 00", "Cherry ST-2000 02 00"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("ACS ACR39U [0B] 01 00", "ACS ACR39U [0B] 01 00"),
        ("ACS ACR39U [0A]", "ACS ACR39U [0A] 00 00"),
        ("Cherry ST-2000 07 00", "Cherry ST-2000 02 00"),
        ("ACS ACR39U", ServiceLost),
        ("", ServiceLost),
    ],
    ids=["full name", "serial", "another socket", "not the whole name", "no name"],
)
def test_e33_the_reader_is_found_by_its_name_when_its_numbers_have_changed(
    wanted: str, found: str | type[ServiceLost]
) -> None:
    if isinstance(found, str):
        assert chooser(wanted)(READERS) == found
    else:
        with pytest.raises(found):
            chooser(wanted)(READERS)


EMPTY, PRESENT = 0x10, 0x20


@pytest.mark.parametrize(
    ("words", "insertions", "why"),
    [
        ([(0, EMPTY)], 0, "nothing is in at the start"),
        ([(5, PRESENT)], 1, "a card was in at the start"),
        ([(0, EMPTY), (1, PRESENT)], 1, "put in"),
        ([(1, PRESENT), (2, EMPTY), (3, PRESENT)], 2, "pulled and put back"),
        ([(1, PRESENT), (3, PRESENT)], 2, "pulled and put back between two looks"),
        ([(0, EMPTY), (2, EMPTY)], 1, "put in and pulled between two looks"),
        ([(0, EMPTY), (5, PRESENT)], 3, "three times between two looks"),
        ([(0xFFFF, PRESENT), (1, PRESENT)], 2, "the counter went round"),
    ],
)
def test_no_insertion_is_missed_when_a_card_comes_and_goes_between_two_looks(
    words: list[tuple[int, int]], insertions: int, why: str
) -> None:
    seat = Seat("reader")
    assert sum(seat.saw(events << 16 | state) for events, state in words) == insertions, why
