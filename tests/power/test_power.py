"""The power goes at any operation of a day (E01, E03, E17, E22); `make power IMAGES=n` cuts more.

The canary: with synchronous=NORMAL the same harness must find losses, or it proves nothing.
"""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.power import recorder
from tests.power.__main__ import cut_days, line
from tests.power.day import TOLD
from tests.power.disk import Disk
from tests.power.images import serve
from tests.power.recorder import Op
from tests.totals import Totals

needs_gcc = pytest.mark.skipif(recorder.compiler() is None, reason=recorder.NO_COMPILER)

MADE, SYNCED_FOLDER = Op("c", "file"), Op("s", ".")
WRITTEN, SYNCED = Op("w", "file", "", 0, b"a" * 1024), Op("s", "file")


def states(*ops: Op) -> set[tuple[tuple[str, object], ...]]:
    """Every state that many power cuts leave."""
    disk = Disk("outside/")
    for op in ops:
        disk.do(op)
    return {tuple(disk.survivor(random.Random(n)).items()) for n in range(200)}


def test_a_file_may_be_gone_when_only_its_content_was_synced() -> None:
    content = bytes(WRITTEN.data)
    assert states(MADE, WRITTEN, SYNCED) == {(), (("file", content),)}


def test_everything_is_there_when_content_and_folder_were_synced() -> None:
    assert states(MADE, WRITTEN, SYNCED, SYNCED_FOLDER) == {(("file", bytes(WRITTEN.data)),)}


def test_a_write_is_torn_at_512_bytes_when_it_was_not_synced() -> None:
    found = {dict(state)["file"] for state in states(MADE, SYNCED_FOLDER, WRITTEN)}
    assert found == {b"", b"a" * 512, b"a" * 1024, bytes(512) + b"a" * 512}


def test_the_old_or_the_new_name_is_there_when_a_file_was_replaced() -> None:
    beside = [Op("c", "new"), Op("w", "new", "", 0, b"b"), Op("s", "new")]
    replaced = Op("r", "new", "file")
    found = states(MADE, WRITTEN, SYNCED, SYNCED_FOLDER, *beside, replaced)
    assert {dict(state)["file"] for state in found} == {bytes(WRITTEN.data), b"b"}


def test_things_outside_keep_what_they_were_told_when_the_power_goes() -> None:
    card = [Op("d", "outside"), SYNCED_FOLDER, Op("c", "outside/card")]
    written = Op("w", "outside/card", "", 0, b"c")
    assert states(*card, written) == {(("outside", None), ("outside/card", b"c"))}


def test_each_image_is_another_one_when_a_short_day_leaves_few() -> None:
    opened = Op("w", TOLD, "", 0, b'{"opened": true}\n')
    tally = serve([opened, MADE, WRITTEN], 0, 1, 1000, 1)
    # No file, an empty one, and what is left of its two sectors: each a machine of its own.
    assert tally.corrupt + tally.findings.all() == []
    assert 2 <= tally.images <= 5


def test_a_day_goes_on_when_new_prices_come_between_two_catalogues(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tests.power.day", str(tmp_path), "15", "802215"]
    done = subprocess.run(words, cwd=recorder.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@needs_gcc
def test_nothing_is_lost_when_the_power_goes_while_a_home_is_opened_and_sells() -> None:
    tally = cut_days(150, 1)
    assert tally.corrupt + tally.findings.all() == []
    assert tally.images == 150


@needs_gcc
@pytest.mark.proof
def test_nothing_is_lost_when_the_power_goes_at_any_operation(
    totals: Totals,
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    tally = cut_days(20_000, seed)
    with totals():
        print(f"\nseed {seed}: {line(tally)}")
    assert tally.corrupt + tally.findings.all() == []
    assert tally.images == 20_000


@needs_gcc
@pytest.mark.proof
def test_losses_are_found_when_commits_are_not_synced() -> None:
    """The canary."""
    tally = cut_days(1500, 1, "NORMAL")
    assert len(tally.findings.lost) > 50
