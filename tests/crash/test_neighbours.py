"""Killed while another process sells on the same home the whole time (design 2, One pen)."""

from __future__ import annotations

import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.crash import auditor
from tests.crash.cases import COUNTER, KIOSK
from tests.crash.evidence import Attempt, Findings
from tests.crash.walk import Case, Counter, Registry, aftermath, die, kiosk

#: The neighbour was there first and has the pen, so the marks of the pen are passed there.
_BESIDE = [case for case in (*COUNTER, *KIOSK) if not case.mark.startswith("pen.")]
_KIOSK = ("note.before_intention:2", "note.after_intention:1", "note.after_stack:2",
          "sale.after_commit_one", "card.after_each_write:2")  # fmt: skip

GROUPS = {
    "token": [case for case in _BESIDE if case.buying == "token"],
    "card": [case for case in _BESIDE if case.buying == "card"],
    "kiosk": [case for case in _BESIDE if case in KIOSK and case.mark in _KIOSK],
}


def beside(cases: list[Case], template: Path, registry: Registry, home: Path) -> Findings:
    """One victim after another, each at a meter of its own, beside a counter that never stops."""
    shutil.copytree(template, home)
    things = home / "world"
    before = auditor.see(things, registry.chips)
    keypads, cards = list(registry.keypads), list(registry.cards)
    counter = Counter(home, [keypads.pop() for _ in range(12)])
    attempts = []
    for case in cases:
        meter = (cards if "card" in case.buying else keypads).pop(0)
        die(case, home, meter)
        attempts.append(Attempt(meter, 3000, case.paid))
    killed = auditor.see(things, registry.chips)
    return aftermath(home, registry, attempts, before, killed, [counter.stop([])])


@pytest.fixture(scope="module")
def walks(
    large: tuple[Path, Registry], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Future[Findings]]:
    template, registry = large
    folder = tmp_path_factory.mktemp("beside")
    with ThreadPoolExecutor(len(GROUPS)) as pool:
        return {
            name: pool.submit(beside, cases, template, registry, folder / name)
            for name, cases in GROUPS.items()
        }


@pytest.mark.parametrize("group", GROUPS)
def test_nothing_is_lost_or_doubled_when_killed_beside_a_selling_counter(
    group: str, walks: dict[str, Future[Findings]]
) -> None:
    assert len(GROUPS[group]) >= 5
    assert walks[group].result().all() == []


@pytest.mark.parametrize(
    "mark", ["pen.before_commit:9", "pen.after_commit:8", "sale.after_commit_one:3"]
)
def test_the_others_go_on_when_the_holder_of_the_pen_was_killed(
    mark: str, large: tuple[Path, Registry], tmp_path: Path
) -> None:
    template, registry = large
    home = tmp_path / "home"
    shutil.copytree(template, home)
    before = auditor.see(home / "world", registry.chips)
    holder = Counter(home, registry.keypads[:6], mark)
    others = [Counter(home, registry.keypads[n : n + 6]) for n in (6, 12)]
    heard: list[list[dict[str, Any]]] = [[], [], []]
    while (answer := holder.next_answer()) is not None:
        heard[0].append(answer)
    killed = auditor.see(home / "world", registry.chips)
    for place, other in enumerate(others, 1):
        for _ in range(4):
            answer = other.next_answer()
            assert answer is not None, other.process.communicate()
            heard[place].append(answer)
    neighbours = [
        counter.stop(answers) for counter, answers in zip((holder, *others), heard, strict=True)
    ]
    assert [neighbour.killed for neighbour in neighbours] == [True, False, False]
    findings = aftermath(home, registry, [], before, killed, neighbours)
    assert findings.all() == []


def test_all_open_the_same_home_when_they_start_in_the_same_moment(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "kiosk.toml").write_text("[rehearsal]\ncustomers = 12\ncentre = false\n")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: kiosk(home, "customers", "--json"), range(4)))
    assert [(each.returncode, each.stderr) for each in done] == [(0, "")] * 4
    assert len({each.stdout for each in done}) == 1
    assert kiosk(home, "verify").returncode == 0


@pytest.mark.parametrize("mark", ["pen.before_commit:1", "pen.after_commit:1",
                                  "pen.after_commit:2", "pen.before_commit:3"])  # fmt: skip
def test_a_home_is_whole_when_its_first_opening_was_killed(tmp_path: Path, mark: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "kiosk.toml").write_text("[rehearsal]\ncustomers = 12\ncentre = false\n")
    assert kiosk(home, "customers", mark=mark).returncode in (-9, 0)
    sold = kiosk(
        home, "sell", "--meter", "01470000009", "--amount", "30", "--operator", "101",
        typed="1234\n",
    )  # fmt: skip
    assert (sold.returncode, sold.stderr) == (0, "")
    assert kiosk(home, "verify").returncode == 0
