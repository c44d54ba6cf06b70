"""A card rack beside the real PC/SC service: hands, and what other programs do at the same card."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drivers.card import binding
from drivers.card.pcsc import PcscReader
from drivers.card.session import CardSession
from drivers.card.sim import CardRack
from drivers.card.simulated_reader import CardFaults
from drivers.card.vpcd import VpcdCard
from kiosk.domain.cards import open as layout
from tests.drivers.card.service import READERS, Service
from tests.ports.card_reader_suite import AMINA, BORIS, Trouble

SELECT = bytes.fromhex("00A4040007F04B494F534B01")
#: Limit of a command that is answered, however busy the machine is, and of one that never is.
PATIENT_S, HANGING_S = 30.0, 0.5
#: How long something may take that certainly happens.
SOON_S = 30.0
FOR_EVER_S = 600.0


class PcscBench:
    """A card rack beside the service; hands wait until the reader has seen what they did."""

    can_be_reset = False

    def __init__(self, service: Service, reader: PcscReader, folder: Path) -> None:
        self.service, self.reader, self.rack = service, reader, CardRack(folder)
        self.transport = reader.pcsc
        self.card: VpcdCard | None = None
        self.others: list[threading.Thread] = []
        self.waited = threading.Event()
        for serial, number in ((AMINA, "100000000001"), (BORIS, "100000000002")):
            self.rack.make(serial, layout.make(serial, number, "07000000000"))

    def insert(self, serial: str) -> None:
        assert self.card is None or self.card.is_out()
        self.card = VpcdCard(self.rack.card(serial), self.service.dial, hang_s=FOR_EVER_S)
        self.card.on_reset = self.other_program
        self.see(self.reader.present)

    def pull(self) -> None:
        assert self.card is not None
        self.card.pull()
        self.see(lambda: not self.reader.present())

    def see(self, wanted: Callable[[], bool]) -> None:
        assert self.transport.monitor.wait(wanted, SOON_S)

    def spoil(self, trouble: Trouble, at: int, written_bytes: int = 0) -> None:
        """A card that hangs does so until `heal`, so that no test depends on who is quicker."""
        assert self.card is not None
        self.card.fault = CardFaults(trouble, at, written_bytes)
        if trouble in ("mute", "hang"):
            self.reader.timeout_s = HANGING_S

    def heal(self) -> None:
        assert self.card is not None
        self.card.fault = None
        self.card.wake()
        self.reader.timeout_s = PATIENT_S
        for other in self.others:
            other.join()

    def contents(self, serial: str) -> dict[int, bytes]:
        return self.rack.files(serial)

    def other_program(self) -> None:
        """Another program that tries to reset the card now, and has to wait for us to finish."""
        self.others.append(threading.Thread(target=self._reset))
        self.others[-1].start()

    def _reset(self) -> None:
        scard = self.transport.scard
        with other_client(scard) as card:
            reset(scard, card)

    def close(self) -> None:
        self.reader.timeout_s = PATIENT_S
        if self.card is not None:
            self.card.pull()
            self.see(lambda: not self.reader.present())


class other_client:
    """Another program's connection to the card in the first reader."""

    def __init__(self, scard: Any, share: int | None = None) -> None:
        self.scard, self.share = scard, scard.SCARD_SHARE_SHARED if share is None else share

    def __enter__(self) -> Any:
        result, self.context = binding.establish(self.scard)
        assert result == 0
        protocols = self.scard.SCARD_PROTOCOL_T0 | self.scard.SCARD_PROTOCOL_T1
        result, self.card, _ = self.scard.SCardConnect(
            self.context, READERS[0], self.share, protocols
        )
        assert result == 0, hex(binding.number(result))
        return self.card

    def __exit__(self, *_: object) -> None:
        self.scard.SCardDisconnect(self.card, self.scard.SCARD_LEAVE_CARD)
        self.scard.SCardReleaseContext(self.context)


def reset(scard: Any, card: Any) -> None:
    protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
    for _ in range(1000):
        result, _ = scard.SCardReconnect(
            card, scard.SCARD_SHARE_SHARED, protocols, scard.SCARD_RESET_CARD
        )
        if binding.number(result) != binding.SHARING_VIOLATION:
            break
        time.sleep(0.002)
    assert result == 0, hex(binding.number(result))


def status(session: CardSession, timeout_s: float = PATIENT_S) -> str:
    """The status word of a selection."""
    return session.transmit(SELECT, timeout_s)[-2:].hex()
