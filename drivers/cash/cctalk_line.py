"""One ccTalk device on one serial line: opened when needed, asked with limits, reopened after loss.

The line is a single wire, so a host may read back its own bytes; they are addressed to the device
and passed over. pyserial's SerialException is an OSError; `termios.error`, which it lets through
for bad line settings, is not.
"""

from __future__ import annotations

import select
import termios
import time
from typing import TYPE_CHECKING

from drivers.cash.cctalk_frames import BILL_VALIDATOR, HOST, Check, Frame, FrameReader, build
from kiosk.errors import CashFault

if TYPE_CHECKING:
    import serial

REPLY = 0
BUSY = 6

#: The specification allows 10 ms between two bytes of a frame and calls 50 ms the end of it.
BYTE_GAP_S = 0.05

#: Waits before the line is opened again: the first, doubled each time, and the longest.
REOPEN_FIRST_S, REOPEN_LONGEST_S = 0.25, 4.0


class CctalkLine:
    """Asks one device; every answer comes within `tries` x `reply_timeout_s` or is a CashFault.

    Answers carry no number, so one that comes too late looks like the answer to the next question:
    after a lost answer the next question waits until the line is silent, the same one too, since an
    older list of events would look like one that ran on by hundreds. It may take so much longer.
    """

    def __init__(
        self,
        path: str,
        *,
        address: int = BILL_VALIDATOR,
        check: Check = "sum",
        reply_timeout_s: float = 0.25,
        tries: int = 3,
    ) -> None:
        self.path = path
        self.address = address
        #: Grows with every opening, so that the caller knows when to introduce itself again.
        self.session = 0
        self._check = check
        self._reply_timeout_s = reply_timeout_s
        self._tries = tries
        self._port: serial.Serial | None = None
        self._reopen_at_s = 0.0
        self._reopen_wait_s = REOPEN_FIRST_S
        #: An answer that was asked for has not come yet.
        self._overdue = False

    def ask(self, header: int, data: bytes = b"", sizes: tuple[int, ...] = (0,)) -> bytes:
        """The data of the device's answer, which has one of `sizes` bytes.

        A lost answer is asked for again: the device may see a command twice. CashFault when there
        is no answer; the line is then closed and opened anew after a wait.
        """
        self._await_silence()
        for _ in range(self._tries):
            answer = self._exchange(header, data)
            if answer is not None and answer.header == REPLY and len(answer.data) in sizes:
                self._reopen_wait_s = REOPEN_FIRST_S
                return answer.data
        self.lose()
        raise CashFault(f"The note acceptor at {self.path} does not answer; check power and cable.")

    def ask_once(self, header: int) -> bytes:
        """The answer to a question that not every device knows; empty without one, no fault."""
        self._await_silence()
        answer = self._exchange(header, b"")
        return answer.data if answer is not None and answer.header == REPLY else b""

    def open(self) -> None:
        """Open the line unless it is open; CashFault at once while a wait after a loss runs."""
        if self._port is not None:
            return
        if time.monotonic() < self._reopen_at_s:
            raise CashFault(f"The note acceptor at {self.path} is away; it is looked for again.")
        import serial

        try:
            # exclusive: a second program on the line would answer for us.
            self._port = serial.Serial(
                self.path, 9600, timeout=0, write_timeout=self._reply_timeout_s, exclusive=True
            )
        except (OSError, ValueError, termios.error) as trouble:
            self.lose()
            raise CashFault(f"The line {self.path} cannot be opened: {trouble}.") from trouble
        self.session += 1

    def lose(self) -> None:
        """Close the line and begin the wait before it is opened again."""
        self.close()
        self._reopen_at_s = time.monotonic() + self._reopen_wait_s
        self._reopen_wait_s = min(2 * self._reopen_wait_s, REOPEN_LONGEST_S)

    def close(self) -> None:
        """Close the line; the next question opens it."""
        if self._port is not None:
            self._port.close()
            self._port = None

    def _exchange(self, header: int, data: bytes) -> Frame | None:
        self.open()
        assert self._port is not None
        try:
            self._port.reset_input_buffer()
            self._port.write(build(Frame(self.address, header, data), self._check))
            answer = self._await_answer(self._port)
            self._overdue = self._overdue or answer is None
        except (OSError, termios.error) as trouble:
            self.lose()
            raise CashFault(f"The line {self.path} is lost: {trouble}.") from trouble
        if answer is not None and answer.header == BUSY:
            time.sleep(BYTE_GAP_S)
        return answer

    def _await_silence(self) -> None:
        """Let what is overdue go by: until nothing comes for as long as an answer may take."""
        if not self._overdue or self._port is None:
            return
        watch = select.poll()
        watch.register(self._port.fileno(), select.POLLIN)
        latest_s = time.monotonic() + self._tries * self._reply_timeout_s
        try:
            while time.monotonic() < latest_s and watch.poll(self._reply_timeout_s * 1000):
                self._port.read(512)
        except (OSError, termios.error) as trouble:
            self.lose()
            raise CashFault(f"The line {self.path} is lost: {trouble}.") from trouble
        self._overdue = False

    def _await_answer(self, port: serial.Serial) -> Frame | None:
        reader = FrameReader(self._check, frozenset((HOST, self.address)))
        watch = select.poll()
        watch.register(port.fileno(), select.POLLIN)
        deadline_s = time.monotonic() + self._reply_timeout_s
        while (left_s := deadline_s - time.monotonic()) > 0:
            pause_s = min(left_s, BYTE_GAP_S) if reader.unfinished else left_s
            heard = bool(watch.poll(pause_s * 1000))
            frames = reader.feed(port.read(512)) if heard else reader.silence()
            for frame in frames:
                if frame.destination == HOST and frame.source in (self.address, 0):
                    return frame
        return None
