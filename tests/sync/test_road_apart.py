"""The road in a process of its own: the same answers, and nothing of httpx in the face."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.errors import BadInput, LinkFault
from sync import wire
from sync.roads.apart import RoadApart
from tests.sync.conftest import Serve
from tests.sync.sync_terminal import Terminal


@pytest.fixture
def road(serve: Serve) -> Iterator[RoadApart]:
    """A road to a real centre that lets everybody enrol."""
    _, address = serve("--port", "0", "--auto-enrol")
    road = RoadApart(address, timeout_s=60)
    yield road
    road.close()


def enrol(road: RoadApart, terminal: Terminal) -> wire.Enrolment:
    enrolled = road.enrol(wire.EnrolmentRequest("T1", terminal.public_key.hex()))
    assert isinstance(enrolled, wire.Enrolment)
    return enrolled


def test_a_terminal_enrols_sends_and_asks_when_the_road_is_apart(road: RoadApart) -> None:
    terminal = Terminal()
    assert enrol(road, terminal).lanes > 0
    answer = wire.decode_answer(road.offer(terminal.packed()))
    assert isinstance(answer, wire.Acknowledgement)
    asked = wire.decode_answer(road.ask("T1"))
    assert isinstance(asked, wire.Acknowledgement)
    assert (asked.upto, asked.digest) == (answer.upto, answer.digest)


def test_a_refusal_comes_back_as_one_when_the_key_is_another(road: RoadApart) -> None:
    enrol(road, Terminal())
    told = road.enrol(wire.EnrolmentRequest("T1", "ab" * 32))
    assert isinstance(told, wire.Refused) and told.sentence


def test_the_next_exchange_has_a_new_child_when_the_old_one_was_killed(road: RoadApart) -> None:
    terminal = Terminal()
    enrol(road, terminal)
    child = road.child_id()
    assert child is not None
    os.kill(child, signal.SIGKILL)
    answers = []
    for _ in range(2):  # the first may still meet the dying child
        try:
            answers.append(road.ask("T1"))
        except LinkFault:
            continue
    assert answers and road.child_id() != child


def test_the_line_is_down_when_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    road = RoadApart(f"http://127.0.0.1:{port}", timeout_s=1)
    with pytest.raises(LinkFault, match="cannot be reached"):
        road.ask("T1")
    road.close()
    with pytest.raises(LinkFault, match="closed"):
        road.ask("T1")


def test_an_address_is_refused_before_anything_starts() -> None:
    with pytest.raises(BadInput, match="https"):
        RoadApart("http://centre.example")


def test_the_authority_is_named_when_it_is_missing(tmp_path: Path) -> None:
    road = RoadApart("https://127.0.0.1:1", 1, tmp_path / "ca.pem")
    with pytest.raises(BadInput, match=r"ca\.pem"):
        road.ask("T1")
    road.close()


def test_httpx_is_not_in_the_face_when_it_has_walked_the_road(serve: Serve) -> None:
    _, address = serve("--port", "0", "--auto-enrol")
    program = (
        "import sys; from sync.roads.apart import RoadApart\n"
        "road = RoadApart(sys.argv[1]); road.ask('T1'); road.close()\n"
        "print('httpx' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, address], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
