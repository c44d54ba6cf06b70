"""Lines as they are typed, also while a device may speak first: `line_within` does not block.

A terminal, a pipe and a serial line are read by their handle, so that nothing waits unseen in a
buffer; anything else (a text in memory) always has its next line ready.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
from collections.abc import Iterator
from typing import TextIO

#: Longer than any honest answer; the rest of such a line is a line of its own.
_LONGEST = 4096


class LineInput:
    """The input of one conversation, line by line. EOFError when it has ended."""

    def __init__(self, source: TextIO) -> None:
        self._source = source
        self._waiting = b""
        self._ended = False
        try:
            self._handle: int | None = source.fileno()
        except (OSError, io.UnsupportedOperation):
            self._handle = None

    def line(self) -> str:
        """The next line, waited for."""
        found = self.line_within(None)
        assert found is not None
        return found

    def line_within(self, timeout_s: float | None) -> str | None:
        """The next line if it comes within `timeout_s`; None waits for ever."""
        if self._handle is None:
            text = self._source.readline()
            if not text:
                raise EOFError
            return text.rstrip("\r\n")
        while True:
            taken = self._take()
            if taken is not None:
                return taken
            if self._ended:
                raise EOFError
            if not select.select([self._handle], [], [], timeout_s)[0]:
                return None
            arrived = os.read(self._handle, _LONGEST)
            self._ended = not arrived
            self._waiting += arrived

    def _take(self) -> str | None:
        """A whole line of what has arrived; the last one may lack its end."""
        before, end, after = self._waiting.partition(b"\n")
        if not end and not (self._ended and before) and len(before) < _LONGEST:
            return None
        self._waiting = after
        return before.decode("utf-8", "replace").rstrip("\r")

    @contextlib.contextmanager
    def hidden(self) -> Iterator[None]:
        """A terminal does not show what is typed meanwhile."""
        if self._handle is None or not os.isatty(self._handle):
            yield
            return
        import termios

        shown = termios.tcgetattr(self._handle)
        quiet = [*shown[:3], shown[3] & ~termios.ECHO, *shown[4:]]
        termios.tcsetattr(self._handle, termios.TCSADRAIN, quiet)
        try:
            yield
        finally:
            termios.tcsetattr(self._handle, termios.TCSADRAIN, shown)
