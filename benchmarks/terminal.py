"""A program in a pseudo-terminal of 80x25: when it painted, what it costs, how fast it answers."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

ROWS, COLUMNS = 25, 80

#: Escape sequences: what is left is what a person reads.
_ESCAPES = re.compile(
    rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\-_()][0-9A-Za-z]?)"
)
_START_LIMIT_S = 30.0


class Terminal:
    """One program under test, for a `with`; at the end the key `leave` asks it to go."""

    def __init__(self, *arguments: str, folder: Path, leave: bytes = b"\x03") -> None:
        self._leave_key = leave
        self._line, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        # As `make setup` leaves it: our modules are compiled, as the libraries are.
        for name in ("LINES", "COLUMNS", "KIOSK_MARK", "KIOSK_HOME", "PYTHONDONTWRITEBYTECODE"):
            environment.pop(name, None)
        self._seen = b""
        self._started = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, *arguments], stdin=inner, stdout=inner, stderr=inner, cwd=folder,
            env=environment, start_new_session=True,
        )  # fmt: skip
        os.close(inner)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.write(self._line, self._leave_key)
        try:
            self._leave()
        finally:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()
            os.close(self._line)

    def _leave(self) -> None:
        ends = time.perf_counter() + 15
        while self.process.poll() is None and time.perf_counter() < ends:
            self._read(0.05)

    def painted_ms(self, text: str) -> float:
        """Milliseconds from exec until `text` is on the screen."""
        while text.encode() not in _ESCAPES.sub(b"", self._seen):
            if time.perf_counter() - self._started > _START_LIMIT_S:
                shown = _ESCAPES.sub(b"", self._seen)[-400:]
                raise AssertionError(f"{text!r} never came: {shown!r}")
            self._read(0.5)
        return (time.perf_counter() - self._started) * 1000

    def rest(self, seconds: float) -> None:
        """Let the program do what it wants for so long."""
        ends = time.perf_counter() + seconds
        while (left := ends - time.perf_counter()) > 0:
            self._read(left)

    def calm(self, quiet_s: float = 0.06) -> None:
        """Wait until nothing is painted any more."""
        while self._read(quiet_s):
            pass

    def key_ms(self, key: bytes) -> float:
        """Milliseconds from a key to the first byte of the repaint."""
        self.calm()
        start = time.perf_counter()
        os.write(self._line, key)
        assert self._read(5.0), f"no answer to {key!r}"
        return (time.perf_counter() - start) * 1000

    def cpu_ms(self) -> float:
        """Processor time of all its threads so far."""
        nanoseconds = 0
        for thread in Path(f"/proc/{self.process.pid}/task").iterdir():
            nanoseconds += int((thread / "schedstat").read_text().split()[0])
        return nanoseconds / 1e6

    def memory_mib(self) -> tuple[float, float]:
        """Resident and private memory."""
        return memory_mib(self.process.pid)

    def _read(self, limit_s: float) -> bool:
        if not select.select([self._line], [], [], limit_s)[0]:
            return False
        try:
            part = os.read(self._line, 65536)
        except OSError:  # Linux says so when the other end is closed
            part = b""
        self._seen = (self._seen + part)[-200_000:]
        if not part:
            time.sleep(min(limit_s, 0.01))
        return bool(part)


def memory_mib(pid: int) -> tuple[float, float]:
    """Resident and private (unshared) memory of a process."""
    kib: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, value = line.partition(":")
        if value.strip().endswith("kB"):
            kib[name] = int(value.split()[0])
    return kib["Rss"] / 1024, (kib["Private_Clean"] + kib["Private_Dirty"]) / 1024
