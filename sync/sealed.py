"""Bundles that only one centre can read: what a terminal leaves behind, or hands to a stranger.

    "PHS" 01 | length of what follows (4 bytes, big-endian) | one msgpack array
    [centre, ephemeral key (32 bytes), nonce (12 bytes), sealed]

`sealed` is one bundle as it travels, under AES-256-GCM; its key is HKDF-SHA256 (RFC 5869) over the
X25519 agreement (RFC 7748) of the ephemeral key with the centre's, salted with both public keys.
Who wrote the entries is proved by their own signatures; the seal only hides them.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sync import wire
from sync.wire import WireFault

#: The last byte is the version of the format.
SEALED_MAGIC = b"PHS\x01"
#: A bundle and what the seal adds to it.
SEALED_LIMIT_BYTES = wire.BUNDLE_LIMIT_BYTES + 1024

_HEAD = struct.Struct(">4sI")
_PURPOSE = b"payment-hall/sealed-bundle/1"


class Sealed(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One sealed bundle; everything but `sealed` is bound to it."""

    centre: str
    ephemeral: bytes
    nonce: bytes
    sealed: bytes


_SEALED = msgspec.msgpack.Decoder(Sealed)


def box_key(centre_seed: bytes) -> X25519PrivateKey:
    """The centre's key for what is sealed to it, drawn from its signing key (32 bytes)."""
    assert len(centre_seed) == 32
    return X25519PrivateKey.from_private_bytes(
        HKDF(SHA256(), 32, None, b"payment-hall/sealing/1").derive(centre_seed)
    )


def public_part(key: X25519PrivateKey) -> bytes:
    """The 32 bytes that others seal with."""
    return key.public_key().public_bytes_raw()


def seal(bundle: bytes, centre: str, sealing_key: bytes) -> bytes:
    """The bytes of `bundle`, sealed to `centre`. WireFault for a key that is none."""
    ephemeral, nonce = X25519PrivateKey.generate(), os.urandom(12)
    public = public_part(ephemeral)
    try:
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(sealing_key))
    except ValueError as error:
        raise WireFault("The centre gave no key that can be sealed to.") from error
    head = Sealed(centre, public, nonce, b"")
    box = AESGCM(_derived(shared, public, sealing_key))
    sealed = box.encrypt(nonce, bundle, msgspec.msgpack.encode(head))
    packed = msgspec.msgpack.encode(msgspec.structs.replace(head, sealed=sealed))
    return _HEAD.pack(SEALED_MAGIC, len(packed)) + packed


def seal_all(bundles: Iterable[wire.Bundle], centre: str, sealing_key: bytes) -> Iterator[bytes]:
    """Each of `bundles`, sealed."""
    for bundle in bundles:
        yield seal(wire.encode_bundle(bundle), centre, sealing_key)


def is_sealed(data: bytes) -> bool:
    """Whether these bytes begin with a sealed bundle."""
    return data.startswith(SEALED_MAGIC[:3])


def split(data: bytes) -> list[bytes]:
    """The sealed bundles of a file, one after the other. Raises WireFault."""
    found, start = [], 0
    while start < len(data):
        if len(data) - start < _HEAD.size:
            raise WireFault("The sealed bundle is cut off.")
        magic, length = _HEAD.unpack_from(data, start)
        end = start + _HEAD.size + length
        if magic != SEALED_MAGIC or length > SEALED_LIMIT_BYTES or end > len(data):
            raise WireFault("This is not a sealed bundle, or it is cut off.")
        found.append(data[start:end])
        start = end
    return found


def opened(data: bytes, centre: str, key: X25519PrivateKey) -> bytes:
    """The bundle in one sealed bundle. WireFault when it is another centre's, or was changed."""
    pieces = split(data)
    if len(pieces) != 1:
        raise WireFault("One sealed bundle was expected.")
    try:
        found = _SEALED.decode(data[_HEAD.size :])
        if found.centre != centre:
            raise WireFault(f"This was sealed to {found.centre[:64]}, not to {centre}.")
        shared = key.exchange(X25519PublicKey.from_public_bytes(found.ephemeral))
        box = AESGCM(_derived(shared, found.ephemeral, public_part(key)))
        head = msgspec.msgpack.encode(msgspec.structs.replace(found, sealed=b""))
        return box.decrypt(found.nonce, found.sealed, head)
    except (InvalidTag, ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise WireFault("The sealed bundle does not open with the key of this centre.") from error


def _derived(shared: bytes, ephemeral: bytes, sealing_key: bytes) -> bytes:
    return HKDF(SHA256(), 32, ephemeral + sealing_key, _PURPOSE).derive(shared)
