"""The disk fails at the n-th operation: I/O error, full disk or short write, once or for ever.

    python -m tests.power.errors FOLDER SHARE OF STEP SEED [VERB ...]

runs under the shim and prints JSON lines. n moves to the end of every verb, and to the end of the
recovery of a verb that was killed. After the fault the same process is asked for another sale; then
it ends, and the next start is audited.
"""

from __future__ import annotations

import ctypes
import json
import random
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from kiosk.errors import KioskError, Refusal, StoreFault
from kiosk.ledger.pen import Draft
from tests.crash import auditor
from tests.crash.aftermath import settle
from tests.crash.bench import Bench, RefusedError
from tests.crash.evidence import Attempt, Findings, Neighbour
from tests.crash.forks import fork, learn
from tests.crash.kills import Ground, audited, base_home, copied, killed_at, prepare
from tests.crash.verbs import VERBS

KINDS = {"EIO": 1, "ENOSPC": 2, "short": 3}
#: The folder of a round; the shim looks at nothing else.
ROUND = "round"


@dataclass(frozen=True)
class Fault:
    """What the `at`-th operation meets; with `forever` every later one too."""

    at: int
    kind: str
    forever: bool
    #: Whether it strikes the recovery of a killed verb instead of the verb.
    recovering: bool = False

    def arm(self) -> None:
        shim().shim_arm(self.at, KINDS[self.kind], int(self.forever))

    def __str__(self) -> str:
        where = "recovery" if self.recovering else "verb"
        return f"{self.kind} {'from' if self.forever else 'at'} operation {self.at} of the {where}"


#: Far beyond the end: nothing fails.
_CALM = Fault(10**6, "EIO", forever=False)


def shim() -> Any:
    """The library that this process was started with."""
    return ctypes.CDLL(None)


# --- one round ------------------------------------------------------------------------------------


def tell(deed: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What came of a deed, as whoever asked for it was told."""
    try:
        return {"answer": deed()}
    except RefusedError as refused:
        return {"refused": refused.args[0]}
    except (KioskError, OSError) as fault:
        return {"fault": str(fault)}
    except BaseException as error:
        return {"untold": repr(error)}


def deny(bench: Bench) -> list[list[str]]:
    """Collects the sales and tokens of which the journal says that nothing was written: kind, name
    of the id, id."""
    denied: list[list[str]] = []
    journal, append = bench.desk.journal, bench.desk.journal.append_drafts

    def watched(drafts: Sequence[Draft]) -> list[int] | Refusal:
        try:
            return append(drafts)
        except StoreFault as fault:
            if fault.sentence.startswith("Nothing was written"):
                denied.extend(_intents(drafts))
            raise

    journal.append_drafts = watched  # type: ignore[method-assign]
    return denied


def _intents(drafts: Sequence[Draft]) -> Iterator[list[str]]:
    ids = {"sale_committed": "sale_id", "token_committed": "issue_id"}
    for draft in drafts:
        if draft.kind in ids:
            name, fact = ids[draft.kind], msgspec.msgpack.decode(draft.body)
            if fact.get("operation") != "transfer":  # whoever settles writes it under the same id
                yield [draft.kind, name, fact[name]]


def struck(ground: Ground, home: Path, fault: Fault, story: Path) -> None:
    """The verb while the disk fails, and another sale after it."""
    bench = Bench(home, cash=ground.verb.cash)
    denied = deny(bench)
    fault.arm()
    first = tell(lambda: ground.verb.act(bench))
    second = tell(lambda: bench.sell(bench.meter("keypad", 1)))
    closing = tell(lambda: bench.close() or {})  # type: ignore[func-returns-value]
    told = {"first": first, "second": second, "closing": closing, "ops": shim().shim_count(),
            "denied": denied}  # fmt: skip
    story.write_text(json.dumps(told))


def struck_recovery(ground: Ground, home: Path, fault: Fault, story: Path) -> None:
    """A start while the disk fails."""
    fault.arm()

    def start() -> dict[str, Any]:
        bench = Bench(home, cash=ground.verb.cash)
        try:
            settle(bench)
        finally:
            bench.close()
        return {}

    first = tell(start)
    story.write_text(json.dumps({"first": first, "ops": shim().shim_count()}))


def round_with(ground: Ground, fault: Fault, chance: random.Random, folder: Path) -> Findings:
    """Let the disk fail once, then audit the next start."""
    strike = _recovery_struck if fault.recovering else _verb_struck
    return strike(ground, fault, chance, folder)


def _verb_struck(ground: Ground, fault: Fault, _chance: random.Random, folder: Path) -> Findings:
    story = folder / "story.json"
    with copied(ground.home, folder / ROUND) as home:
        code = fork(lambda: struck(ground, home, fault, story))
        told = json.loads(story.read_bytes()) if code == 0 else {}
        attempts = [_attempt(ground, told.get("first", {}))]
        attempts += [
            Attempt("", 0, False, None, kind, field, value)
            for kind, field, value in told.get("denied", [])
        ]
        other = _other_sale(ground, told.get("second", {}))
        return _after_fault(ground, home, code, told, attempts, [other])


def _recovery_struck(ground: Ground, fault: Fault, chance: random.Random, folder: Path) -> Findings:
    story, point = folder / "story.json", chance.choice(ground.points)
    with killed_at(ground, point, folder / ROUND) as (home, ended):
        assert ended == -signal.SIGKILL, (point, ended)
        answer = home.parent / f"{home.name}.answer"
        attempt = ground.attempt(
            point, json.loads(answer.read_bytes()) if answer.exists() else None
        )
        code = fork(lambda: struck_recovery(ground, home, fault, story))
        told = json.loads(story.read_bytes()) if code == 0 else {}
        return _after_fault(ground, home, code, told, [attempt], [])


def _after_fault(
    ground: Ground,
    home: Path,
    code: int,
    told: dict[str, Any],
    attempts: list[Attempt],
    neighbours: list[Neighbour],
) -> Findings:
    if code != 0:
        return Findings([f"ended with {code}"])
    killed = auditor.see(home / "world", ground.chips)
    findings = audited(ground, home, attempts, killed, neighbours)
    findings.lost += [
        f"{part}: {each['untold']}"
        for part, each in told.items()
        if isinstance(each, dict) and "untold" in each
    ]
    return findings


def _attempt(ground: Ground, told: dict[str, Any]) -> Attempt:
    """A refusal says that nothing was taken; after a fault nobody can say before the next start."""
    taken = True if "answer" in told else False if "refused" in told else None
    if taken is False and not ground.verb.commit:
        taken = None  # notes may have been stacked before the sale was refused
    # The doors are tried where nothing but the verb happened: here a second sale came after it.
    return replace(ground.asked(taken, told.get("answer")), doors={})


def _other_sale(ground: Ground, told: dict[str, Any]) -> Neighbour:
    answers = [told["answer"]] if "answer" in told else []
    return Neighbour([ground.known["other"]], answers, killed="fault" in told)


# --- the server -----------------------------------------------------------------------------------


def faults(ground: Ground, folder: Path, step: int) -> Iterator[Fault]:
    """n to the end of the verb and of its recovery; every `step`-th of the six ways to fail."""
    story, number = folder / "story.json", 0
    for recovering, strike in ((False, struck), (True, struck_recovery)):
        with copied(ground.home, folder / ROUND) as home:
            learn(partial(strike, ground, home, _CALM, story), folder / "modules")
        # A recovery that has something to do needs more than a calm start.
        count = json.loads(story.read_bytes())["ops"] * (2 if recovering else 1)
        for at in range(1, count + 1):
            for kind in KINDS:
                for forever in (False, True):
                    number += 1
                    if number % step == 0:
                        yield Fault(at, kind, forever, recovering)


def serve(folder: Path, share: int, of: int, step: int, seed: int, names: Sequence[str]) -> None:
    """Do every `of`-th fault of every verb and print what was found."""
    base, number = base_home(folder), 0
    for name in names:
        ground = prepare(VERBS[name], base, folder)
        ground.known["other"] = _second_meter(ground, folder)
        for fault in faults(ground, folder, step):
            number += 1
            if number % of != share:
                continue
            where = f"{name}, {fault}, seed {seed}"
            found = round_with(ground, fault, random.Random(where), folder)
            print(json.dumps({"where": where, "findings": asdict(found)}), flush=True)


def _second_meter(ground: Ground, folder: Path) -> str:
    out = folder / "second"
    with copied(ground.home, folder / ROUND) as home:

        def look() -> None:
            bench = Bench(home)
            out.write_text(bench.meter("keypad", 1))
            bench.close()

        learn(look, folder / "modules")
    return out.read_text()


if __name__ == "__main__":
    share, of, step, seed = (int(text) for text in sys.argv[2:6])
    serve(Path(sys.argv[1]), share, of, step, seed, sys.argv[6:] or list(VERBS))
