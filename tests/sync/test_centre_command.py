"""The command `centre`: what a person types, and what it says."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from sync import wire
from sync.centre.__main__ import main
from sync.roads import file as stick
from sync.roads.https import HttpsRoad
from tests.sync.conftest import Serve
from tests.sync.sync_terminal import Terminal


def figures(home: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    capsys.readouterr()
    assert main(["status", "--json", "--home", str(home)]) == 0
    status = json.loads(capsys.readouterr().out)
    assert isinstance(status, dict)
    return status


def test_a_stick_brings_entries_up_and_the_acknowledgement_back(
    terminal: Terminal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, key = ["--home", str(tmp_path)], terminal.public_key.hex()
    assert main(["enrol", "T1", "--public-key", key, *home]) == 0
    enrolled = json.loads(capsys.readouterr().out)
    assert (enrolled["origin"], enrolled["residue"], enrolled["lanes"]) == ("T1", 0, 32)

    path = tmp_path / "T1.bundle"
    stick.write_bundles(path, [terminal.bundle(1, 3), terminal.bundle(4)])
    assert main(["import", str(path), *home]) == 0
    assert "held up to entry 5" in capsys.readouterr().out
    answer = stick.read_answer(tmp_path / "T1.bundle.answer")
    assert isinstance(answer, wire.Acknowledgement) and answer.upto == 5
    assert wire.acknowledgement_is_genuine(bytes.fromhex(enrolled["public_key"]), answer)

    status = figures(tmp_path, capsys)
    assert status["sum"] == {
        "entries": 5, "booked": 5, "sales": 2, "delivered": 2, "voided": 0, "open": 0,
        "in_doubt": 0, "shelf": 0,
        "totals": {
            "CNY": {
                "sales": 2, "delivered": 2, "voided": 0, "sold_minor": 2000,
                "delivered_minor": 2000, "voided_minor": 0, "delivered_wh": 40_000,
            }
        },
        "balances": {
            "CNY": {
                "cash:amina": 2000, "revenue:energy": -1800, "tax:tax": -200, "sales_pending": 0,
            },
            "WH": {"energy_issued": -40_000, "meter_energy": 40_000},
        },
    }  # fmt: skip
    assert main(["import", str(path), *home]) == 0
    assert figures(tmp_path, capsys)["sum"] == status["sum"]
    assert main(["status", *home]) == 0
    assert "T1: 5 entries, 5 in the books, 2 sales, 2 delivered" in capsys.readouterr().out


def test_a_stick_with_a_gap_says_from_where_it_wants(
    terminal: Terminal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(tmp_path)]
    main(["enrol", "T1", "--public-key", terminal.public_key.hex(), *home])
    path = tmp_path / "T1.bundle"
    stick.write_bundles(path, [terminal.bundle(4)])
    assert main(["import", str(path), *home, "--answer", str(tmp_path / "back")]) == 0
    assert "from 1 on" in capsys.readouterr().out
    assert stick.read_answer(tmp_path / "back") == wire.WantFrom(1)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("status", "there is no centre here"),
        ("import nothing.bundle", "there is no such file"),
        ("import README", "not a bundle"),
        ("import T1.bundle", "not enrolled here"),
        ("enrol ../T1", "cannot name a terminal"),
        ("enrol T1 --public-key 00", "64 hexadecimal digits"),
        ("enrol T1 --lanes 0", "1 to 720"),
        ("enrol T1 --name a/b", "cannot name a centre"),
        ("serve --port 70000", "cannot be listened on"),
        ("serve --auto-enrol --host 0.0.0.0", "rehearsal"),
        ("status --database mysql://x", "begins with postgresql://"),
        ("status --database postgresql:///x?host=/nowhere", "cannot be used"),
    ],
)
def test_it_fails_with_one_sentence_when_the_line_cannot_be_done(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], line: str, sentence: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KIOSK_HOME", str(tmp_path))
    Path("README").write_text("not what you think, and long enough")
    stick.write_bundles(Path("T1.bundle"), [terminal.bundle()])
    assert main(line.split()) == 1
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1


@pytest.mark.parametrize("line", ["", "serve --port x", "enrol", "unknown", "status --xml"])
def test_it_exits_with_two_when_the_usage_is_wrong(line: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    assert ended.value.code == 2


def test_the_home_keeps_its_key_and_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(tmp_path)]
    assert main(["enrol", "T1", "--name", "BU7", "--lanes", "4", *home]) == 0
    assert "code" in capsys.readouterr().out
    status = figures(tmp_path, capsys)
    assert (status["centre"], status["lanes"]) == ("BU7", 4)
    assert main(["enrol", "T1", "--name", "BU8", *home]) == 1
    assert main(["enrol", "T1", "--lanes", "5", *home]) == 1
    (tmp_path / "centre" / "centre.key").unlink()
    assert main(["status", *home]) == 1
    assert "another key" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_cleanly_when_it_is_told_to(serve: Serve, number: signal.Signals) -> None:
    server, address = serve("--port", "0", "--auto-enrol")
    terminal = Terminal()
    road = HttpsRoad(address)
    road.enrol(wire.EnrolmentRequest("T1", terminal.public_key.hex()))
    answer = wire.decode_answer(road.offer(terminal.packed()))
    assert isinstance(answer, wire.Acknowledgement)
    server.send_signal(number)
    said, complained = server.communicate(timeout=60)
    road.close()
    assert (server.returncode, said, complained) == (0, "", "")


def test_the_port_is_named_when_somebody_has_it(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, address = serve("--port", "0")
    port = address.rsplit(":", 1)[1]
    assert main(["serve", "--port", port, "--home", str(tmp_path / "other")]) == 1
    assert f"127.0.0.1:{port} cannot be listened on" in capsys.readouterr().err


def test_a_terminal_can_be_enrolled_while_the_server_runs(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, address = serve("--port", "0")
    terminal = Terminal()
    assert main(["enrol", "T1", "--home", str(tmp_path)]) == 0
    code = capsys.readouterr().out.split()[-1]
    road = HttpsRoad(address)
    request = wire.EnrolmentRequest("T1", terminal.public_key.hex(), code)
    assert isinstance(road.enrol(request), wire.Enrolment)
    road.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_nothing_acknowledged_is_lost_or_doubled_when_the_server_is_killed_under_load(
    serve: Serve, request: pytest.FixtureRequest, kind: str
) -> None:
    database = request.getfixturevalue("postgres_schema") if kind == "postgres" else ""
    terminals = [Terminal(f"T{n}", seed=n) for n in range(1, 5)]
    for terminal in terminals:
        terminal.sell(*(f"{terminal.origin}-{n}" for n in range(30)))
    acknowledged = dict.fromkeys(terminals, 0)
    server, address = serve("--port", "0", "--auto-enrol", database=database)
    for number in range(20):
        road = HttpsRoad(address, timeout_s=60)
        for terminal in terminals:
            road.enrol(wire.EnrolmentRequest(terminal.origin, terminal.public_key.hex()))
            upto = min(acknowledged[terminal] + 7, 61)
            answer = wire.decode_answer(road.offer(terminal.packed(1, upto)))
            assert isinstance(answer, wire.Acknowledgement)
            acknowledged[terminal] = answer.upto
        road.close()
        if number in (3, 6):
            _kill_under_load(server, address, terminals)
            server, address = serve("--port", "0", "--auto-enrol", database=database)
            _nothing_is_lost(address, acknowledged)
    _nothing_is_lost(address, dict.fromkeys(terminals, 61))


def _kill_under_load(
    server: subprocess.Popen[str], address: str, terminals: list[Terminal]
) -> None:
    """Requests are on their way, whole and unanswered, when the power goes."""
    import socket

    host, port = address.removeprefix("http://").split(":")
    lines = []
    for terminal in terminals:
        line = socket.create_connection((host, int(port)))
        body = terminal.packed(1, 40)
        line.sendall(
            b"POST /v1/bundles HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        line.sendall(body)
        lines.append(line)
    server.kill()
    server.communicate()
    for line in lines:
        line.close()


def _nothing_is_lost(address: str, acknowledged: dict[Terminal, int]) -> None:
    road = HttpsRoad(address)
    for terminal, upto in acknowledged.items():
        answer = wire.decode_answer(road.ask(terminal.origin))
        assert isinstance(answer, wire.Acknowledgement)
        assert answer.upto >= upto
    road.close()
