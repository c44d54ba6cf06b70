"""The card side of vpcd's wire: a simulated chip in a reader of the real PC/SC service.

vpcd (Debian: vsmartcard-vpcd) is a reader driver whose card is whoever connects to its TCP port.
Both ways a message is two bytes of length and the body. A body of one byte comes from the reader
itself (0 power off, 1 power on, 2 reset, 4 answer to reset); a longer one is a command. Who answers
is present; who closes the connection is pulled (hardware-facts 2).
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Protocol

from drivers.card.simulated_reader import CardFaults

_POWER_OFF, _POWER_ON, _RESET, _ANSWER_TO_RESET = 0, 1, 2, 4
_PAUSE_S = 0.05


class Chip(Protocol):
    """A simulated chip, whatever its family."""

    @property
    def atr(self) -> bytes:
        """The answer to reset."""

    def reset(self) -> None:
        """Forget what was selected and proved."""

    def answer(self, apdu: bytes, written_bytes: int | None = None) -> bytes:
        """Data and status; see SimulatedCard.answer."""

    def close(self) -> None:
        """Power down."""


class VpcdCard:
    """A chip that sits in vpcd's reader from creation until `pull`.

    `dial` opens a connection to vpcd, and is called again while it fails or after the service went
    away: a card stays in its slot whatever the computer does..
    """

    def __init__(self, chip: Chip, dial: Callable[[], socket.socket], hang_s: float = 0.0) -> None:
        self.chip, self.dial, self.hang_s = chip, dial, hang_s
        self.fault: CardFaults | None = None
        self.on_reset: Callable[[], None] = lambda: None
        self._line: socket.socket | None = None
        self._out, self._awake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._sit, name="vpcd-card", daemon=True)
        self._thread.start()

    def pull(self) -> None:
        """Take the card out."""
        self._out.set()
        self._awake.set()
        self._hang_up()
        self._thread.join()

    def wake(self) -> None:
        """End the silence of a card that hangs, before `hang_s` is over."""
        self._awake.set()

    def is_out(self) -> bool:
        """Whether the card was pulled, by a hand or by a fault."""
        return self._out.is_set()

    def _sit(self) -> None:
        while not self._out.is_set():
            try:
                self._line = self.dial()
            except OSError:
                self._out.wait(_PAUSE_S)
                continue
            with self._line, contextlib.suppress(OSError):
                self._serve(self._line)
        self.chip.close()

    def _serve(self, line: socket.socket) -> None:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while not self._out.is_set():
            body = self._receive(line, int.from_bytes(self._receive(line, 2), "big"))
            if len(body) > 1:
                answer = self._answer(body)
            elif body[0] == _ANSWER_TO_RESET:
                answer = self.chip.atr
            else:
                self.chip.reset()
                continue
            if self._out.is_set():
                return
            line.sendall(len(answer).to_bytes(2, "big") + answer)

    def _receive(self, line: socket.socket, length: int) -> bytes:
        """Exactly `length` bytes. Quick acknowledgement is a switch that falls back at each turn:
        without it vpcd's two small packets wait 40 ms for each other."""
        received = b""
        while len(received) < length:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            part = line.recv(length - len(received))
            if not part:
                raise ConnectionResetError
            received += part
        return received

    def _answer(self, apdu: bytes) -> bytes:
        fault = self.fault
        if fault is None or not fault.due():
            return self.chip.answer(apdu)
        if fault.kind == "status":
            return fault.status.to_bytes(2, "big")
        if fault.kind == "reset":
            self.on_reset()
            return self.chip.answer(apdu)
        self.chip.answer(apdu, fault.written_bytes)
        if fault.kind == "pull":
            self._out.set()
            self._hang_up()
        if fault.kind in ("mute", "hang"):
            self._awake.clear()
            if not self._out.is_set():
                self._awake.wait(self.hang_s)
        return b"\x90"

    def _hang_up(self) -> None:
        if self._line is not None:
            with contextlib.suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)
