"""The suites are tested by sabotage: each planted fault is seen by the suite that guards it.

`make proofs` plants every third fault, which its seed picks; `make sabotage` plants all of them.
"""

from __future__ import annotations

import random

import pytest

from tests.sabotage.__main__ import missing, uncaught
from tests.sabotage.plants import PLANTS
from tests.totals import Totals

_PART = 3


def test_every_plant_finds_the_text_that_it_replaces() -> None:
    assert missing() == []
    assert len(PLANTS) >= 25
    assert len({plant.name for plant in PLANTS}) == len(PLANTS)


@pytest.mark.proof
def test_a_third_of_the_planted_faults_is_caught(totals: Totals) -> None:
    seed = random.SystemRandom().randrange(_PART)
    plants = PLANTS[seed::_PART]
    found = uncaught(plants, seed)
    with totals():
        print(f"\nseed {seed}: {len(plants)} planted, {len(plants) - len(found)} caught")
    assert found == []
