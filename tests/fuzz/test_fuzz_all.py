"""Every parser of hostile bytes (reliability 7.5); `make fuzz RUNS=n` runs longer."""

from __future__ import annotations

import random

import pytest

from tests.fuzz import fuzz_files, fuzz_wire
from tests.fuzz.__main__ import PARSERS, run_all
from tests.totals import Totals

#: Of a hundred spoiled files now and then none is accepted; of so many always some are.
_FEWEST = 250
SHORT = {**fuzz_wire.FUZZERS, **fuzz_files.FUZZERS}


@pytest.mark.parametrize("name", SHORT)
def test_nothing_undeclared_escapes_when_files_and_roads_are_spoiled(name: str) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    accepted = SHORT[name](max(_FEWEST, 4000 // PARSERS[name].cost), seed)
    assert accepted > 0


@pytest.mark.proof
def test_nothing_undeclared_escapes_from_any_parser(totals: Totals) -> None:
    seed = random.SystemRandom().randrange(2**32)
    with totals():
        print(f"\nseed {seed}")
        inputs, found = run_all(200_000, seed)
        print(f"{inputs} inputs to {len(PARSERS)} parsers, {len(found)} found")
    assert not found, "\n".join(found)
