"""The real PC/SC service is ended, started again, and asked for readers that are not there."""

from __future__ import annotations

import threading

import pytest

from drivers.card.pcsc import PcscReader, PcscTransport
from drivers.card.session import CardSession
from kiosk.errors import CardMute, ServiceLost
from tests.drivers.card.pcsc_bench import HANGING_S, SOON_S, PcscBench, status
from tests.drivers.card.service import READERS, need_the_real_thing
from tests.ports.card_reader_suite import AMINA

need_the_real_thing()


@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_reader_and_card_come_back_when_the_service_was_ended_and_started(
    pcsc: PcscBench, session: CardSession, how: str
) -> None:
    seen = pcsc.reader.insertions()
    getattr(pcsc.service, how)()
    with pytest.raises(ServiceLost):
        status(session)
    pcsc.see(pcsc.transport.monitor.waits_for_service)
    with pytest.raises(ServiceLost):
        pcsc.reader.present()
    with pytest.raises(ServiceLost):
        pcsc.reader.read()
    pcsc.service.start()
    pcsc.see(pcsc.reader.present)
    assert pcsc.reader.insertions() > seen, "whether it is the same card must be asked anew"
    assert pcsc.reader.read().serial == AMINA


def test_the_session_ends_in_time_when_the_service_is_ended_during_a_hanging_command(
    pcsc: PcscBench, session: CardSession
) -> None:
    pcsc.spoil("hang", 1)
    ending = threading.Timer(HANGING_S / 4, pcsc.service.kill)
    ending.start()
    with pytest.raises((ServiceLost, CardMute)):
        status(session, HANGING_S)
    ending.join()
    pcsc.service.start()
    pcsc.heal()
    pcsc.see(pcsc.reader.present)
    assert pcsc.reader.read().serial == AMINA


def test_the_reader_is_found_when_the_service_starts_after_us(
    pcsc: PcscBench, capfd: pytest.CaptureFixture[str]
) -> None:
    pcsc.service.kill()
    late = PcscReader(READERS[1])
    try:
        with pytest.raises(ServiceLost):
            late.present()
        pcsc.service.start()
        assert late.pcsc.monitor.wait(lambda: not late.present(), SOON_S)
    finally:
        late.close()
    pcsc.see(lambda: not pcsc.reader.present())
    assert capfd.readouterr() == ("", ""), "a C library must not write onto the screen"


def test_the_message_names_the_readers_when_it_cannot_be_told_which_is_meant(
    pcsc: PcscBench,
) -> None:
    for wanted, told in (
        ("", "Several card readers are there, name one: " + ", ".join(READERS)),
        ("Kiosk Virtual Reader", "Several card readers are there"),
        ("ACME", "The card reader ACME is not plugged in"),
    ):
        transport = PcscTransport(wanted)
        try:
            with pytest.raises(ServiceLost, match=told):
                transport.present()
        finally:
            transport.close()


def test_no_thread_is_left_when_the_reader_is_closed(pcsc: PcscBench) -> None:
    before = set(threading.enumerate())
    PcscReader(READERS[0]).close()
    for thread in set(threading.enumerate()) - before:
        thread.join(SOON_S)  # on a busy machine it may end after its reader
        assert not thread.is_alive(), thread
