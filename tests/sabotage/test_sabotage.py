"""The suites are tested by sabotage: each planted fault is seen by the suite that guards it."""

from __future__ import annotations

import pytest

from tests.sabotage.__main__ import missing, uncaught
from tests.sabotage.plants import PLANTS
from tests.totals import Totals


def test_every_plant_finds_the_text_that_it_replaces() -> None:
    assert missing() == []
    assert len(PLANTS) >= 25
    assert len({plant.name for plant in PLANTS}) == len(PLANTS)


@pytest.mark.proof
def test_every_planted_fault_is_caught(totals: Totals) -> None:
    found = uncaught(PLANTS)
    with totals():
        print(f"\n{len(PLANTS)} planted, {len(PLANTS) - len(found)} caught")
    assert found == []
