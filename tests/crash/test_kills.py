"""Every verb that moves money, killed before every statement and at every mark (E01-E03, E06, E22).

`make crash SEEDS=n` kills n times at each point. The proof kills five times at every fourth point,
which its seed picks: a verb passes about forty, and most of them in the same statements of the pen.
"""

from __future__ import annotations

import random

import pytest

from tests.crash.__main__ import kill_all, main
from tests.crash.verbs import VERBS
from tests.totals import Totals

#: The part of the points that `make proofs` kills at; all of them are in `make crash`.
_EVERY = 4


def test_nothing_is_lost_or_doubled_when_a_key_change_is_killed_at_every_point(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    assert main(["1", str(seed), "confirm a key change"]) == 0
    began, first_round, line = capsys.readouterr().out.splitlines()
    assert began == f"seed {seed}, 1 rounds at each point"
    assert f"{first_round}, seed {seed}" == f"round 1: {line}"
    assert int(line.split()[0]) >= 12


@pytest.mark.proof
def test_nothing_is_lost_or_doubled_when_every_verb_is_killed_at_every_point(
    totals: Totals,
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    toll = kill_all(5, seed, every=_EVERY)
    with totals():
        print(f"\n{toll.line()}")
    assert toll.texts == []
    assert len(toll.points) >= 150
    assert {verb for verb, _ in toll.points} == set(VERBS)
    assert toll.kills > 5 * len(toll.points)
