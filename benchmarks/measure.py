"""One line of the table: what was measured, against what, and whether the target is met."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: name, value, baseline, ratio, target ("" for none), met (None without a target)
Row = dict[str, Any]

#: Files of a measurement stand on the disk that the project stands on: a /tmp may be memory.
BUILD = Path(__file__).parents[1] / "build"


def compared(
    name: str,
    value: float,
    baseline: float,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
) -> Row:
    """A line whose target is a ratio of `value` to `baseline`."""
    assert baseline > 0, name
    ratio = value / baseline
    target, met = "", None
    if at_most is not None:
        target, met = f"<= {at_most:g}x", ratio <= at_most
    if at_least is not None:
        target, met = f">= {at_least:g}x", ratio >= at_least
    return line(name, value, baseline, target, met)


def line(name: str, value: float, baseline: float | None, target: str, met: bool | None) -> Row:
    """A line whose target is more than a ratio."""
    ratio = round(value / baseline, 3) if baseline else None
    shown = None if baseline is None else round(baseline, 3)
    return {
        "name": name, "value": round(value, 3), "baseline": shown, "ratio": ratio,
        "target": target, "met": met,
    }  # fmt: skip


def in_turn(
    rounds: int, contestants: Sequence[Callable[[], dict[str, float]]]
) -> list[dict[str, float]]:
    """Run A, B, A, B ...; the first round only warms up. The median of each figure for each."""
    runs: list[list[dict[str, float]]] = [[] for _ in contestants]
    for number in range(rounds + 1):
        for place, contestant in enumerate(contestants):
            figures = contestant()
            if number:
                runs[place].append(figures)
    return [medians(each) for each in runs]


def medians(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """The median of each figure."""
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def took(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds that `work` took: on the wall, and of this thread's processor time."""
    began, cpu_began = time.perf_counter(), time.thread_time()
    work()
    cpu_ms = (time.thread_time() - cpu_began) * 1000
    return (time.perf_counter() - began) * 1000, cpu_ms


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for one measurement, gone afterwards."""
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as path:
        yield Path(path)
