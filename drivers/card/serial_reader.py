"""A card reader on a serial line (CCID in serial frames): the second driver behind CardReader.

The line belongs to this program alone, so no other one resets a card under our hands. A card is
left powered between two sessions: one that was pulled and put in again is found without power, and
that is how insertions are counted.

pyserial's SerialException is an OSError; `termios.error`, which it lets through for bad line
settings, is not.
"""

from __future__ import annotations

import contextlib
import select
import termios
import threading
import time
from typing import TYPE_CHECKING

from drivers.card.ccid_frames import (
    ABSENT,
    ACTIVE,
    DATA,
    EXTENDED,
    FAILED,
    ICC_MUTE,
    INACTIVE,
    POWER_ON,
    SLOT_STATUS,
    STATUS,
    TRANSFER,
    Frames,
    Message,
    Receipt,
    frame,
)
from drivers.card.reader import ReaderOnSession
from kiosk.errors import CardMute, CardRemoved, ServiceLost
from kiosk.ports import SecurityModule

if TYPE_CHECKING:
    import serial

#: A reader confirms a frame at once; so long it may be silent before the frame is sent again.
_RECEIPT_S = 0.3
_SENDINGS = 3

#: Limit for what the reader does by itself: looking at the slot, powering a card.
_OWN_S = 2.0

#: Waits before the line is opened again: the first, doubled each time, and the longest.
_REOPEN_FIRST_S, _REOPEN_LONGEST_S = 0.25, 4.0


class SerialLine:
    """Asks one reader. Every call ends by its limit, in an answer or in ServiceLost or CardMute."""

    def __init__(self, path: str, baud: int) -> None:
        self.path, self.baud = path, baud
        self._port: serial.Serial | None = None
        self._frames = Frames()
        self._pending: list[Message | Receipt] = []
        self._sequence = 0
        self._reopen_at_s = 0.0
        self._reopen_wait_s = _REOPEN_FIRST_S

    def ask(self, kind: int, data: bytes, timeout_s: float, three: bytes = bytes(3)) -> Message:
        """The answer to one command, sent again only while the reader has not confirmed it.

        A confirmed command is never sent twice: the card may have worked on it. CardMute when its
        answer does not come in `timeout_s`, ServiceLost when the reader itself is silent.
        """
        port = self._open()
        self._sequence = (self._sequence + 1) % 256
        message = Message(kind, self._sequence, three, data)
        try:
            self._send(port, message)
            return self._answer(port, message.sequence, time.monotonic() + timeout_s)
        except (OSError, termios.error) as trouble:
            self._lose()
            raise ServiceLost(f"The card reader at {self.path} is lost: {trouble}.") from trouble

    def close(self) -> None:
        """Close the line; the next question opens it."""
        if self._port is not None:
            self._port.close()
            self._port = None

    def _open(self) -> serial.Serial:
        if self._port is not None:
            return self._port
        if time.monotonic() < self._reopen_at_s:
            raise ServiceLost(f"The card reader at {self.path} is away; it is looked for again.")
        import serial

        try:
            # exclusive: a second program on the line would read our answers.
            self._port = serial.Serial(
                self.path, self.baud, timeout=0, write_timeout=1.0, exclusive=True
            )
        except (OSError, ValueError, termios.error) as trouble:
            self._lose()
            raise ServiceLost(f"The line {self.path} cannot be opened: {trouble}.") from trouble
        self._frames.clear()
        self._pending.clear()
        return self._port

    def _send(self, port: serial.Serial, message: Message) -> None:
        for _ in range(_SENDINGS):
            self._pending = [entry for entry in self._pending if isinstance(entry, Message)]
            port.write(frame(message))
            deadline_s = time.monotonic() + _RECEIPT_S
            while (entry := self._next(port, deadline_s)) is not None:
                if isinstance(entry, Receipt):
                    if entry.taken:
                        self._reopen_wait_s = _REOPEN_FIRST_S
                        return
                    break
                if entry.sequence == message.sequence:  # the receipt was lost, the answer was not
                    self._pending.append(entry)
                    return
        self._lose()
        raise ServiceLost(f"The card reader at {self.path} does not answer; check power and cable.")

    def _answer(self, port: serial.Serial, sequence: int, deadline_s: float) -> Message:
        """The answer with our number; a late one to an earlier command is passed over."""
        while (entry := self._next(port, deadline_s)) is not None:
            if not isinstance(entry, Message) or entry.sequence != sequence:
                continue
            if entry.kind in (DATA, STATUS) and entry.outcome != EXTENDED:
                return entry
        raise CardMute("The card does not answer; take it out and look at the chip.")

    def _next(self, port: serial.Serial, deadline_s: float) -> Message | Receipt | None:
        watch = select.poll()
        watch.register(port.fileno(), select.POLLIN)
        while not self._pending:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not watch.poll(max(1.0, left_s * 1000)):
                return None
            self._pending += self._frames.feed(port.read(512))
        return self._pending.pop(0)

    def _lose(self) -> None:
        """Close the line and begin the wait before it is opened again."""
        self.close()
        self._reopen_at_s = time.monotonic() + self._reopen_wait_s
        self._reopen_wait_s = min(2 * self._reopen_wait_s, _REOPEN_LONGEST_S)


class SerialSession:
    """The card that was powered when this session began; see CardSession."""

    def __init__(self, transport: SerialTransport, atr: bytes, insertion: int) -> None:
        self.transport, self.atr, self.insertion = transport, atr, insertion

    def transmit(self, apdu: bytes, timeout_s: float) -> bytes:
        """The card's answer; see CardSession."""
        return self.transport.exchange(apdu, timeout_s, self.insertion)

    def close(self) -> None:
        """The card stays powered, so that a new insertion is told from this one."""


class SerialTransport:
    """One serial reader; see CardTransport. `baud` is its factory setting, often 9600 or 115200."""

    def __init__(self, path: str, baud: int = 9600) -> None:
        self.name = path
        self._line = SerialLine(path, baud)
        self._lock = threading.Lock()
        self._insertions = 0
        #: The answer to reset of the card that was seen: None for no card, empty for a mute one.
        self._atr: bytes | None = None

    def present(self) -> bool:
        """Whether a card is in the reader now. Raises ServiceLost."""
        with self._lock:
            return self._look()

    def insertions(self) -> int:
        """Grows with every insertion. Raises ServiceLost."""
        with self._lock:
            self._look()
            return self._insertions

    def connect(self) -> SerialSession:
        """Reset the card, so that every session begins with a card that proved nothing yet."""
        with self._lock:
            if not self._look():
                raise _removed()
            self._power()
            assert self._atr
            return SerialSession(self, self._atr, self._insertions)

    def exchange(self, apdu: bytes, timeout_s: float, insertion: int) -> bytes:
        """One command to the card that was put in as number `insertion`."""
        with self._lock:
            if insertion != self._insertions or self._atr is None:
                raise _removed()
            answer = self._line.ask(TRANSFER, apdu, timeout_s)
            if answer.outcome == FAILED:
                raise self._fault(answer)
            return answer.data

    def close(self) -> None:
        """Let the reader go."""
        self._line.close()

    def _look(self) -> bool:
        """Whether a card is in; one without power is a new insertion and gets power."""
        try:
            card = self._line.ask(SLOT_STATUS, b"", _OWN_S).card
        except CardMute:
            raise ServiceLost(
                f"The card reader at {self.name} hangs; switch it off and on."
            ) from None
        if card == ABSENT:
            self._atr = None
            return False
        if self._atr is None or (card == INACTIVE and self._atr):
            self._insertions += 1
            self._atr = b""
            if card == INACTIVE:
                self._power_new()
        return True

    def _power_new(self) -> None:
        """Power is what marks an insertion as seen; a card that stays mute is told at `connect`."""
        with contextlib.suppress(CardMute, CardRemoved):
            self._power()

    def _power(self) -> None:
        answer = self._line.ask(POWER_ON, b"", _OWN_S)
        if answer.outcome == FAILED or answer.card != ACTIVE:
            raise self._fault(answer)
        self._atr = answer.data

    def _fault(self, answer: Message) -> CardMute | CardRemoved:
        """A card that is out, or back without power, is another insertion; it is mute otherwise."""
        if answer.card == ABSENT or (answer.card == INACTIVE and answer.error != ICC_MUTE):
            self._atr = None
            return _removed()
        return CardMute("The card does not answer; take it out and look at the chip.")


class SerialReader(ReaderOnSession):
    """The port CardReader on a serial reader; `timeout_s` is the limit for one command."""

    def __init__(
        self,
        path: str,
        baud: int = 9600,
        timeout_s: float = 2.0,
        module: SecurityModule | None = None,
    ) -> None:
        self.serial = SerialTransport(path, baud)
        super().__init__(self.serial, timeout_s, module)

    def close(self) -> None:
        """Let the reader go."""
        self.serial.close()


def _removed() -> CardRemoved:
    return CardRemoved("The card is not in the reader; put the same card in again.")
