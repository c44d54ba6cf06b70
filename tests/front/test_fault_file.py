"""What nobody expected: one sentence for the person, the trace in HOME/log for the engineer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kiosk.front import cli
from kiosk.front.commands import registry


def _fail(*_given: object) -> int:
    raise RuntimeError("nobody thought of 760000000018")


def test_the_trace_is_in_the_log_of_the_home_when_a_command_fails_unexpectedly(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = home
    monkeypatch.setattr(registry, "run", _fail)
    assert cli.run(["--home", str(path), "customers"]) == 1
    shown = capsys.readouterr().err
    (trace,) = (path / "log").iterdir()
    assert (
        shown == f"kiosk: something unexpected happened (RuntimeError); details are in {trace}.\n"
    )
    assert "nobody thought of" in trace.read_text()
    assert trace.stat().st_mode & 0o777 == 0o600


def test_few_traces_are_kept_when_there_are_many(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home
    monkeypatch.setattr(registry, "run", _fail)
    for number in range(30):
        monkeypatch.setattr(os, "getpid", lambda number=number: number)
        assert cli.run(["--home", str(path), "customers"]) == 1
    assert len(list((path / "log").iterdir())) == 20


def test_the_trace_is_elsewhere_when_there_is_no_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import tempfile

    monkeypatch.setattr(registry, "run", _fail)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert cli.run(["--home", str(tmp_path / "nowhere"), "customers"]) == 1
    assert str(tmp_path / "kiosk-fault-") in capsys.readouterr().err
