"""`make sabotage`: plant one fault after another in a copy of the tree; a named suite must see it.

python -m tests.sabotage [SEED] [WORD ...]       only plants whose name has one of the words
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.sabotage.plants import PLANTS, Plant

ROOT = Path(__file__).parents[2]
_WORKERS = os.cpu_count() or 1
_PATIENCE_S = 1200

#: What pytest says: 1 is "tests failed"; anything else is no proof that the fault was seen.
_FAILED = 1


def missing(plants: Sequence[Plant] = tuple(PLANTS)) -> list[str]:
    """Plants whose old text is not there exactly once."""
    found = []
    for plant in plants:
        times = (ROOT / plant.file).read_text().count(plant.old)
        if times != 1:
            found.append(f"{plant.name}: its old text is {times} times in {plant.file}")
    return found


def uncaught(plants: Sequence[Plant], seed: int) -> list[str]:
    """Plants that no suite has seen, each in a copy of its own; random tests use `seed`."""
    with tempfile.TemporaryDirectory() as text, ThreadPoolExecutor(_WORKERS) as pool:
        folder = Path(text)
        outcomes = pool.map(
            lambda each: _try(each[1], folder / f"{each[0]}", seed), enumerate(plants)
        )
        return [outcome for outcome in outcomes if outcome]


def _try(plant: Plant, copy: Path, seed: int) -> str:
    """Empty when the suite fails as it must; otherwise what happened."""
    ignored = shutil.ignore_patterns(
        ".venv", ".git", "build", "__pycache__", ".*_cache", "*.egg-info"
    )
    shutil.copytree(ROOT, copy, ignore=ignored)
    path = copy / plant.file
    path.write_text(path.read_text().replace(plant.old, plant.new))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider",
             "-m", "not proof", f"--hypothesis-seed={seed}", *plant.suite.split()],
            cwd=copy, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True, text=True, timeout=_PATIENCE_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"{plant.name}: {plant.suite} did not end"
    finally:
        shutil.rmtree(copy)
    if done.returncode == _FAILED:
        return ""
    said = (done.stdout + done.stderr).strip().splitlines()[-1:]
    return f"{plant.name}: {plant.suite} says {' '.join(said)} ({done.returncode})"


def main(arguments: list[str]) -> int:
    words = [word for word in arguments if not word.isdecimal()]
    numbers = [int(word) for word in arguments if word.isdecimal()]
    seed = numbers[0] if numbers else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    wanted = [plant for plant in PLANTS if not words or any(word in plant.name for word in words)]
    trouble = missing(wanted) or uncaught(wanted, seed)
    caught = len(wanted) - len(trouble)
    print("\n".join([*trouble, f"{len(wanted)} planted, {caught} caught, seed {seed}"]))
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
