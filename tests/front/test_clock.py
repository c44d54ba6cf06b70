"""A clock that was set back while the program runs is noticed by what is in the books (E08)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kiosk.domain.facts import SlipPrinted
from kiosk.front.system import SystemClock
from kiosk.front.wiring import opened
from tests.till.hall import settings

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("back_ms", "quality"),
    [(0, "unsynced"), (4_000, "unsynced"), (6_000, "doubtful"), (HOUR_MS, "doubtful")],
)
def test_a_small_correction_is_passed_over_and_a_large_one_is_not(
    monkeypatch: pytest.MonkeyPatch, back_ms: int, quality: str
) -> None:
    now_ms = 1_795_176_000_000
    clock = SystemClock(lowest_ms=now_ms)
    monkeypatch.setattr(time, "time_ns", lambda: (now_ms - back_ms) * 1_000_000)
    assert clock.now().quality == quality


def test_the_clock_is_doubtful_when_set_back_behind_what_was_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path / "home", settings()) as house:
        now_ns = time.time_ns()
        monkeypatch.setattr(time, "time_ns", lambda: now_ns + HOUR_MS * 1_000_000)
        house.desk.journal.append(SlipPrinted("none", 1, "sent", "test"))
        monkeypatch.setattr(time, "time_ns", lambda: now_ns)
        assert house.desk.clock.now().quality == "doubtful"
    with opened(tmp_path / "home", settings()) as house:
        assert house.desk.clock.now().quality == "doubtful", "after a restart too"
