"""`make power IMAGES=n`: days are recorded, cut off at every operation, and audited.

    python -m tests.power [IMAGES] [SEED] [SYNCHRONOUS]

Ends with one line; with SYNCHRONOUS=NORMAL it must find losses, or the harness is blind.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from tests.crash.evidence import Findings
from tests.power import recorder
from tests.power.images import Tally

_SERVERS = os.cpu_count() or 1
ACTS = 15
_IMAGES_A_DAY = 5000


def cut_days(images: int, seed: int, synchronous: str = "") -> Tally:
    """Record as many days as `images` ask for, and share the images of each among all cores."""
    total = Tally()
    with tempfile.TemporaryDirectory() as text, ThreadPoolExecutor(_SERVERS) as pool:
        folder = Path(text)
        library = recorder.shim(folder)
        for day in range(-(-images // _IMAGES_A_DAY)):
            count = min(_IMAGES_A_DAY, images - day * _IMAGES_A_DAY)
            record = _recorded(library, folder / f"day-{day}", seed + day, synchronous)
            for tally in pool.map(
                lambda share, r=record, c=count, d=day: _share(r, share, c, seed + d),
                range(_SERVERS),
            ):
                total.images += tally.images
                total.corrupt += tally.corrupt
                total.add(f"day {seed + day}", tally.findings)
    return total


def _recorded(library: Path, folder: Path, seed: int, synchronous: str) -> Path:
    machine = folder / "machine"
    machine.mkdir(parents=True)
    words = ["tests.power.day", str(machine), str(ACTS), str(seed)]
    ops = recorder.record(library, machine, words + ([synchronous] if synchronous else []))
    record = folder / "record"
    record.write_bytes(pickle.dumps(ops))
    return record


def _share(record: Path, share: int, images: int, seed: int) -> Tally:
    numbers = [str(number) for number in (share, _SERVERS, images, seed)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.power.images", str(record), *numbers],
        cwd=recorder.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.returncode, done.stderr)
    told = json.loads(done.stdout.splitlines()[-1])
    return Tally(told["images"], told["corrupt"], Findings(**told["findings"]))


def line(tally: Tally) -> str:
    found = asdict(tally.findings)
    counts = ", ".join(f"{len(texts)} {kind}" for kind, texts in found.items())
    return f"{tally.images} images, {len(tally.corrupt)} corrupt, {counts}"


def main(arguments: list[str]) -> int:
    if recorder.compiler() is None:
        print(recorder.NO_COMPILER)
        return 0
    images = int(arguments[0]) if arguments else 20_000
    seed = int(arguments[1]) if len(arguments) > 1 else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    tally = cut_days(images, seed, *arguments[2:3])
    print("\n".join([*tally.corrupt, *tally.findings.all(), f"{line(tally)}, seed {seed}"]))
    return 1 if tally.corrupt or tally.findings.all() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
