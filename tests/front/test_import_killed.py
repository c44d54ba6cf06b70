"""A registry file is brought in by the command itself, killed where it stands, and goes on."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kiosk.ledger.store import open_reader
from tests.totals import Totals

_ROWS, _KILLS = 2_000, 5
#: On a busy machine an import may be over before it is looked at: then another home gets its turn.
_HOMES = 5
#: Customers of the rehearsal, who are there before.
_BEFORE = 12


@pytest.mark.proof
def test_nobody_is_missing_or_twice_when_an_import_is_killed_again_and_again(
    tmp_path: Path, totals: Totals
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    for number in range(_HOMES):
        home = tmp_path / str(number)
        file = furnished(home)
        reached = [killed(home, file, chance) for _ in range(_KILLS)]
        if any(0 < count < _ROWS for count in reached):
            break
    whole = kiosk(home, "customers", "import", str(file))
    again = kiosk(home, "customers", "import", str(file))
    assert (whole["customers"] + whole["known"], whole["bad"]) == (_ROWS, [])
    assert (again["customers"], again["known"], again["bad"]) == (0, _ROWS, [])
    assert customers(home) == _BEFORE + _ROWS
    assert kiosk(home, "verify")["first_bad"] == 0
    assert any(0 < count < _ROWS for count in reached), reached
    with totals():
        print(f"import: {_KILLS} kills after {reached} of {_ROWS} customers, seed {seed}")


def furnished(home: Path) -> Path:
    """A rehearsal that was opened once, and the file that is to come in."""
    home.mkdir()
    file = home / "in.csv"
    rows = "".join(f"{70_000_001 + n},Customer {n},{n} Hill\n" for n in range(_ROWS))
    file.write_text(f"account,name,address\n{rows}")
    (home / "kiosk.toml").write_text(f"[rehearsal]\ncustomers = {_BEFORE}\ncentre = false\n")
    assert len(kiosk(home, "customers")) == _BEFORE
    return file


def killed(folder: Path, file: Path, chance: random.Random) -> int:
    """Kill an import some batches after it has begun to write; how many customers stand then."""
    before = customers(folder)
    wanted = before + chance.randint(1, _ROWS // _KILLS)
    child = subprocess.Popen(command("customers", "import", str(file)), cwd=folder,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    ends = time.monotonic() + 60
    while customers(folder) < wanted and child.poll() is None and time.monotonic() < ends:
        os.sched_yield()
    child.kill()
    child.wait()
    return customers(folder) - _BEFORE


def customers(folder: Path) -> int:
    reader = open_reader(folder / "home")
    try:
        return int(reader.execute("SELECT count(*) FROM customers").fetchone()[0])
    finally:
        reader.close()


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "kiosk", "--home", "home", *words]


def kiosk(folder: Path, *words: str) -> Any:
    done = subprocess.run(
        command(*words, "--json"), cwd=folder, capture_output=True, text=True, check=True,
        timeout=120,
    )  # fmt: skip
    return json.loads(done.stdout)
