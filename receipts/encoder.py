"""The parent's side of the encoder: starts the child when there is a slip, and never waits long."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from kiosk.errors import PrinterFault
from kiosk.ports import SlipLine
from receipts.job import Answer, Job, framed, read_message

_CHUNK = 65536
_END_WAIT_S = 2.0
_ROOT = str(Path(__file__).resolve().parent.parent)


class Encoder:
    """Turns slips into the bytes of one printer; one thread uses it (receipts.press).

    `width` is characters a line, `profile` and `code_pages` are those of receipts.job. The child
    may take `timeout_s` for a slip, its start included, and ends by itself after `idle_s`.
    """

    def __init__(
        self,
        width: int,
        profile: str = "default",
        code_pages: Sequence[str] = (),
        *,
        timeout_s: float = 15.0,
        idle_s: float = 20.0,
    ) -> None:
        self._width, self._profile, self._code_pages = width, profile, list(code_pages)
        self._timeout_s, self._idle_s = timeout_s, idle_s
        self._child: subprocess.Popen[bytes] | None = None

    def encode(self, lines: Sequence[SlipLine]) -> bytes:
        """The bytes of a slip, from reset to cut. PrinterFault when the encoder cannot make it."""
        question = framed(Job(list(lines), self._width, self._profile, self._code_pages))
        deadline_s = time.monotonic() + self._timeout_s
        answer = self._ask(question, deadline_s) or self._ask(question, deadline_s)
        if answer is None:
            raise PrinterFault("The slip encoder ended twice without an answer.")
        if answer.trouble:
            raise PrinterFault(answer.trouble)
        return answer.job

    def child_id(self) -> int | None:
        """The process id of the child while it runs; for measurements of memory."""
        running = self._child is not None and self._child.poll() is None
        return self._child.pid if self._child is not None and running else None

    def close(self) -> None:
        """End the child: it ends when its input closes, and is killed if it does not."""
        child, self._child = self._child, None
        if child is None:
            return
        assert child.stdin is not None and child.stdout is not None
        child.stdin.close()
        child.stdout.close()
        try:
            child.wait(_END_WAIT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _ask(self, question: bytes, deadline_s: float) -> Answer | None:
        """The child's answer; None when it ended first, which it may do after a quiet time."""
        child = self._running()
        assert child.stdin is not None and child.stdout is not None
        source = child.stdout.fileno()
        try:
            _write(child.stdin.fileno(), question, deadline_s)
            message = read_message(lambda size: _read(source, size, deadline_s))
        except TimeoutError as error:
            self._kill()
            raise PrinterFault(f"The slip took longer than {self._timeout_s:g} s.") from error
        except OSError:
            message = None
        if message is None:
            self._kill()
            return None
        return msgspec.msgpack.decode(message, type=Answer)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is not None:
            self.close()
        if self._child is None:
            self._child = _start(self._idle_s)
        return self._child

    def _kill(self) -> None:
        if self._child is not None:
            self._child.terminate()  # it takes its temporary folder along; close() makes sure
        self.close()


def _start(idle_s: float) -> subprocess.Popen[bytes]:
    """A child with our own packages only, in a session of its own: Ctrl-C is for the face."""
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", "receipts.escpos", "--idle-s", str(idle_s)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": _ROOT},
    )
    assert child.stdin is not None and child.stdout is not None
    os.set_blocking(child.stdin.fileno(), False)
    os.set_blocking(child.stdout.fileno(), False)
    return child


def _write(descriptor: int, content: bytes, deadline_s: float) -> None:
    left = memoryview(content)
    while left:
        _await(descriptor, select.POLLOUT, deadline_s)
        left = left[os.write(descriptor, left[:_CHUNK]) :]


def _read(descriptor: int, size: int, deadline_s: float) -> bytes:
    _await(descriptor, select.POLLIN, deadline_s)
    return os.read(descriptor, min(size, _CHUNK))


def _await(descriptor: int, event: int, deadline_s: float) -> None:
    """TimeoutError at the deadline; an end of the line counts as an event."""
    watch = select.poll()
    watch.register(descriptor, event)
    if not watch.poll(max(0.0, deadline_s - time.monotonic()) * 1000):
        raise TimeoutError
