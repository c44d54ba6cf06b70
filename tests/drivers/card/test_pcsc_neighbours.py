"""Other programs at the same card, through the real PC/SC service."""

from __future__ import annotations

import threading

import pytest

from drivers.card import binding
from drivers.card.session import CardSession
from kiosk.errors import CardReset, ServiceLost
from tests.drivers.card.pcsc_bench import SELECT, SOON_S, PcscBench, other_client, reset, status
from tests.drivers.card.service import need_the_real_thing
from tests.ports.card_reader_suite import AMINA

need_the_real_thing()


def test_the_next_session_works_when_another_program_has_reset_the_card(pcsc: PcscBench) -> None:
    pcsc.insert(AMINA)
    pcsc.reader.read()
    with other_client(pcsc.transport.scard) as card:
        reset(pcsc.transport.scard, card)
        assert pcsc.reader.read().serial == AMINA
    assert pcsc.reader.read().serial == AMINA


def test_the_card_is_not_powered_down_when_our_session_ends(pcsc: PcscBench) -> None:
    pcsc.insert(AMINA)
    scard = pcsc.transport.scard
    with other_client(scard) as card:
        pcsc.reader.read()
        result, answer = scard.SCardTransmit(card, scard.SCARD_PCI_T0, list(SELECT))
    assert (binding.number(result), bytes(answer).hex()) == (binding.OK, "9000")


def test_another_program_waits_when_we_are_at_the_card(
    pcsc: PcscBench, session: CardSession
) -> None:
    pcsc.other_program()
    for _ in range(20):
        assert status(session) == "9000"
    assert pcsc.others[0].is_alive()
    session.close()
    pcsc.others[0].join(SOON_S)
    assert not pcsc.others[0].is_alive()


def test_we_wait_our_turn_when_another_program_is_at_the_card(pcsc: PcscBench) -> None:
    pcsc.insert(AMINA)
    scard = pcsc.transport.scard
    with other_client(scard) as card:
        assert scard.SCardBeginTransaction(card) == binding.OK
        turn = threading.Timer(0.2, scard.SCardEndTransaction, (card, scard.SCARD_LEAVE_CARD))
        turn.start()
        assert pcsc.reader.read().serial == AMINA
        turn.join()


def test_the_service_is_lost_for_now_when_another_program_keeps_the_card(pcsc: PcscBench) -> None:
    pcsc.insert(AMINA)
    scard = pcsc.transport.scard
    with (
        other_client(scard, scard.SCARD_SHARE_EXCLUSIVE),
        pytest.raises(ServiceLost, match="other"),
    ):
        pcsc.reader.read()
    assert pcsc.reader.read().serial == AMINA


def test_the_error_says_reset_when_the_service_says_so() -> None:
    """No other program can reset a card inside our transaction; a reader's firmware can."""
    assert isinstance(binding.fault_of(0x80100068), CardReset)
