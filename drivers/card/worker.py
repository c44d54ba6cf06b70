"""One thread that makes calls which may hang, and a caller who does not hang with them.

PC/SC has no time limit for a command to a card: a card that never answers blocks the call for ever
(hardware-facts 2). The thread is a daemon, so a hanging reader never keeps the program alive.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class _Call(Generic[Result]):
    """One call: what it is, how it ended, and what undoes it when nobody waits any more."""

    def __init__(self, action: Callable[[], Result], undo: Callable[[Result], object]) -> None:
        self.action, self.undo = action, undo
        self.done = threading.Lock()
        self.done.acquire()
        self.decision = threading.Lock()
        self.given_up = self.ended = False
        self.result: Result
        self.fault: Exception | None = None

    def run(self) -> None:
        if not self._begin():
            return
        try:
            self.result = self.action()
        except Exception as fault:
            self.fault = fault
        with self.decision:
            self.ended = True
            undo = self.given_up and self.fault is None
        self.done.release()
        if undo:
            self.undo(self.result)

    def _begin(self) -> bool:
        with self.decision:
            return not self.given_up

    def give_up(self) -> bool:
        """Whether the call is given up; False when it has ended in this very moment."""
        with self.decision:
            self.given_up = not self.ended
            return self.given_up


class Worker:
    """Makes calls one after the other on a thread of its own."""

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[_Call[Any] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def call(
        self,
        action: Callable[[], Result],
        timeout_s: float,
        undo: Callable[[Result], object] = lambda _result: None,
    ) -> Result:
        """The result of `action`, or what it raised; TimeoutError when it is not done in time.

        Waiting for an earlier call that hangs counts. A call that was given up before its turn is
        never made; what comes out of one that was given up later goes to `undo`.
        """
        call = _Call(action, undo)
        self._calls.put(call)
        if not call.done.acquire(timeout=timeout_s) and call.give_up():
            raise TimeoutError
        if call.fault is not None:
            raise call.fault
        return call.result

    def post(self, action: Callable[[], object]) -> None:
        """Make the call some time, after all earlier ones; nobody waits and nothing is raised."""
        self._calls.put(_Call(action, lambda _result: None))

    def close(self, timeout_s: float) -> bool:
        """End the thread; False when a hanging call keeps it, and it dies with the program."""
        self._calls.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call.run()
