"""A simulated card through the real PC/SC service: what hands can do.

The rows are the table of hardware-facts 2, as a caller of the port CardReader sees them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.card.pcsc import PcscReader
from drivers.card.session import CardSession
from kiosk.errors import CardMute, CardRemoved, ServiceLost
from tests.drivers.card.pcsc_bench import HANGING_S, PATIENT_S, SELECT, PcscBench, status
from tests.drivers.card.service import Service, need_the_real_thing
from tests.ports.card_reader_suite import AMINA, CardReaderSuite

need_the_real_thing()


@pytest.mark.proof
class TestPcscReader(CardReaderSuite):
    @pytest.fixture
    def bench(
        self, service: Service, pcsc_reader: PcscReader, tmp_path: Path
    ) -> Iterator[PcscBench]:
        bench = PcscBench(service, pcsc_reader, tmp_path)
        yield bench
        bench.close()


def test_an_old_session_stays_dead_when_the_card_is_pulled_and_put_back(
    pcsc: PcscBench, session: CardSession
) -> None:
    assert status(session) == "9000"
    seen = pcsc.reader.insertions()
    pcsc.pull()
    with pytest.raises(CardRemoved):
        status(session)
    pcsc.insert(AMINA)
    assert pcsc.reader.insertions() == seen + 1
    with pytest.raises(CardRemoved):
        status(session)
    assert pcsc.reader.read().serial == AMINA


def test_e02_the_card_is_removed_and_not_mute_when_it_is_pulled_in_a_command(
    pcsc: PcscBench, session: CardSession
) -> None:
    pcsc.spoil("pull", 1)
    with pytest.raises(CardRemoved):
        status(session)
    assert not pcsc.reader.present()


def test_the_session_lives_on_when_one_byte_came_back(
    pcsc: PcscBench, session: CardSession
) -> None:
    pcsc.spoil("short", 1)
    assert len(session.transmit(SELECT, PATIENT_S)) < 2
    assert status(session) == "9000"


def test_we_wait_no_longer_than_our_limit_when_the_card_hangs(
    pcsc: PcscBench, session: CardSession
) -> None:
    pcsc.spoil("hang", 1)
    with pytest.raises(CardMute):
        status(session, HANGING_S)
    pcsc.heal()
    session.close()
    assert pcsc.reader.read().serial == AMINA, "it answers again once the hanging command is over"


def test_the_reader_is_lost_and_no_thread_is_added_when_the_card_hangs_on(
    pcsc: PcscBench, session: CardSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    pcsc.spoil("hang", 1)
    with pytest.raises(CardMute):
        status(session, HANGING_S)
    threads = threading.active_count()
    monkeypatch.setattr(pcsc.transport, "patience_s", 0.1)
    for _ in range(3):
        with pytest.raises(ServiceLost, match="hangs"):
            pcsc.reader.read()
    assert threading.active_count() == threads
    monkeypatch.undo()
    pcsc.heal()
    session.close()
    assert pcsc.reader.read().serial == AMINA
