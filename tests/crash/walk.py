"""Kill the real program at a mark, start it again, and call the auditor."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.crash import auditor
from tests.crash.evidence import Attempt, Evidence, Findings, Neighbour, World
from tests.crash.journal_reader import digits_in

ROOT = Path(__file__).parents[2]
#: A process that hangs longer is a finding; a machine with other work makes it slow.
PATIENCE_S = 300

AMOUNT = "30"
NOTE = "2"  # the second choice of the rehearsal's hands: a note of 20

Buying = str  # token, card, card_account, card_top_up, notes, cancel, notes_card, upstream


@dataclass(frozen=True)
class Case:
    """One way to die: what is bought, the mark at which the program is killed, whether the money
    had been taken then, and the marks at which the recoveries that follow are killed in turn."""

    buying: Buying
    mark: str
    paid: bool | None = None
    again: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "-".join((self.buying, self.mark, *self.again))


@dataclass(frozen=True)
class Registry:
    """Who can buy in a home: meters by kind, and the chip of each card meter."""

    keypads: list[str]
    cards: list[str]
    chips: dict[str, str]


def environment(home: Path, mark: str = "") -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KIOSK_")}
    return kept | {"KIOSK_HOME": str(home), "KIOSK_MARK": mark, "TMPDIR": str(home.parent)}


def kiosk(
    home: Path, *words: str, mark: str = "", typed: str | None = None
) -> subprocess.CompletedProcess[str]:
    """The real program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "kiosk", *words], cwd=ROOT, env=environment(home, mark),
        input=typed, stdin=subprocess.DEVNULL if typed is None else None,
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip


def several(home: Path, commands: Sequence[Sequence[str]]) -> list[tuple[int, str, str]]:
    """Several commands, one after another, in one new process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.commands"], cwd=ROOT, env=environment(home),
        input=json.dumps(commands), capture_output=True, text=True, timeout=PATIENCE_S, check=True,
    )  # fmt: skip
    return [(code, out, err) for code, out, err in json.loads(done.stdout)]


def open_home(folder: Path, customers: int = 12, *, centre: bool = False) -> Registry:
    """A new home; who can buy there."""
    folder.mkdir()
    words = f"[rehearsal]\ncustomers = {customers}\ncentre = {str(centre).lower()}\n"
    (folder / "kiosk.toml").write_text(words)
    rows = json.loads(_good(kiosk(folder, "customers", "--json")).stdout)
    free = [row for row in rows if not row["blocked"] and not row["debt_minor"]]
    by_kind = {
        kind: [row["meter"] for row in free if row["meter_kind"] == kind]
        for kind in ("keypad", "card")
    }
    return Registry(by_kind["keypad"], by_kind["card"], _chips(folder))


def _chips(home: Path) -> dict[str, str]:
    """Which chip belongs to which meter, as the chips say themselves (docs/cards.md, identity)."""
    return {
        path.read_bytes()[512 + 18 : 512 + 24].hex()[1:]: path.stem
        for path in (home / "world" / "cards").glob("*.card")
    }


def _good(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    assert done.returncode == 0, (done.args, done.stdout, done.stderr)
    return done


# --- one case -------------------------------------------------------------------------------------


def walk(case: Case, template: Path, registry: Registry, home: Path) -> tuple[int, Findings]:
    """Die as `case` says, start again, audit: how many kills, and what is wrong."""
    shutil.copytree(template, home)
    meter = (registry.cards if "card" in case.buying else registry.keypads)[0]
    if case.buying == "upstream":
        toml = home / "kiosk.toml"
        toml.write_text(toml.read_text().replace("centre = false", "centre = true"))
    before = auditor.see(home / "world", registry.chips)
    die(case, home, meter)
    killed = auditor.see(home / "world", registry.chips)
    for mark in case.again:
        done = kiosk(home, "recover", "--json", mark=mark)
        assert done.returncode == -signal.SIGKILL, (mark, done.stdout, done.stderr)
    attempt = Attempt(meter, 3000, case.paid)
    return 1 + len(case.again), aftermath(home, registry, [attempt], before, killed)


def die(case: Case, home: Path, meter: str) -> None:
    """The program is killed while it sells; if it is not, the case is wrong."""
    if case.buying in {"card_account", "card_top_up"}:
        use_account(case, home, meter)
        return
    if case.buying in {"token", "card"}:
        words = ["sell", "--meter", meter, "--amount", AMOUNT, "--json"]
        done = kiosk(home, *words, mark=case.mark)
        assert done.returncode == -signal.SIGKILL, (case, done.stdout, done.stderr)
        return
    if case.buying == "notes_card":
        _good(kiosk(home, "rehearse", "card", "insert", meter))
    converse(case, home, meter)
    if case.buying == "notes_card":
        _good(kiosk(home, "rehearse", "card", "pull"))


def use_account(case: Case, home: Path, meter: str) -> None:
    """Money is put on the card, or spent from it after that, and there the program is killed."""
    top_up = ["card-account", "top-up", "--card", meter, "--amount", AMOUNT]
    if case.buying == "card_account":
        _good(kiosk(home, *top_up))
        top_up = ["sell", "--meter", meter, "--amount", AMOUNT, "--from-card"]
    done = kiosk(home, *top_up, mark=case.mark)
    assert done.returncode == -signal.SIGKILL, (case, done.stdout, done.stderr)


def converse(case: Case, home: Path, meter: str) -> None:
    """A customer at the kiosk's linear face; nothing more is typed, and it ends by the mark."""
    ending = [NOTE, "0"] if case.buying == "cancel" else [NOTE, NOTE, ""]
    face = subprocess.Popen(
        [sys.executable, "-m", "kiosk", "run", "--mode", "self-service", "--linear"],
        cwd=ROOT, env=environment(home, case.mark), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert face.stdin is not None
    with face, face.stdin:
        try:
            face.stdin.write("\n".join(["1", meter, "Y", AMOUNT, *ending]) + "\n")
            face.stdin.flush()
            assert face.wait(PATIENCE_S) == -signal.SIGKILL, case
        finally:
            face.kill()


def feed_from_outside(home: Path, meter: str, mark: str) -> str:
    """A note pushed in by another process while the kiosk waits for it; what became of it."""
    face = subprocess.Popen(
        [sys.executable, "-u", "-m", "kiosk", "run", "--mode", "self-service", "--linear"],
        cwd=ROOT, env=environment(home, mark), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert face.stdin is not None and face.stdout is not None
    with face, face.stdin:
        try:
            face.stdin.write("\n".join(["1", meter, "Y", AMOUNT]) + "\n")
            face.stdin.flush()
            while not face.stdout.readline().startswith("Put in notes"):
                assert face.poll() is None
            fate = json.loads(_good(kiosk(home, "rehearse", "note", "20", "--json")).stdout)
            assert face.wait(PATIENCE_S) == -signal.SIGKILL, mark
        finally:
            face.kill()
    return str(fate["result"])


def aftermath(
    home: Path,
    registry: Registry,
    attempts: list[Attempt],
    before: World,
    killed: World,
    neighbours: Sequence[Neighbour] = (),
) -> Findings:
    """Start again: recover, prove, export; carry tokens and cards to the meters, twice; audit."""
    export = home.parent / f"{home.name}.bundle"
    export.unlink(missing_ok=True)
    answers = several(
        home, [["recover", "--json"], ["verify", "--json"], ["export", "--all", str(export)]]
    )
    assert answers[0][0] == 0, answers[0]
    assert answers[2][0] == 0, answers[2]
    content = export.read_bytes()
    errands = _errands(content, registry)
    picture = home.parent / f"{home.name}.once"
    several(home, [*errands, ["picture", str(picture)], *errands])
    proof = answers[1]
    return auditor.judge(
        Evidence(
            attempts=attempts,
            export=content,
            verify_exit=proof[0],
            verify=json.loads(proof[1]),
            in_doubt=[sale["sale_id"] for sale in json.loads(answers[0][1])["in_doubt"]],
            before=before,
            killed=killed,
            once=auditor.see(picture, registry.chips),
            twice=auditor.see(home / "world", registry.chips),
            neighbours=list(neighbours),
        )
    )


def _errands(export: bytes, registry: Registry) -> list[list[str]]:
    """What customers do with what they bought; a card goes into its meter whatever happened."""
    typed = [["rehearse", "meter", "enter", *given] for given in digits_in(export)]
    return typed + [["rehearse", "meter", "insert", meter] for meter in registry.cards]


# --- others at the same time ----------------------------------------------------------------------


class Counter:
    """A second process that sells on the same home all the time (tests/crash/counter.py)."""

    def __init__(self, home: Path, meters: list[str], mark: str = "") -> None:
        self.meters = meters
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.counter", str(home), *meters],
            cwd=ROOT, env=environment(home, mark), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "open\n", self.process.communicate()

    def next_answer(self) -> dict[str, Any] | None:
        """Wait for the next sale; None when there will be none any more."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line.endswith("\n") else None

    def stop(self, answers: list[dict[str, Any]]) -> Neighbour:
        """End it, unless it is dead; what it was told, after the `answers` that were read."""
        # Not communicate(): it would pass over the lines that readline() has buffered already.
        process = self.process
        if process.stdin is not None:
            process.stdin.close()
        assert process.stdout is not None
        out = process.stdout.read()
        process.stdout.close()
        trouble = ""
        if process.stderr is not None:
            trouble = process.stderr.read()
            process.stderr.close()
        process.wait(PATIENCE_S)
        killed = self.process.returncode == -signal.SIGKILL
        assert killed or self.process.returncode == 0, trouble
        lines = out.splitlines(keepends=True)
        answers = answers + [json.loads(line) for line in lines if line.endswith("\n")]
        return Neighbour(self.meters, answers, killed)
