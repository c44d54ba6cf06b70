"""A short run of the fuzzers of both hardware modules; the seed is printed."""

from __future__ import annotations

import random

import pytest

from tests.fuzz import fuzz_prism, fuzz_sts600

FUZZERS = {
    f"{module} {name}": fuzz
    for module, fuzzers in (("prism", fuzz_prism.FUZZERS), ("sts600", fuzz_sts600.FUZZERS))
    for name, fuzz in fuzzers.items()
}


@pytest.mark.parametrize("name", FUZZERS)
def test_nothing_undeclared_escapes_when_the_wire_is_random_or_spoiled(name: str) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    FUZZERS[name](1500, seed)
