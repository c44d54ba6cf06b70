"""One numbered, chained, signed entry of a journal, and the bytes that are hashed and signed.

`previous` is the SHA-256 over the whole previous entry, its signature included, so that changing,
removing or moving any entry breaks the chain at the next one; the last entry is held by its own
signature and by the anchors (design 3).
"""

from __future__ import annotations

import hashlib

import msgspec

#: `previous` of the first entry.
GENESIS = bytes(32)


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A fact in its place: `sequence` is gapless from 1 within its `origin`. Time is UTC."""

    origin: str
    sequence: int
    time_ms: int
    quality: str
    kind: str
    version: int
    body: bytes
    previous: bytes
    signature: bytes


_KINDS = (str, int, int, str, str, int, bytes, bytes, bytes)
_ENCODER = msgspec.msgpack.Encoder()


def is_whole(entry: Entry) -> bool:
    """Whether every field is what it must be; a page of the disk may have come to hold anything."""
    return tuple(map(type, msgspec.structs.astuple(entry))) == _KINDS


def signed_bytes(
    origin: str, sequence: int, time_ms: int, quality: str, kind: str, version: int,
    body: bytes, previous: bytes,
) -> bytes:  # fmt: skip
    """The bytes that the origin's key signs: everything but the signature."""
    return _ENCODER.encode((origin, sequence, time_ms, quality, kind, version, body, previous))


def entry_bytes(entry: Entry) -> bytes:
    """The whole entry, as it travels and as it is hashed."""
    return _ENCODER.encode(entry)


def digest(entry: Entry) -> bytes:
    """SHA-256 over the whole entry: the next entry's `previous`, and the head of the journal."""
    return hashlib.sha256(_ENCODER.encode(entry)).digest()
