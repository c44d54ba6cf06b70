"""A real card reader through PC/SC: pyscard's low-level calls, a monitor and a watchdog of our own.

A session is one shared connection inside one transaction: other programs wait until it ends, and
the card is left as it is, because powering it down would reset it under their hands (hardware-facts
2). Every call that may hang is made by the worker; who asked gets CardMute when its time is over.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Any, TypeVar

from drivers.card import binding
from drivers.card.monitor import Monitor
from drivers.card.reader import ReaderOnSession
from drivers.card.worker import Worker
from kiosk.errors import ServiceLost
from kiosk.ports import SecurityModule

Result = TypeVar("Result")

#: How long a session waits for another program's transaction, or for a call that hangs.
_PATIENCE_S = 2.0

#: The service looks at a reader about every 0.4 s; a removal is known to it after that.
_REMOVAL_S = 1.0


def chooser(wanted: str) -> Callable[[list[str]], str]:
    """Picks the configured reader from a list of names, ServiceLost when it cannot be told.

    PC/SC ends a name with numbers that change when the reader is put into another socket, so the
    name may be given without them; the serial in brackets, where a reader has one, tells two of a
    kind apart (E33). Without a name there must be one reader only.
    """

    def choose(readers: list[str]) -> str:
        if wanted in readers:
            return wanted
        bare = _without_numbers(wanted)
        found = [reader for reader in readers if not wanted or _without_numbers(reader) == bare]
        if len(found) == 1:
            return found[0]
        if found:
            raise ServiceLost(f"Several card readers are there, name one: {', '.join(found)}.")
        others = f" (there are: {', '.join(readers)})" if readers else ""
        raise ServiceLost(f"The card reader {wanted} is not plugged in{others}.".replace("  ", " "))

    return choose


def _without_numbers(reader: str) -> str:
    return re.sub(r"( [0-9A-F]{2}){2}$", "", reader)


class PcscSession:
    """The card that was in the reader when this session began; see CardSession."""

    def __init__(self, transport: PcscTransport, card: Any, protocol: int, atr: bytes) -> None:
        self.transport, self.card, self.atr = transport, card, atr
        scard = transport.scard
        one = protocol == scard.SCARD_PROTOCOL_T1
        self.header = scard.SCARD_PCI_T1 if one else scard.SCARD_PCI_T0

    def transmit(self, apdu: bytes, timeout_s: float) -> bytes:
        """The card's answer; see CardSession.

        A card that was pulled in the middle of a command gives an empty answer or an unclear error
        first, so whether it is still there is asked before it is called mute.
        """
        scard, header, command = self.transport.scard, self.header, list(apdu)
        try:
            result, answer = self.transport.worker.call(
                lambda: scard.SCardTransmit(self.card, header, command), timeout_s
            )
        except TimeoutError:
            raise binding.mute() from None
        fault = binding.fault_of(result) if binding.number(result) else None
        if fault is None and len(answer) >= 2:
            return bytes(answer)
        if self.transport.is_gone(self.card):
            raise binding.removed()
        if fault is not None:
            self.transport.failed(result)
            raise fault
        return bytes(answer)

    def close(self) -> None:
        """Let others have the card, as it is."""
        self.transport.worker.post(lambda: self.transport.release(self.card))


class PcscTransport:
    """One PC/SC reader; see CardTransport.

    `name` is the reader's name, with or without the numbers at its end, or "" for the only one.
    Build it before a screen is drawn (see binding.quiet). BadInput when pyscard is missing.
    """

    def __init__(self, name: str = "", patience_s: float = _PATIENCE_S) -> None:
        self.scard = binding.load()
        self.name, self.patience_s = name or "card reader", patience_s
        self.context: Any = None
        self.held: Any = None
        self.worker = Worker("card-reader")
        self.monitor = Monitor(self.scard, chooser(name))
        self.monitor.wait(lambda: bool(self.monitor.reader()), 0.5)

    def present(self) -> bool:
        """Whether a card is in the reader now."""
        return self.monitor.present()

    def insertions(self) -> int:
        """Grows with every insertion."""
        self.monitor.reader()
        return self.monitor.insertions()

    def connect(self) -> PcscSession:
        """Power the card, alone with us until the session ends; see CardTransport.

        There is one session at a time: a new one ends the one before, which would keep it waiting.
        """
        reader = self.monitor.reader()
        try:
            return self.worker.call(
                lambda: self._connect(reader),
                self.patience_s,
                undo=lambda session: self.release(session.card),
            )
        except TimeoutError:
            raise ServiceLost("The card reader hangs, or another program keeps it.") from None

    def close(self) -> None:
        """Let the reader go."""
        self.monitor.close()
        self.worker.post(self._drop_context)
        self.worker.close(self.patience_s)

    # --- on the worker's thread -------------------------------------------------------------------

    def _connect(self, reader: str) -> PcscSession:
        scard = self.scard
        self.release(self.held)
        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        card, protocol = self._open(reader, protocols)
        self.held = card
        result = binding.number(scard.SCardBeginTransaction(card))
        if result == binding.RESET_CARD:
            # Another program reset the card between our two calls; nothing of ours is lost yet.
            result, protocol = scard.SCardReconnect(
                card, scard.SCARD_SHARE_SHARED, protocols, scard.SCARD_LEAVE_CARD
            )
            result = binding.number(result or scard.SCardBeginTransaction(card))
        if result:
            self.release(card)
            self._check(result)
        result, _, _, _, atr = scard.SCardStatus(card)
        if binding.number(result):
            self.release(card)
            self._check(result)
        return PcscSession(self, card, protocol, bytes(atr))

    def _open(self, reader: str, protocols: int) -> tuple[Any, int]:
        """Connect; once more with a new context if the old one is of a service that has gone."""
        for _ in range(2):
            result, card, protocol = self.scard.SCardConnect(
                self._context(), reader, self.scard.SCARD_SHARE_SHARED, protocols
            )
            if binding.number(result) not in binding.CONTEXT_LOST:
                break
            self._drop_context()
        self._check(result)
        return card, protocol

    def _context(self) -> Any:
        if self.context is None:
            result, context = binding.establish(self.scard)
            self._check(result)
            self.context = context
        return self.context

    def _check(self, result: int) -> None:
        if binding.number(result):
            self.failed(result)
            raise binding.fault_of(result)

    def failed(self, result: int) -> None:
        """Take note of an error: after some of them the connection to the service is no good."""
        if binding.number(result) in binding.CONTEXT_LOST:
            self.worker.post(self._drop_context)

    def release(self, card: Any) -> None:
        """End transaction and connection; errors only say that both are gone already."""
        if card is None or card != self.held:
            return
        self.held = None
        self.scard.SCardEndTransaction(card, self.scard.SCARD_LEAVE_CARD)
        self.scard.SCardDisconnect(card, self.scard.SCARD_LEAVE_CARD)

    def _drop_context(self) -> None:
        if self.context is not None:
            self.scard.SCardReleaseContext(self.context)
            self.context = None

    # --- after trouble ----------------------------------------------------------------------------

    def is_gone(self, card: Any) -> bool:
        """Whether the card was pulled: the service may need a moment to see it."""
        with contextlib.suppress(TimeoutError):
            answered = self.worker.call(lambda: self.scard.SCardStatus(card), self.patience_s)
            if isinstance(binding.fault_of(answered[0]), ServiceLost) and answered[0]:
                return False
        return self.monitor.wait(lambda: not self.monitor.present(), _REMOVAL_S)


class PcscReader(ReaderOnSession):
    """The port CardReader on a PC/SC reader; `timeout_s` is the limit for one command."""

    def __init__(
        self, name: str = "", timeout_s: float = 2.0, module: SecurityModule | None = None
    ) -> None:
        self.pcsc = PcscTransport(name)
        super().__init__(self.pcsc, timeout_s, module)

    def close(self) -> None:
        """Let the reader go."""
        self.pcsc.close()
