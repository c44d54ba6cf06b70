"""A security module for cards in software: published test keys, diversified by each chip's serial.

For rehearsals and tests. A real site has its keys in a PSAM or an HSM behind the same port, where
nobody can read them out.

    open layout   K(purpose) = AES-CMAC(master, purpose || serial)           (docs/cards.md)
    memory cards  the same, their access code is the beginning of K(code)
    State Grid    K = 3DES(master, serial) || 3DES(master, not serial), as PBOC diversifies; real
                  cards compute with SM1, which is in hardware only (hardware-facts 3.4)
"""

from __future__ import annotations

import hmac

from kiosk.errors import BadInput

#: The test key of GlobalPlatform, as public as a key can be.
PUBLISHED_MASTER = bytes.fromhex("404142434445464748494A4B4C4D4E4F")

FAMILIES = ("open", "sle4442", "at24", "mifare", "state-grid")

_CONTENT, _AUTHENTICATION, _CODE = 1, 2, 3
_TO_CARD, _FROM_CARD = b"E", b"I"


class SoftwareCardModule:
    """The port SecurityModule with one master key for every family in `masters`."""

    def __init__(self, masters: dict[str, bytes] | None = None) -> None:
        self.name = "software"
        self._masters = masters or dict.fromkeys(FAMILIES, PUBLISHED_MASTER)

    def answer_to_card(self, family: str, serial: str, challenge: bytes) -> bytes:
        """What EXTERNAL AUTHENTICATE sends."""
        return self._answer(family, serial, _TO_CARD, challenge)

    def is_genuine(self, family: str, serial: str, challenge: bytes, answer: bytes) -> bool:
        """Whether INTERNAL AUTHENTICATE was answered by a chip with our key."""
        return hmac.compare_digest(self._answer(family, serial, _FROM_CARD, challenge), answer)

    def content_mac(self, family: str, serial: str, content: bytes) -> bytes:
        """The first 8 bytes of AES-CMAC."""
        return cmac(self._key(family, serial, _CONTENT), content)[:8]

    def command_mac(self, family: str, serial: str, challenge: bytes, command: bytes) -> bytes:
        """4 bytes of the retail MAC (ISO 9797-1, algorithm 3) from the challenge on, as PBOC."""
        key = triple_des_key(self._master(family), bytes.fromhex(serial))
        return retail_mac(key, challenge.ljust(8, b"\0"), command)[:4]

    def access_code(self, family: str, serial: str, length: int) -> bytes:
        """The beginning of the card's code key."""
        return self._key(family, serial, _CODE)[:length]

    def _answer(self, family: str, serial: str, way: bytes, challenge: bytes) -> bytes:
        if family == "state-grid":
            key = triple_des_key(self._master(family), bytes.fromhex(serial))
            return triple_des(key, challenge)
        key = self._key(family, serial, _AUTHENTICATION)
        return cmac(key, way + challenge + bytes.fromhex(serial))[:8]

    def _key(self, family: str, serial: str, purpose: int) -> bytes:
        return card_key(self._master(family), purpose, serial)

    def _master(self, family: str) -> bytes:
        master = self._masters.get(family)
        if master is None:
            raise BadInput(f"The security module holds no key for cards of family {family}.")
        return master


def card_key(master: bytes, purpose: int, serial: str) -> bytes:
    """The key of one chip for one purpose: 1 content, 2 authentication, 3 access code."""
    return cmac(master, bytes([purpose]) + bytes.fromhex(serial))


def cmac(key: bytes, message: bytes) -> bytes:
    """AES-CMAC (RFC 4493)."""
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.cmac import CMAC

    made = CMAC(AES(key))
    made.update(message)
    return made.finalize()


def triple_des_key(master: bytes, serial: bytes) -> bytes:
    """A card's double-length key from its serial and the complement of it."""
    complement = bytes(byte ^ 0xFF for byte in serial)
    return triple_des(master, serial) + triple_des(master, complement)


def triple_des(key: bytes, block: bytes) -> bytes:
    """One block of 8 bytes under a key of 8 (single DES) or 16 bytes."""
    return _cipher(key, block, encrypt=True)


def retail_mac(key: bytes, start: bytes, message: bytes) -> bytes:
    """DES in chain with the left half of `key`, then decrypted with the right and encrypted again
    with the left; the message is padded with 80 00 ... even when it fills its last block."""
    left, right = key[:8], key[8:]
    padded = message + b"\x80"
    padded += bytes(-len(padded) % 8)
    chained = start
    for place in range(0, len(padded), 8):
        block = padded[place : place + 8]
        mixed = bytes(one ^ other for one, other in zip(chained, block, strict=True))
        chained = triple_des(left, mixed)
    return triple_des(left, _cipher(right, chained, encrypt=False))


def _cipher(key: bytes, block: bytes, *, encrypt: bool) -> bytes:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    algorithm = TripleDES(key + key[:8] if len(key) == 16 else key * 3)
    cipher = Cipher(algorithm, modes.ECB())  # noqa: S305 - one block, as the card's own MAC wants it
    way = cipher.encryptor() if encrypt else cipher.decryptor()
    return way.update(block) + way.finalize()
