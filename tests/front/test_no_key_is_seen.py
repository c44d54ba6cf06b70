"""No key and no PIN is in a log, in a fault, in the list of processes, in a journal, on a screen.

A day with keys: loaded, shown, changed, refused, with every secret searched for in everything that
the program has written or said, in hex, in base64 and as bytes.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

from kiosk.config import load
from kiosk.front.wiring import opened
from kiosk.till.staff import register

SECRET = bytes.fromhex("c1a55e77bead5eed")
PASSPHRASE = "a passphrase of this test"
PIN = "1234"

#: A PIN that nothing else can be: that of the rehearsal stands in every supply group.
OWN_PIN = "837261549"
CREDENTIAL = "handed over by the service manager"


def forms(secret: bytes) -> list[bytes]:
    """How a key could stand somewhere."""
    shown = base64.b64encode(secret).rstrip(b"=")
    return [secret, secret.hex().encode(), secret.hex().upper().encode(), shown]


#: The list of the office, and the files that hold what opens the sealed keys.
_WHERE_THEY_BELONG = {"records.json", "vending.credential", "credential"}


class Program:
    """`kiosk` in a home, with everything that it says kept."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.said = b""
        self.listed: list[bytes] = []

    def run(self, *arguments: str, typed: str = "") -> bytes:
        command = [sys.executable, "-m", "kiosk", "--home", str(self.home), *arguments]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=os.environ | {"TMPDIR": str(self.home.parent)},
        )  # fmt: skip
        self.listed += [
            Path(f"/proc/{process.pid}/{name}").read_bytes() for name in ("cmdline", "environ")
        ]
        said, _ = process.communicate(typed.encode(), timeout=60)
        self.said += said
        return said

    def everything(self) -> bytes:
        files = [path for path in sorted(self.home.parent.rglob("*")) if path.is_file()]
        kept = [path.read_bytes() for path in files if path.name not in _WHERE_THEY_BELONG]
        return b"\n".join([self.said, *self.listed, *kept])


def test_no_key_is_anywhere_but_in_its_sealed_file(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")
    records, sealed = tmp_path / "records.json", tmp_path / "new.vk"
    record = {"SGC": "123456", "KRN": "2", "BDT": "14", "DKG": "02", "VK": SECRET.hex()}
    records.write_text(json.dumps([record]))
    lines = f"{PASSPHRASE}\n"
    program.run("keys", "seal", str(records), str(sealed), typed=lines)
    program.run("keys", "import", str(sealed), typed="a wrong passphrase\n")
    loaded = program.run("keys", "import", str(sealed), "--second", "301", typed=f"{lines}{PIN}\n")
    assert b"are in force" in loaded, loaded
    records.write_text(json.dumps([record | {"KCV": "000000"}]))
    assert b"mistyped" in program.run("keys", "seal", str(records), f"{sealed}2", typed=lines)
    records.write_text(json.dumps([record | {"VK": SECRET.hex() + "zz"}]))
    assert b"not hex" in program.run("keys", "seal", str(records), f"{sealed}3", typed=lines)
    customers = json.loads(program.run("customers", "--json"))
    meter = next(row["meter"] for row in customers if row["meter_kind"] == "keypad")
    made = program.run("keys", "change", meter, "--reason", "new key", "--json")
    assert json.loads(made)["state"] == "issued", made
    program.run("keys", "confirm", json.loads(made)["issue_id"])
    assert b"token" in program.run("sell", "--meter", meter, "--amount", "50")
    program.run("doctor")
    assert b"as they were written" in program.run("verify")
    found = program.everything()
    assert b"key_file_imported" in found  # the search reaches into the journal
    for form in (*forms(SECRET), PASSPHRASE.encode()):
        assert form not in found, form
    assert not list(tmp_path.rglob("kiosk-fault-*")), "nothing unexpected happened"


def own_operators(home: Path) -> None:
    """Two supervisors with PINs of their own, who sign in as in a real hall."""
    (home / "kiosk.toml").write_text("[rehearsal]\ncustomers = 12\ncentre = false\n")
    with opened(home, load(home / "kiosk.toml")) as house:
        for name in ("501", "502"):
            house.desk.operator, house.desk.role = "301", "supervisor"
            assert register(house.desk, name, "supervisor", OWN_PIN) is None


def test_no_pin_and_no_credential_is_anywhere_when_both_were_used(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    own_operators(home)
    (tmp_path / "credential").write_text(CREDENTIAL)
    (tmp_path / "credential").chmod(0o600)
    program = Program(home)
    customers = json.loads(program.run("customers", "--json"))
    meter = next(row["meter"] for row in customers if row["meter_kind"] == "keypad")
    free = ("--free-kwh", "5", "--reason", "relief", "--second", "502", "--operator", "501")
    sold = program.run("sell", "--meter", meter, "--amount", "50", *free, typed=f"{OWN_PIN}\n" * 2)
    assert b"of 2, free" in sold, sold
    wrong = program.run("keys", "list", "--operator", "501", typed=f"{OWN_PIN[::-1]}\n")
    assert b"PIN is wrong" in wrong
    records, sealed = tmp_path / "records.json", tmp_path / "new.vk"
    record = {"SGC": "123456", "KRN": "2", "BDT": "14", "DKG": "02", "VK": SECRET.hex()}
    records.write_text(json.dumps([record]))
    lines = f"{PASSPHRASE}\n"
    program.run("keys", "seal", str(records), str(sealed), typed=lines)
    with (home / "kiosk.toml").open("a") as toml:
        toml.write(f'[vending]\ncredential_file = "{tmp_path / "credential"}"\n')
    people = ("--operator", "501", "--second", "502")
    pins = f"{OWN_PIN}\n{PASSPHRASE}\n{OWN_PIN}\n"
    loaded = program.run("keys", "import", str(sealed), *people, typed=pins)
    assert b"are in force" in loaded, loaded
    (tmp_path / "credential").write_text(CREDENTIAL[::-1])
    assert program.run("sell", "--meter", meter, "--amount", "50").startswith(b"kiosk: ")
    assert b"as they were written" in program.run("verify")
    found = program.everything()
    assert b"sale_committed" in found and b"sign_in_refused" in found
    secrets = [CREDENTIAL, CREDENTIAL[::-1], OWN_PIN, OWN_PIN[::-1], PASSPHRASE]
    own = (home / "keys" / "vending.credential").read_bytes() if _is_made(home) else SECRET
    for form in [*forms(own), *forms(SECRET), *(secret.encode() for secret in secrets)]:
        assert form not in found, form
    assert not list(tmp_path.rglob("kiosk-fault-*")), "nothing unexpected happened"


def _is_made(home: Path) -> bool:
    return (home / "keys" / "vending.credential").exists()
