"""`make fuzz RUNS=n`: every parser that meets bytes from outside, one after another on each core.

    python -m tests.fuzz [RUNS] [SEED] [PARSER ...]

A run that takes long counts for more than one, so every parser has about the same time. A process
that grows by more than 64 MiB, or an exception that is not declared, is a finding.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import (
    fuzz_cards,
    fuzz_cctalk,
    fuzz_codes,
    fuzz_files,
    fuzz_printer_status,
    fuzz_prism,
    fuzz_sts,
    fuzz_sts600,
    fuzz_wire,
)

ROOT = Path(__file__).parents[2]
_GROWTH_KIB = 64 * 1024
_PATIENCE_S = 3600


@dataclass(frozen=True)
class Parser:
    """`fuzz(count, seed)` runs so many inputs; `cost` is how many plain runs one of them is."""

    fuzz: Callable[[int, int], object]
    cost: int = 1


_COSTS = {
    "card": 2, "secret code of a card": 8, "answer to reset and status words": 2,
    "kiosk.toml": 60, "handover": 20,
    "stick file": 20, "vector file": 100, "counter file": 8, "key file": 2, "digits": 15,
    "Prism request": 10, "STS600 request": 10, "note acceptor": 2, "printer": 3, "bundle": 2,
}  # fmt: skip


def _all() -> dict[str, Parser]:
    fuzzers: dict[str, Callable[[int, int], object]] = {
        "card": fuzz_cards.run_images,
        "answer to reset and status words": fuzz_cards.run_chips,
        "secret code of a card": fuzz_codes.run,
        "note acceptor": fuzz_cctalk.run,
        "printer": fuzz_printer_status.run,
        **{f"Prism {name}": fuzz for name, fuzz in fuzz_prism.FUZZERS.items()},
        **{f"STS600 {name}": fuzz for name, fuzz in fuzz_sts600.FUZZERS.items()},
        **fuzz_sts.FUZZERS,
        **fuzz_wire.FUZZERS,
        **fuzz_files.FUZZERS,
    }
    return {name: Parser(fuzz, _COSTS.get(name, 1)) for name, fuzz in fuzzers.items()}


PARSERS = _all()


def run_one(name: str, runs: int, seed: int) -> int:
    """Run one parser in this process; how many inputs it was given."""
    parser, started_s = PARSERS[name], time.monotonic()
    count = max(1, runs // parser.cost)
    parser.fuzz(max(1, count // 100), seed)  # what is loaded once does not count as growth
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    parser.fuzz(count, seed)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    assert grown_kib <= _GROWTH_KIB, f"{name} grew by {grown_kib} KiB"
    print(f"{name}: {count} runs in {time.monotonic() - started_s:.0f} s, {grown_kib} KiB grown")
    return count


def run_all(runs: int, seed: int, names: Sequence[str] = ()) -> tuple[int, list[str]]:
    """Run the parsers, each in a process of its own: all inputs, and what was found."""
    names = names or list(PARSERS)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        found = [text for text in pool.map(lambda name: _apart(name, runs, seed), names) if text]
    return sum(max(1, runs // PARSERS[name].cost) for name in names), found


def _apart(name: str, runs: int, seed: int) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--one", name, str(runs), str(seed)],
        cwd=ROOT, capture_output=True, text=True, timeout=_PATIENCE_S, check=False,
    )  # fmt: skip
    print(done.stdout.splitlines()[-1] if done.returncode == 0 else f"{name}: FOUND", flush=True)
    return "" if done.returncode == 0 else f"{name}, seed {seed}:\n{done.stderr}"


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--one"]:
        run_one(arguments[1], int(arguments[2]), int(arguments[3]))
        return 0
    runs = int(arguments[0]) if arguments else 100_000
    seed = int(arguments[1]) if len(arguments) > 1 else random.SystemRandom().randrange(2**32)
    print(f"seed {seed}", flush=True)
    inputs, found = run_all(runs, seed, arguments[2:])
    parsers = len(arguments[2:]) or len(PARSERS)
    totals = f"{inputs} inputs to {parsers} parsers, {len(found)} found, seed {seed}"
    print("\n".join([*found, totals]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
