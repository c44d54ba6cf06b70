"""Handing facts to the process that holds the pen: a Unix socket beside the ledger.

One request, one answer, each with its length in front. Only processes of the same user reach the
socket (mode 0600); what arrives is judged by the pen like everything else.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from kiosk.errors import KioskError, Refusal, StoreFault
from kiosk.ledger.pen import Draft, Pen

_LENGTH = struct.Struct(">I")
_LARGEST = 64 * 1024 * 1024
_ANSWER_S = 30.0
#: A process that has connected says at once what it wants.
_REQUEST_S = 5.0
#: Processes of a home that are answered at once; it has a few faces and commands.
_MOST = 64
_REST_S = 0.1


class _Answer(msgspec.Struct, array_like=True):
    """What the holder says: numbers, or a refusal, or the sentence of a fault."""

    numbers: list[int] = []
    refusal: Refusal | None = None
    fault: str = ""


_DRAFTS = msgspec.msgpack.Decoder(list[Draft])
_ANSWER = msgspec.msgpack.Decoder(_Answer)


def hand_over(home: Path, drafts: Sequence[Draft]) -> list[int] | Refusal:
    """Let the holder of the pen write `drafts`. OSError when it is gone: the outcome is unknown."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(_ANSWER_S)
        with _address(home) as address:
            line.connect(address)
        _send(line, msgspec.msgpack.encode(list(drafts)))
        answer = _ANSWER.decode(_receive(line))
    if answer.fault:
        raise StoreFault(answer.fault)
    return answer.refusal if answer.refusal is not None else answer.numbers


class HandoverServer:
    """Answers other processes of this home for as long as this one holds the pen."""

    def __init__(self, home: Path, pen: Pen) -> None:
        self._pen = pen
        self._path = home / "pen.sock"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._path.unlink(missing_ok=True)
        with _address(home) as address:
            self._socket.bind(address)
        self._path.chmod(0o600)
        self._socket.listen(64)
        self._closing = False
        self._thread = threading.Thread(target=self._accept, name="pen-handover", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer no more; requests under way are finished first."""
        self._closing = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(_ANSWER_S)
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        """However many connect and say nothing, this goes on: whoever is turned away asks again."""
        workers: list[threading.Thread] = []
        rest = threading.Event().wait
        while not self._closing:
            try:
                line, _ = self._socket.accept()
            except OSError:
                if not self._closing:
                    rest(_REST_S)  # this process has too many files open at the moment
                continue
            workers = [thread for thread in workers if thread.is_alive()]
            if len(workers) >= _MOST:
                line.close()
                rest(_REST_S)
                continue
            worker = threading.Thread(target=self._serve, args=(line,), daemon=True)
            worker.start()
            workers.append(worker)
        for worker in workers:
            worker.join(_ANSWER_S)

    def _serve(self, line: socket.socket) -> None:
        with line, contextlib.suppress(OSError):
            line.settimeout(_REQUEST_S)
            request = _receive(line)
            line.settimeout(_ANSWER_S)
            _send(line, msgspec.msgpack.encode(self._answer(request)))

    def _answer(self, request: bytes) -> _Answer:
        try:
            outcome = self._pen.append(_DRAFTS.decode(request))
        except KioskError as error:
            return _Answer(fault=error.sentence)
        except (msgspec.MsgspecError, UnicodeError, RecursionError, AssertionError) as error:
            return _Answer(fault=f"The facts handed over cannot be written ({error}).")
        if isinstance(outcome, Refusal):
            return _Answer(refusal=outcome)
        return _Answer(numbers=outcome)


@contextlib.contextmanager
def _address(home: Path) -> Iterator[str]:
    """Where the socket is. Its path may have 107 bytes; a deeper home is reached by its handle."""
    path = str(home / "pen.sock")
    if len(os.fsencode(path)) <= 107:
        yield path
        return
    handle = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}/pen.sock"
    finally:
        os.close(handle)


def _send(line: socket.socket, data: bytes) -> None:
    line.sendall(_LENGTH.pack(len(data)) + data)


def _receive(line: socket.socket) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(line, _LENGTH.size))
    if length > _LARGEST:
        raise OSError("the message is too long")
    return _exactly(line, length)


def _exactly(line: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        piece = line.recv(count - len(data))
        if not piece:
            raise ConnectionResetError("the line was closed")
        data += piece
    return bytes(data)
