"""Paper from commands: a slip that a command prints is on paper before the command has ended."""

from __future__ import annotations

from pathlib import Path

from tests.front.conftest import TOML, Kiosk, a_meter, is_one_sentence


def test_copies_and_test_slips_are_on_paper_when_their_command_has_ended(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    slips, config = tmp_path / "slips", tmp_path / "file.toml"
    config.write_text(f'{TOML}\n[printer]\ndriver = "file"\npath = "{slips}"\n')
    meter = a_meter(kiosk, "keypad")
    sale = kiosk("sell", "--meter", meter, "--amount", "30", "--json").json["sale_id"]
    copied = kiosk("--config", str(config), "tokens", "reprint", sale)
    assert (copied.exit, copied.out) == (0, "COPY 1 goes to the printer.\nSlip: printed.\n")
    assert kiosk("--config", str(config), "printer", "test", "--json").json["job"]
    first, second = sorted(slips.iterdir())
    assert b"COPY 1" in first.read_bytes()
    assert b"PRINTER TEST" in second.read_bytes()
    left = kiosk("--config", str(config), "printer", "new-roll", "--json").json
    assert left == {"paper_left_lines": 4000}


def test_a_command_fails_with_a_sentence_when_its_slip_cannot_be_printed(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    config, printer = tmp_path / "none.toml", "[printer]\ndriver = "
    config.write_text(f'{TOML}\n{printer}"none"\n')
    is_one_sentence(kiosk("--config", str(config), "printer", "test"), 1, "no printer")
    config.write_text(f'{TOML}\n{printer}"file"\npath = "{tmp_path}/none.toml/slips"\n')
    is_one_sentence(kiosk("--config", str(config), "printer", "test"), 1, "Slip: not printed")


def test_simulated_devices_have_a_fault_when_a_trainer_gives_it_until_they_work(
    kiosk: Kiosk, home: Path
) -> None:
    world = home / "world"
    assert kiosk("rehearse", "printer", "paper_out").out == "printer: paper_out\n"
    assert (world / "printer" / "faults").read_text() == "paper_out"
    kiosk("rehearse", "acceptor", "jam")
    assert (world / "acceptor" / "faults" / "jam").exists()
    kiosk("rehearse", "printer", "works")
    kiosk("rehearse", "acceptor", "works")
    assert (world / "printer" / "faults").read_text() == ""
    assert not list((world / "acceptor" / "faults").iterdir())
    is_one_sentence(kiosk("rehearse", "printer", "jam"), 1, "no fault of a printer")
