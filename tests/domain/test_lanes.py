"""Lanes: two terminals that are cut off serve one meter in the same minute (E09, design 5).

The meter at the end is the rule of sts-facts 5: it keeps the 50 highest identifiers that it took,
refuses one that it has as used, and one below all of them as old.
"""

from __future__ import annotations

import random

import pytest

from kiosk.domain.token import BASE_DATE_MS, Lane, next_identifier
from kiosk.errors import Refusal

MINUTE_MS = 60_000
KEPT = 50


class MeterMemory:
    """What a meter remembers of identifiers."""

    def __init__(self, taken: list[int]) -> None:
        self.kept = sorted(taken)[-KEPT:]

    def enter(self, identifier: int) -> str:
        if identifier in self.kept:
            return "used"
        if len(self.kept) == KEPT and identifier < self.kept[0]:
            return "old"
        self.kept = sorted([*self.kept, identifier])[-KEPT:]
        return "accepted"


def taken_by(now_ms: int, last: int | None, lane: Lane, count: int = 1) -> list[int]:
    """`count` identifiers in one minute, fewer when the lead over the clock would be too large."""
    taken: list[int] = []
    for _ in range(count):
        identifier = next_identifier(now_ms, taken[-1] if taken else last, 2014, lane)
        if isinstance(identifier, Refusal):
            assert identifier.code == "identifier_lead"
            break
        taken.append(identifier)
    return taken


def pairs_collide(count: int, seed: int) -> list[str]:
    """`count` pairs of terminals in different lanes at one meter; whatever the meter refused."""
    print(f"seed {seed}")
    chance = random.Random(seed)
    refused: list[str] = []
    for _ in range(count):
        lanes = chance.choice((2, 3, 7, 16, 64))
        one, other = chance.sample(range(lanes), 2)
        now_ms = BASE_DATE_MS[2014] + chance.randrange(10, 16_000_000) * MINUTE_MS
        earlier_ms = now_ms - chance.randrange(1, 9) * MINUTE_MS
        before = taken_by(earlier_ms, None, Lane(one, lanes))
        # The first terminal knows the last identifier of the meter; the second was cut off before.
        bought = taken_by(now_ms, before[0], Lane(one, lanes), chance.randrange(1, 11))
        bought += taken_by(now_ms, None, Lane(other, lanes), chance.randrange(1, 11))
        chance.shuffle(bought)
        memory = MeterMemory(before)
        answers = [memory.enter(identifier) for identifier in bought]
        if answers != ["accepted"] * len(bought):
            refused.append(f"lanes {lanes}, {one} and {other} at {now_ms}: {bought} {answers}")
    return refused


def sold_in_an_hour(now_ms: int, lane: Lane) -> int:
    """Tokens that one terminal can sell to one meter from `now_ms` on, asking every minute."""
    taken: list[int] = []
    for minute in range(60):
        last = taken[-1] if taken else None
        taken += taken_by(now_ms + minute * MINUTE_MS, last, lane, 100)
    return len(taken)


@pytest.mark.parametrize("lanes", [1, 2, 5, 6, 7, 16, 32, 64])
def test_a_cashier_sells_ten_tokens_to_one_meter_in_an_hour_whatever_the_lane(lanes: int) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(50):
        lane = Lane(chance.randrange(lanes), lanes)
        now_ms = BASE_DATE_MS[2014] + chance.randrange(16_000_000) * MINUTE_MS
        # From 64 lanes on the reserved minute may cost a lane one of its ten.
        assert sold_in_an_hour(now_ms, lane) >= (10 if lanes < 64 else 9)


def test_the_meter_takes_all_in_any_order_when_five_terminals_sell_ten_tokens_each() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(200):
        lanes = chance.choice((5, 8, 32, 64))
        now_ms = BASE_DATE_MS[2014] + chance.randrange(10, 16_000_000) * MINUTE_MS
        bought: list[int] = []
        for residue in chance.sample(range(lanes), 5):
            bought += taken_by(now_ms, None, Lane(residue, lanes), 10)
        assert len(bought) >= 45
        chance.shuffle(bought)
        memory = MeterMemory([])
        assert [memory.enter(identifier) for identifier in bought] == ["accepted"] * len(bought)


def test_no_identifier_is_taken_twice_when_two_terminals_are_cut_off() -> None:
    assert pairs_collide(20_000, random.randrange(2**32)) == []


@pytest.mark.proof
def test_no_identifier_is_taken_twice_in_a_million_pairs() -> None:
    assert pairs_collide(1_000_000, random.randrange(2**32)) == []


#   lane   clock   last    identifier: minutes of the first day of the base date
TABLE = """
    0/1    0       -       0
    0/1    1       -       2
    0/1    0       0       2
    0/1    2       -       2
    0/1    1440    -       1440
    0/1    1441    -       1442
    1/2    0       -       3
    1/2    1       -       3
    0/2    1       -       2
    1/3    1       -       4
    1/3    0       -       4
    2/3    1       -       2
    1/16   1       -       17
    1/16   1441    -       1457
    0/16   1441    1440    1456
    1/16   17      17      33
"""
ROWS = [tuple(row.split()) for row in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("lane", "minute", "last", "identifier"), ROWS)
def test_a_lane_goes_to_its_own_next_minute_when_00_01_is_reserved(
    lane: str, minute: str, last: str, identifier: str
) -> None:
    residue, lanes = (int(part) for part in lane.split("/"))
    now_ms = BASE_DATE_MS[2014] + int(minute) * MINUTE_MS
    before = None if last == "-" else int(last)
    assert next_identifier(now_ms, before, 2014, Lane(residue, lanes)) == int(identifier)
