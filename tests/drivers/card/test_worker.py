"""The watchdog: who waits for a hanging call goes on, and nothing that comes late does harm."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from drivers.card.worker import Worker

LONG_S, SHORT_S = 60.0, 0.02


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker("test")
    yield worker
    assert worker.close(LONG_S)


def test_results_and_errors_come_back_to_who_has_asked(worker: Worker) -> None:
    assert worker.call(lambda: 42, LONG_S) == 42
    with pytest.raises(ZeroDivisionError):
        worker.call(lambda: 1 // 0, LONG_S)


def test_a_late_result_is_undone_and_a_waiting_call_is_never_made_when_both_were_given_up(
    worker: Worker,
) -> None:
    let_go, undone, made = threading.Event(), list[bool](), list[str]()
    with pytest.raises(TimeoutError):
        worker.call(lambda: let_go.wait(LONG_S), SHORT_S, undone.append)
    with pytest.raises(TimeoutError):
        worker.call(lambda: made.append("second"), SHORT_S)
    let_go.set()
    assert worker.call(lambda: "third", LONG_S) == "third"
    assert undone == [True]
    assert not made


def test_a_thread_that_hangs_does_not_hold_up_the_end() -> None:
    let_go, worker = threading.Event(), Worker("test")
    worker.post(lambda: let_go.wait(LONG_S))
    assert not worker.close(SHORT_S)
    let_go.set()
    assert worker.close(LONG_S)
