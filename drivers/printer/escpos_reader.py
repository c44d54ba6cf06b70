"""Reads ESC/POS as a printer does: a stream of bytes, in any portions, to commands.

Knows how long each command is, so that the pixels of a picture are not taken for commands. Lengths
are those of the makers' public command lists; an unknown command counts as two bytes.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["text", "feed", "cut", "picture", "code", "page", "kanji", "realtime", "other"]

_ESC, _GS, _FS, _DLE = 0x1B, 0x1D, 0x1C, 0x10

#: Parameter bytes after the two bytes of a command; those that are not here have none.
_FIXED: dict[int, dict[int, int]] = {
    _ESC: {0x20: 1, 0x21: 1, 0x24: 2, 0x25: 1, 0x2D: 1, 0x33: 1, 0x3D: 1, 0x45: 1, 0x47: 1,
           0x4A: 1, 0x4D: 1, 0x52: 1, 0x54: 1, 0x55: 1, 0x56: 1, 0x57: 8, 0x5C: 2, 0x61: 1,
           0x63: 2, 0x64: 1, 0x65: 1, 0x70: 3, 0x72: 1, 0x74: 1, 0x7B: 1},
    _GS: {0x21: 1, 0x24: 2, 0x2F: 1, 0x42: 1, 0x48: 1, 0x49: 1, 0x4C: 2, 0x50: 2, 0x57: 2,
          0x5C: 2, 0x61: 1, 0x62: 1, 0x66: 1, 0x68: 1, 0x72: 1, 0x77: 1},
    _FS: {0x21: 1, 0x2D: 1, 0x43: 1, 0x53: 2, 0x57: 1, 0x70: 2},
    _DLE: {0x04: 1, 0x05: 1},
}  # fmt: skip

#: More than any slip; a longer command is noise.
_LONGEST = 1 << 20


class Command(msgspec.Struct, frozen=True):
    """One command or run of text; `number` is its count, page or question, `data` its payload."""

    kind: Kind
    raw: bytes
    number: int = 0
    data: bytes = b""


class EscposReader:
    """Takes bytes in any portions and gives whole commands."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, received: bytes) -> list[Command]:
        """The commands that end within `received`."""
        pending = self._pending + received
        commands, at = [], 0
        while at < len(pending):
            size = _size(pending, at)
            if at + size > len(pending):
                break
            commands.append(_command(pending[at : at + size]))
            at += size
        self._pending = pending[at:]
        return commands

    def forget(self) -> None:
        """The stream ended: what was unfinished never happened."""
        self._pending = b""


def _size(stream: bytes, at: int) -> int:
    """The size of the command at `at`, or more than there is while that cannot be told."""
    lead = stream[at]
    if lead not in _FIXED:
        return 1 if lead < 0x20 else _text_size(stream, at)
    left = len(stream) - at
    if left < 2:
        return 2
    size = _long_size(lead, stream[at : at + 8], left, stream, at)
    return 2 if size > _LONGEST else size


def _text_size(stream: bytes, at: int) -> int:
    end = at
    while end < len(stream) and stream[end] >= 0x20:
        end += 1
    return end - at


def _long_size(lead: int, head: bytes, left: int, stream: bytes, at: int) -> int:
    """The size of a command by its own length field; `left` + 1 asks for more of the stream."""
    code = head[1]
    more = left + 1
    if lead in (_GS, _FS) and code == 0x28:  # GS ( x pL pH, FS ( x pL pH
        return 5 + _word(head, 3) if left >= 5 else more
    if lead == _GS and code == 0x76:  # GS v 0 m xL xH yL yH: bytes a row, rows
        return 8 + _word(head, 4) * _word(head, 6) if left >= 8 else more
    if lead == _GS and code == 0x56:  # GS V m, GS V m n
        return (4 if head[2] >= 65 else 3) if left >= 3 else more
    if lead == _GS and code == 0x6B:  # GS k m ... NUL, GS k m n ...
        if left < 4:
            return more
        return 4 + head[3] if head[2] >= 65 else _up_to_nul(stream, at, 3)
    if lead == _GS and code == 0x2A:  # GS * x y
        return 4 + head[2] * head[3] * 8 if left >= 4 else more
    if lead == _GS and code == 0x38:  # GS 8 L p1 p2 p3 p4
        return 7 + int.from_bytes(head[3:7], "little") if left >= 7 else more
    if lead == _ESC and code == 0x2A:  # ESC * m nL nH: columns of 8 or 24 dots
        return 5 + _word(head, 3) * (3 if head[2] >= 32 else 1) if left >= 5 else more
    if lead == _ESC and code == 0x44:  # ESC D tabs NUL
        return _up_to_nul(stream, at, 2)
    if lead == _DLE and code == 0x14:  # DLE DC4 fn: pulse 2, power off 2, clear 7
        return (10 if head[2] == 8 else 5) if left >= 3 else more
    return 2 + _FIXED[lead].get(code, 0)


def _word(data: bytes, at: int) -> int:
    return data[at] | data[at + 1] << 8


def _up_to_nul(stream: bytes, at: int, start: int) -> int:
    end = stream.find(b"\x00", at + start)
    return (end if end >= 0 else len(stream)) - at + 1


def _command(raw: bytes) -> Command:
    if raw[0] >= 0x20:
        return Command("text", raw)
    if raw in (b"\n", b"\r"):
        return Command("feed" if raw == b"\n" else "other", raw, 1)
    if raw[0] == _DLE:
        return Command("realtime", raw, raw[2] if len(raw) == 3 else 0)
    lead, second = raw[0], raw[1] if len(raw) > 1 else 0
    if lead == _ESC and second == 0x64:
        return Command("feed", raw, raw[2])
    if lead == _ESC and second == 0x74:
        return Command("page", raw, raw[2])
    if (lead == _GS and second == 0x56) or raw in (b"\x1bi", b"\x1bm"):
        return Command("cut", raw)
    if lead == _FS and second in (0x26, 0x2E):
        return Command("kanji", raw, int(second == 0x26))
    return _drawing(raw, lead, second)


def _drawing(raw: bytes, lead: int, second: int) -> Command:
    """Pictures with their height in dots, codes with their text."""
    if lead == _GS and second == 0x76 and len(raw) >= 8:
        return Command("picture", raw, _word(raw, 6))
    if lead == _ESC and second == 0x2A and len(raw) >= 5:
        return Command("picture", raw, 24 if raw[2] >= 32 else 8)
    if lead == _GS and second == 0x6B and len(raw) >= 4:
        return Command("code", raw, data=raw[4:] if raw[2] >= 65 else raw[3:-1])
    if raw.startswith(b"\x1d(k") and raw[5:7] == b"1P":  # a QR code's content; 1Q prints it
        return Command("code", raw, data=raw[8:])
    return Command("other", raw)
