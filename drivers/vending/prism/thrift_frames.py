"""Thrift on the wire: the binary protocol in framed transport, as much as TokenApi uses.

Our own and not a library: thriftpy2 and Apache thrift are compiled, want the service's interface
file, which is its maker's, and take any size that a peer names. TokenApi needs this page.

    frame    length (4), then one message
    message  80 01 00 kind (4), name, sequence (4), one struct
    struct   fields of type (1), id (2), value; ended by type 0
    text     length (4), UTF-8; list: type (1), count (4), items; map: two types, count (4), pairs

Reading is strict: a wrong type, a length beyond the frame, a field that comes twice or bytes left
over is a VendorFault. Unknown fields are passed over, as the protocol asks. A double is an amount
in whole units here and becomes an integer at once; a fraction is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from kiosk.errors import VendorFault

#: Far above any answer of TokenApi; a longer one is noise or an attack.
LARGEST_FRAME = 1 << 20

_DEEPEST = 16
_VERSION: Final = 0x8001_0000
_LENGTH = struct.Struct(">i")


class Kind(IntEnum):
    """A type byte of the binary protocol."""

    BOOL = 2
    BYTE = 3
    DOUBLE = 4
    I16 = 6
    I32 = 8
    I64 = 10
    TEXT = 11
    STRUCT = 12
    MAP = 13
    SET = 14
    LIST = 15


class MessageKind(IntEnum):
    """What a message is; EXCEPTION means that the service could not even call the method."""

    CALL = 1
    REPLY = 2
    EXCEPTION = 3


@dataclass(frozen=True, slots=True)
class Shape:
    """A struct: field id to name and type. A value in Python is a dict by name."""

    fields: Mapping[int, tuple[str, Type]]


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of one type."""

    item: Type


@dataclass(frozen=True, slots=True)
class Texts:
    """A map from text to text."""


Type = Kind | Shape | ListOf | Texts


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `body` is the struct, not yet read."""

    kind: MessageKind
    name: str
    sequence: int
    body: bytes


#: The exception of the protocol itself: the service does not know the method or cannot read it.
UNCALLED = Shape({1: ("message", Kind.TEXT), 2: ("type", Kind.I32)})

_NUMBERS = {
    Kind.BOOL: struct.Struct(">?"),
    Kind.BYTE: struct.Struct(">b"),
    Kind.DOUBLE: struct.Struct(">d"),
    Kind.I16: struct.Struct(">h"),
    Kind.I32: struct.Struct(">i"),
    Kind.I64: struct.Struct(">q"),
}


def framed(kind: MessageKind, name: str, sequence: int, shape: Shape, value: object) -> bytes:
    """One message in its frame. The values must fit their types; that is the caller's to see to."""
    head = struct.pack(">I", _VERSION | kind) + _text(name) + _LENGTH.pack(sequence)
    message = head + encoded(shape, value)
    return _LENGTH.pack(len(message)) + message


def encoded(type_: Type, value: object) -> bytes:
    """The bytes of one value."""
    match type_, value:
        case Shape(), Mapping():
            return b"".join(_field(type_, number, value) for number in type_.fields) + b"\0"
        case ListOf(), Sequence():
            head = struct.pack(">Bi", _wire(type_.item), len(value))
            return head + b"".join(encoded(type_.item, item) for item in value)
        case Texts(), Mapping():
            head = struct.pack(">BBi", Kind.TEXT, Kind.TEXT, len(value))
            return head + b"".join(_text(key) + _text(text) for key, text in value.items())
        case Kind.TEXT, str():
            return _text(value)
        case Kind(), int():
            return _NUMBERS[type_].pack(value)
    raise AssertionError(f"a value of a wrong type for {type_}")


def _field(shape: Shape, number: int, value: Mapping[str, object]) -> bytes:
    name, type_ = shape.fields[number]
    found = value.get(name)
    if found is None:
        return b""
    return struct.pack(">Bh", _wire(type_), number) + encoded(type_, found)


def _text(text: str) -> bytes:
    data = text.encode()
    return _LENGTH.pack(len(data)) + data


def _wire(type_: Type) -> Kind:
    match type_:
        case Kind():
            return type_
        case Shape():
            return Kind.STRUCT
        case ListOf():
            return Kind.LIST
        case Texts():
            return Kind.MAP


class FrameBuffer:
    """Collects what arrives and gives whole frames; what is left over waits for the rest."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> None:
        """More bytes have arrived."""
        self._data += data

    def next(self) -> bytes | None:
        """The next whole frame without its length, or None. VendorFault for an absurd length."""
        if len(self._data) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._data)
        if not 0 < length <= LARGEST_FRAME:
            raise _malformed(f"a frame of {length} bytes")
        end = _LENGTH.size + length
        if len(self._data) < end:
            return None
        frame = bytes(self._data[_LENGTH.size : end])
        del self._data[:end]
        return frame


def apart(frame: bytes) -> Message:
    """The message in a frame; its struct is read by `decoded` once the shape is known."""
    reader = _Reader(frame)
    (head,) = struct.unpack(">I", reader.take(4))
    if head & 0xFFFF_FF00 != _VERSION or head & 0xFF not in set(MessageKind):
        raise _malformed("a message of another protocol")
    name, sequence = reader.text(), reader.length()
    return Message(MessageKind(head & 0xFF), name, sequence, reader.rest())


def decoded(type_: Type, data: bytes) -> object:
    """The one value that `data` holds, to the last byte."""
    reader = _Reader(data)
    value = reader.value(type_)
    if reader.rest():
        raise _malformed("bytes after its end")
    return value


class _Reader:
    """Walks through the bytes of one frame and never past them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def take(self, count: int) -> bytes:
        end = self._place + count
        if count < 0 or end > len(self._data):
            raise _malformed("a length beyond its end")
        piece = self._data[self._place : end]
        self._place = end
        return piece

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._place)

    def length(self) -> int:
        (number,) = _LENGTH.unpack(self.take(_LENGTH.size))
        return int(number)

    def text(self) -> str:
        try:
            return self.take(self.length()).decode()
        except UnicodeDecodeError:
            raise _malformed("a text that is not UTF-8") from None

    def value(self, type_: Type) -> object:
        match type_:
            case Shape():
                return self._struct(type_)
            case ListOf():
                count = self._count(_wire(type_.item))
                return [self.value(type_.item) for _ in range(count)]
            case Texts():
                return self._texts()
            case Kind.TEXT:
                return self.text()
        return self._number(type_)

    def _number(self, kind: Kind) -> int:
        layout = _NUMBERS[kind]
        piece = self.take(layout.size)
        (number,) = layout.unpack(piece)
        if kind is Kind.BOOL and piece not in {b"\0", b"\1"}:
            raise _malformed("a truth value that is neither 0 nor 1")
        if kind is Kind.DOUBLE and not number.is_integer():
            raise _malformed("an amount that is not whole")
        return bool(number) if kind is Kind.BOOL else int(number)

    def _struct(self, shape: Shape) -> dict[str, object]:
        found: dict[str, object] = {}
        while (kind := self._kind()) is not None:
            (number,) = struct.unpack(">h", self.take(2))
            if number not in shape.fields:
                self._pass_over(kind, 0)
                continue
            name, type_ = shape.fields[number]
            if kind is not _wire(type_) or name in found:
                raise _malformed(f"field {number} of a wrong type or twice")
            found[name] = self.value(type_)
        return found

    def _kind(self) -> Kind | None:
        byte = self.take(1)[0]
        if byte == 0:
            return None
        if byte not in set(Kind):
            raise _malformed(f"type {byte}, which there is not")
        return Kind(byte)

    def _count(self, wanted: Kind) -> int:
        kind, count = self._kind(), self.length()
        # Every item has at least one byte, so a count beyond the frame is caught before it costs.
        if (kind is not wanted and count) or not 0 <= count <= len(self._data) - self._place:
            raise _malformed("a list of a wrong type or length")
        return count

    def _texts(self) -> dict[str, str]:
        key_kind, count = self._kind(), self._count(Kind.TEXT)
        if key_kind is not Kind.TEXT and count:
            raise _malformed("a map of a wrong type")
        return {self.text(): self.text() for _ in range(count)}

    def _pass_over(self, kind: Kind, depth: int) -> None:
        if depth > _DEEPEST:
            raise _malformed("too deep a nesting")
        if kind in _NUMBERS:
            self.take(_NUMBERS[kind].size)
        elif kind is Kind.TEXT:
            self.take(self.length())
        elif kind is Kind.STRUCT:
            while (field := self._kind()) is not None:
                self.take(2)
                self._pass_over(field, depth + 1)
        else:
            self._pass_items(2 if kind is Kind.MAP else 1, depth)

    def _pass_items(self, width: int, depth: int) -> None:
        kinds = [self._kind() for _ in range(width)]
        count = self.length()
        if not 0 <= count <= len(self._data) - self._place:
            raise _malformed("a list beyond its end")
        for _ in range(count):
            for kind in kinds:
                if kind is None:
                    raise _malformed("a list of no type")
                self._pass_over(kind, depth + 1)


def _malformed(what: str) -> VendorFault:
    return VendorFault(f"The Prism service sent {what}; check address and port.")
