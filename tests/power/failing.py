"""Runs the servers of tests/power/errors.py on all cores.

    python -m tests.power.failing [STEP] [SEED] [VERB ...]

STEP 1 tries every way to fail at every operation, STEP 11 every eleventh.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.power import recorder

_SERVERS = (os.cpu_count() or 1) + 1


@dataclass
class Toll:
    """How many faults there were, and what came of them."""

    faults: int = 0
    found: dict[str, list[str]] = field(
        default_factory=lambda: {"lost": [], "doubled": [], "unbalanced": []}
    )

    def line(self) -> str:
        counts = ", ".join(f"{len(texts)} {kind}" for kind, texts in self.found.items())
        return f"{self.faults} faults of the disk, {counts}"

    def findings(self) -> list[str]:
        return [text for texts in self.found.values() for text in texts]


def fail_disks(step: int, seed: int, verbs: Sequence[str] = ()) -> Toll:
    """Let every server do its share of the faults."""
    toll = Toll()
    with tempfile.TemporaryDirectory() as text, ThreadPoolExecutor(_SERVERS) as pool:
        library = recorder.shim(Path(text))
        shares = pool.map(lambda share: _share(library, share, step, seed, verbs), range(_SERVERS))
        for answer in (json.loads(told) for lines in shares for told in lines):
            toll.faults += 1
            for kind, texts in answer["findings"].items():
                toll.found[kind] += [f"{answer['where']}: {text}" for text in texts]
    return toll


def _share(library: Path, share: int, step: int, seed: int, verbs: Sequence[str]) -> list[str]:
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    numbers = [str(number) for number in (share, _SERVERS, step, seed)]
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        done = subprocess.run(
            [sys.executable, "-m", "tests.power.errors", folder, *numbers, *verbs],
            cwd=recorder.ROOT, env=recorder.environment(library, Path(folder) / "round"),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, (done.returncode, done.stderr)
    return done.stdout.splitlines()


def main(arguments: list[str]) -> int:
    if recorder.compiler() is None:
        print(recorder.NO_COMPILER)
        return 0
    step = int(arguments[0]) if arguments else 11
    seed = int(arguments[1]) if len(arguments) > 1 else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    toll = fail_disks(step, seed, arguments[2:])
    print("\n".join([*toll.findings(), f"{toll.line()}, seed {seed}"]))
    return 1 if toll.findings() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
