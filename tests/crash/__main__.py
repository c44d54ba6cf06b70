"""`make crash SEEDS=n`: every verb killed at every point n times; a line after each round.

python -m tests.crash [ROUNDS] [SEED] [VERB ...]
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

#: A kiosk mostly waits for its note acceptor, so there may be more servers than cores.
_SERVERS = (os.cpu_count() or 1) + 1

#: What the auditor tells apart (tests/crash/evidence.py).
_KINDS = ("lost", "doubled", "unbalanced")


@dataclass
class Toll:
    """What all servers together have to say."""

    rounds: int = 0
    kills: int = 0
    points: set[tuple[str, str]] = field(default_factory=set)
    found: Counter[str] = field(default_factory=Counter)
    texts: list[str] = field(default_factory=list)

    def add(self, outcome: dict[str, Any]) -> None:
        self.rounds += 1
        self.kills += outcome["kills"]
        self.points.add((outcome["verb"], outcome["point"]))
        where = f"{outcome['verb']}, {outcome['point']}, seed {outcome['seed']}"
        for kind, texts in outcome["findings"].items():
            self.found[kind] += len(texts)
            self.texts += [f"{where}: {text}" for text in texts]

    def line(self) -> str:
        counts = ", ".join(f"{self.found[kind]} {kind}" for kind in _KINDS)
        return f"{self.kills} kills at {len(self.points)} points, {counts}"


def kill_all(
    rounds: int,
    seed: int,
    verbs: Sequence[str] = (),
    every: int = 1,
    heard: Callable[[int, Toll], None] = lambda _rounds, _toll: None,
) -> Toll:
    """Let every server do its share of the rounds, at every `every`-th point.

    `heard` is called whenever all servers have ended a round, with the number of rounds.
    """
    toll, ended, lock = Toll(), Counter[int](), threading.Lock()

    def hear(line: dict[str, Any]) -> None:
        with lock:
            if "ended" not in line:
                toll.add(line)
                return
            ended[line["ended"]] += 1
            if ended[line["ended"]] == _SERVERS:
                heard(line["ended"], toll)

    with ThreadPoolExecutor(_SERVERS) as pool:
        list(pool.map(lambda n: _share(n, rounds, seed, every, verbs, hear), range(_SERVERS)))
    return toll


def _share(
    share: int,
    rounds: int,
    seed: int,
    every: int,
    verbs: Sequence[str],
    hear: Callable[[dict[str, Any]], None],
) -> None:
    """One server; what it says is heard as it says it."""
    numbers = [str(number) for number in (share, _SERVERS, rounds, seed, every)]
    with tempfile.TemporaryFile("w+") as troubles, subprocess.Popen(
        [sys.executable, "-m", "tests.crash.kills", *numbers, *verbs],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=troubles, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        for line in server.stdout:
            hear(json.loads(line))
        code = server.wait()
        troubles.seek(0)
        assert code == 0, (code, troubles.read())


def main(arguments: list[str]) -> int:
    rounds = int(arguments[0]) if arguments else 5
    seed = int(arguments[1]) if len(arguments) > 1 else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}, {rounds} rounds at each point", flush=True)
    said = 0

    def heard(ended: int, so_far: Toll) -> None:
        """A run that is cut off has told what it did until then."""
        nonlocal said
        news, said = so_far.texts[said:], len(so_far.texts)
        print("\n".join([*news, f"round {ended}: {so_far.line()}"]), flush=True)

    toll = kill_all(rounds, seed, arguments[2:], heard=heard)
    print(f"{toll.line()}, seed {seed}")
    return 1 if toll.texts else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
