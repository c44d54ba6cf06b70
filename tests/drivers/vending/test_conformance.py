"""The conformance suite of the port TokenVendor against every security module."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.drivers.vending.benches import BENCHES, bench_of
from tests.ports.token_vendor_suite import CASES, random_issues
from tests.totals import Totals

_FAST_ISSUES = {"software": 500, "prism": 150, "sts600": 150}
_PROOF_ISSUES = 10_000
#: Modules of one kind that lose answers side by side: most of the time is waiting.
_SIDE_BY_SIDE = 8


@pytest.mark.parametrize("module", BENCHES)
@pytest.mark.parametrize("case", CASES)
def test_module_keeps_the_contract_when_it_is(case: str, module: str, tmp_path: Path) -> None:
    with bench_of(module, tmp_path) as bench:
        assert CASES[case](bench)


@pytest.mark.parametrize("module", BENCHES)
def test_nothing_is_issued_twice_when_replies_are_lost_at_random(
    module: str, tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    with bench_of(module, tmp_path) as bench:
        assert random_issues(bench, _FAST_ISSUES[module], seed)[0] == _FAST_ISSUES[module]


@pytest.mark.proof
def test_closing_table_is_printed_when_every_case_held_for_every_module(
    tmp_path: Path, totals: Totals
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    table: dict[str, dict[str, str]] = {case: {} for case in CASES}
    last = "reply lost at random"
    table[last] = {}
    for module in BENCHES:
        for number, (case, run) in enumerate(CASES.items()):
            with bench_of(module, tmp_path / f"{module}{number}") as bench:
                table[case][module] = run(bench)
        table[last][module] = _lost_side_by_side(module, tmp_path / module, seed)
    with totals():
        print(f"\n\n{'case':<32}" + "".join(f"{module:<30}" for module in BENCHES))
        for case, results in table.items():
            print(f"{case:<32}" + "".join(f"{results[module]:<30}" for module in BENCHES))


def _lost_side_by_side(module: str, folder: Path, seed: int) -> str:
    share = _PROOF_ISSUES // _SIDE_BY_SIDE

    def lost(number: int) -> tuple[int, int]:
        with bench_of(module, folder / str(number)) as bench:
            return random_issues(bench, share, seed, number * share)

    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        done = list(pool.map(lost, range(_SIDE_BY_SIDE)))
    issued, repeats = (sum(each) for each in zip(*done, strict=True))
    assert issued == _PROOF_ISSUES
    return f"{issued} issued, {repeats} repeats"
