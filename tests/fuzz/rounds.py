"""Rounds of hostile input that must each end at once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

_LONGEST_S = 1.0


def longest_s(run_once: Callable[[random.Random], None], runs: int, seed: int) -> float:
    """`run_once`, `runs` times from `seed`; the longest round in seconds of this thread's own
    work, which hangs if it is longer than one."""
    print(f"seed {seed}, {runs} runs")
    chance, longest = random.Random(seed), 0.0
    for _ in range(runs):
        started_s = time.thread_time()
        run_once(chance)
        longest = max(longest, time.thread_time() - started_s)
    assert longest < _LONGEST_S, longest
    return longest
