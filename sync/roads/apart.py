"""The road over HTTPS in a process of its own: httpx would be 7 MiB of a face's 64.

The parent writes one question, the child walks `HttpsRoad` and writes one answer; both are msgpack
behind four bytes of length. The child starts with the first question and ends with its input, also
when the face is killed.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from kiosk.errors import BadInput, LinkFault
from sync import catalogue_wire, wire
from sync.roads.https import check_address

if TYPE_CHECKING:
    from sync.roads.https import HttpsRoad

_ROOT = str(Path(__file__).resolve().parents[2])
_CHUNK = 65536
_LENGTH = 4
_LONGEST = max(wire.BUNDLE_LIMIT_BYTES, catalogue_wire.CATALOGUE_LIMIT_BYTES) + 65536

#: What starting the child and the way to it may take, beside the limit of the exchange itself.
_START_S = 10.0
_END_S = 2.0


class Question(msgspec.Struct, frozen=True):
    """One exchange; `content` is a bundle, the name of an origin, an enrolment request or the
    question for a catalogue."""

    verb: Literal["offer", "ask", "enrol", "catalogue"]
    content: bytes


class Answer(msgspec.Struct, frozen=True):
    """What came of it: the centre's bytes, or the sentence of a LinkFault or BadInput."""

    kind: Literal["answer", "enrolment", "refused", "fault", "bad_input"]
    content: bytes


class RoadApart:
    """Implements the courier's Road, `catalogue` and `enrol` like HttpsRoad, whose arguments it
    takes."""

    def __init__(
        self, base_url: str, timeout_s: float = 10.0, authority_file: Path | None = None
    ) -> None:
        check_address(base_url)
        self._base_url, self._timeout_s = base_url, timeout_s
        self._words = [base_url, str(timeout_s), str(authority_file or "")]
        self._turn = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False

    def offer(self, bundle: bytes) -> bytes:
        """Bring a bundle. Raises LinkFault."""
        return self._exchange(Question("offer", bundle)).content

    def ask(self, origin: str) -> bytes:
        """Where the centre stands with `origin`. Raises LinkFault."""
        return self._exchange(Question("ask", origin.encode())).content

    def catalogue(self, request: catalogue_wire.CatalogueRequest) -> bytes:
        """The next catalogue, signed, or a refusal (`no_catalogue`). Raises LinkFault."""
        return self._exchange(Question("catalogue", msgspec.msgpack.encode(request))).content

    def enrol(self, request: wire.EnrolmentRequest) -> wire.Enrolment | wire.Refused:
        """Become known to the centre, or why not. Raises LinkFault."""
        answer = self._exchange(Question("enrol", msgspec.msgpack.encode(request)))
        if answer.kind == "enrolment":
            return msgspec.msgpack.decode(answer.content, type=wire.Enrolment)
        return msgspec.msgpack.decode(answer.content, type=wire.Refused)

    def close(self) -> None:
        """Let go of the line; an exchange under way ends as a LinkFault."""
        self._closed = True
        child = self._child
        if child is not None:
            child.terminate()
        with self._turn:
            self._drop()

    def child_id(self) -> int | None:
        """The process id of the child while there is one."""
        child = self._child
        return child.pid if child is not None else None

    # --- one exchange -----------------------------------------------------------------------------

    def _exchange(self, question: Question) -> Answer:
        with self._turn:
            try:
                answer = self._told(question, time.monotonic() + self._timeout_s + _START_S)
            except (OSError, EOFError, msgspec.MsgspecError, TimeoutError) as error:
                self._drop()
                raise LinkFault(f"{self._base_url} cannot be reached ({error}).") from error
        sentence = answer.content.decode(errors="replace")
        if answer.kind == "fault":
            raise LinkFault(sentence)
        if answer.kind == "bad_input":
            raise BadInput(sentence)
        return answer

    def _told(self, question: Question, deadline_s: float) -> Answer:
        child = self._running()
        assert child.stdin is not None and child.stdout is not None
        body = msgspec.msgpack.encode(question)
        left = memoryview(len(body).to_bytes(_LENGTH, "big") + body)
        while left:
            _await(child.stdin.fileno(), select.POLLOUT, deadline_s)
            left = left[os.write(child.stdin.fileno(), left[:_CHUNK]) :]
        source = child.stdout.fileno()

        def read(size: int) -> bytes:
            _await(source, select.POLLIN, deadline_s)
            return os.read(source, size)

        return msgspec.msgpack.decode(_message(read), type=Answer)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise LinkFault("The line upstream was closed.")
        if self._child is not None and self._child.poll() is not None:
            self._drop()
        if self._child is None:
            self._child = _start(self._words)
        return self._child

    def _drop(self) -> None:
        """End the child: it ends when its input closes, and is killed if it does not."""
        child, self._child = self._child, None
        if child is None:
            return
        assert child.stdin is not None and child.stdout is not None
        with contextlib.suppress(OSError):
            child.stdin.close()
        child.stdout.close()
        try:
            child.wait(_END_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _start(words: list[str]) -> subprocess.Popen[bytes]:
    """A child with our own packages only, in a session of its own: Ctrl-C is for the face."""
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", __name__, *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
        start_new_session=True, env={**os.environ, "PYTHONPATH": _ROOT, "KIOSK_MARK": ""},
    )  # fmt: skip
    assert child.stdin is not None
    os.set_blocking(child.stdin.fileno(), False)
    return child


def _await(descriptor: int, event: int, deadline_s: float) -> None:
    """TimeoutError at the deadline; an end of the line counts as an event."""
    watch = select.poll()
    watch.register(descriptor, event)
    if not watch.poll(max(0.0, deadline_s - time.monotonic()) * 1000):
        raise TimeoutError("no answer in time")


def _message(read: Callable[[int], bytes]) -> bytes:
    """One message; EOFError when the other side has gone."""
    length = int.from_bytes(_exactly(read, _LENGTH), "big")
    if length > _LONGEST:
        raise EOFError(f"a message of {length} bytes")
    return _exactly(read, length)


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    received = b""
    while len(received) < size:
        part = read(min(size - len(received), _CHUNK))
        if not part:
            raise EOFError("the other side has gone")
        received += part
    return received


# --- the child ----------------------------------------------------------------------------------


def serve(base_url: str, timeout_s: float, authority_file: str) -> None:
    """What the child does: walk the road until standard input ends."""
    from sync.roads.https import HttpsRoad

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    road = HttpsRoad(base_url, timeout_s, Path(authority_file) if authority_file else None)
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            question = msgspec.msgpack.decode(
                _message(lambda size: os.read(0, size)), type=Question
            )
            body = msgspec.msgpack.encode(walked(road, question))
            _write_all(1, len(body).to_bytes(_LENGTH, "big") + body)
    road.close()


def walked(road: HttpsRoad, question: Question) -> Answer:
    """The answer to one question."""
    try:
        if question.verb == "offer":
            return Answer("answer", road.offer(question.content))
        if question.verb == "ask":
            return Answer("answer", road.ask(question.content.decode()))
        if question.verb == "catalogue":
            asked = msgspec.msgpack.decode(question.content, type=catalogue_wire.CatalogueRequest)
            return Answer("answer", road.catalogue(asked))
        request = msgspec.msgpack.decode(question.content, type=wire.EnrolmentRequest)
        told = road.enrol(request)
        kind: Literal["refused", "enrolment"] = (
            "refused" if isinstance(told, wire.Refused) else "enrolment"
        )
        return Answer(kind, msgspec.msgpack.encode(told))
    except LinkFault as fault:
        return Answer("fault", fault.sentence.encode())
    except BadInput as fault:
        return Answer("bad_input", fault.sentence.encode())


def _write_all(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


if __name__ == "__main__":
    serve(sys.argv[1], float(sys.argv[2]), sys.argv[3])
