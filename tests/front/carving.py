"""What a thief does with a stolen disk: he looks for what he knows, in every form it may have."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

#: Shorter things would be found in any bytes by chance.
SHORTEST = 6


def forms(secret: bytes) -> set[bytes]:
    """`secret` as it may stand on a disk: as it is, wide, in hex, in base64 wherever it begins, and
    for digits in groups, packed two to a byte, and as a number."""
    assert len(secret) >= SHORTEST, secret
    found = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    found |= {secret[::-1], *_base64(secret)}
    try:
        text = secret.decode()
    except UnicodeDecodeError:
        return found
    found |= {text.encode("utf-16-le"), text.encode("utf-16-be")}
    found |= set(_digits(text)) if text.isdecimal() else set()
    return {form for form in found if len(form) >= SHORTEST}


def _base64(secret: bytes) -> Iterator[bytes]:
    """The characters that do not depend on what stands before and after it."""
    for shift in range(3):
        padded = bytes(shift) + secret
        whole = padded[: len(padded) // 3 * 3]
        start = 4 if shift else 0
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            if len(part := encode(whole)[start:]) >= SHORTEST:
                yield part


def _digits(text: str) -> Iterator[bytes]:
    for size in (3, 4, 5):
        groups = [text[at : at + size] for at in range(0, len(text), size)]
        yield from (mark.join(groups).encode() for mark in (" ", "-", "."))
    for even in (text, f"0{text}"):
        if len(even) % 2 == 0:
            yield bytes.fromhex(even)
    number = int(text)
    if number >= 2**40:  # below that a number has so few bytes that any file has them
        length = (number.bit_length() + 7) // 8
        yield number.to_bytes(length, "big")
        yield number.to_bytes(length, "little")


def carve(files: Iterable[Path], secrets: Mapping[str, bytes]) -> set[tuple[str, str]]:
    """File name and name of each secret that is found in it, in whatever form."""
    wanted = {name: forms(secret) for name, secret in secrets.items()}
    found = set()
    for path in files:
        content = path.read_bytes() + b"\0" + str(path).encode()
        for name, written in wanted.items():
            if any(form in content for form in written):
                found.add((path.name, name))
    return found
