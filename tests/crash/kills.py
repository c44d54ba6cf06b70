"""The fork server: kill a verb at every point that it passes, kill the recovery too, and audit.

    python -m tests.crash.kills SHARE OF ROUNDS SEED EVERY [VERB ...]     one server, JSON lines out

Everything is imported once; each step is a child of its own. A point is a named mark or the moment
before a statement of the pen (tests/crash/points.py). The first round at a point kills once, the
later ones kill the recovery as well, and every fourth kills the recovery after that.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kiosk.words.book import sentences
from tests.crash import auditor
from tests.crash.aftermath import journal_of, report, settle
from tests.crash.bench import Bench
from tests.crash.evidence import Attempt, Evidence, Findings, Neighbour, World
from tests.crash.forks import fork, learn
from tests.crash.points import Passing, watch
from tests.crash.verb import Verb
from tests.crash.verbs import VERBS
from tests.crash.warm import warm

#: Recovery passes about so many points; one beyond the last kills nobody, which is a case too.
_RECOVERY_POINTS = 60

#: A note acceptor keeps real time: on a machine that is too busy it may not answer in time.
_TRIES = 3


@dataclass
class Ground:
    """Where a verb is killed: a home in which its setup was done, and the points that it passes."""

    verb: Verb
    home: Path
    before: World
    known: dict[str, str]
    meter: str
    chips: dict[str, str]
    earlier: int
    points: list[str]

    def attempt(self, point: str, answer: dict[str, Any] | None) -> Attempt:
        """What was asked of the till, and whether it had been taken on at `point`."""
        taken = None
        if answer is not None:
            taken = True
        elif self.verb.commit:
            durable = self.points.index(f"pen.after_commit:{self.verb.commit}")
            taken = self.points.index(point) >= durable
        return self.asked(taken, answer)

    def asked(self, taken: bool | None, answer: dict[str, Any] | None) -> Attempt:
        """What was asked of the till, and what came of it."""
        verb = self.verb
        return Attempt(
            self.meter, verb.amount_minor, taken, answer, verb.intent, verb.field,
            self.known.get(verb.of, ""), self.earlier, verb.doors,
        )  # fmt: skip


@dataclass
class Outcome:
    """One round: how many kills, and what the auditor found."""

    verb: str
    point: str
    seed: int
    kills: int
    findings: Findings

    def line(self) -> str:
        return json.dumps(asdict(self))


# --- the ground -----------------------------------------------------------------------------------


def base_home(folder: Path) -> Path:
    """A home that was opened once."""
    sentences("en")
    warm()
    learn(lambda: Bench(folder / "base").close(), folder / "modules")
    return folder / "base"


def prepare(verb: Verb, base: Path, folder: Path) -> Ground:
    """Do what must come before the verb, then the verb itself on a copy, to see its points."""
    home = folder / verb.name.replace(" ", "-")
    shutil.copytree(base, home, symlinks=True)
    kept = home.with_suffix(".json")

    def before() -> None:
        bench = Bench(home, cash=verb.cash)
        verb.setup(bench)
        meter = bench.meter(verb.kind) if verb.kind else ""
        chips, known = bench.chips(), bench.known
        wanted = Attempt(meter, 0, None, None, verb.intent, verb.field, known.get(verb.of, ""))
        earlier = sum(wanted.is_meant(kind, fact) for kind, fact in journal_of(bench))
        kept.write_text(json.dumps([meter, chips, known, earlier]))
        bench.close()

    learn(before, folder / "modules")
    meter, chips, known, earlier = json.loads(kept.read_bytes())
    ground = Ground(
        verb, home, auditor.see(base / "world", chips), known, meter, chips, earlier, []
    )
    points = folder / "points.json"
    with copied(home, folder / "dry") as dry:
        learn(lambda: act(ground, dry, Passing(), points), folder / "modules")
        done = ground.asked(True, json.loads(_answer_file(dry).read_bytes()))
        calm = audited(
            ground, dry, [done], ground.before, run=partial(learn, notes=folder / "modules")
        )
        assert calm.all() == [], (verb.name, calm)  # before anything is killed
    ground.points = json.loads(points.read_bytes())
    return ground


def act(ground: Ground, home: Path, passing: Passing, points: Path | None = None) -> None:
    """The verb in a child; its answer is on the disk before anything else is done."""
    watch(passing)
    bench = Bench(home, cash=ground.verb.cash)
    passing.begin()
    answer = ground.verb.act(bench)
    _answer_file(home).write_text(json.dumps(answer))
    bench.close()
    if points is not None:
        points.write_text(json.dumps(passing.passed))


def _answer_file(home: Path) -> Path:
    return home.parent / f"{home.name}.answer"


# --- one round ------------------------------------------------------------------------------------


def round_at(ground: Ground, point: str, seed: int, folder: Path) -> Outcome:
    """Kill the verb at `point`, then perhaps its recovery, then settle and audit."""
    with killed_at(ground, point, folder / "round") as (home, code):
        if code == -signal.SIGKILL:
            return _after_death(ground, point, seed, home)
    return Outcome(ground.verb.name, point, seed, 0, Findings([f"ended with {code}"]))


@contextmanager
def killed_at(ground: Ground, point: str, target: Path) -> Iterator[tuple[Path, int]]:
    """A copy of the ground where the verb was killed at `point`, and how it ended; a verb that
    missed the point because its note acceptor was too slow begins anew on another copy."""
    for tries_left in reversed(range(_TRIES if ground.verb.cash else 1)):
        with copied(ground.home, target) as home:
            code = fork(lambda: act(ground, home, Passing(point)))
            if code == -signal.SIGKILL or not tries_left:
                yield home, code
                return


def _after_death(ground: Ground, point: str, seed: int, home: Path) -> Outcome:
    chance = random.Random(f"{seed} {ground.verb.name} {point}")
    kills, answer = 1, _answer_file(home)
    told = json.loads(answer.read_bytes()) if answer.exists() else None
    attempt = ground.attempt(point, told)
    killed = auditor.see(home / "world", ground.chips)
    for _ in range(_deaths_of_recovery(seed)):
        start = partial(recovery, ground, home, chance.randint(1, _RECOVERY_POINTS))
        kills += fork(start) == -signal.SIGKILL
    findings = audited(ground, home, [attempt], killed)
    return Outcome(ground.verb.name, point, seed, kills, findings)


def _deaths_of_recovery(seed: int) -> int:
    """None in the first round at a point, then one, every fourth time two (seeds count rounds)."""
    turn = seed % 100
    return 0 if turn == 0 else 2 if turn % 4 == 0 else 1


def recovery(ground: Ground, home: Path, at: int) -> None:
    """Start again and be killed at the `at`-th point that the start passes."""
    passing = Passing(at=at)
    watch(passing)
    passing.begin()
    bench = Bench(home, cash=ground.verb.cash)
    settle(bench)
    bench.close()


def audited(
    ground: Ground,
    home: Path,
    attempts: list[Attempt],
    killed: World,
    neighbours: Sequence[Neighbour] = (),
    run: Callable[[Callable[[], object]], int] = fork,
) -> Findings:
    """Settle in peace, carry everything to the meters, twice, and call the auditor."""
    shown = home.parent / f"{home.name}.shown"

    code = run(lambda: report(home, ground.verb, ground.chips, shown))
    if code != 0:
        return Findings([f"the start after it ended with {code}"])
    seen = json.loads(shown.read_bytes())
    shown.unlink()
    return auditor.judge(
        Evidence(
            attempts=attempts, export=bytes.fromhex(seen["export"]), verify_exit=0,
            verify=seen["verify"], in_doubt=seen["in_doubt"], before=ground.before, killed=killed,
            once=World(**seen["once"]), twice=World(**seen["twice"]), neighbours=list(neighbours),
            notes_in_doubt=seen["notes_in_doubt"], open_tokens=seen["open_tokens"],
            unsettled=seen["unsettled"], doors=seen["doors"],
        )
    )  # fmt: skip


class copied:
    """A copy of a home for one round, and nothing of it afterwards."""

    def __init__(self, source: Path, target: Path) -> None:
        self.source, self.target = source, target

    def __enter__(self) -> Path:
        shutil.copytree(self.source, self.target, symlinks=True)
        known = self.source.parent / f"{self.source.name}.known"
        shutil.copy(known, self.target.parent / f"{self.target.name}.known")
        return self.target

    def __exit__(self, *_error: object) -> None:
        shutil.rmtree(self.target)
        for beside in self.target.parent.glob(f"{self.target.name}.*"):
            beside.unlink()


# --- the server -----------------------------------------------------------------------------------


def picked(grounds: Sequence[Ground], seed: int, every: int) -> list[tuple[Ground, str]]:
    """The points of every verb. With `every` above 1 each verb is killed at that part of its points
    only, which the seed picks: so many runs with different seeds go to all of them."""
    return [
        (ground, point)
        for ground in grounds
        for place, point in enumerate(ground.points)
        if (place + seed) % every == 0
    ]


def serve(share: int, of: int, rounds: int, seed: int, every: int, names: Sequence[str]) -> None:
    """Do every `of`-th job, round after round, and print each outcome, and when a round ended.

    The seed of a job names its round.
    """
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shm if shm.is_dir() else None) as text:
        folder = Path(text)
        base = base_home(folder)
        grounds = [prepare(VERBS[name], base, folder) for name in names]
        jobs = picked(grounds, seed, every)
        for turn in range(rounds):
            for number, (ground, point) in enumerate(jobs, turn * len(jobs)):
                if number % of == share:
                    done = round_at(ground, point, seed * 100 + turn % 100, folder)
                    print(done.line(), flush=True)
            print(json.dumps({"ended": turn + 1}), flush=True)


if __name__ == "__main__":
    share, of, rounds, seed, every = (int(text) for text in sys.argv[1:6])
    serve(share, of, rounds, seed, every, sys.argv[6:] or list(VERBS))
