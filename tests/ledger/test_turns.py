"""Who writes when several cashiers come to the pen at once, and what becomes of the others."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from kiosk.errors import StoreFault
from kiosk.ledger.turns import Turns, Waiting

LIMIT_S = 60


class Writer:
    """Ends everybody it is given with the number of the commit; `before` may hold a commit up."""

    def __init__(self, before: Callable[[int], None] = lambda _number: None) -> None:
        self.commits: list[int] = []
        self._before, self._writing = before, threading.Lock()

    def __call__(self, group: list[Waiting]) -> None:
        assert self._writing.acquire(blocking=False), "two write at once"
        try:
            self.commits.append(len(group))
            self._before(len(self.commits))
            for waiting in group:
                waiting.end([len(self.commits)])
        finally:
            self._writing.release()


def started(turns: Turns, waiting: Waiting, failed: list[BaseException]) -> threading.Thread:
    """A cashier of its own who takes a turn."""

    def work() -> None:
        try:
            turns.take(waiting)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def queued(turns: Turns, count: int) -> None:
    """Return once `count` wait."""
    passed = threading.Event()
    for _ in range(LIMIT_S * 1000):
        if len(turns.queue) >= count:
            return
        passed.wait(0.001)
    raise AssertionError(f"{len(turns.queue)} of {count} wait")


def ended(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join(LIMIT_S)
        assert not thread.is_alive(), "somebody waits for ever"


def test_one_writes_at_a_time_and_nobody_is_forgotten_when_all_come_again() -> None:
    writer = Writer()
    turns = Turns(writer)
    done: list[Waiting] = []

    def work() -> None:
        for _ in range(100):
            waiting = Waiting([])
            turns.take(waiting)
            done.append(waiting)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    ended(threads)
    assert len(done) == sum(writer.commits) == 800
    assert all(waiting.is_ended for waiting in done)


def test_whoever_comes_while_the_pen_is_used_for_something_else_writes_when_it_is_free() -> None:
    writer = Writer()
    turns = Turns(writer)
    waits = [Waiting([]), Waiting([])]
    with turns.alone():
        with turns.alone_if_free() as is_free:
            assert not is_free
        threads = [started(turns, waiting, []) for waiting in waits]
        queued(turns, 2)
    ended(threads)
    assert writer.commits == [2]


def test_the_others_are_written_when_the_one_before_them_gives_up_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writer = Writer()
    turns = Turns(writer)
    first, other = Waiting([]), Waiting([])
    stop = threading.Event()

    def interrupted() -> None:
        stop.wait(LIMIT_S)
        raise KeyboardInterrupt

    monkeypatch.setattr(first, "wait", interrupted)
    failed: list[BaseException] = []
    with turns.alone():
        threads = [started(turns, first, failed)]
        queued(turns, 1)
        threads.append(started(turns, other, []))
        queued(turns, 2)
        stop.set()
        threads[0].join(LIMIT_S)
    ended(threads)
    assert [type(error) for error in failed] == [KeyboardInterrupt]
    assert not first.is_ended
    assert other.outcome == [1]
    assert writer.commits == [1]


def test_colleagues_are_told_that_nothing_is_known_when_the_writer_is_broken_off() -> None:
    def broken_off(number: int) -> None:
        if number == 1:
            raise KeyboardInterrupt

    turns = Turns(Writer(broken_off))
    waits = [Waiting([]), Waiting([])]
    failed: list[BaseException] = []
    with turns.alone():
        threads = [started(turns, waiting, failed) for waiting in waits]
        queued(turns, 2)
    ended(threads)
    assert [type(error) for error in failed] == [KeyboardInterrupt]
    assert all(isinstance(waiting.error, StoreFault) for waiting in waits)
    later = Waiting([])
    turns.take(later)
    assert later.outcome == [2]
