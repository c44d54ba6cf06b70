"""The simulated reader keeps the port's promises, and the truth survives the program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from drivers.card.sim import CardRack, SimulatedSlot
from drivers.card.simulated_reader import CardFaults, SimulatedReader, SimulatedTransport
from kiosk.domain.cards import open as layout
from kiosk.errors import BadInput, CardRemoved, ServiceLost
from tests.ports.card_reader_suite import AMINA, BORIS, CardReaderSuite, Trouble, sale

SLOT = "kiosk"


class SimulatedBench:
    can_be_reset = True

    def __init__(self, folder: Path) -> None:
        self.folder, self.rack = folder, CardRack(folder)
        for serial, number in ((AMINA, "100000000001"), (BORIS, "100000000002")):
            self.rack.make(serial, layout.make(serial, number, "07000000000"))
        self.slot = SimulatedSlot(folder, SLOT)
        self.heal()

    def heal(self) -> None:
        self.reader = SimulatedReader(self.folder, SLOT, timeout_s=0.01)

    def spoil(self, trouble: Trouble, at: int, written_bytes: int = 0) -> None:
        faults = CardFaults(trouble, at, written_bytes)
        self.reader = SimulatedReader(self.folder, SLOT, faults, timeout_s=0.01)

    def insert(self, serial: str) -> None:
        self.slot.insert(serial)

    def pull(self) -> None:
        self.slot.pull()

    def contents(self, serial: str) -> dict[int, bytes]:
        return self.rack.files(serial)


@pytest.fixture
def bench(tmp_path: Path) -> SimulatedBench:
    return SimulatedBench(tmp_path)


class TestSimulatedReader(CardReaderSuite):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> SimulatedBench:
        return SimulatedBench(tmp_path)


def test_a_card_is_pulled_when_its_commands_are_spent(bench: SimulatedBench) -> None:
    bench.insert(AMINA)
    bench.slot.pull_after(7)
    bench.reader.read()
    with pytest.raises(CardRemoved):
        bench.reader.read()
    assert not bench.reader.present()
    bench.insert(AMINA)
    for _ in range(3):
        bench.reader.read()


def test_a_card_stays_out_of_the_second_slot_when_it_sits_in_one(bench: SimulatedBench) -> None:
    meter = SimulatedSlot(bench.folder, "meter-07000000000")
    bench.insert(AMINA)
    with pytest.raises(BadInput, match="is in slot kiosk"):
        meter.insert(AMINA)
    with pytest.raises(BadInput, match="already holds"):
        bench.insert(BORIS)
    bench.pull()
    meter.insert(AMINA)
    assert (bench.slot.state().card, meter.state().card) == (None, AMINA)


@pytest.mark.parametrize(
    "misuse",
    [
        lambda slot: slot.insert("ffffffffffffffff"),
        lambda slot: slot.pull(),
        lambda slot: slot.pull_after(1),
        lambda slot: SimulatedSlot(slot.folder, "../etc"),
    ],
    ids=["unknown card", "empty slot", "nothing to pull later", "name that is a path"],
)
def test_a_hand_is_told_what_is_wrong_when_it_cannot_do_that(
    bench: SimulatedBench, misuse: object
) -> None:
    assert callable(misuse)
    with pytest.raises(BadInput):
        misuse(bench.slot)


def test_the_reader_is_in_use_when_another_session_has_the_card(
    bench: SimulatedBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.card.simulated_reader._PATIENCE_S", 0.01)
    bench.insert(AMINA)
    session = SimulatedTransport(bench.slot).connect()
    with pytest.raises(ServiceLost):
        bench.reader.read()
    session.close()
    bench.reader.read()


def test_an_old_session_stays_dead_when_the_same_card_is_put_back(bench: SimulatedBench) -> None:
    bench.insert(AMINA)
    session = SimulatedTransport(bench.slot).connect()
    bench.pull()
    bench.insert(AMINA)
    with pytest.raises(CardRemoved):
        session.transmit(bytes.fromhex("00A4040007F04B494F534B01"), 1.0)
    session.close()


def test_nobody_hears_the_answer_when_the_card_is_pulled_during_the_command(
    bench: SimulatedBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.insert(AMINA)
    session = SimulatedTransport(bench.slot).connect()

    def pulled_out(apdu: bytes) -> bytes:
        bench.pull()
        return bytes.fromhex("9000")

    monkeypatch.setattr(session.card, "answer", pulled_out)
    with pytest.raises(CardRemoved):
        session.transmit(bytes.fromhex("00B0810030"), 1.0)
    session.close()


def test_the_service_is_lost_when_the_world_on_disk_is_damaged(bench: SimulatedBench) -> None:
    bench.insert(AMINA)
    (bench.folder / "cards" / f"{AMINA}.card").write_text("paper")
    with pytest.raises(ServiceLost):
        bench.reader.read()
    (bench.folder / "slots" / f"{SLOT}.json").write_text("paper")
    with pytest.raises(ServiceLost):
        bench.reader.present()


# --- other processes --------------------------------------------------------------------------

HAND = """
import sys, pathlib
from drivers.card.sim import SimulatedSlot
slot = SimulatedSlot(pathlib.Path(sys.argv[1]), "kiosk")
for serial in sys.argv[2:]:
    slot.insert(serial)
    slot.pull()
slot.insert(serial)
"""

SELLER = """
import sys, pathlib
import msgspec
from drivers.card.simulated_reader import SimulatedReader
from kiosk import marks
from kiosk.domain.cards.image import PlainWrite
marks.arm_from("card.after_each_write:" + sys.argv[2])
writes = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=list[PlainWrite])
SimulatedReader(pathlib.Path(sys.argv[1]), "kiosk").write(sys.argv[3], writes)
"""


def run(program: str, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        input=given,
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def test_the_reader_sees_it_when_another_process_puts_a_card_in(bench: SimulatedBench) -> None:
    done = run(HAND, str(bench.folder), BORIS, AMINA)
    assert done.returncode == 0, done.stderr.decode()
    assert bench.reader.insertions() == 3
    assert bench.reader.read().serial == AMINA


@pytest.mark.parametrize(
    ("writes_done", "told"), [(1, "torn"), (2, "torn"), (3, "torn"), (4, "delivered")]
)
def test_e01_the_card_knows_what_was_written_when_the_program_is_killed(
    bench: SimulatedBench, writes_done: int, told: str
) -> None:
    bench.insert(AMINA)
    before = bench.reader.read()
    writes = sale(before)
    died = run(
        SELLER, str(bench.folder), str(writes_done), AMINA, given=msgspec.msgpack.encode(writes)
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert layout.witness(before, bench.reader.read(), writes) == told
    bench.reader.write(AMINA, writes)
    assert layout.witness(before, bench.reader.read(), writes) == "delivered"
