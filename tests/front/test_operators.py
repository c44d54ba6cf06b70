"""Operators by commands: the first one of a real home, and what a supervisor does."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.front.conftest import Kiosk


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new home in real mode, without devices."""
    home = tmp_path / "real"
    home.mkdir()
    (home / "kiosk.toml").write_text(
        '[site]\nmode = "real"\n[card]\ndriver = "none"\n[cash]\ndriver = "none"\n'
        '[printer]\ndriver = "none"\n'
    )
    return home


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> object:
    def types(*lines: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    return types


def test_a_real_home_gets_its_first_supervisor_and_its_staff(
    kiosk: Kiosk, real: Path, monkeypatch: pytest.MonkeyPatch, types: object
) -> None:
    assert callable(types)
    monkeypatch.setenv("KIOSK_HOME", str(real))
    types("1234")
    guessable = kiosk("operators", "first", "chief")
    assert guessable.exit == 1 and "anybody would try" in guessable.err
    types("740912")
    assert kiosk("operators", "first", "chief").exit == 0
    types("555913")
    again = kiosk("operators", "first", "thief")
    assert again.exit == 1 and "has operators" in again.err
    types("740912", "8841")
    assert (
        kiosk("operators", "register", "anna", "--role", "cashier", "--operator", "chief").exit == 0
    )
    types("8841")
    refused = kiosk("operators", "list", "--operator", "anna")
    assert refused.exit == 1
    types("740912")
    rows = kiosk("operators", "list", "--operator", "chief", "--json").json
    assert [(row["operator"], row["role"], row["state"]) for row in rows] == [
        ("anna", "cashier", "active"), ("chief", "supervisor", "active"),
    ]  # fmt: skip
    types("8841", "8841", "902177")
    assert kiosk("operators", "pin", "anna", "--operator", "anna").exit == 0
    types("740912")
    gone = kiosk("operators", "retire", "anna", "--reason", "left", "--operator", "chief")
    assert (gone.exit, gone.out) == (0, "anna signs in no more.\n")


def test_a_rehearsal_has_its_operators_already(kiosk: Kiosk, types: object) -> None:
    assert callable(types)
    types("740912")
    assert "has operators" in kiosk("operators", "first", "chief").err
    listed = kiosk("operators", "list")
    assert "301" in listed.out and "supervisor" in listed.out
