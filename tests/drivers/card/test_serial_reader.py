"""A serial card reader keeps the port's promises; what the line does is not the card's doing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.card.ccid_frames import (
    LONGEST_DATA,
    TRANSFER,
    Frames,
    Message,
    Receipt,
    frame,
    receipt,
)
from drivers.card.serial_reader import SerialReader
from drivers.card.serial_sim import LineFault, SimulatedSerialReader
from drivers.card.sim import CardRack
from drivers.card.simulated_reader import CardFaults
from kiosk.domain.cards import open as layout
from kiosk.errors import CardMute, CardRemoved, ServiceLost
from tests.ports.card_reader_suite import AMINA, BORIS, CardReaderSuite, Trouble, sale


class SerialBench:
    can_be_reset = False

    def __init__(self, folder: Path) -> None:
        self.rack = CardRack(folder)
        for serial, number in ((AMINA, "100000000001"), (BORIS, "100000000002")):
            self.rack.make(serial, layout.make(serial, number, "07000000000"))
        self.device = SimulatedSerialReader(folder, "kiosk")
        self.reader = SerialReader(self.device.path, timeout_s=0.3)

    def heal(self) -> None:
        self.device.fault = None

    def spoil(self, trouble: Trouble, at: int, written_bytes: int = 0) -> None:
        self.device.fault = CardFaults(trouble, at, written_bytes)

    def insert(self, serial: str) -> None:
        self.device.slot.insert(serial)

    def pull(self) -> None:
        self.device.slot.pull()

    def contents(self, serial: str) -> dict[int, bytes]:
        return self.rack.files(serial)

    def close(self) -> None:
        self.reader.close()
        self.device.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[SerialBench]:
    bench = SerialBench(tmp_path)
    yield bench
    bench.close()


class TestSerialReader(CardReaderSuite):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[SerialBench]:
        bench = SerialBench(tmp_path)
        yield bench
        bench.close()


@pytest.mark.parametrize("fault", ["deaf", "spoiled", "unheard", "noise", "late"])
@pytest.mark.parametrize("at", range(8))
def test_one_purchase_is_written_when_the_line_spoils_one_frame(
    bench: SerialBench, fault: LineFault, at: int
) -> None:
    bench.insert(AMINA)
    before = bench.reader.read()
    writes = sale(before)
    clean: list[LineFault] = ["none"] * at
    bench.device.line_faults = [*clean, fault]
    bench.reader.write(AMINA, writes)
    assert layout.witness(before, bench.reader.read(), writes) == "delivered"


def test_the_reader_is_found_again_when_its_cable_was_out(tmp_path: Path) -> None:
    bench = SerialBench(tmp_path)
    bench.insert(AMINA)
    first = bench.reader.read()
    bench.device.close()
    with pytest.raises(ServiceLost):
        bench.reader.read()
    bench.device = SimulatedSerialReader(tmp_path, "kiosk")
    again = SerialReader(bench.device.path, timeout_s=0.3)
    assert again.read() == first
    again.close()
    bench.close()


def test_one_sentence_names_the_line_when_it_is_not_there(tmp_path: Path) -> None:
    reader = SerialReader(str(tmp_path / "nowhere"))
    with pytest.raises(ServiceLost, match="nowhere cannot be opened"):
        reader.present()
    with pytest.raises(ServiceLost, match="is looked for again"):
        reader.present()


def test_one_insertion_is_counted_when_a_mute_card_stays_in(bench: SerialBench) -> None:
    bench.insert(AMINA)
    seen = bench.reader.insertions()
    bench.spoil("mute", 1)
    with pytest.raises(CardMute):
        bench.reader.read()
    bench.heal()
    assert [bench.reader.insertions() for _ in range(3)] == [seen] * 3


def test_the_session_is_over_when_another_card_was_put_in_under_it(bench: SerialBench) -> None:
    bench.insert(AMINA)
    session = bench.reader.serial.connect()
    bench.pull()
    bench.insert(BORIS)
    assert bench.reader.present()
    with pytest.raises(CardRemoved):
        session.transmit(bytes.fromhex("00A4040000"), 0.05)


@given(
    st.lists(
        st.one_of(
            st.builds(
                Message,
                st.sampled_from([TRANSFER, 0x80, 0x81]),
                st.integers(0, 255),
                st.binary(min_size=3, max_size=3),
                st.binary(max_size=LONGEST_DATA),
                st.just(0),
            ),
            st.builds(Receipt, st.booleans()),
        ),
        max_size=5,
    ),
    st.integers(1, 40),
)
def test_every_message_is_found_when_the_stream_comes_in_any_parts(
    messages: list[Message | Receipt], part: int
) -> None:
    stream = b"".join(
        receipt(taken=m.taken) if isinstance(m, Receipt) else frame(m) for m in messages
    )
    frames, found = Frames(), []
    for start in range(0, len(stream), part):
        found += frames.feed(stream[start : start + part])
    assert found == messages


@given(st.binary(max_size=600))
def test_a_good_message_is_found_behind_it_when_noise_comes_first(noise: bytes) -> None:
    wanted = Message(TRANSFER, 7, bytes(3), b"hello")
    frames = Frames()
    found = frames.feed(noise + bytes(2 * LONGEST_DATA) + frame(wanted))
    assert found[-1] == wanted
