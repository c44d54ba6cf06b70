"""Work beside the screen: what comes back from it, and the one thread that looks at devices.

A look that finds nothing new wakes nobody, so that a face where nobody stands costs next to
nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

from textual.message import Message

Result = TypeVar("Result")


class WorkDone(Message):
    """A worker has a result for the screen that asked."""

    def __init__(self, deliver: Callable[[], None]) -> None:
        super().__init__()
        self.deliver = deliver


class WorkFailed(Message):
    """A worker ended with a surprise."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Lookout:
    """Looks at the devices when it is asked to, one look after the other, in a thread of its own.

    `alone` is held meanwhile, since a device belongs to one thread at a time; `tell` is called in
    that thread with WorkDone or WorkFailed.
    """

    def __init__(self, alone: threading.Lock, tell: Callable[[Message], object]) -> None:
        self._alone, self._tell = alone, tell
        self._asked: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def ask(self, look: Callable[[], Result | None], then: Callable[[Result], None]) -> None:
        """Look soon; `then` gets the result on the screen loop, unless it is None: nothing new."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="lookout", daemon=True)
            self._thread.start()
        self._asked.put(partial(self._look, look, then))

    def end(self) -> None:
        """Look no more; waits for a look that is under way."""
        if self._thread is not None:
            self._asked.put(None)
            self._thread.join()

    def _work(self) -> None:
        while (look := self._asked.get()) is not None:
            look()

    def _look(self, look: Callable[[], Result | None], then: Callable[[Result], None]) -> None:
        try:
            with self._alone:
                seen = look()
        except Exception as error:  # becomes a case number, as from any worker
            self._tell(WorkFailed(error))
        else:
            if seen is not None:
                self._tell(WorkDone(partial(then, seen)))
