"""The keys of a home at rest: sealed under a passphrase or under a credential of the service.

A home has three secrets: the signing key of its origin, the secret that PINs are keyed with, and
the key of the store. A plain home keeps the first two as files and has no third. A sealed home
keeps all three in `keys/sealed.keys`, encrypted with AES-256-GCM; the key of that seal comes from a
passphrase through Argon2id (RFC 9106) or from a credential of at least 32 bytes through HKDF
(RFC 5869). Every further key is drawn from the store's by its purpose.
"""

from __future__ import annotations

import os
from typing import Literal

import msgspec

from kiosk.errors import HomeFault

Lock = Literal["passphrase", "credential"]

#: Argon2id for a passphrase: 64 MiB, 3 passes; about 0.2 s (reliability 5, Operators).
MEMORY_KIB, PASSES = 64 * 1024, 3
#: What a file may ask for; more would be an attack on our memory.
_MOST_MEMORY_KIB, _MOST_PASSES = 1024 * 1024, 20

SHORTEST_PASSPHRASE, SHORTEST_CREDENTIAL = 12, 32


class HomeKeys(msgspec.Struct, frozen=True, array_like=True):
    """The secrets of a home, 32 bytes each; `store` is empty when the store is plain."""

    signing: bytes
    pepper: bytes
    store: bytes = b""

    def __repr__(self) -> str:
        """No secret ever stands in a log or a traceback."""
        return "HomeKeys(...)"


class _Sealed(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The file: everything but `sealed` is bound to it by the seal."""

    version: int
    lock: Lock
    salt: bytes
    memory_kib: int
    passes: int
    nonce: bytes
    sealed: bytes


_SEALED = msgspec.json.Decoder(_Sealed)
_KEYS = msgspec.msgpack.Decoder(HomeKeys)


def seal(keys: HomeKeys, lock: Lock, secret: bytes) -> bytes:
    """The bytes of sealed.keys. HomeFault for a secret that is too short to protect anything."""
    _long_enough(lock, secret)
    salt, nonce = os.urandom(16), os.urandom(12)
    head = _Sealed(1, lock, salt, MEMORY_KIB, PASSES, nonce, b"")
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    box = AESGCM(_key_of(head, secret))
    sealed = box.encrypt(nonce, msgspec.msgpack.encode(keys), msgspec.msgpack.encode(head))
    return msgspec.json.encode(msgspec.structs.replace(head, sealed=sealed))


def lock_of(content: bytes) -> Lock:
    """Which kind of secret opens these sealed keys. HomeFault when they are damaged."""
    return _read(content).lock


def unseal(content: bytes, secret: bytes) -> HomeKeys:
    """The keys in `content`. HomeFault for the wrong secret or a damaged file."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    found = _read(content)
    head = msgspec.structs.replace(found, sealed=b"")
    try:
        plain = AESGCM(_key_of(head, secret)).decrypt(
            found.nonce, found.sealed, msgspec.msgpack.encode(head)
        )
        return _KEYS.decode(plain)
    except (InvalidTag, ValueError, msgspec.MsgspecError):
        raise HomeFault(f"The keys of this home do not open with this {found.lock}.") from None


def drawn(store_key: bytes, purpose: str) -> bytes:
    """The key for one purpose, so that no two files share one (RFC 5869)."""
    assert len(store_key) == 32
    return _derived(store_key, None, f"payment-hall/{purpose}/1".encode())


def _derived(secret: bytes, salt: bytes | None, purpose: bytes) -> bytes:
    """Imported here, as every cipher of this file: a home whose store is plain needs none."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, salt, purpose).derive(secret)


def _read(content: bytes) -> _Sealed:
    try:
        found = _SEALED.decode(content)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise HomeFault(f"The sealed keys of this home are damaged ({error}).") from error
    if found.version != 1 or found.memory_kib > _MOST_MEMORY_KIB or found.passes > _MOST_PASSES:
        raise HomeFault("The sealed keys of this home were written by a newer program.")
    return found


def _key_of(head: _Sealed, secret: bytes) -> bytes:
    if head.lock == "credential":
        return _derived(secret, head.salt, b"payment-hall/seal/1")
    from argon2.low_level import Type, hash_secret_raw

    return hash_secret_raw(
        secret, head.salt, time_cost=head.passes, memory_cost=head.memory_kib, parallelism=1,
        hash_len=32, type=Type.ID,
    )  # fmt: skip


def _long_enough(lock: Lock, secret: bytes) -> None:
    least = SHORTEST_PASSPHRASE if lock == "passphrase" else SHORTEST_CREDENTIAL
    if len(secret) < least:
        unit = "characters" if lock == "passphrase" else "bytes"
        raise HomeFault(f"The {lock} that seals the keys must have at least {least} {unit}.")
