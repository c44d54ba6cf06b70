"""The table of verbs is complete: whatever can move money or energy is killed, cut off and starved.

A fact that posts and that no verb of the table makes is a fact that no harness has ever broken.
"""

from __future__ import annotations

import shutil

import pytest

from kiosk.domain import books, facts
from tests.crash.bench import Bench
from tests.crash.verbs import VERBS

#: Rules of the books that only check: their facts post nothing.
CHECKED_ONLY = {
    "sale_in_doubt", "note_offered", "note_returned", "note_in_doubt", "token_committed",
    "tariff_published", "debt_plan_set", "card_stock_moved", "customer_registered",
    "customer_amended", "meter_installed", "meter_amended", "shares_set", "meter_read",
    "sale_judged",
}  # fmt: skip

#: Made by no verb but by what follows a death, or by another harness that kills: that harness.
ELSEWHERE = {
    "account_move_undone": "recovery, when a top-up was killed before the card was written",
    "card_work_undone": "recovery, when a work was killed before the card was written",
    "catalogue_received": "tests/crash/walk.py, at the first start",
    "origin_rejoined": "tests/front/test_rejoining.py",
}


def posting() -> set[tuple[str, int]]:
    """Kind and version of every fact whose rule may post."""
    return {
        (fact.KIND, fact.VERSION)
        for fact in books._RULES
        if fact.KIND not in CHECKED_ONLY and fact.KIND not in ELSEWHERE
    }


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], int]:
    """Kind and version -> how many postings its entries made, over all verbs."""
    folder = tmp_path_factory.mktemp("verbs")
    Bench(folder / "base").close()
    found: dict[tuple[str, int], int] = {}
    moving = {name: verb for name, verb in VERBS.items() if not verb.doors}
    for name, verb in moving.items():  # what is seen at doors posts nothing
        home = folder / name.replace(" ", "-")
        shutil.copytree(folder / "base", home, symlinks=True)
        for prepare in (True, False):  # the setup is a process of its own, as in the harness
            bench = Bench(home, cash=verb.cash)
            (verb.setup if prepare else verb.act)(bench)
            if not prepare:
                _count(bench, found)
            bench.close()
    return found


def _count(bench: Bench, found: dict[tuple[str, int], int]) -> None:
    connection = bench.desk.journal.reader()
    for kind, version, lines in connection.execute(
        "SELECT kind, version, (SELECT count(*) FROM postings p WHERE p.sequence = e.sequence)"
        " FROM entries e"
    ):
        found[kind, version] = found.get((kind, version), 0) + lines
    connection.close()


def test_every_fact_that_posts_is_made_by_a_verb(posted: dict[tuple[str, int], int]) -> None:
    missing = sorted(each for each in posting() if not posted.get(each))
    assert not missing, f"no verb of tests/crash/verbs.py makes {missing}"


def test_a_rule_that_only_checks_posts_nothing(posted: dict[tuple[str, int], int]) -> None:
    assert {kind for (kind, _), lines in posted.items() if lines} & CHECKED_ONLY == set()


def test_every_exception_is_still_a_fact() -> None:
    known = {kind for kind, _ in facts.KINDS}
    assert known >= CHECKED_ONLY | set(ELSEWHERE)


def test_what_takes_a_verb_on_is_a_fact() -> None:
    assert {verb.intent for verb in VERBS.values()} <= {kind for kind, _ in facts.KINDS}
