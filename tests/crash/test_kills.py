"""Every verb that moves money, killed before every statement and at every mark (E01-E03, E06, E22).

`make crash SEEDS=n` kills n times at each point; the proof kills five times.
"""

from __future__ import annotations

import random

import pytest

from kiosk.marks import MARKS
from tests.crash.__main__ import Toll, kill_all
from tests.crash.verbs import VERBS
from tests.totals import Totals

#: Passed by processes of their own only, and walked over in test_walk.py; no verb changes a key or
#: has a second medium (tests/front/test_keeping.py, tests/ledger/test_second_medium.py).
_ELSEWHERE = {
    "slip.before_print", "slip.after_print", "courier.before_send", "courier.after_send",
    "pen.after_second_medium", "store.before_swap", "store.after_swap",
}  # fmt: skip


def killed(rounds: int, *verbs: str) -> Toll:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    return kill_all(rounds, seed, verbs)


def test_nothing_is_lost_or_doubled_when_a_key_change_is_killed_at_every_point() -> None:
    toll = killed(1, "confirm a key change")
    assert toll.findings() == []
    assert toll.kills >= 12


@pytest.mark.proof
def test_nothing_is_lost_or_doubled_when_every_verb_is_killed_at_every_point(
    totals: Totals,
) -> None:
    toll = killed(5)
    with totals():
        print(f"\n{toll.line()}")
    assert toll.findings() == []
    assert len(toll.points) >= 150
    assert {verb for verb, _ in toll.points} == set(VERBS)
    marks = {point.partition(":")[0] for _, point in toll.points}
    # What recovery alone passes is passed in the rounds that kill recovery too.
    assert set(MARKS) - _ELSEWHERE - {"recover.before_commit"} <= marks
    assert toll.kills > 5 * len(toll.points)
