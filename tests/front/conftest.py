"""The command line in this very process, on a home that was opened once."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kiosk import marks
from kiosk.front.cli import run

TOML = "[rehearsal]\ncustomers = 96\ncentre = false\n"


@dataclass(frozen=True)
class Done:
    """What a command answered."""

    exit: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert (self.exit, self.err) == (0, ""), self
        return json.loads(self.out)


Kiosk = Callable[..., Done]

#: The customer whom the README and the tests of bad input name; nothing may happen to that account.
OF_THE_README = "01470000009"

#: Power types that sell any amount, to the minor unit.
ANY_AMOUNT = ("home", "shop", "social")

#: Home and meter of every customer that a test was given.
_GIVEN: set[tuple[str, str]] = set()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of all tests of this room; each test brings customers of its own."""
    path = tmp_path_factory.mktemp("front") / "home"
    path.mkdir()
    (path / "kiosk.toml").write_text(TOML)
    return path


@pytest.fixture
def kiosk(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Kiosk]:
    """`kiosk("sell", "--meter", ...)` as if it were typed."""
    monkeypatch.setenv("KIOSK_HOME", str(home))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("KIOSK_MARK", raising=False)
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)

    def typed(*words: str | Path) -> Done:
        code = run([str(word) for word in words])
        out, err = capsys.readouterr()
        return Done(code, out, err)

    yield typed
    signal.signal(signal.SIGTERM, before)
    marks.arm(None)


def customers(kiosk: Kiosk, kind: str = "", **wanted: Any) -> list[dict[str, Any]]:
    """Customers of the shared home who have a meter: another test may have handed one on."""
    rows: list[dict[str, Any]] = kiosk("customers", "--json").json
    return [
        row for row in rows
        if row["meter"] and kind in ("", row["meter_kind"])
        and all(row[name] == value for name, value in ({"blocked": False} | wanted).items())
    ]  # fmt: skip


def a_customer(kiosk: Kiosk, kind: str, **wanted: Any) -> dict[str, Any]:
    """Somebody without debt whom no other test was given and who may pay any amount: whatever
    happens to the card or the account, in whichever order the tests run, it is nobody else's."""
    found = customers(kiosk, kind, debt_minor=0, **wanted)
    fitting = [
        row for row in found
        if row["meter"] != OF_THE_README and row["power_type"] in ANY_AMOUNT
    ]  # fmt: skip
    row = next(row for row in fitting if (os.environ["KIOSK_HOME"], row["meter"]) not in _GIVEN)
    _GIVEN.add((os.environ["KIOSK_HOME"], row["meter"]))
    return row


def a_meter(kiosk: Kiosk, kind: str, **wanted: Any) -> str:
    """The meter of `a_customer`."""
    return str(a_customer(kiosk, kind, **wanted)["meter"])


def is_one_sentence(done: Done, exit_code: int, part: str = "") -> None:
    assert done.exit == exit_code, done
    assert len(done.err.splitlines()) == 1, done.err
    assert done.err.startswith("kiosk"), done.err
    assert done.err.rstrip()[-1] in ".?", done.err
    assert part in done.err, done.err
    for never in ("Traceback", "unexpected", "Error", "{", "None"):
        assert never not in done.err, done.err
    assert done.out == ""
