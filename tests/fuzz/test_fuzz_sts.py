"""A short run of every fuzzer of the token side; the seed is printed, for when one fails."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.fuzz_sts import FUZZERS


@pytest.mark.parametrize(
    ("name", "count"),
    [("digits", 3000), ("key file", 3000), ("counter file", 1000), ("vector file", 500)],
)
def test_nothing_undeclared_escapes_when_input_is_random_or_spoiled(name: str, count: int) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    accepted = FUZZERS[name](count, seed)
    assert accepted <= count // 2
