"""A ccTalk device that says what a test tells it to: whole answers, pieces, noise or nothing."""

from __future__ import annotations

import os
import select
import threading
import tty
from collections.abc import Iterable
from typing import Self

from drivers.cash.cctalk_frames import BILL_VALIDATOR, HOST, Frame, FrameReader, build

#: What one note of 50.00 KES and an idle device answer; everything else is an empty answer.
USUAL: dict[int, bytes] = {
    246: b"ACME",
    245: b"Bill Validator",
    244: b"BV1",
    242: b"\x39\x30\x00",
    192: b"7",
    157: b".......",
    156: b"\x64\x00\x02",
    159: bytes(11),
}


def answer(data: bytes, header: int = 0) -> bytes:
    return build(Frame(HOST, header, data, BILL_VALIDATOR))


class ScriptedDevice:
    """Gives the next scripted answer to a header, in pieces, or the usual one."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.script: dict[int, list[Iterable[bytes]]] = {}
        self._master, self._slave = os.openpty()
        tty.setraw(self._master)
        self.path = os.ttyname(self._slave)
        self._wake = os.pipe()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._wake[1], b"x")
        self._thread.join()
        for descriptor in (self._master, self._slave, *self._wake):
            os.close(descriptor)

    def _run(self) -> None:
        reader = FrameReader("sum", frozenset((BILL_VALIDATOR,)))
        while True:
            ready, _, _ = select.select([self._master, self._wake[0]], [], [])
            if self._wake[0] in ready:
                return
            for frame in reader.feed(os.read(self._master, 512)):
                self.heard.append(build(frame))
                for piece in self._answer_to(frame):
                    os.write(self._master, piece)

    def _answer_to(self, frame: Frame) -> Iterable[bytes]:
        if self.script.get(frame.header):
            return self.script[frame.header].pop(0)
        if frame.header == 157 and frame.data == b"\x01":
            return [answer(b"KE0050A")]
        return [answer(USUAL.get(frame.header, b""))]
