"""A simulated ESC/POS printer at the other end of the wire: TCP on loopback, or a device file.

    printer = SimulatedPrinter(folder)
    NetworkPrinter(printer.host, printer.port)
    set_faults(folder, "paper_out")      # from any process; set_faults(folder) ends them all

    FOLDER/0001.bin, 0001.txt   each slip that ended with a cut: its bytes, and what can be read
    FOLDER/paper                lines left on the roll
    FOLDER/faults               the faults that are present, one name a line

Like a real one it keeps what it cannot print now and prints it when the paper is back, unless it is
told to forget it (E04). It serves one client at a time.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import tty
from collections import deque
from contextlib import suppress
from pathlib import Path

from drivers.printer.escpos_reader import Command, EscposReader
from drivers.printer.sim_paper import Paper
from drivers.printer.spool import keep_numbered, write_whole
from kiosk.errors import BadInput

FAULTS = (
    "paper_out", "paper_low", "cover_open", "offline", "silent", "close_mid_job", "slow"
)  # fmt: skip

ROLL_LINES = 1500
LOW_LINES = 150

_STALLING = {"paper_out", "cover_open", "offline", "silent"}
_JOB_BEFORE_CLOSE_BYTES = 64
_TICK_S = 0.1
_SLOW_BYTES, _SLOW_PAUSE_S = 256, 0.05
_CLEAR_BUFFERS = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"


class SimulatedPrinter:
    """Runs until `close`. `host` and `port` are its address; with `as_device` it stands at the
    device file `path` instead."""

    def __init__(
        self, folder: Path, port: int = 0, *, as_device: bool = False, roll_lines: int = ROLL_LINES
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.host, self.port, self.path = "127.0.0.1", 0, ""
        if not (folder / "paper").exists():
            refill(folder, roll_lines)
        self._reader = EscposReader()
        self._paper = Paper()
        self._waiting: deque[Command] = deque()
        self._job_bytes = 0
        self._stopping = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        self._listener: socket.socket | None = None
        self._client: int | None = None
        self._slave: int | None = None
        self._plug_in(port, as_device)
        self._thread = threading.Thread(target=self._run, name="simulated printer")
        self._thread.start()

    def close(self) -> None:
        """Switch it off: the thread ends, the address is free."""
        self._stopping.set()
        os.write(self._wake_write, b"x")
        self._thread.join()
        if self._listener is not None:
            self._listener.close()
        for descriptor in (self._client, self._slave, self._wake_read, self._wake_write):
            if descriptor is not None:
                os.close(descriptor)

    def _plug_in(self, port: int, as_device: bool) -> None:
        if as_device:
            self._client, self._slave = os.openpty()
            tty.setraw(self._client)
            self.path = os.ttyname(self._slave)
        else:
            self._listener = socket.create_server((self.host, port))
            self.port = self._listener.getsockname()[1]

    # --- the wire -----------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            source = self._client if self._client is not None else self._listener
            assert source is not None
            wait_s = _TICK_S if self._waiting else None
            ready, _, _ = select.select([source, self._wake_read], [], [], wait_s)
            if source in ready:
                self._accept() if self._client is None else self._receive(self._client)
            self._print_waiting()

    def _accept(self) -> None:
        assert self._listener is not None
        with suppress(ConnectionError):
            connection, _ = self._listener.accept()
            self._client = connection.detach()

    def _receive(self, client: int) -> None:
        slow = "slow" in self._faults()
        try:
            received = os.read(client, _SLOW_BYTES if slow else 65_536)
        except OSError:
            received = b""
        if not received:
            self._hang_up()
            return
        for command in self._reader.feed(received):
            self._take(command)
            if self._breaks_off():
                self._waiting.clear()
                self._hang_up()
                return
        if slow:
            self._stopping.wait(_SLOW_PAUSE_S)

    def _breaks_off(self) -> bool:
        """Whether the fault strikes now; a device file has no connection that could be closed."""
        is_due = self._listener is not None and self._job_bytes >= _JOB_BEFORE_CLOSE_BYTES
        return is_due and "close_mid_job" in self._faults()

    def _take(self, command: Command) -> None:
        if command.kind != "realtime":
            self._job_bytes += len(command.raw)
            self._waiting.append(command)
            return
        # A question overtakes what cannot be printed now, never what can: it is asked to know
        # whether the slip before it came out.
        self._print_waiting()
        if command.raw == _CLEAR_BUFFERS:
            self._forget_job()
        elif command.raw[1] == 0x04 and 1 <= command.number <= 4:
            self._answer(command.number)

    def _answer(self, question: int) -> None:
        faults = self._faults()
        if "silent" in faults or self._client is None:
            return
        with suppress(OSError):
            os.write(self._client, bytes((self._status_byte(question, faults),)))

    def _status_byte(self, question: int, faults: set[str]) -> int:
        lines_left = paper_left(self.folder)
        is_out, is_open = lines_left == 0 or "paper_out" in faults, "cover_open" in faults
        is_low = is_out or "paper_low" in faults or lines_left <= LOW_LINES
        extra = {
            1: 0x08 * (is_out or is_open or "offline" in faults),
            2: 0x04 * is_open | 0x20 * is_out,
            3: 0,
            4: 0x0C * is_low | 0x60 * is_out,
        }
        return 0x12 | extra[question]

    def _hang_up(self) -> None:
        """The client is gone: a slip without its cut is torn off, whole slips stay."""
        self._print_waiting()
        self._reader.forget()
        self._job_bytes = 0
        while self._waiting and self._waiting[-1].kind != "cut":
            self._waiting.pop()
        if not self._waiting:
            self._paper.tear()
        if self._listener is not None and self._client is not None:
            os.close(self._client)
            self._client = None

    def _forget_job(self) -> None:
        self._waiting.clear()
        self._paper.tear()

    # --- the paper ----------------------------------------------------------------------------

    def _print_waiting(self) -> None:
        if not self._waiting or self._faults() & _STALLING:
            return
        lines_before = lines_left = paper_left(self.folder)
        while self._waiting and lines_left:
            command = self._waiting.popleft()
            if command.kind == "cut":
                self._keep_slip(command)
            else:
                lines_left = max(0, lines_left - self._paper.draw(command))
        if lines_left != lines_before:
            refill(self.folder, lines_left)

    def _keep_slip(self, command: Command) -> None:
        raw, text = self._paper.cut(command)
        keep_numbered(self.folder, {".txt": text.encode(), ".bin": raw})
        self._job_bytes = 0

    def _faults(self) -> set[str]:
        try:
            return set((self.folder / "faults").read_text().split())
        except FileNotFoundError:
            return set()


def set_faults(folder: Path, *faults: str) -> None:
    """Make exactly these faults present, without names none; BadInput for an unknown one."""
    for fault in faults:
        if fault not in FAULTS:
            raise BadInput(f"{fault!r} is no fault of a printer; there are: {', '.join(FAULTS)}.")
    write_whole(folder / "faults", "\n".join(faults).encode())


def refill(folder: Path, lines: int = ROLL_LINES) -> None:
    """Put in a roll with `lines` lines."""
    write_whole(folder / "paper", str(lines).encode())


def paper_left(folder: Path) -> int:
    """The lines left on the roll; none when the file holds no number."""
    text = (folder / "paper").read_text()
    return int(text) if text.isdecimal() else 0
