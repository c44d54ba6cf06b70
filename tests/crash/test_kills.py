"""Every verb that moves money, killed before every statement and at every mark (E01-E03, E06, E22).

`make crash SEEDS=n` kills n times at each point. The proof kills five times at every fourth point,
which its seed picks: a verb passes about forty, and most of them in the same statements of the pen.
"""

from __future__ import annotations

import random

import pytest

from tests.crash.__main__ import Toll, kill_all
from tests.crash.verbs import VERBS
from tests.totals import Totals

#: The part of the points that `make proofs` kills at; all of them are in `make crash`.
_EVERY = 4


def killed(rounds: int, *verbs: str, every: int = 1) -> Toll:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    return kill_all(rounds, seed, verbs, every)


def test_nothing_is_lost_or_doubled_when_a_key_change_is_killed_at_every_point() -> None:
    toll = killed(1, "confirm a key change")
    assert toll.findings() == []
    assert toll.kills >= 12


@pytest.mark.proof
def test_nothing_is_lost_or_doubled_when_every_verb_is_killed_at_every_point(
    totals: Totals,
) -> None:
    toll = killed(5, every=_EVERY)
    with totals():
        print(f"\n{toll.line()}")
    assert toll.findings() == []
    assert len(toll.points) >= 150
    assert {verb for verb, _ in toll.points} == set(VERBS)
    assert toll.kills > 5 * len(toll.points)
