"""Every prefix of a recorded day as a power cut leaves it: opened, recovered and audited.

    python -m tests.power.images RECORD SHARE OF IMAGES SEED

RECORD is what `tests.power.__main__` pickled; one JSON line comes out.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from kiosk.errors import KioskError
from kiosk.till import history
from kiosk.till.maintain import verify
from tests.crash import auditor
from tests.crash.aftermath import export, note_on_its_way, settle, unsettled
from tests.crash.bench import Bench
from tests.crash.evidence import Attempt, Evidence, Findings, Neighbour, World
from tests.crash.warm import warm
from tests.power.day import HOME, TOLD
from tests.power.disk import Disk
from tests.power.recorder import Op

#: What is wrong in the home at this place, when this was told.
Judge = Callable[[Path, list[dict[str, Any]]], Findings]

_NOBODY = World({}, {}, 0)

#: A short day has no more states when so many rounds, one after another, left none that is new.
_EMPTY_ROUNDS = 5

#: The shared memory of the log, and what only the player of the day knew.
_LOST_WITH_POWER = ("-shm", ".known")


@dataclass
class Tally:
    """What the images of one server came to; findings name operation and seed."""

    images: int = 0
    corrupt: list[str] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)

    def add(self, where: str, found: Findings) -> None:
        for kind, texts in asdict(found).items():
            getattr(self.findings, kind).extend(f"{where}: {text}" for text in texts)


def serve(
    ops: list[Op], share: int, of: int, images: int, seed: int, judge: Judge | None = None
) -> Tally:
    """Make about `images` images of the day, round after round over its operations, and audit
    every `of`-th of them. What was seen once is no image of its own.

    Another `judge` than that of the day has nothing to say before the first thing was told.
    """
    tally, number, turn, empty = Tally(), 0, 0, 0
    seen: set[bytes] = set()
    first = next(at for at, op in enumerate(ops) if op.path == TOLD) if judge else 0
    step = max(1, (len(ops) - first) // images)  # few images are spread over the whole day
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        while number < images and empty < _EMPTY_ROUNDS:
            before, disk, told = number, Disk(f"{HOME}/world", f"{HOME}.known"), b""
            for at, op in enumerate(ops):
                if op.path == TOLD:
                    told += op.data
                    continue
                disk.do(op)
                if at % step:
                    continue
                if (turn or judge) and not told:
                    continue
                if turn and disk.certain:
                    continue  # one state only: it has been seen
                where = f"operation {at}, seed {seed}, round {turn}"
                image = disk.survivor(random.Random(where))
                if _was_seen(image, told, seen):
                    continue
                number += 1
                if number % of == share:
                    _one(image, told, Path(folder) / "cut", where, tally, judge or audited)
                if number >= images:
                    break
            turn += 1
            empty = empty + 1 if number == before else 0
    return tally


def _was_seen(image: dict[str, bytes | str | None], told: bytes, seen: set[bytes]) -> bool:
    """Whether the same was left once before, when the same had been told."""
    digest = hashlib.sha256(told)
    for name, content in image.items():
        if not name.endswith(_LOST_WITH_POWER):
            text = content if isinstance(content, bytes) else repr(content).encode()
            digest.update(f"{name} {len(text)} ".encode() + text)
    known = digest.digest() in seen
    seen.add(digest.digest())
    return known


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _one(
    image: dict[str, bytes | str | None],
    told: bytes,
    folder: Path,
    where: str,
    tally: Tally,
    judge: Judge,
) -> None:
    _lay_out(image, folder)
    tally.images += 1
    try:
        found = judge(folder / HOME, [json.loads(line) for line in told.splitlines()])
    except Exception as error:  # whatever it is: after a power cut the program must start
        said = error.sentence if isinstance(error, KioskError) else repr(error)
        tally.corrupt.append(f"{where}: {said}")
    else:
        tally.add(where, found)
    finally:
        shutil.rmtree(folder)


def _lay_out(image: dict[str, bytes | str | None], folder: Path) -> None:
    """Folders come before what is in them; the shared memory of the log dies with the power."""
    folder.mkdir()
    for name, content in image.items():
        path = folder / name
        if content is None:
            path.mkdir()
        elif isinstance(content, str):
            path.symlink_to(content)
        elif not name.endswith(_LOST_WITH_POWER):
            path.write_bytes(content)


def audited(home: Path, told: list[dict[str, Any]]) -> Findings:
    """Start, settle, and compare with everything that somebody was told before the power went."""
    bench = Bench(home)
    try:
        if note_on_its_way(bench):
            bench.hang_acceptor()
        settle(bench)
        chips = bench.chips()
        seen = auditor.see(home / "world", chips)
        evidence = Evidence(
            attempts=[
                Attempt("", 0, None, answer, kind="nothing")
                for answer in told
                if "sale_id" not in answer and "opened" not in answer
            ],
            export=export(bench), verify_exit=0,
            verify=msgspec.to_builtins(verify(bench.desk)),
            in_doubt=[record.committed.sale_id for record in history.in_doubt(bench.desk)],
            before=_NOBODY, killed=seen, once=seen, twice=seen,
            neighbours=[
                Neighbour(
                    list(seen.credited_wh), [a for a in told if "sale_id" in a], killed=True
                )
            ],
            unsettled=unsettled(bench),
            open_tokens=[
                record.committed.issue_id for record in bench.desk.records.open_tokens()
            ],
        )  # fmt: skip
        return auditor.judge_journal(evidence)
    finally:
        bench.close()


if __name__ == "__main__":
    share, of, images, seed = (int(text) for text in sys.argv[2:6])
    warm()
    recorded: list[Op] = pickle.loads(Path(sys.argv[1]).read_bytes())
    print(json.dumps(asdict(serve(recorded, share, of, images, seed))))
