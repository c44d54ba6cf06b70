"""What the selling process and the encoder child say to each other.

Each message is msgpack behind its length (4 bytes, big-endian). Light enough for both sides.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kiosk.ports import SlipLine

LENGTH_BYTES = 4
LARGEST_MESSAGE = 8 * 1024 * 1024


class Job(msgspec.Struct, frozen=True):
    """What the child is asked: the lines of a slip, for paper of `width` characters.

    `profile` is a capability profile of python-escpos. `code_pages` names the only code pages that
    may be used, where a printer's own do not match its profile; empty means all of the profile.
    """

    lines: list[SlipLine]
    width: int
    profile: str = "default"
    code_pages: list[str] = []


class Answer(msgspec.Struct, frozen=True):
    """What the child answers: the bytes, or why there are none."""

    job: bytes = b""
    trouble: str = ""


def framed(message: Job | Answer) -> bytes:
    """The bytes of one message on the wire."""
    content = msgspec.msgpack.encode(message)
    return len(content).to_bytes(LENGTH_BYTES, "big") + content


def read_message(read: Callable[[int], bytes]) -> bytes | None:
    """The next message by `read(size)`, or None at the end of the line or if it is no message."""
    header = _exactly(read, LENGTH_BYTES)
    if header is None or int.from_bytes(header, "big") > LARGEST_MESSAGE:
        return None
    return _exactly(read, int.from_bytes(header, "big"))


def _exactly(read: Callable[[int], bytes], size: int) -> bytes | None:
    content = bytearray()
    while len(content) < size:
        part = read(size - len(content))
        if not part:
            return None
        content += part
    return bytes(content)
