"""Decoder keys: from a vending key and the identity of a meter to the key inside that meter.

DKGA02 (8-byte vending key, EA07) and DKGA04 (20-byte vending key, EA07 and EA11) are pinned by
published tokens. DKGA01 and DKGA03 are not: they are refused. All keys are written most
significant byte first.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Protocol

import msgspec

from drivers.vending.sts.identifiers import base_date_ms
from drivers.vending.sts.identity import check_pan, without_meter
from drivers.vending.sts.misty1 import Misty1
from drivers.vending.sts.sta import Sta
from kiosk.errors import BadInput

_KEY_BITS = {"07": 64, "11": 128}


class BlockCipher(Protocol):
    """EA07 or EA11 under one decoder key."""

    def encrypt(self, block: int) -> int:
        """The cipher text of a 64-bit block."""

    def decrypt(self, block: int) -> int:
        """The 64-bit block of a cipher text."""


class KeyIdentity(msgspec.Struct, frozen=True):
    """Everything about a meter that goes into its decoder key (sts-facts 2).

    `key_type` 0 initialisation, 1 default, 2 unique, 3 common. `base_date` counts in DKGA04 only.
    """

    pan: str
    supply_group: str
    key_revision: int
    tariff_index: int
    key_type: int
    base_date: int = 2014


def check_attributes(
    supply_group: str, key_revision: int, key_type: int, tariff_index: int = 0
) -> None:
    """Refuse attributes of a key that no field of the standard can hold."""
    if not (supply_group.isascii() and supply_group.isdecimal() and len(supply_group) == 6):
        raise BadInput(f"Supply group code {supply_group[:40]!r} must have 6 digits.")
    if not 1 <= key_revision <= 9:
        raise BadInput(f"Key revision {key_revision} must be 1 to 9.")
    if key_type not in {0, 1, 2, 3}:
        raise BadInput(f"Key type {key_type} must be 0, 1, 2 or 3.")
    if not 0 <= tariff_index <= 99:
        raise BadInput(f"Tariff index {tariff_index} must be 0 to 99.")


def check_method(dkga: str, algorithm: str, key_type: int, key_bytes: int) -> None:
    """Refuse a way of deriving keys that no published value pins, and keys of a wrong length."""
    if dkga in {"01", "03"}:
        raise BadInput(f"DKGA{dkga} is an old method without a published test value; not offered.")
    if dkga not in {"02", "04"}:
        raise BadInput(f"There is no key derivation DKGA{dkga[:8]}; 02 and 04 are offered.")
    check_algorithm(algorithm)
    if dkga == "02" and algorithm != "07":
        raise BadInput("DKGA02 makes keys for EA07 only; EA11 needs DKGA04.")
    if dkga == "04" and key_type == 3:
        raise BadInput(
            "How DKGA04 derives a common key (key type 3) is not published; not offered."
        )
    if key_bytes != (8 if dkga == "02" else 20):
        raise BadInput(f"A vending key for DKGA{dkga} cannot have {key_bytes} bytes.")


def check_algorithm(algorithm: str) -> None:
    """Refuse an encryption algorithm other than EA07 and EA11."""
    if algorithm == "09":
        raise BadInput("EA09 was withdrawn by the standard; EA07 and EA11 are offered.")
    if algorithm not in _KEY_BITS:
        raise BadInput(
            f"There is no encryption algorithm EA{algorithm[:8]}; 07 and 11 are offered."
        )


def des(key: bytes, block: bytes) -> bytes:
    """Single DES of one block, as triple DES under three times the same key."""
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    # One block and no chaining: this is a key derivation of the standard, not a mode of ours.
    return Cipher(TripleDES(key * 3), modes.ECB()).encryptor().update(block)  # noqa: S305


def _dkga02(vending_key: bytes, who: KeyIdentity) -> bytes:
    """DES of the identity, exclusive-or the identity, exclusive-or the vending key as stored.

    The last step uses the parity bits too, so the parity of the vending key is never adjusted.
    """
    pan = without_meter(who.pan) if who.key_type == 3 else who.pan
    control = f"{who.key_type}{who.supply_group}{who.tariff_index:02d}{who.key_revision}FFFFFF"
    mixed = int(pan[1:17], 16) ^ int(control, 16)
    encrypted = des(vending_key, mixed.to_bytes(8, "big"))
    decoder_key = int.from_bytes(encrypted, "big") ^ mixed ^ int.from_bytes(vending_key, "big")
    return decoder_key.to_bytes(8, "big")


def _dkga04(vending_key: bytes, who: KeyIdentity, algorithm: str) -> bytes:
    """The first bits of HMAC-SHA-256 over length-prefixed texts of the identity."""
    base_date_ms(who.base_date)
    method = ("04", f"{who.base_date % 100:02d}", algorithm, f"{who.tariff_index:02d}")
    meter = (who.supply_group, str(who.key_type), str(who.key_revision), who.pan)
    bits = _KEY_BITS[algorithm]
    data = b"\x04" + _prefixed(method) + b"\x00\x04" + _prefixed(meter) + bits.to_bytes(4, "big")
    return hmac.digest(vending_key, data, hashlib.sha256)[: bits // 8]


def _prefixed(texts: tuple[str, ...]) -> bytes:
    return b"".join(bytes([len(text)]) + text.encode("ascii") for text in texts)


def decoder_key(dkga: str, vending_key: bytes, who: KeyIdentity, algorithm: str) -> bytes:
    """The decoder key of a meter: 8 bytes for EA07, 16 for EA11.

    Raises BadInput for DKGA01, DKGA03, EA09, key type 3 under DKGA04 and values out of range.
    """
    check_method(dkga, algorithm, who.key_type, len(vending_key))
    check_attributes(who.supply_group, who.key_revision, who.key_type, who.tariff_index)
    check_pan(who.pan)
    if dkga == "02":
        return _dkga02(vending_key, who)
    return _dkga04(vending_key, who, algorithm)


def cipher_for(algorithm: str, key: bytes) -> BlockCipher:
    """EA07 or EA11 under the decoder key `key`."""
    check_algorithm(algorithm)
    return Sta(key) if algorithm == "07" else Misty1(key)
