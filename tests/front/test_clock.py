"""A clock that was set back while the program runs is noticed by what is in the books (E08)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kiosk.config import ClockSettings
from kiosk.domain.facts import SlipPrinted
from kiosk.domain.store_facts import ClockConfirmed
from kiosk.errors import Refusal
from kiosk.front import line
from kiosk.front.system import SystemClock
from kiosk.front.utility import REHEARSAL_PIN
from kiosk.front.wiring import opened
from kiosk.till.clock import confirm_clock
from kiosk.till.history import search
from tests.till.hall import KEYPAD, code, sell_to, settings, sold

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


NOON_MS, DAY_MS = 1_795_176_000_000, 86_400_000


class Machine:
    """A clock and a counter that a test sets."""

    def __init__(self, patch: pytest.MonkeyPatch, time_ms: int = NOON_MS) -> None:
        self.time_ms, self.ticks_ms = time_ms, 1_000_000
        patch.setattr(time, "time_ns", lambda: self.time_ms * 1_000_000)
        patch.setattr(time, "monotonic_ns", lambda: self.ticks_ms * 1_000_000)

    def wait(self, milliseconds: int) -> None:
        self.time_ms += milliseconds
        self.ticks_ms += milliseconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def seen(clock: SystemClock) -> tuple[str, str]:
    moment = clock.now()
    return moment.quality, moment.doubt


@pytest.mark.parametrize(
    ("days", "limit", "wanted"),
    [
        (29, 30, ("unsynced", "")),
        (31, 30, ("doubtful", "ahead")),
        (7300, 30, ("doubtful", "ahead")),
        (7300, 0, ("unsynced", "")),
        (-1, 30, ("doubtful", "back")),
        (-7300, 0, ("doubtful", "back")),
    ],
)
def test_a_jump_is_challenged_when_it_is_longer_than_the_limit(
    machine: Machine, days: int, limit: int, wanted: tuple[str, str]
) -> None:
    clock = SystemClock(NOON_MS, ClockSettings(ahead_limit_days=limit))
    machine.time_ms += days * DAY_MS
    assert seen(clock) == wanted


@pytest.mark.parametrize(
    ("upstream_ms", "wanted"),
    [
        (0, ("synced", "")),
        (119_000, ("synced", "")),
        (-119_000, ("synced", "")),
        (121_000, ("doubtful", "disagrees")),
        (-121_000, ("doubtful", "disagrees")),
    ],
)
def test_the_clock_is_held_to_the_signed_time_when_upstream_was_heard(
    machine: Machine, upstream_ms: int, wanted: tuple[str, str]
) -> None:
    clock = SystemClock(NOON_MS - HOUR_MS)
    clock.heard(NOON_MS + upstream_ms)
    assert seen(clock) == wanted


def test_a_clock_that_is_set_while_it_runs_is_noticed_when_upstream_was_heard(
    machine: Machine,
) -> None:
    clock = SystemClock(NOON_MS)
    clock.heard(NOON_MS)
    machine.wait(30 * 60_000)
    assert seen(clock) == ("synced", "")
    machine.wait(HOUR_MS)
    assert seen(clock) == ("unsynced", "")
    machine.time_ms += 10 * 60_000
    assert seen(clock) == ("doubtful", "disagrees")
    clock.heard(NOON_MS - HOUR_MS)
    assert seen(clock) == ("doubtful", "disagrees"), "an old answer replayed takes no doubt away"


def test_upstream_takes_a_doubt_away_and_that_is_a_fact_when_its_time_agrees(
    tmp_path: Path, machine: Machine
) -> None:
    with opened(tmp_path / "home", settings()) as house:
        machine.time_ms += 300 * DAY_MS
        house.desk.journal.append(SlipPrinted("none", 1, "sent", "test"))
        machine.time_ms -= 300 * DAY_MS
        desk = house.desk
        desk.operator, desk.role = "101", "supervisor"
        assert code(sell_to(desk, KEYPAD, 5000)) == "clock_set_back"
        assert isinstance(search(desk, "a"), list), "enquiries go on"
        line.hear(desk.journal, desk.clock, "centre", machine.time_ms)
        fact = desk.records.last_of("clock_confirmed")
        assert isinstance(fact, ClockConfirmed)
        assert (fact.operator, fact.doubt) == ("centre", "back")
        sold(sell_to(desk, KEYPAD, 5000))
    with opened(tmp_path / "home", settings()) as house:
        assert house.desk.clock.now().quality == "unsynced", "after a restart too"


def test_two_different_persons_are_needed_when_a_clock_is_confirmed(
    tmp_path: Path, machine: Machine
) -> None:
    with opened(tmp_path / "home", settings()) as house:
        desk = house.desk
        desk.operator, desk.role = "201", "technician"
        assert code(confirm_clock(desk, "301", REHEARSAL_PIN)) == "clock_not_in_doubt"
        desk.journal.append(SlipPrinted("none", 1, "sent", "test"))
        machine.time_ms -= HOUR_MS
        assert code(confirm_clock(desk, "201", REHEARSAL_PIN)) == "second_person_same"
        assert code(confirm_clock(desk, "301", "0000")) == "wrong_pin"
        assert code(confirm_clock(desk, "101", REHEARSAL_PIN)) == "no_right"
        desk.role = "cashier"
        assert code(confirm_clock(desk, "301", REHEARSAL_PIN)) == "no_right"
        desk.role = "technician"
        done = confirm_clock(desk, "301", REHEARSAL_PIN)
        assert not isinstance(done, Refusal)
        assert done.quality == "unsynced"
        fact = desk.records.last_of("clock_confirmed")
        assert isinstance(fact, ClockConfirmed)
        assert (fact.operator, fact.second, fact.doubt) == ("201", "301", "back")
