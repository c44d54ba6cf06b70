"""`make crash SEEDS=n`: every verb killed at every point n times; one line at the end.

python -m tests.crash [ROUNDS] [SEED] [VERB ...]
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

#: A kiosk mostly waits for its note acceptor, so there may be more servers than cores.
_SERVERS = (os.cpu_count() or 1) + 1


@dataclass
class Toll:
    """What all servers together have to say."""

    rounds: int = 0
    kills: int = 0
    points: set[tuple[str, str]] = field(default_factory=set)
    found: dict[str, list[str]] = field(
        default_factory=lambda: {"lost": [], "doubled": [], "unbalanced": []}
    )

    def add(self, outcome: dict[str, Any]) -> None:
        self.rounds += 1
        self.kills += outcome["kills"]
        self.points.add((outcome["verb"], outcome["point"]))
        where = f"{outcome['verb']}, {outcome['point']}, seed {outcome['seed']}"
        for kind, texts in outcome["findings"].items():
            self.found[kind] += [f"{where}: {text}" for text in texts]

    def line(self) -> str:
        counts = ", ".join(f"{len(texts)} {kind}" for kind, texts in self.found.items())
        return f"{self.kills} kills at {len(self.points)} points, {counts}"

    def findings(self) -> list[str]:
        return [text for texts in self.found.values() for text in texts]


def kill_all(rounds: int, seed: int, verbs: Sequence[str] = (), every: int = 1) -> Toll:
    """Let every server do its share of the rounds, at every `every`-th point."""
    toll = Toll()
    with ThreadPoolExecutor(_SERVERS) as pool:
        for outcomes in pool.map(lambda n: _share(n, rounds, seed, every, verbs), range(_SERVERS)):
            for outcome in outcomes:
                toll.add(outcome)
    return toll


def _share(
    share: int, rounds: int, seed: int, every: int, verbs: Sequence[str]
) -> list[dict[str, Any]]:
    numbers = [str(number) for number in (share, _SERVERS, rounds, seed, every)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.kills", *numbers, *verbs],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.returncode, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main(arguments: list[str]) -> int:
    rounds = int(arguments[0]) if arguments else 5
    seed = int(arguments[1]) if len(arguments) > 1 else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}, {rounds} rounds at each point", flush=True)
    toll = kill_all(rounds, seed, arguments[2:])
    print("\n".join([*toll.findings(), f"{toll.line()}, seed {seed}"]))
    return 1 if toll.findings() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
