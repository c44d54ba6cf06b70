"""Entries one after another in a file that only grows: the second medium, and an archive.

docs/second-medium.md describes the bytes. A record is what one commit wrote; it is followed by its
length, so that the last one is found from the end. A record that was cut off in writing is no
record: the next one takes its place. Where the store is encrypted, so is every record.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec
from cryptography.exceptions import InvalidTag

from kiosk.domain.entry import Entry, entry_bytes
from kiosk.errors import StoreFault
from kiosk.ledger.keyring import drawn

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"PHM\x01"
#: Largest record: a catalogue of 100 000 customers fits.
RECORD_LIMIT_BYTES = 256 * 1024 * 1024
_HEAD, _FOOT = struct.Struct(">II"), struct.Struct(">I")
_NONCE_BYTES = 12


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """An entry as its bytes, and the content that came with it (a catalogue), or nothing."""

    entry: bytes
    content: bytes = b""


class Header(msgspec.Struct, frozen=True, array_like=True):
    """The first record, never encrypted: whose entries these are, and which key seals them."""

    origin: str
    purpose: str
    key_name: bytes


class Written(msgspec.Struct, frozen=True):
    """An entry that was just committed."""

    entry: Entry
    content: bytes = b""

    def kept(self) -> Kept:
        """As it stands in a file."""
        return Kept(entry_bytes(self.entry), self.content)


_RECORDS = msgspec.msgpack.Decoder(list[Kept])
_HEADERS = msgspec.msgpack.Decoder(Header)
_ENTRIES = msgspec.msgpack.Decoder(Entry)


class Cover:
    """How records are sealed; without a store key they are plain."""

    def __init__(self, store_key: bytes, origin: str, purpose: str) -> None:
        key = drawn(store_key, purpose) if store_key else b""
        name = hashlib.sha256(b"payment-hall/key-name/1" + key).digest()[:8] if key else b""
        self.header = Header(origin, purpose, name)
        self._bound = msgspec.msgpack.encode(self.header)
        self._box = _box(key) if key else None

    def close(self, plain: bytes) -> bytes:
        """The payload of a record."""
        if self._box is None:
            return plain
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._box.encrypt(nonce, plain, self._bound)

    def open(self, payload: bytes) -> bytes:
        """The content of a record. Raises InvalidTag."""
        if self._box is None:
            return payload
        return self._box.decrypt(payload[:_NONCE_BYTES], payload[_NONCE_BYTES:], self._bound)


def _box(key: bytes) -> AESGCM:
    """Imported here: where the store is plain, nothing is sealed."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def framed(payload: bytes) -> bytes:
    """A payload as it stands in the file."""
    head = _HEAD.pack(len(payload), zlib.crc32(payload))
    return head + payload + _FOOT.pack(len(payload))


def beginning(cover: Cover) -> bytes:
    """The first bytes of a file."""
    return MAGIC + framed(msgspec.msgpack.encode(cover.header))


def record(cover: Cover, kept: Sequence[Kept]) -> bytes:
    """One commit as it stands in the file."""
    return framed(cover.close(msgspec.msgpack.encode(kept)))


def read_kept(path: Path, cover: Cover) -> Iterator[tuple[Entry, bytes]]:
    """All entries of a file with their contents. StoreFault at the first record that is damaged;
    a record that was cut off at the very end ends the file."""
    with path.open("rb") as file:
        _same(path, _header(file, path)[0], cover)
        while (payload := _payload(file, path)) is not None:
            for kept in _opened(path, cover, payload):
                yield _ENTRIES.decode(kept.entry), kept.content


def last_of(path: Path, cover: Cover) -> tuple[Entry | None, int]:
    """The last entry of a file and where its whole records end; what follows was cut off."""
    with path.open("rb") as file:
        found, start = _header(file, path)
        _same(path, found, cover)
        payload, end = _from_the_end(file, start)
        if payload is None:
            payload, end = _from_the_beginning(file, path, start)
    if payload is None:
        return None, end
    return _ENTRIES.decode(_opened(path, cover, payload)[-1].entry), end


def _from_the_end(file: BinaryIO, start: int) -> tuple[bytes | None, int]:
    end = file.seek(0, os.SEEK_END)
    if end - start < _HEAD.size + _FOOT.size:
        return None, end
    file.seek(end - _FOOT.size)
    (length,) = _FOOT.unpack(file.read(_FOOT.size))
    begin = end - _FOOT.size - length - _HEAD.size
    if begin < start:
        return None, end
    file.seek(begin)
    said, crc = _HEAD.unpack(file.read(_HEAD.size))
    payload = file.read(length)
    sound = said == length and zlib.crc32(payload) == crc
    return (payload, end) if sound else (None, end)


def _from_the_beginning(file: BinaryIO, path: Path, start: int) -> tuple[bytes | None, int]:
    file.seek(start)
    last, end = None, start
    while (payload := _payload(file, path)) is not None:
        last, end = payload, file.tell()
    return last, end


def _header(file: BinaryIO, path: Path) -> tuple[Header, int]:
    if file.read(len(MAGIC)) != MAGIC:
        raise StoreFault(f"{path}: this is no file of entries.")
    payload = _payload(file, path)
    try:
        if payload is None:
            raise StoreFault(f"{path}: the file is cut off in its first record.")
        return _HEADERS.decode(payload), file.tell()
    except msgspec.MsgspecError as error:
        raise StoreFault(f"{path}: its first record cannot be read ({error}).") from error


def _payload(file: BinaryIO, path: Path) -> bytes | None:
    """The next payload; None at the end, also when the last record was cut off."""
    place = file.tell()
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    length, crc = _HEAD.unpack(head)
    if length > RECORD_LIMIT_BYTES:
        raise StoreFault(f"{path}: the record at byte {place} is damaged.")
    payload, foot = file.read(length), file.read(_FOOT.size)
    if len(payload) < length or len(foot) < _FOOT.size:
        return None
    if zlib.crc32(payload) != crc or foot != _FOOT.pack(length):
        raise StoreFault(f"{path}: the record at byte {place} is damaged.")
    return payload


def _opened(path: Path, cover: Cover, payload: bytes) -> list[Kept]:
    try:
        found = _RECORDS.decode(cover.open(payload))
    except (InvalidTag, ValueError, msgspec.MsgspecError) as error:
        raise StoreFault(f"{path}: a record cannot be opened; it is damaged.") from error
    if not found:
        raise StoreFault(f"{path}: a record is empty.")
    return found


def _same(path: Path, found: Header, cover: Cover) -> None:
    wanted = cover.header
    if (found.origin, found.purpose) != (wanted.origin, wanted.purpose):
        raise StoreFault(
            f"{path}: holds the entries of {found.origin} ({found.purpose}), not of"
            f" {wanted.origin} ({wanted.purpose})."
        )
    if found.key_name != wanted.key_name:
        raise StoreFault(f"{path}: was sealed with another key than that of this home.")
