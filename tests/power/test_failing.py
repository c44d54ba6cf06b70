"""The disk fails under every verb: never a wrong balance, never an untold loss (E18).

What the journal denies ("Nothing was written") is not there at the next start either.
"""

from __future__ import annotations

import random

import pytest

from tests.power import recorder
from tests.power.failing import fail_disks
from tests.totals import Totals

needs_gcc = pytest.mark.skipif(recorder.compiler() is None, reason=recorder.NO_COMPILER)


@needs_gcc
def test_nothing_is_lost_when_the_disk_fails_while_a_meter_gets_its_new_key() -> None:
    toll = fail_disks(13, 1, ["confirm a key change"])
    assert toll.findings() == []
    assert toll.faults > 20


@needs_gcc
@pytest.mark.proof
def test_nothing_is_lost_when_the_disk_fails_at_any_operation(
    totals: Totals,
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    toll = fail_disks(11, seed)
    with totals():
        print(f"\nseed {seed}: {toll.line()}")
    assert toll.findings() == []
    assert toll.faults > 1000
