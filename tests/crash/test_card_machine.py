"""Any sequence of what people do with a card gives no more energy, and no more money, than was
paid."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.crash import card_machine
from tests.crash.card_machine import Counted
from tests.crash.card_stage import WITH_ACCOUNT
from tests.totals import Totals

STEPS = 20_000
#: The families that the proof walks, and their share of it.
SHARES = {WITH_ACCOUNT.name: 10, "open": 3, "sle4442": 2, "at24": 2, "mifare": 1, "state-grid": 2}


@pytest.fixture(autouse=True)
def _tidy() -> Iterator[None]:
    yield
    card_machine.forget_templates()


def test_nothing_is_worth_more_than_was_paid_when_anything_happens() -> None:
    number = random.SystemRandom().randrange(2**32)
    print(f"seed {number}")
    before = Counted.steps
    card_machine.run(WITH_ACCOUNT.name, number, examples=6, steps=15)
    assert Counted.steps > before


@pytest.mark.proof
def test_nothing_is_worth_more_than_was_paid_in_twenty_thousand_steps(
    totals: Totals,
) -> None:
    number = random.SystemRandom().randrange(2**32)
    with totals():
        print(f"\nseed {number}")
        start = Counted.steps
        for name, share in SHARES.items():
            goal = Counted.steps + STEPS * share // sum(SHARES.values())
            while Counted.steps < goal:
                number += 1
                card_machine.run(name, number, examples=20, steps=40)
        made = Counted
        print(
            f"{made.steps - start} steps: {made.sales} sales, {made.delivered} delivered,"
            f" {made.voided} voided, {made.in_doubt} in doubt; {made.reissues} cards replaced,"
            f" {made.cancels} purchases taken back, {made.repairs} cards repaired,"
            f" {made.works_open} works waiting for their card; {made.moves} movements on accounts,"
            f" {made.clones} clones, {made.doubles} chains found double; 0 worth more than paid"
        )
    assert Counted.steps - start >= STEPS
