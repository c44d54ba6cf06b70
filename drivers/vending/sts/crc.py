"""The checksum of a token: the only check that 20 digits carry.

CRC-16 with the polynomial x^16 + x^15 + x^2 + 1 in reflected form, started with FFFF, no final
inversion; its two bytes are swapped in the token (check value: ASCII "123456789" -> 374B).
"""

from __future__ import annotations


def _entry(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


_TABLE = tuple(_entry(value) for value in range(256))


def crc_field(data: bytes) -> int:
    """The checksum of `data` as it stands in the CRC field: low byte first."""
    register = 0xFFFF
    for byte in data:
        register = register >> 8 ^ _TABLE[(register ^ byte) & 0xFF]
    return (register & 0xFF) << 8 | register >> 8


def token_crc(token_class: int, subclass: int, payload: int) -> int:
    """The CRC field of a token: over class, subclass and payload in 7 bytes.

    Currency credit (class 0, subclass 4 to 7) has one byte 01 more, so that a meter that counts
    energy cannot take money for it.
    """
    data = (token_class << 48 | subclass << 44 | payload).to_bytes(7, "big")
    if token_class == 0 and 4 <= subclass <= 7:
        data += b"\x01"
    return crc_field(data)
