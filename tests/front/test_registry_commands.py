"""The registry from the command line: in one process, as a script would use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kiosk.front.cli import run
from tests.till.test_opening_accounts import number

#: Account of the first customer of every rehearsal, and the meter.
ACCOUNT, METER = "20000001", "01470000009"


class Shell:
    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home, self.capsys = home, capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        assert run(["--home", str(self.home), *words]) == code
        said = self.capsys.readouterr()
        assert "Traceback" not in said.err
        return said.out if code == 0 else said.out + said.err

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self(*words, "--json", code=code))


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kiosk.toml").write_text("[rehearsal]\ncustomers = 12\ncentre = false\n")
    return Shell(tmp_path / "home", capsys)


def test_a_customer_joins_moves_and_is_found(shell: Shell) -> None:
    opened = shell.json("customers", "open", "--name", "Lea Çelik", "--address", "9 Hill")
    account = opened["account"]
    assert account == "20000013"
    found = shell.json("search", "celik")
    assert [row["account"] for row in found] == [account], "without a meter, too"
    moved = shell.json(
        "customers", "amend", "--account", account, "--address", "2 Mill", "--reason", "moved"
    )
    assert moved["address"] == "2 Mill"
    meter = shell.json(
        "meters", "install", account, "--meter", number(1), "--power-type", "home",
        "--seals", "S1 S2", "--shares", "home:70,shop:30",
    )  # fmt: skip
    assert meter["shares"] == [["home", 700_000], ["shop", 300_000]]
    lines = shell.json("records", "amendments", number(1))
    assert [line["field"] for line in lines] == ["shares", "registered"]
    assert "Lea" in shell("records", "overall", account)


def test_a_meter_is_amended_and_read(shell: Shell) -> None:
    assert shell.json("meters", "capacity", METER, "9200", "--reason", "oven")["capacity_w"] == 9200
    assert shell.json("meters", "block", METER, "--reason", "tampered")["blocked"]
    assert "blocked" in shell("quote", "--meter", METER, "--amount", "20", code=1)
    shell("meters", "unblock", METER, "--reason", "settled")
    later = shell.json(
        "meters", "power-type", METER, "shop", "--from", "2099-01-01", "--reason", "a shop"
    )
    assert (later["power_type"], later["next_power_type"]) == ("home", "shop")
    read = shell.json("meters", "read", METER, "--reading", "12.5", "--remaining", "3")
    assert (read["reading_wh"], read["remaining_wh"]) == (12_500, 3_000)
    assert "12.5 kWh" in shell("records", "readings", METER)
    csv = shell("records", "checking", METER, "--format", "csv").splitlines()
    assert csv[0].startswith("time_ms,meter,bought_wh")
    assert len(csv) == 2


def test_a_meter_is_replaced_and_cancelled(shell: Shell) -> None:
    done = shell.json(
        "meters", "replace", METER, "--meter", number(2), "--power-type", "home",
        "--reading", "100", "--remaining", "12.34", "--reason", "display dark",
    )  # fmt: skip
    assert (done["moved_wh"], done["token_state"]) == (12_400, "issued")
    assert shell.json("meters", "transfers") == []
    again = shell.json("meters", "finish", done["replacement_id"])
    assert again["tokens"] == done["tokens"]
    assert number(2) in shell("sell", "--meter", METER, "--amount", "20", code=1)
    gone = shell.json("meters", "cancel", number(2), "--reason", "gave up")
    assert gone["retired"]
    assert "as they were written" in shell("verify")


def test_a_file_goes_out_and_comes_in(shell: Shell, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert shell.json("customers", "export", str(out))["rows"] == 12
    known = shell.json("customers", "import", str(out))
    assert (known["rows"], known["known"], known["bad"]) == (12, 12, [])
    out.write_text("account,name\n77,\n78,Max\n")
    said = shell("customers", "import", str(out), "--dry-run", code=1)
    assert "line 2, name: The field name is missing." in said
    assert "Nothing was written" in said
    assert "1 customers" in shell("customers", "import", str(out), code=1)


@pytest.mark.parametrize(
    "words",
    [
        ("customers", "amend", "--name", "x"),
        ("customers", "import"),
        ("customers", "import", "nowhere.csv"),
        ("customers", "export", "/nowhere/out.csv"),
        ("meters", "show", "12"),
        ("meters", "capacity", METER, "much", "--reason", "oven"),
        ("meters", "shares", METER, "home", "--reason", "half"),
        ("meters", "power-type", METER, "shop", "--from", "soon", "--reason", "a shop"),
        ("meters", "read", METER, "--reading", "lots"),
        ("records", "purchases", "--from", "yesterday"),
        ("records", "purchases", "--limit", "0"),
        ("records", "overall", "nobody"),
    ],
)
def test_bad_input_is_one_sentence(shell: Shell, words: tuple[str, ...]) -> None:
    said = shell(*words, code=1)
    assert said.startswith("kiosk: ")
    assert len(said.strip().splitlines()) == 1


def test_the_catalogue_of_a_home_is_written_for_the_centre(shell: Shell, tmp_path: Path) -> None:
    from kiosk.domain import catalogue as catalogues

    out = tmp_path / "first.catalogue"
    shell("customers", "--limit", "1")
    shell("export", "--catalogue", str(out))
    first = catalogues.decode(out.read_bytes())
    assert isinstance(first, catalogues.Catalogue)
    assert len(first.customers) == 12
    assert len([meter for meter in first.meters if meter.retired]) == 3
