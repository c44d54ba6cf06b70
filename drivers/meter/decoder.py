"""From 20 digits to a checked data block, as a meter does it (sts-facts 1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from drivers.meter import misty1, sta

Algorithm = Literal["07", "11"]

#: Bytes of the decoder key of each encryption algorithm (sts-facts 2).
KEY_BYTES: dict[Algorithm, int] = {"07": 8, "11": 16}

#: What each encryption algorithm does with a block and a decoder key.
_CIPHERS: dict[Algorithm, Callable[[int, bytes], int]] = {"07": sta.decrypt, "11": misty1.decrypt}

_DIGITS = 20
_BITS = 66


class Block(msgspec.Struct, frozen=True):
    """A token that was made for this meter: class, subclass and 44 bits whose meaning they say."""

    token_class: int
    subclass: int
    payload: int

    @property
    def identifier(self) -> int:
        """Minutes since the base date, where the payload is RND, TID and a value."""
        return self.payload >> 16 & 0xFFFFFF

    @property
    def value(self) -> int:
        """The last 16 bits: an amount, watts, a register or a rate."""
        return self.payload & 0xFFFF


def open_token(
    typed: str, algorithm: Algorithm, key: bytes
) -> Block | Literal["format_error", "crc_error"]:
    """The block in `typed`, 20 digits with or without spaces, under the meter's own decoder key.

    `crc_error` is all that a meter can say of a damaged digit, another meter's token or another
    key: the check sum is the only check there is.
    """
    digits = typed.replace(" ", "")
    if len(digits) != _DIGITS or not (digits.isascii() and digits.isdecimal()):
        return "format_error"
    number = int(digits)
    if number >= 2**_BITS:
        return "format_error"
    token_class, bits = _take_class_out(number)
    if token_class in (0, 2):
        bits = _CIPHERS[algorithm](bits, key)
    block = Block(token_class, bits >> 60, bits >> 16 & (1 << 44) - 1)
    return block if bits & 0xFFFF == _check_sum(block) else "crc_error"


def amount(coded: int) -> int:
    """The whole units in a 16-bit amount: 0.1 kWh of a credit, watts of a limit (sts-facts 1.3).

    Two bits of exponent, 14 of mantissa: each exponent goes on where the one before ends.
    """
    exponent, mantissa = coded >> 14, coded & 0x3FFF
    step: int = 10**exponent
    start = 2**14 * (step - 1) // 9  # what the smaller exponents reach together
    return start + step * mantissa


def signed_amount(payload: int) -> int:
    """The amount of a currency credit in 0.00001 of its unit: a sign and three more bits of
    exponent stand where other credits have a random number (sts-facts 1.3)."""
    sign_exponent = payload >> 40 & 0xF
    exponent = (sign_exponent & 7) << 2 | (payload & 0xFFFF) >> 14
    step: int = 10**exponent
    magnitude = 2**14 * (step - 1) // 9 + step * (payload & 0x3FFF)
    return -magnitude if sign_exponent & 8 else magnitude


def _take_class_out(number: int) -> tuple[int, int]:
    """The class, and the 64 bits with bits 65 and 64 back in the places that it took."""
    token_class = number >> 27 & 3
    kept = number & ~(3 << 27) & (1 << 64) - 1
    return token_class, kept | (number >> 64) << 27


def _check_sum(block: Block) -> int:
    """CRC-16 (0xA001 reflected, from FFFF) over class, subclass and payload, low byte first.

    A currency credit carries one more byte 01 under its check sum (CRC_C, sts-facts 1.2).
    """
    covered = block.token_class << 48 | block.subclass << 44 | block.payload
    message = covered.to_bytes(7, "big")
    if block.token_class == 0 and 4 <= block.subclass <= 7:
        message += b"\x01"
    register = 0xFFFF
    for byte in message:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return (register & 0xFF) << 8 | register >> 8
