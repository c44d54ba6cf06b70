"""The power goes while a store is backed up, encrypted, archived or restored (E01, E17)."""

from __future__ import annotations

import random

import pytest

from tests.power import recorder
from tests.power.keeping import WORDS, cut

pytestmark = pytest.mark.skipif(recorder.compiler() is None, reason=recorder.NO_COMPILER)


@pytest.mark.proof
@pytest.mark.parametrize("word", WORDS)
def test_every_sale_is_there_when_the_power_goes_while_the_store_is_kept(word: str) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    tally = cut(word, 100, seed)
    assert tally.corrupt + tally.findings.all() == []
    assert tally.images > 50  # a short deed leaves fewer states than were asked for


@pytest.mark.proof
def test_it_is_found_when_an_archive_is_not_synced() -> None:
    """The canary."""
    tally = cut("archive", 30, 1, loose=True)
    assert tally.corrupt + tally.findings.all() != []
