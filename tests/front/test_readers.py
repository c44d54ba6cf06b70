"""Selling by commands with the readers that kiosk.toml names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.card.serial_sim import SimulatedSerialReader
from tests.front.conftest import TOML, Kiosk


@pytest.fixture
def device(tmp_path: Path) -> Iterator[SimulatedSerialReader]:
    """A serial reader whose slot is the one that `kiosk rehearse card` works."""
    device = SimulatedSerialReader(tmp_path / "home" / "world", "reader")
    config = f'{TOML}[card]\ndriver = "serial"\nport = "{device.path}"\n'
    (tmp_path / "home" / "kiosk.toml").write_text(config)
    yield device
    device.close()


def test_the_meter_gains_what_was_sold_when_the_reader_is_on_a_serial_line(
    kiosk: Kiosk, device: SimulatedSerialReader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KIOSK_HOME", str(tmp_path / "home"))
    rows = kiosk("customers", "--json").json
    row = next(row for row in rows if row["meter_kind"] == "card" and not row["debt_minor"])
    none = kiosk("sell", "--card", row["card"], "--amount", "50")
    assert none.exit == 1 and "card" in none.err
    kiosk("rehearse", "card", "insert", row["customer"])
    sold = kiosk("sell", "--card", row["card"], "--amount", "50", "--json").json
    assert (sold["state"], sold["card_purchase_number"]) == ("delivered", 1)
    kiosk("rehearse", "card", "pull")
    took = kiosk("rehearse", "meter", "insert", row["meter"], "--json").json
    assert took["energy_wh_added"] == sold["energy_wh"]


def test_one_sentence_says_what_to_set_when_a_serial_reader_has_no_port(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "kiosk.toml").write_text(f'{TOML}[card]\ndriver = "serial"\n')
    monkeypatch.setenv("KIOSK_HOME", str(tmp_path / "home"))
    done = kiosk("customers")
    assert done.exit == 1
    assert '[card] driver is "serial": set port' in done.err
