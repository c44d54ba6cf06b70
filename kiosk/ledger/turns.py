"""Whose turn it is at the pen: callers that wait together share one commit.

Whoever finds the pen free writes for everybody in the queue, so a lone sale costs no thread switch
and sixteen cashiers cost one disk sync. The others wait to be told, not for the pen: they would get
it one after the other, and whoever came back first would write alone.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue

from kiosk.errors import Refusal, StoreFault
from kiosk.ledger.draft import Draft

#: How often a commit lets other threads run while fewer wait than shared the last one.
_LETS_IN = 20

_BROKEN_OFF = "It is not known whether this was written: the program is ending."


class Waiting:
    """A group of drafts that stand or fall together, and what became of it."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.drafts = drafts
        self.outcome: list[int] | Refusal | None = None
        self.error: Exception | None = None
        #: Whether it is known what became of it.
        self.is_ended = False
        self._calls: SimpleQueue[None] = SimpleQueue()

    def end(self, outcome: list[int] | Refusal | Exception) -> None:
        """Tell the caller."""
        if isinstance(outcome, Exception):
            self.error = outcome
        else:
            self.outcome = outcome
        self.is_ended = True
        self.call()

    def call(self) -> None:
        """Let the caller look again: it is ended, or it may write."""
        self._calls.put(None)

    def wait(self) -> None:
        """Wait for the next call."""
        self._calls.get()


class Turns:
    """The queue at one pen; `write` is given everybody in it, and ends each of them."""

    def __init__(self, write: Callable[[list[Waiting]], None]) -> None:
        self._write = write
        self._pen = threading.Lock()
        self._shared_by = 1
        self.queue: deque[Waiting] = deque()

    def take(self, waiting: Waiting) -> None:
        """Queue up until `waiting` is ended, by this thread or by one that wrote for it."""
        self.queue.append(waiting)
        try:
            while not waiting.is_ended:
                if self._pen.acquire(blocking=False):
                    self._lead(waiting)
                else:
                    waiting.wait()
        except BaseException:
            with contextlib.suppress(ValueError):
                self.queue.remove(waiting)
            self._call_next()
            raise

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Have the pen for something else than the queue; waits until it is free."""
        try:
            with self._pen:
                yield
        finally:
            self._call_next()

    @contextlib.contextmanager
    def alone_if_free(self) -> Iterator[bool]:
        """As `alone`, but false instead of waiting."""
        is_free = self._pen.acquire(blocking=False)
        try:
            yield is_free
        finally:
            if is_free:
                self._put_down()

    # --- inside -------------------------------------------------------------------------------

    def _put_down(self) -> None:
        """Whoever came meanwhile waits for a call, not for the pen."""
        self._pen.release()
        self._call_next()

    def _call_next(self) -> None:
        if self.queue:
            with contextlib.suppress(IndexError):  # whoever came last may have taken all
                self.queue[0].call()

    def _lead(self, waiting: Waiting) -> None:
        """Write for everybody, unless a colleague has ended `waiting` just now."""
        group: list[Waiting] = []
        try:
            if not waiting.is_ended:
                self._gather(group)
                self._write(group)
        finally:
            for each in group:
                if not each.is_ended:
                    each.end(StoreFault(_BROKEN_OFF))
            self._put_down()

    def _gather(self, group: list[Waiting]) -> None:
        """Everybody who waits. Colleagues who were told together come back together: they are let
        in first. A lone cashier waits for nobody."""
        for _ in range(_LETS_IN):
            if len(self.queue) >= self._shared_by:
                break
            time.sleep(0)
        try:
            for _ in range(len(self.queue)):
                group.append(self.queue.popleft())
        except IndexError:  # somebody gave up; a suppress would cost every sale
            pass
        self._shared_by = len(group)
