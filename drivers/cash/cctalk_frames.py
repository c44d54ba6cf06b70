"""ccTalk frames: bytes to frames and back, with no line, no clock and no device.

Two forms are in use (ccTalk generic specification 4.7):
    sum   destination | length | source | header | data | checksum    all bytes add up to 0 mod 256
    crc   destination | length | CRC low | header | data | CRC high   polynomial 1021, start 0
"""

from __future__ import annotations

import binascii
from typing import Literal

import msgspec

Check = Literal["sum", "crc"]

HOST = 1
BILL_VALIDATOR = 40

_OVERHEAD = 5


class Frame(msgspec.Struct, frozen=True):
    """One message; `source` is 0 when it was read in the crc form, which does not carry it."""

    destination: int
    header: int
    data: bytes = b""
    source: int = HOST


def build(frame: Frame, check: Check = "sum") -> bytes:
    """The bytes of `frame` on the wire."""
    assert len(frame.data) <= 255, len(frame.data)
    if check == "crc":
        covered = bytes((frame.destination, len(frame.data), frame.header)) + frame.data
        crc = binascii.crc_hqx(covered, 0)
        return covered[:2] + bytes((crc & 0xFF,)) + covered[2:] + bytes((crc >> 8,))
    body = bytes((frame.destination, len(frame.data), frame.source, frame.header)) + frame.data
    return body + bytes((-sum(body) & 0xFF,))


class FrameReader:
    """Takes bytes in any portions and gives whole frames; noise between frames is passed over.

    Only frames to one of `addresses` are looked for, which tells most noise from a frame at once.
    """

    def __init__(self, check: Check, addresses: frozenset[int]) -> None:
        self._check = check
        self._addresses = addresses
        self._pending = bytearray()

    @property
    def unfinished(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._pending)

    def feed(self, received: bytes) -> list[Frame]:
        """The frames that end within `received`."""
        self._pending += received
        return self._take_frames()

    def silence(self) -> list[Frame]:
        """The line was quiet for longer than a frame may pause: what is unfinished was noise.

        Its first byte goes, and frames that were hidden behind it come out.
        """
        frames: list[Frame] = []
        while self._pending:
            del self._pending[0]
            frames += self._take_frames()
        return frames

    def _take_frames(self) -> list[Frame]:
        frames: list[Frame] = []
        while (size := self._size()) is not None:
            frame = _parse(bytes(self._pending[:size]), self._check)
            if frame is None:
                del self._pending[0]
            else:
                del self._pending[:size]
                frames.append(frame)
        return frames

    def _size(self) -> int | None:
        """The size of the frame at the front once all of it is there."""
        noise = 0
        while noise < len(self._pending) and self._pending[noise] not in self._addresses:
            noise += 1
        del self._pending[:noise]
        if len(self._pending) < _OVERHEAD:
            return None
        size = self._pending[1] + _OVERHEAD
        return size if len(self._pending) >= size else None


def _parse(raw: bytes, check: Check) -> Frame | None:
    """The frame in `raw`, or None when its check does not hold."""
    source = raw[2] if check == "sum" else 0
    frame = Frame(raw[0], raw[3], raw[4:-1], source)
    return frame if build(frame, check) == raw else None
