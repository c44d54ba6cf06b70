"""Thousands of tamperings on all cores.

    python -m tests.ledger.tampering [CASES] [SALES] [SEED]

100 sales make about 350 entries, 3000 about 10,000.
"""

from __future__ import annotations

import functools
import os
import random
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from kiosk.ledger import proof
from kiosk.ledger.sealing import entry_is_genuine
from tests.ledger.thief import ALONE, TAMPERINGS, Thief, change_more_further_down, robbed

_PROCESSES = os.cpu_count() or 1


def tamper(thief: Thief, rounds: int) -> None:
    """Every way in turn; what was done is undone afterwards."""
    for number in range(rounds):
        act = TAMPERINGS[number % len(TAMPERINGS)]
        with thief.trying():
            first = act(thief)
            if number % 3 == 2 and act not in ALONE:
                change_more_further_down(thief, first)
            found = thief.proof()
        assert found.first_bad == first, (number, act.__name__, first, found)
        assert found.fault.startswith(f"Entry {first}: ")
        assert found.head == ""


def tamper_with(sales: int, cases: int, seed: int) -> int:
    """A ledger of so many sales, tampered with so often; how many entries it has."""
    # The same bytes under the same key have the same answer; asking once is quicker.
    remembered = functools.lru_cache(maxsize=100_000)(entry_is_genuine)
    proof.entry_is_genuine = remembered  # type: ignore[attr-defined]
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        connection = robbed(Path(folder), sales)
        try:
            thief = Thief(connection, seed)
            tamper(thief, cases)
            assert not thief.proof().first_bad
            return thief.last
        finally:
            connection.close()


def tamper_on_all_cores(sales: int, cases: int, seed: int) -> int:
    """As `tamper_with`, shared among processes, each with a ledger and a seed of its own."""
    share = -(-cases // _PROCESSES)
    with ProcessPoolExecutor(_PROCESSES, mp_context=get_context("spawn")) as pool:
        done = [pool.submit(tamper_with, sales, share, seed + n) for n in range(_PROCESSES)]
        return min(each.result() for each in done)


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    defaults = [10_000, 100, random.SystemRandom().randrange(10**6)]
    cases, sales, seed = numbers + defaults[len(numbers) :]
    print(f"seed {seed}", flush=True)
    entries = tamper_on_all_cores(sales, cases, seed)
    print(f"{cases} tamperings of {entries} entries, 0 unseen")
