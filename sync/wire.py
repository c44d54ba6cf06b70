"""What travels: the bundle of consecutive entries, and the three answers to it.

The same bytes go over HTTPS and into a file. A bundle is a 12-byte head (magic with the version,
length, CRC-32) and a zlib stream of one msgpack array [origin, [entry, ...]]; the entries are the
very values that their origin signed. The CRC finds accidents; who wrote the entries is proved by
their chain and by the signature of the last one, which the centre checks. Decoding is strict and
bounded: there is one encoding of a value and every other is a WireFault.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

import msgspec

from kiosk.domain.entry import Entry
from kiosk.errors import KioskError
from kiosk.ledger.sealing import Signer, is_genuine

#: The last byte is the version of the format.
BUNDLE_MAGIC = b"PHB\x01"
ANSWER_MAGIC = b"PHA\x01"

#: How HTTP names the two.
BUNDLE_TYPE = "application/x-payment-hall-bundle"
ANSWER_TYPE = "application/x-payment-hall-answer"

#: A bundle as it travels. One catalogue entry with the debts of 100 000 customers still fits.
BUNDLE_LIMIT_BYTES = 4 * 1024 * 1024
#: A bundle unpacked: what stops a decompression bomb.
CONTENT_LIMIT_BYTES = 16 * 1024 * 1024
ENTRIES_LIMIT = 1000
ANSWER_LIMIT_BYTES = 64 * 1024

#: Sequence numbers that every language and database can hold.
_LAST_SEQUENCE = 2**53
_ORIGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HEAD = struct.Struct(">4sII")
_ENTRIES_PURPOSE = "payment-hall/entries/1"
_ACKNOWLEDGEMENT_PURPOSE = "payment-hall/acknowledgement/1"
_REVOKED_PURPOSE = "payment-hall/revoked/1"


class WireFault(KioskError):
    """These bytes are not what a courier or a centre sends; nothing was taken from them."""


class Bundle(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Consecutive entries of one origin."""

    origin: str
    entries: list[Entry]


class Acknowledgement(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="acknowledged"
):
    """The centre holds every entry of `origin` up to `upto`, whose digest is `digest`, durably.

    `time_ms` is the centre's clock, UTC. `signature` is the centre's, Ed25519.
    """

    origin: str
    upto: int
    digest: bytes
    centre: str
    time_ms: int
    signature: bytes


class WantFrom(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="want_from"
):
    """Nothing was stored: the centre needs the entries from `sequence` on first (a gap, or E38)."""

    sequence: int


class Refused(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="refused"
):
    """Nothing was stored, and offering the same again will not help."""

    code: str
    sentence: str


class Revoked(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="revoked"
):
    """The centre has withdrawn `origin` (E29). It holds its entries up to `upto` all the same, 0
    for none, and takes what is still unsent when that is sealed to `sealing_key`.

    `revoked_ms` is when it was withdrawn, by the centre's clock. `signature` is the centre's.
    """

    origin: str
    upto: int
    digest: bytes
    centre: str
    revoked_ms: int
    sealing_key: bytes
    signature: bytes


Answer = Acknowledgement | WantFrom | Refused | Revoked


class EnrolmentRequest(msgspec.Struct, frozen=True):
    """An origin asks to be known; travels as JSON. `public_key` is 32 bytes in hex."""

    origin: str
    public_key: str
    code: str = ""


class Enrolment(msgspec.Struct, frozen=True):
    """What a terminal keeps: who acknowledges, with which key (hex), and its lane (E09)."""

    centre: str
    public_key: str
    residue: int
    lanes: int
    #: Days that it may sell after the last answer of the centre; 0: no limit.
    lease_days: int = 0
    #: What is sealed with it, only the centre reads (32 bytes in hex); "" from an older centre.
    sealing_key: str = ""


class EntriesRequest(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """An origin asks for its own entries after number `after` (a ledger is being restored).

    `signature` is the origin's, over a purpose of its own, the centre's name and the numbers: only
    who holds the signing key gets the entries.
    """

    origin: str
    after: int
    centre: str
    signature: bytes


_ENCODER = msgspec.msgpack.Encoder()
_REQUESTS = msgspec.msgpack.Decoder(EntriesRequest)
_BUNDLES = msgspec.msgpack.Decoder(Bundle)
_ANSWERS = msgspec.msgpack.Decoder(Answer)


def is_origin(name: str) -> bool:
    """Whether `name` can name an origin: 1 to 64 letters, digits, dots, dashes and underscores."""
    return _ORIGIN.fullmatch(name) is not None


# --- bundles ----------------------------------------------------------------------------------


def encode_bundle(bundle: Bundle) -> bytes:
    """The bytes of `bundle`, as they travel."""
    assert bundle.entries and len(bundle.entries) <= ENTRIES_LIMIT
    packed = zlib.compress(_ENCODER.encode(bundle))
    return _HEAD.pack(BUNDLE_MAGIC, len(packed), zlib.crc32(packed)) + packed


def decode_bundle(data: bytes) -> Bundle:
    """The one bundle in `data`. Raises WireFault, also when anything follows it."""
    bundle, end = _bundle_at(data, 0)
    if end != len(data):
        raise WireFault("The bundle is followed by bytes that do not belong to it.")
    return bundle


def decode_bundles(data: bytes) -> Iterator[Bundle]:
    """All bundles of a file, in their order. Raises WireFault at the first that is damaged."""
    start = 0
    while start < len(data) or start == 0:
        bundle, start = _bundle_at(data, start)
        yield bundle


def _bundle_at(data: bytes, start: int) -> tuple[Bundle, int]:
    if len(data) - start < _HEAD.size:
        raise WireFault("The bundle is cut off.")
    magic, length, checksum = _HEAD.unpack_from(data, start)
    if magic[:3] != BUNDLE_MAGIC[:3]:
        raise WireFault("This is not a bundle.")
    if magic != BUNDLE_MAGIC:
        raise WireFault(f"This bundle has version {magic[3]}; this program reads version 1.")
    if length > BUNDLE_LIMIT_BYTES:
        raise WireFault(f"The bundle is larger than {BUNDLE_LIMIT_BYTES} bytes.")
    end = start + _HEAD.size + length
    packed = data[start + _HEAD.size : end]
    if len(packed) < length:
        raise WireFault("The bundle is cut off.")
    if zlib.crc32(packed) != checksum:
        raise WireFault("The bundle was damaged on its way.")
    return _unpack(packed), end


def _unpack(packed: bytes) -> Bundle:
    content = _inflate(packed)
    try:
        bundle = _BUNDLES.decode(content)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise WireFault(f"The bundle cannot be read ({error}).") from error
    if _ENCODER.encode(bundle) != content:
        raise WireFault("The bundle is not in its one encoding.")
    _check_numbers(bundle)
    return bundle


def _inflate(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(packed, CONTENT_LIMIT_BYTES + 1)
    except zlib.error as error:
        raise WireFault(f"The bundle cannot be unpacked ({error}).") from error
    if len(content) > CONTENT_LIMIT_BYTES:
        raise WireFault(f"The bundle unpacks to more than {CONTENT_LIMIT_BYTES} bytes.")
    if not unpacker.eof or unpacker.unused_data:
        raise WireFault("The bundle does not end where it says.")
    return content


def _check_numbers(bundle: Bundle) -> None:
    origin, entries = bundle.origin, bundle.entries
    if not is_origin(origin):
        raise WireFault("The bundle names no origin.")
    if not 0 < len(entries) <= ENTRIES_LIMIT:
        raise WireFault(f"A bundle holds 1 to {ENTRIES_LIMIT} entries.")
    expected = entries[0].sequence
    if not 0 < expected <= _LAST_SEQUENCE:
        raise WireFault("The bundle begins with a number that no entry has.")
    for entry in entries:
        if entry.origin != origin:
            raise WireFault("The bundle holds entries of another origin.")
        if entry.sequence != expected or len(entry.signature) != 64 or len(entry.previous) != 32:
            raise WireFault("The entries of the bundle are not consecutive and complete.")
        expected += 1


# --- answers ----------------------------------------------------------------------------------


def encode_answer(answer: Answer) -> bytes:
    """The bytes of `answer`; those of an Acknowledgement are the anchor that a terminal keeps."""
    return ANSWER_MAGIC + _ENCODER.encode(answer)


def decode_answer(data: bytes) -> Answer:
    """The answer in `data`. Raises WireFault."""
    if len(data) > ANSWER_LIMIT_BYTES or not data.startswith(ANSWER_MAGIC):
        raise WireFault("This is not the answer of a centre.")
    content = data[len(ANSWER_MAGIC) :]
    try:
        answer: Answer = _ANSWERS.decode(content)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise WireFault(f"The answer of the centre cannot be read ({error}).") from error
    if _ENCODER.encode(answer) != content:
        raise WireFault("The answer of the centre is not in its one encoding.")
    if isinstance(answer, Acknowledgement):
        number, fixed = answer.upto, len(answer.digest) == 32 and len(answer.signature) == 64
    elif isinstance(answer, Revoked):
        sizes = len(answer.digest), len(answer.sealing_key), len(answer.signature)
        number, fixed = answer.upto + 1, sizes == (32, 32, 64)
    else:
        number, fixed = answer.sequence if isinstance(answer, WantFrom) else 1, True
    if not (fixed and 0 < number <= _LAST_SEQUENCE):
        raise WireFault("The answer of the centre names no entry.")
    return answer


def acknowledge(
    signer: Signer, origin: str, upto: int, digest: bytes, centre: str, time_ms: int
) -> Acknowledgement:
    """The signed statement that everything up to `upto` is held. Only after the commit (E06)."""
    assert upto > 0 and len(digest) == 32
    signature = signer.sign(_acknowledged_bytes(origin, upto, digest, centre, time_ms))
    return Acknowledgement(origin, upto, digest, centre, time_ms, signature)


def acknowledgement_is_genuine(public_key: bytes, answer: Acknowledgement) -> bool:
    """Whether the centre with `public_key` signed this acknowledgement."""
    data = _acknowledged_bytes(
        answer.origin, answer.upto, answer.digest, answer.centre, answer.time_ms
    )
    return is_genuine(public_key, answer.signature, data)


def _acknowledged_bytes(origin: str, upto: int, digest: bytes, centre: str, time_ms: int) -> bytes:
    """What the centre signs; the purpose comes first: it is a signature of nothing else."""
    return _ENCODER.encode((_ACKNOWLEDGEMENT_PURPOSE, origin, upto, digest, centre, time_ms))


def revoke(
    signer: Signer, origin: str, upto: int, digest: bytes, centre: str, revoked_ms: int,
    sealing_key: bytes,
) -> Revoked:  # fmt: skip
    """The signed order that `origin` ends."""
    values = (origin, upto, digest, centre, revoked_ms, sealing_key)
    return Revoked(*values, signer.sign(_ENCODER.encode((_REVOKED_PURPOSE, *values))))


def revocation_is_genuine(public_key: bytes, answer: Revoked) -> bool:
    """Whether the centre with `public_key` signed this order."""
    values = msgspec.structs.astuple(answer)[:-1]
    return is_genuine(public_key, answer.signature, _ENCODER.encode((_REVOKED_PURPOSE, *values)))


# --- entries that come back -------------------------------------------------------------------


def ask_entries(signer: Signer, origin: str, after: int, centre: str) -> bytes:
    """The bytes of a signed EntriesRequest."""
    signature = signer.sign(_ENCODER.encode((_ENTRIES_PURPOSE, origin, after, centre)))
    return _ENCODER.encode(EntriesRequest(origin, after, centre, signature))


def decode_request(data: bytes) -> EntriesRequest:
    """The request in `data`. Raises WireFault."""
    try:
        request = _REQUESTS.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise WireFault(f"This is no request for entries ({error}).") from error
    if not is_origin(request.origin) or not 0 <= request.after <= _LAST_SEQUENCE:
        raise WireFault("The request names no origin or no entry.")
    return request


def request_is_genuine(public_key: bytes, request: EntriesRequest, centre: str) -> bool:
    """Whether the origin itself asks, and asks the centre with this name."""
    data = _ENCODER.encode((_ENTRIES_PURPOSE, request.origin, request.after, centre))
    return request.centre == centre and is_genuine(public_key, request.signature, data)
