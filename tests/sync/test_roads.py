"""The roads: HTTPS against the centre's own application, and files."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from kiosk.errors import BadInput, LinkFault
from sync import wire
from sync.centre import app
from sync.roads import file as stick
from sync.roads.https import HttpsRoad
from sync.sealed import SEALED_LIMIT_BYTES
from tests.sync.running_centre import RunningCentre
from tests.sync.sync_terminal import Terminal

Handler = Callable[[httpx.Request], httpx.Response]


def reply(status: int, body: bytes, headers: dict[str, str]) -> httpx.Response:
    """An answer that is still on the line, as a real one is."""
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


def into(centre: RunningCentre, *, auto_enrol: bool = True, host: str = "127.0.0.1") -> Handler:
    """Brings every request to the centre's application in this process."""
    transport = httpx.ASGITransport(centre.app(auto_enrol=auto_enrol), client=(host, 1))

    async def carry(request: httpx.Request) -> httpx.Response:
        content = request.read()
        copied = httpx.Request(
            request.method, request.url, headers=request.headers, content=content
        )
        response = await transport.handle_async_request(copied)
        body = await response.aread()
        return reply(response.status_code, body, dict(response.headers))

    return lambda request: centre.run(carry(request))


@pytest.fixture
def walk() -> Iterator[Callable[[Handler], HttpsRoad]]:
    """Makes roads whose far end is a function, and closes them."""
    roads: list[HttpsRoad] = []

    def make(handler: Handler) -> HttpsRoad:
        roads.append(HttpsRoad("http://127.0.0.1:1", transport=httpx.MockTransport(handler)))
        return roads[-1]

    yield make
    for road in roads:
        road.close()


Walk = Callable[[Handler], HttpsRoad]


def test_a_terminal_enrols_sends_and_asks_over_http(
    small_centre: RunningCentre, terminal: Terminal, walk: Walk
) -> None:
    road = walk(into(small_centre))
    request = wire.EnrolmentRequest("T1", terminal.public_key.hex())
    enrolled = road.enrol(request)
    assert isinstance(enrolled, wire.Enrolment)
    key = small_centre.public_key.hex()
    assert enrolled == wire.Enrolment("SC1", key, 0, 8, 0, enrolled.sealing_key)
    assert road.enrol(request) == enrolled
    assert wire.decode_answer(road.ask("T1")) == wire.WantFrom(1)
    assert wire.decode_answer(road.offer(terminal.packed(2))) == wire.WantFrom(1)
    answer = wire.decode_answer(road.offer(terminal.packed()))
    assert isinstance(answer, wire.Acknowledgement) and answer.upto == 5
    assert wire.decode_answer(road.ask("T1")) == answer


def test_enrolment_needs_the_code_when_the_centre_is_no_rehearsal(
    small_centre: RunningCentre, terminal: Terminal, walk: Walk
) -> None:
    road = walk(into(small_centre, auto_enrol=False))
    small_centre.run(small_centre.hall.holdings.keep_code("T1", "secret"))
    request = wire.EnrolmentRequest("T1", terminal.public_key.hex())
    refused = road.enrol(request)
    assert isinstance(refused, wire.Refused) and refused.code == "bad_code"
    assert isinstance(road.enrol(msgspec.structs.replace(request, code="secret")), wire.Enrolment)


def test_the_answer_says_what_is_wrong_when_the_bundle_is(
    small_centre: RunningCentre, terminal: Terminal, walk: Walk
) -> None:
    road = walk(into(small_centre))
    for sent, code in [
        (b"", "unreadable"),
        (b"junk", "unreadable"),
        (terminal.packed(), "unknown_origin"),
        (bytes(SEALED_LIMIT_BYTES + 1), "too_large"),
    ]:
        answer = wire.decode_answer(road.offer(sent))
        assert isinstance(answer, wire.Refused) and answer.code == code
    answer = wire.decode_answer(road.ask("nobody"))
    assert isinstance(answer, wire.Refused) and answer.code == "unknown_origin"


def post(centre: RunningCentre, receive: Callable[[], Awaitable[dict[str, object]]]) -> object:
    """The HTTP status when a body comes in pieces, as `receive` gives them."""
    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/v1/bundles", "raw_path": b"/v1/bundles",
        "query_string": b"", "headers": [], "client": ("127.0.0.1", 1), "server": ("x", 1),
        "scheme": "http", "http_version": "1.1", "root_path": "", "asgi": {"version": "3.0"},
    }  # fmt: skip
    centre.run(centre.app()(scope, receive, send))
    return sent[0]["status"]


def test_an_endless_body_is_cut_off_when_its_length_is_not_told(
    small_centre: RunningCentre,
) -> None:
    given = 0

    async def more() -> dict[str, object]:
        nonlocal given
        given += 1
        return {"type": "http.request", "body": bytes(1 << 20), "more_body": True}

    assert post(small_centre, more) == 413
    assert given == 5


def test_a_body_is_given_up_when_it_does_not_come(
    small_centre: RunningCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "BODY_LIMIT_S", 0.01)

    async def never() -> dict[str, object]:
        await asyncio.Event().wait()
        return {}

    assert post(small_centre, never) == 408


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"origin": 1}', b'{"origin":"T1","public_key":"00"}', b"[" * 4000],
)
def test_an_enrolment_is_refused_when_it_is_none(small_centre: RunningCentre, body: bytes) -> None:
    request = httpx.Request("POST", "http://127.0.0.1:1/v1/enrol", content=body)
    response = into(small_centre)(request)
    answer = wire.decode_answer(response.read())
    assert response.status_code == 400
    assert isinstance(answer, wire.Refused) and answer.code == "bad_request"


def test_the_figures_are_shown_to_this_machine_only(small_centre: RunningCentre) -> None:
    request = httpx.Request("GET", "http://127.0.0.1:1/v1/status")
    here = into(small_centre)(request)
    assert here.status_code == 200 and json.loads(here.read())["centre"] == "SC1"
    assert into(small_centre, host="192.0.2.1")(request).status_code == 403


def test_the_courier_hears_of_it_when_the_database_fails(
    small_centre: RunningCentre, terminal: Terminal, walk: Walk
) -> None:
    small_centre.enrol(terminal)
    road = walk(into(small_centre))
    small_centre.break_table("entries")
    with pytest.raises(LinkFault, match="503"):
        road.offer(terminal.packed())
    small_centre.mend_table("entries")
    assert isinstance(wire.decode_answer(road.offer(terminal.packed())), wire.Acknowledgement)


# --- a line that is no centre -----------------------------------------------------------------


def _unreachable(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody there")


@pytest.mark.parametrize(
    ("handler", "sentence"),
    [
        (_unreachable, "cannot be reached"),
        (lambda _: reply(200, b"Sign in to the WLAN", {"content-type": "text/html"}), "HTTP 200"),
        (lambda _: reply(302, b"", {"location": "http://x"}), "HTTP 302"),
        (lambda _: reply(200, bytes(70_000), {"content-type": "text/html"}), "come to an end"),
    ],
)
def test_the_line_is_down_when_whoever_answers_is_no_centre(
    walk: Walk, handler: Handler, sentence: str
) -> None:
    road = walk(handler)
    with pytest.raises(LinkFault, match=sentence):
        road.ask("T1")


def test_a_real_refused_connection_is_a_line_that_is_down() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    road = HttpsRoad(f"http://127.0.0.1:{port}", timeout_s=1)
    with pytest.raises(LinkFault, match="cannot be reached"):
        road.ask("T1")
    road.close()
    with pytest.raises(LinkFault, match="closed"):
        road.ask("T1")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("http://centre.example", "https"),
        ("ftp://centre.example", "looks like"),
        ("centre.example", "looks like"),
    ],
)
def test_an_address_is_refused_when_facts_would_travel_open(address: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        HttpsRoad(address)


def test_a_missing_authority_is_named(tmp_path: Path) -> None:
    road = HttpsRoad("https://centre.example", authority_file=tmp_path / "ca.pem")
    with pytest.raises(BadInput, match=r"ca\.pem"):
        road.ask("T1")


# --- files ------------------------------------------------------------------------------------


def test_the_same_bundles_come_out_of_a_file(terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "T1.bundle"
    sent = [terminal.bundle(1, 2), terminal.bundle(3)]
    assert stick.write_bundles(path, sent) == 5
    assert stick.read_bundles(path) == sent
    assert [each.name for each in tmp_path.iterdir()] == ["T1.bundle"]


def test_no_file_appears_when_there_is_nothing_to_carry(tmp_path: Path) -> None:
    assert stick.write_bundles(tmp_path / "T1.bundle", []) == 0
    assert list(tmp_path.iterdir()) == []


def test_an_answer_comes_out_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "T1.answer"
    stick.write_answer(path, wire.WantFrom(3))
    assert stick.read_answer(path) == wire.WantFrom(3)


def test_a_file_is_refused_in_one_sentence_when_it_cannot_be_used(
    terminal: Terminal, tmp_path: Path
) -> None:
    path = tmp_path / "T1.bundle"
    for read in (stick.read_bundles, stick.read_answer):
        with pytest.raises(BadInput, match="no such file"):
            read(path)
        with pytest.raises(BadInput, match="no such file"):
            read(tmp_path)
    with pytest.raises(BadInput, match="cannot be written"):
        stick.write_answer(tmp_path / "gone" / "x", wire.WantFrom(1))
    path.write_bytes(terminal.packed(1, 2) + terminal.packed(3)[:-1])
    with pytest.raises(wire.WireFault, match="cut off"):
        stick.read_bundles(path)
    path.write_bytes(b"")
    with pytest.raises(wire.WireFault, match="cut off"):
        stick.read_bundles(path)
