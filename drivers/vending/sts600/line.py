"""One security module on one serial line, 9600 baud 8N1: asked with limits, reopened after a loss.

The module works off requests in their order, and a reply does not name its request. A late token
must never be taken for the next customer's. So after anything but a clean exchange the line is
brought into step: a harmless question is asked until its own reply comes; what arrives before is
late or noise and is passed over. Two questions take turns, `SM?DI` and `SM?GA`, because a question
may have to be asked again and its first reply may still come: a reply of the *other* kind proves
that everything before it was worked off (the alternating bit protocol, right on any line that
keeps its order, however long a reply takes). A line that was just opened is brought into step
twice, because a program that was killed may have left questions behind.

pyserial's SerialException is an OSError; `termios.error`, which it lets through for bad line
settings, is not.
"""

from __future__ import annotations

import select
import termios
import time
from typing import TYPE_CHECKING

from drivers.vending.sts600.frames import (
    END,
    LONGEST_LINE,
    Reply,
    number,
    parse_reply,
    request_line,
)
from kiosk.errors import VendorFault

if TYPE_CHECKING:
    import serial

_IDENTITY, _ATTRIBUTES = "DI", "GA"
_NOT_UNDERSTOOD = "GL!ER"
_STEPS_AFTER_OPENING = 2

#: Waits before the line is opened again: the first, doubled each time, and the longest.
_REOPEN_FIRST_S, _REOPEN_LONGEST_S = 0.25, 4.0


class Sts600Line:
    """Asks one module. Every call ends by the deadline it is given, in a reply or a VendorFault.

    `register` is a key register to ask for while the line is brought into step; it may be empty.
    """

    def __init__(self, path: str, register: int) -> None:
        self.path = path
        #: Grows with every opening, so that the caller knows when to ask for the keys again.
        self.session = 0
        self._port: serial.Serial | None = None
        self._questions = ((_IDENTITY, ""), (_ATTRIBUTES, number(register)))
        self._turn = 0
        self._steps_due = _STEPS_AFTER_OPENING
        self._received = bytearray()
        self._reopen_at_s = 0.0
        self._reopen_wait_s = _REOPEN_FIRST_S

    def ask(self, command: str, payload: str, deadline_s: float) -> Reply:
        """The module's reply to one request, sent once: SM!xx, or GL!ER for one not understood.

        VendorFault when there is none: nobody knows whether the module has acted.
        """
        self.open()
        while self._steps_due or self._may_be_stale(command):
            self._step(deadline_s)
            self._steps_due = max(0, self._steps_due - 1)
        self._steps_due = 1
        reply = self._exchange(command, payload, deadline_s)
        if reply is None:
            raise self._silent()
        if reply.header != _NOT_UNDERSTOOD:
            self._steps_due = 0
        return reply

    def open(self) -> None:
        """Open the line unless it is open; VendorFault at once while a wait after a loss runs."""
        if self._port is not None:
            return
        if time.monotonic() < self._reopen_at_s:
            raise VendorFault(
                f"The security module at {self.path} is away; it is looked for again."
            )
        import serial

        try:
            # exclusive: a second program on the line would read our answers.
            self._port = serial.Serial(
                self.path, 9600, timeout=0, write_timeout=1.0, exclusive=True
            )
        except (OSError, ValueError, termios.error) as trouble:
            self._lose()
            raise VendorFault(f"The line {self.path} cannot be opened: {trouble}.") from trouble
        self.session += 1
        self._steps_due = _STEPS_AFTER_OPENING
        self._received.clear()

    def close(self) -> None:
        """Close the line; the next question opens it."""
        if self._port is not None:
            self._port.close()
            self._port = None

    def _may_be_stale(self, command: str) -> bool:
        """Whether a reply to `command` may be one to the question that brought us into step."""
        return command == _ATTRIBUTES == self._questions[1 - self._turn][0]

    def _step(self, deadline_s: float) -> None:
        """Ask the question whose turn it is until it is answered."""
        self._received.clear()
        command, payload = self._questions[self._turn]
        while True:
            reply = self._exchange(command, payload, deadline_s)
            if reply is None:
                raise self._silent()
            if reply.header != _NOT_UNDERSTOOD:
                break
        self._turn = 1 - self._turn
        self._reopen_wait_s = _REOPEN_FIRST_S

    def _exchange(self, command: str, payload: str, deadline_s: float) -> Reply | None:
        assert self._port is not None
        wanted = {f"SM!{command}", _NOT_UNDERSTOOD}
        try:
            self._port.write(request_line(command, payload))
            while (line := self._next_line(self._port, deadline_s)) is not None:
                reply = parse_reply(line)
                if reply is not None and reply.header in wanted:
                    return reply
        except (OSError, termios.error) as trouble:
            self._lose()
            raise VendorFault(f"The line {self.path} is lost: {trouble}.") from trouble
        return None

    def _next_line(self, port: serial.Serial, deadline_s: float) -> bytes | None:
        """The next line without its end, or None when the time is over."""
        watch = select.poll()
        watch.register(port.fileno(), select.POLLIN)
        while END not in self._received:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not watch.poll(max(1.0, left_s * 1000)):
                return None
            self._received += port.read(512)
            if len(self._received) > LONGEST_LINE:
                del self._received[:-LONGEST_LINE]
        line, _, rest = bytes(self._received).partition(END)
        self._received[:] = rest
        return line

    def _silent(self) -> VendorFault:
        return VendorFault(
            f"The security module at {self.path} does not answer; check power and cable."
        )

    def _lose(self) -> None:
        """Close the line and begin the wait before it is opened again."""
        self.close()
        self._reopen_at_s = time.monotonic() + self._reopen_wait_s
        self._reopen_wait_s = min(2 * self._reopen_wait_s, _REOPEN_LONGEST_S)
