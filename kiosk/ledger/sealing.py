"""Signing and checking: the key of an origin, and what makes an entry genuine (design 3)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.domain.entry import Entry, signed_bytes
from kiosk.errors import HomeFault


class Signer(Protocol):
    """Something that signs for an origin."""

    def sign(self, data: bytes) -> bytes:
        """64 bytes, Ed25519."""


def make_key(path: Path) -> Ed25519PrivateKey:
    """A new signing key in `path`, readable by its owner only, durable before it is used."""
    key = Ed25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    raw = key.private_bytes_raw()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, raw)
        os.fsync(handle)
    finally:
        os.close(handle)
    return key


def load_key(path: Path) -> Ed25519PrivateKey:
    """The signing key in `path`. Raises HomeFault when it is missing or not a key."""
    try:
        return key_from(path.read_bytes(), path)
    except FileNotFoundError as error:
        raise HomeFault(f"{path}: the signing key of this home is missing.") from error


def key_from(raw: bytes, place: Path) -> Ed25519PrivateKey:
    """The signing key in `raw`, found at `place`. Raises HomeFault for anything but 32 bytes."""
    try:
        return Ed25519PrivateKey.from_private_bytes(raw)
    except ValueError as error:
        raise HomeFault(f"{place}: this is not a signing key (32 bytes expected).") from error


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes that others check with."""
    return key.public_key().public_bytes_raw()


def is_genuine(public_key: bytes, signature: bytes, data: bytes) -> bool:
    """Whether `signature` over `data` was made with the key of `public_key`."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
    except (InvalidSignature, TypeError, ValueError):  # what is no signature is not genuine
        return False
    return True


def entry_is_genuine(public_key: bytes, entry: Entry) -> bool:
    """Whether the origin's key signed this very entry."""
    data = signed_bytes(
        entry.origin, entry.sequence, entry.time_ms, entry.quality, entry.kind, entry.version,
        entry.body, entry.previous,
    )  # fmt: skip
    return is_genuine(public_key, entry.signature, data)
