"""The 66-bit number of a token: class, data block, and the 20 digits that a customer types.

The 64-bit data block is subclass (4), payload (44), CRC (16). The two bits of the class stand in
places 28 and 27 of the number; the bits that were there move to places 65 and 64.
"""

from __future__ import annotations

from drivers.vending.sts.crc import token_crc
from kiosk.errors import Refusal

_CLASS_PLACE = 27
_CLASS_BITS = 3 << _CLASS_PLACE
_NUMBERS = 1 << 66

#: One answer for every token that fails: which check failed is of no use to a customer.
NOT_FOR_THIS_METER = Refusal("token_does_not_verify")


def data_block(token_class: int, subclass: int, payload: int) -> int:
    """The 64-bit block before encryption, its CRC filled in."""
    assert 0 <= subclass < 16, subclass
    assert 0 <= payload < 1 << 44, subclass
    return subclass << 60 | payload << 16 | token_crc(token_class, subclass, payload)


def checked_block(token_class: int, block: int) -> tuple[int, int] | Refusal:
    """Subclass and payload of a decrypted block whose CRC is right."""
    subclass, payload = block >> 60, block >> 16 & (1 << 44) - 1
    if token_crc(token_class, subclass, payload) != block & 0xFFFF:
        return NOT_FOR_THIS_METER
    return subclass, payload


def number_with_class(token_class: int, block: int) -> int:
    """The 66-bit number of a block: class inserted, two bits moved to the top."""
    moved = block >> _CLASS_PLACE & 3
    return moved << 64 | block & ~_CLASS_BITS | token_class << _CLASS_PLACE


def digits_of(number: int) -> str:
    """The 20 digits of a 66-bit number."""
    assert 0 <= number < _NUMBERS, "more than 66 bits"
    return f"{number:020d}"


def split_digits(text: str) -> tuple[int, int] | Refusal:
    """Class and 64-bit block of 20 digits, spaces allowed.

    Refuses what is not 20 digits, and a number of 2^66 or more, which no token has.
    """
    digits = text.replace(" ", "")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) != 20:
        return Refusal("token_not_20_digits", {"text": text[:40]})
    number = int(digits)
    if number >= _NUMBERS:
        return NOT_FOR_THIS_METER
    token_class = number >> _CLASS_PLACE & 3
    block = number & (1 << 64) - 1 & ~_CLASS_BITS | number >> 64 << _CLASS_PLACE
    return token_class, block
