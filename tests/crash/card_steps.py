"""Pull the card, or kill the program, at every single command to the chip; then audit.

A verb is run on a card of each family in two halls that share one world of cards. Its commands are
counted; then it is run again for each of them, and there the card is pulled, or the process ends as
in a power cut, before the command, in the middle of its write, or after it. The card comes back to
the same till, to another till of the hall, or goes to the meter and to the other hall first.

    python -m tests.crash.card_steps --write      draws the table in docs/cards.md again
"""

from __future__ import annotations

import contextlib
import copy
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from drivers.card.reader import ReaderOnSession
from drivers.card.sim import SimulatedSlot
from kiosk.errors import Refusal
from tests.crash.card_audit import Auditor, Tally, summary
from tests.crash.card_stage import (
    HALLS,
    Counting,
    Stage,
    Trouble,
    kind_named,
    make_template,
    remembered_pins,
)
from tests.crash.card_verbs import VERBS, Verb, refused_kinds
from tests.drivers.card.card_kinds import Kind

DOCUMENT = Path(__file__).parents[2] / "docs" / "cards.md"
BEGIN, END = "<!-- card steps: begin -->", "<!-- card steps: end -->"

#: How many bytes of a write reach the chip.
WRITTEN_BYTES = (0, 3, 99)
#: Where a card comes back to that was pulled: the same till, another one of the hall, or the first
#: after a visit to the other hall; and where, after the program was killed and is a new one.
PULLED, KILLED = ("same", "till", "other"), ("same", "other")
#: A disk that is none: every case makes two homes, and what was killed is a process.
QUICK = "/dev/shm" if Path("/dev/shm").is_dir() else None


class Bench:
    """Runs cases of one verb on one family; the stage is made once and copied for each."""

    def __init__(self, verb: Verb, kind: Kind, folder: Path) -> None:
        self.verb, self.kind, self.folder = verb, kind, folder
        make_template(kind, folder / "template", has_card=verb.has_card)
        prepared = Stage(folder / "template", kind, seeds=50)  # its names are of its own
        verb.prepare(prepared)
        prepared.take_out()
        prepared.close()
        self.prepared = prepared
        #: Of each command, whether it writes.
        self.writes = self._count()
        self.steps = len(self.writes)

    @contextlib.contextmanager
    def stage(self) -> Iterator[Stage]:
        place = self.folder / "case"
        shutil.copytree(self.folder / "template", place)
        stage = Stage(place, self.kind)
        stage.meter, stage.old_credit = copy.deepcopy(self.prepared.meter), self.prepared.old_credit
        stage.chip, stage.chips = self.prepared.chip, list(self.prepared.chips)
        try:
            stage.put_in(HALLS[0])
            with remembered_pins():
                yield stage
        finally:
            stage.close()
            shutil.rmtree(place)

    def _count(self) -> list[bool]:
        with self.stage() as stage:
            desk = stage.open(HALLS[0])
            transport = Counting(SimulatedSlot(stage.world, HALLS[0]))
            desk.reader = ReaderOnSession(transport, 0.001, stage.module())
            done = self.verb.run(desk)
            assert not isinstance(done, Refusal), done
        return transport.changed

    def strike(self, stage: Stage, trouble: Trouble) -> None:
        """Run the verb into its trouble; afterwards the hall is open, started anew if killed."""
        if trouble.kind == "pull":
            desk = stage.open(HALLS[0])
            desk.reader = stage.reader(HALLS[0], trouble)
            self.verb.run(desk)
            desk.reader = stage.reader(HALLS[0])
            return
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                desk = stage.open(HALLS[0])
                desk.reader = stage.reader(HALLS[0], trouble)
                self.verb.run(desk)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 9, (trouble, status)
        stage.seeds += 1  # the new process draws other names

    def case(self, trouble: Trouble, by_way: str) -> tuple[str, Tally]:
        """What the card showed right after the trouble, and what came of it."""
        with self.stage() as stage:
            self.strike(stage, trouble)
            auditor = Auditor(stage, self.verb, trouble, by_way)
            shown = auditor.shown()
            auditor.worth_at_most()
            if by_way == "till":
                stage.go_to_other_till()
            if by_way == "other":
                stage.in_meter()
                self.verb.visit(stage)
                stage.in_meter()
            auditor.recover()
            auditor.worth_at_most()
            auditor.audit()
            auditor.goes_on()
            auditor.worth_at_most()
        return shown, auditor.tally

    def all(self) -> tuple[list[list[str]], Tally]:
        """Every command, pulled and killed: what was shown by step, and totals."""
        total, steps = Tally(), []
        for at in range(1, self.steps + 1):
            shown: dict[str, None] = {}
            for trouble, by_way in self.cases(at):
                what, tally = self.case(trouble, by_way)
                shown[what] = None
                total.add(tally)
            steps.append(list(shown))
        return steps, total

    def cases(self, at: int) -> list[tuple[Trouble, str]]:
        """Every trouble at one command. A write is torn in every way and the card comes back on
        every way; one that changes nothing has nothing to tear, and there the ways take turns."""
        if self.writes[at - 1]:
            return [
                (Trouble(kind, at, written), by_way)
                for written in WRITTEN_BYTES
                for kind, ways in (("pull", PULLED), ("kill", KILLED))
                for by_way in ways
            ]
        return [
            (Trouble("pull", at, 0), PULLED[at % len(PULLED)]),
            (Trouble("kill", at, 0), KILLED[at % len(KILLED)]),
        ]


# --- the table --------------------------------------------------------------------------------


def rows(steps: list[list[str]]) -> str:
    """Runs of steps that show the same: "1-14 nothing was paid; 15-25 not delivered"."""
    runs: list[tuple[int, int, str]] = []
    for number, shown in enumerate(steps, 1):
        text = " or ".join(shown)
        if runs and runs[-1][2] == text:
            runs[-1] = (runs[-1][0], number, text)
        else:
            runs.append((number, number, text))
    return "; ".join(f"{a}-{b} {text}" if a != b else f"{a} {text}" for a, b, text in runs)


def row(verb: Verb, name: str, steps: list[list[str]], total: Tally) -> str:
    """One row of the table of docs/cards.md."""
    return f"| {verb.name} | {name} | {len(steps)} | {rows(steps)} | {total.cases} |"


def refused_row(verb: Verb, name: str, code: str) -> str:
    """The row of a family that does not know the work."""
    return f"| {verb.name} | {name} | 0 | refused: `{code}` | 0 |"


def one(place: tuple[int, str]) -> tuple[str, Tally]:
    """The row of one verb (its place in the list) and family."""
    verb, name = VERBS[place[0]], place[1]
    with tempfile.TemporaryDirectory(dir=QUICK) as folder:
        steps, total = Bench(verb, kind_named(name), Path(folder)).all()
    return row(verb, name, steps, total), total


def table() -> tuple[str, Tally]:
    """The table of docs/cards.md, and the totals of all cases; on every core."""
    lines = ["| verb | family | commands | at which command the card shows what | cases |",
             "|---|---|---|---|---|"]  # fmt: skip
    places = [(number, name) for number, verb in enumerate(VERBS) for name in verb.kinds]
    total = Tally()
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        found = dict(zip(places, pool.map(one, places), strict=True))
    for number, verb in enumerate(VERBS):
        for name in verb.kinds:
            drawn, tally = found[number, name]
            lines.append(drawn)
            total.add(tally)
        lines += [refused_row(verb, name, code) for name, code in refused_kinds(verb).items()]
    return "\n".join(lines), total


def write(begin: str, end: str, content: str) -> None:
    """Put `content` between two marks of the document."""
    text = DOCUMENT.read_text()
    before, rest = text.split(begin)
    DOCUMENT.write_text(f"{before}{begin}\n{content}\n{end}{rest.split(end)[1]}")


def main() -> int:
    drawn, total = table()
    sys.stdout.write(f"{drawn}\n{summary(total)}\n")
    for wrong in total.wrong:
        sys.stdout.write(f"{wrong}\n")
    if "--write" in sys.argv:
        write(BEGIN, END, f"{drawn}\n\n{summary(total)}.")
    return 1 if total.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
