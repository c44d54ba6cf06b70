"""Killed at every mark, then started again: nothing lost, nothing doubled (design 2 to 4; E01-E03,
E22, E23). Real processes; test_kills.py goes to every statement, with a fork server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from kiosk.marks import MARKS
from tests.crash import auditor
from tests.crash.cases import ALL, DEFAULT
from tests.crash.evidence import Attempt, Findings
from tests.crash.token_cases import TOKEN_MARKS
from tests.crash.walk import Case, Registry, aftermath, feed_from_outside, walk
from tests.totals import Totals

Walked = Future[tuple[int, Findings]]

#: The kiosk mostly waits for its note acceptor, so there may be more walkers than cores.
_WALKERS = 4

#: The marks of a store that changes its key, and of a second medium: walked over where they are
#: (tests/front/test_keeping.py, tests/ledger/test_second_medium.py).
_ELSEWHERE = {"pen.after_second_medium", "store.before_swap", "store.after_swap"}
#: Those of a terminal that its centre withdraws: tests/front/test_revoking.py; those of
#: an update: tests/front/test_updating.py.
_ELSEWHERE |= {mark for mark in MARKS if mark.startswith(("revoke.", "update."))}


@pytest.fixture(scope="module")
def walked(
    request: pytest.FixtureRequest, opened: tuple[Path, Registry]
) -> Iterator[dict[Case, Walked]]:
    """All cases that were asked for, on their way at the same time."""
    template, registry = opened
    asked = [
        item.callspec.params["case"]
        for item in request.session.items
        if item.parent is request.node and hasattr(item, "callspec")
    ]
    with ThreadPoolExecutor(_WALKERS) as walkers:
        yield {
            case: walkers.submit(walk, case, template, registry, template.parent / f"case-{n}")
            for n, case in enumerate(asked)
        }


@pytest.mark.parametrize("case", DEFAULT, ids=str)
def test_nothing_is_lost_or_doubled_when_the_program_was_killed(
    case: Case, walked: dict[Case, Walked]
) -> None:
    _, findings = walked[case].result()
    assert findings.all() == []


def test_a_note_from_another_hand_is_kept_when_the_kiosk_was_killed_over_it(
    opened: tuple[Path, Registry], tmp_path: Path
) -> None:
    template, registry = opened
    home = tmp_path / "home"
    shutil.copytree(template, home)
    before = auditor.see(home / "world", registry.chips)
    assert feed_from_outside(home, registry.keypads[0], "note.after_stack") == "stacked"
    killed = auditor.see(home / "world", registry.chips)
    assert killed.box_minor == 2000
    attempt = Attempt(registry.keypads[0], 3000, None)
    assert aftermath(home, registry, [attempt], before, killed).all() == []


def test_every_mark_is_walked_over() -> None:
    reached = {mark.partition(":")[0] for case in DEFAULT for mark in (case.mark, *case.again)}
    assert reached | TOKEN_MARKS | _ELSEWHERE == set(MARKS)


@pytest.mark.proof
def test_the_long_walk(opened: tuple[Path, Registry], totals: Totals) -> None:
    template, registry = opened
    rounds = 1  # test_kills.py kills far oftener; here every process starts on its own
    with ThreadPoolExecutor(_WALKERS) as walkers:
        walks = [
            walkers.submit(walk, case, template, registry, template.parent / f"long-{n}-{round_}")
            for round_ in range(rounds)
            for n, case in enumerate(ALL)
        ]
        done = [each.result() for each in walks]
    kills = sum(count for count, _ in done)
    lost = [text for _, findings in done for text in findings.lost]
    doubled = [text for _, findings in done for text in findings.doubled]
    unbalanced = [text for _, findings in done for text in findings.unbalanced]
    with totals():
        print(
            f"\n{kills} kills, {len(lost)} lost, {len(doubled)} doubled,"
            f" {len(unbalanced)} unbalanced"
        )
    assert [*lost, *doubled, *unbalanced] == []
