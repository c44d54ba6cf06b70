"""A monkey at the keys of every face (reliability 7.8, figure 37); `make monkey KEYS=n` for longer.

It runs in a process of its own: a face that freezes must not freeze the tests.
"""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.totals import Totals

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 1500


def monkeys(number: int, keys: int) -> list[str]:
    """So many monkeys at once, each on a home of its own; the last line of each."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"seeds {seed} to {seed + number - 1}")
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.attacks.monkey", str(keys), str(seed + n)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for n in range(number)
    ]  # fmt: skip
    said = [each.communicate(timeout=_PATIENCE_S)[0] for each in started]
    for each, text in zip(started, said, strict=True):
        assert each.returncode == 0, text
    return [text.splitlines()[-1] for text in said]


def test_no_face_ends_and_no_money_goes_astray_when_a_monkey_presses_the_keys() -> None:
    assert ", 0 findings" in monkeys(1, 500)[0]


@pytest.mark.proof
def test_no_face_ends_when_monkeys_press_ten_thousand_keys(
    totals: Totals,
) -> None:
    lines = monkeys(2, 5_000)
    with totals():
        print("\n" + "\n".join(lines))
    assert all(", 0 findings" in line for line in lines)
