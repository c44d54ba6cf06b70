"""The port Printer over any two-way file descriptor: ask, print, ask again, within one limit.

A connection is made for each call and closed after it: a print server often serves one client at a
time, a connection kept open hides a printer that was replaced, and opening costs a millisecond.
"""

from __future__ import annotations

import os
import select
import stat
import time
from abc import ABC, abstractmethod
from contextlib import suppress

from drivers.printer.status import QUESTIONS, decode, is_status
from kiosk.errors import PrinterFault
from kiosk.ports import PrinterStatus

#: DLE DC4 8: forget everything that was received and not printed, so that a slip which did not
#: come out does not come out for the next customer (E04). Printers that lack it pass it over.
CLEAR_BUFFERS = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"

#: The part of the limit that the question before a job may take.
_BEFORE_JOB = 0.3

_CHUNK = 4096

#: Old answers are thrown away, but a device that never stops talking is not listened to for ever.
_STALE_READS = 16

#: USB printers may send empty packets; reading them in a circle would take a whole core.
_EMPTY_PACKET_S = 0.01


class EscposPrinter(ABC):
    """One ESC/POS printer; every call ends within `timeout_s`.

    `one_way` is for printers and adapters that never answer: jobs are sent unasked and end as
    `unknown`. Any other printer that does not answer gets no job, because a job that waits in a
    printer comes out later, for somebody else (E04).
    """

    def __init__(self, name: str, timeout_s: float, one_way: bool) -> None:
        self.name = name
        self._timeout_s = timeout_s
        self._one_way = one_way

    @abstractmethod
    def _open(self, deadline_s: float) -> int:
        """A non-blocking descriptor to the printer; OSError when there is none by the deadline."""

    @abstractmethod
    def _close(self, descriptor: int, give_up: bool) -> None:
        """Close it; `give_up` drops what the other end has not taken yet."""

    def status(self) -> PrinterStatus:
        """What the printer says now; `offline` when it cannot be reached, `unknown` when silent."""
        deadline_s = time.monotonic() + self._timeout_s
        try:
            descriptor = self._open(deadline_s)
        except OSError as trouble:
            return PrinterStatus("offline", _reason(trouble))
        try:
            return self._look(descriptor, deadline_s)
        finally:
            self._close(descriptor, give_up=False)

    def send(self, job: bytes) -> PrinterStatus:
        """Print one whole job. Nothing was sent when the status is `offline` or one that cannot
        print; PrinterFault when the printer went away in the middle."""
        deadline_s = time.monotonic() + self._timeout_s
        try:
            descriptor = self._open(deadline_s)
        except OSError as trouble:
            return PrinterStatus("offline", _reason(trouble))
        give_up = True
        try:
            status = self._print(descriptor, job, deadline_s)
            give_up = not self._one_way and status.state == "unknown"
            return status
        except OSError as trouble:
            raise PrinterFault(
                f"The printer {self.name} broke off in the middle of a slip: {_reason(trouble)}."
            ) from trouble
        finally:
            self._close(descriptor, give_up)

    def _print(self, descriptor: int, job: bytes, deadline_s: float) -> PrinterStatus:
        if self._one_way:
            write_all(descriptor, job, deadline_s)
            return PrinterStatus("unknown", "this printer never answers")
        soon_s = time.monotonic() + _BEFORE_JOB * self._timeout_s
        before = self._look(descriptor, min(soon_s, deadline_s))
        if before.state not in ("ok", "paper_low"):
            return before
        write_all(descriptor, job, deadline_s)
        after = self._ask(descriptor, deadline_s)
        if after.state not in ("ok", "paper_low", "unknown"):
            with suppress(OSError):
                write_all(descriptor, CLEAR_BUFFERS, deadline_s)
        return after

    def _look(self, descriptor: int, deadline_s: float) -> PrinterStatus:
        """The status while nothing is being printed: a closed connection is `offline`."""
        try:
            return self._ask(descriptor, deadline_s)
        except OSError as trouble:
            return PrinterStatus("offline", _reason(trouble))

    def _ask(self, descriptor: int, deadline_s: float) -> PrinterStatus:
        if self._one_way:
            return PrinterStatus("unknown", "this printer never answers")
        answers: list[int | None] = [None] * len(QUESTIONS)
        forget_unread(descriptor)
        with suppress(TimeoutError):
            for place, question in enumerate(QUESTIONS):
                write_all(descriptor, question, deadline_s)
                answers[place] = read_status(descriptor, deadline_s)
        return decode(answers)


def write_all(descriptor: int, data: bytes, deadline_s: float) -> None:
    """Hand over all bytes; TimeoutError at the deadline, OSError when the other end is gone.

    Returns only when the descriptor takes bytes again: a USB printer driver drops what is still on
    its way when the file is closed.
    """
    left = memoryview(data)
    while left:
        _await(descriptor, select.POLLOUT, deadline_s)
        try:
            left = left[os.write(descriptor, left[:_CHUNK]) :]
        except BlockingIOError:
            continue
    _await(descriptor, select.POLLOUT, deadline_s)


def read_status(descriptor: int, deadline_s: float) -> int:
    """The next byte that can be a status; TimeoutError at the deadline."""
    while True:
        _await(descriptor, select.POLLIN, deadline_s)
        received = _read(descriptor)
        for value in received:
            if is_status(value):
                return value


def forget_unread(descriptor: int) -> None:
    """Throw away answers to earlier questions."""
    for _ in range(_STALE_READS):
        if not _ready(descriptor, select.POLLIN, 0.0):
            return
        _read(descriptor)


def _read(descriptor: int) -> bytes:
    try:
        received = os.read(descriptor, _CHUNK)
    except BlockingIOError:
        return b""
    if not received and stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        raise ConnectionError("the other end has closed")
    if not received:
        time.sleep(_EMPTY_PACKET_S)
    return received


def _await(descriptor: int, event: int, deadline_s: float) -> None:
    left_s = deadline_s - time.monotonic()
    if left_s <= 0 or not _ready(descriptor, event, left_s):
        raise TimeoutError("no answer in time")


def _ready(descriptor: int, event: int, wait_s: float) -> bool:
    watch = select.poll()
    watch.register(descriptor, event)
    return bool(watch.poll(max(0.0, wait_s) * 1000))


def _reason(trouble: OSError) -> str:
    return trouble.strerror or str(trouble)
