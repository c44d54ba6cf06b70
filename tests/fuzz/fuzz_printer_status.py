"""Hostile bytes from and to a printer: nothing undeclared is raised, nothing hangs, none is `ok`
that is not four clean answers.

    python -m tests.fuzz.fuzz_printer_status [RUNS] [SEED]
"""

from __future__ import annotations

import random
import sys
import time
from typing import get_args, get_type_hints

from drivers.printer.escpos_reader import EscposReader
from drivers.printer.sim_paper import Paper
from drivers.printer.status import decode, is_status
from kiosk.ports import PrinterStatus

STATES = get_args(get_type_hints(PrinterStatus)["state"])
LEADS = (b"\x1b", b"\x1d", b"\x1c", b"\x10", b"\x1d(k", b"\x1dv0", b"\x1dk", b"\x1bD", b"\x1d8L")


def run_once(chance: random.Random) -> None:
    """One set of answers to the driver, one job to the simulated printer."""
    answers = [chance.choice((None, chance.randrange(256), 0x12)) for _ in range(4)]
    state = decode(answers).state
    assert state in STATES
    if state in ("ok", "paper_low"):
        assert all(value is not None and is_status(value) for value in answers)
    _print(b"".join(_piece(chance) for _ in range(chance.randrange(8))), chance)


def _piece(chance: random.Random) -> bytes:
    return chance.choice((b"text\n", b"", *LEADS)) + chance.randbytes(chance.randrange(12))


def _print(job: bytes, chance: random.Random) -> None:
    reader, paper, drawn = EscposReader(), Paper(), b""
    stream = job
    while stream:
        size = chance.randint(1, len(stream))
        for command in reader.feed(stream[:size]):
            drawn += command.raw
            if command.kind == "cut":
                paper.cut(command)
            elif command.kind != "realtime":
                assert paper.draw(command) >= 0
        stream = stream[size:]
    assert job.startswith(drawn)


def run(runs: int, seed: int) -> float:
    """`runs` conversations from `seed`; the longest one in seconds of this thread's own work."""
    print(f"fuzz_printer_status: seed {seed}, {runs} runs")
    chance, longest_s = random.Random(seed), 0.0
    for _ in range(runs):
        started_s = time.thread_time()
        run_once(chance)
        longest_s = max(longest_s, time.thread_time() - started_s)
    assert longest_s < 1, longest_s
    return longest_s


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    run(*(numbers + [100_000, time.time_ns()][len(numbers) :]))
