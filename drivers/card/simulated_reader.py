"""A reader of the simulated world: the same driver as for a real reader on a slot made of files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

from drivers.card.reader import ReaderOnSession
from drivers.card.sim import CardRack, SimulatedSlot, SlotState
from drivers.card.sim_card import SimulatedCard
from kiosk.errors import BadInput, CardMute, CardRemoved, CardReset, ServiceLost
from kiosk.ports import SecurityModule

#: How long a session waits for one that another program has with the same card.
_PATIENCE_S = 2.0

FaultKind = Literal["pull", "mute", "hang", "short", "status", "reset"]


class CardFaults:
    """One thing that goes wrong, at the `at`-th command that this reader sends (from 1).

    pull    the card is out: `written_bytes` of the write in progress have reached the chip
    mute    the chip does not answer     hang    the reader waits out the time limit
    short   one byte comes back          status  the chip refuses, with `status`
    reset   another program resets the card before the command

    A mute, hanging or short-spoken chip has still done `written_bytes` of the write.
    """

    def __init__(
        self, kind: FaultKind, at: int, written_bytes: int = 0, status: int = 0x6581
    ) -> None:
        self.kind, self.at, self.written_bytes, self.status = kind, at, written_bytes, status
        self.seen = 0

    def due(self) -> bool:
        """Count one command; whether it is the one that goes wrong."""
        self.seen += 1
        return self.seen == self.at


class SimulatedSession:
    """The card that was in the slot when this session began; see CardSession."""

    def __init__(self, slot: SimulatedSlot, faults: CardFaults | None = None) -> None:
        self.slot, self.faults = slot, faults
        self.began = slot.state()
        if self.began.card is None:
            raise _removed()
        self.card = _take(slot.rack, self.began.card)

    @property
    def atr(self) -> bytes:
        """The answer to reset."""
        return self.card.atr

    def transmit(self, apdu: bytes, timeout_s: float) -> bytes:
        """The chip's answer; see CardSession."""
        self.slot.count_command()
        if self.faults is not None and self.faults.due():
            return self._go_wrong(self.faults, apdu, timeout_s)
        self._check(self.slot.state())
        answer = self.card.answer(apdu)
        self._check(self.slot.state())
        return answer

    def close(self) -> None:
        """Power the card down."""
        self.card.close()

    def _check(self, now: SlotState) -> None:
        if (now.card, now.insertions) != (self.began.card, self.began.insertions):
            raise _removed()
        if now.resets != self.began.resets:
            raise CardReset("Another program has reset the card; read it again.")

    def _go_wrong(self, fault: CardFaults, apdu: bytes, timeout_s: float) -> bytes:
        self._check(self.slot.state())
        if fault.kind == "reset":
            self.slot.reset()
            self._check(self.slot.state())
        if fault.kind == "status":
            return fault.status.to_bytes(2, "big")
        self.card.answer(apdu, fault.written_bytes)
        if fault.kind == "short":
            return b"\x90"
        if fault.kind == "pull":
            self.slot.pull()
            raise _removed()
        if fault.kind == "hang":
            time.sleep(timeout_s)
        raise CardMute("The card does not answer; take it out and look at the chip.")


class SimulatedTransport:
    """One slot as a reader; see CardTransport."""

    def __init__(self, slot: SimulatedSlot, faults: CardFaults | None = None) -> None:
        self.name, self.slot, self.faults = slot.name, slot, faults

    def present(self) -> bool:
        """Whether a card is in the slot now."""
        return self.slot.state().card is not None

    def insertions(self) -> int:
        """How often a card was put in."""
        return self.slot.state().insertions

    def connect(self) -> SimulatedSession:
        """Power the card in the slot; CardRemoved when there is none, ServiceLost when in use."""
        return SimulatedSession(self.slot, self.faults)


class SimulatedReader(ReaderOnSession):
    """The port CardReader on slot `name` of the simulated world in `folder`."""

    def __init__(
        self,
        folder: Path,
        name: str,
        faults: CardFaults | None = None,
        timeout_s: float = 2.0,
        module: SecurityModule | None = None,
    ) -> None:
        super().__init__(SimulatedTransport(SimulatedSlot(folder, name), faults), timeout_s, module)


def _take(rack: CardRack, serial: str) -> SimulatedCard:
    try:
        card = rack.card(serial)
    except BadInput as fault:
        raise ServiceLost(fault.sentence) from None
    deadline = time.monotonic() + _PATIENCE_S
    while not card.take():
        if time.monotonic() > deadline:
            card.close()
            raise ServiceLost("Another program is using the card reader.")
        time.sleep(0.002)
    return card


def _removed() -> CardRemoved:
    return CardRemoved("The card is not in the reader; put the same card in again.")
