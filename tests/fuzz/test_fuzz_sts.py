"""A short run of every fuzzer of the token side; the seed is printed, for when one fails."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.fuzz_sts import FUZZERS


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("random digits", 3000), ("changed tokens", 3000), ("key file", 3000),
        ("counter file", 1000), ("vector file", 500),
    ],
)  # fmt: skip
def test_nothing_undeclared_escapes_when_input_is_random_or_spoiled(name: str, count: int) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    accepted = FUZZERS[name](count, seed)
    assert accepted <= count // 2


@pytest.mark.proof
@pytest.mark.parametrize("name", ["random digits", "changed tokens"])
def test_no_number_that_nobody_made_does_harm_in_a_hundred_thousand(name: str) -> None:
    seed, count = random.SystemRandom().randrange(2**32), 100_000
    print(f"seed {seed}")
    accepted = FUZZERS[name](count, seed)
    print(f"{name}: {count} rounds, {accepted} accepted")
    # The CRC lets one number in 65,000 through, and the classes in clear some more; a changed token
    # may have been changed back to itself.
    assert accepted <= count // 20
