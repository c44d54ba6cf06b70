"""EA07, the Standard Transfer Algorithm, as a meter needs it: decryption only (sts-facts 4.1)."""

from __future__ import annotations

_S1 = (14, 10, 7, 9, 12, 3, 2, 5, 13, 0, 15, 1, 4, 8, 6, 11)
_S2 = (12, 8, 2, 13, 7, 6, 1, 3, 11, 5, 9, 15, 0, 4, 10, 14)

#: Where the sender moved bit 0, 1, 2 ... of the block in each round.
_PLACES = (
    *(55, 42, 10, 18, 24, 21, 44, 35, 2, 22, 56, 43, 27, 58, 9, 50),
    *(6, 36, 12, 61, 37, 38, 53, 16, 62, 3, 7, 4, 32, 20, 63, 25),
    *(51, 52, 54, 33, 49, 19, 46, 29, 48, 31, 23, 30, 41, 28, 13, 5),
    *(40, 60, 39, 11, 15, 17, 1, 0, 57, 34, 59, 8, 47, 14, 45, 26),
)

_BACK_1 = tuple(_S1.index(value) for value in range(16))
_BACK_2 = tuple(_S2.index(value) for value in range(16))


def decrypt(block: int, key: bytes) -> int:
    """The 64-bit data block of the 64-bit cipher `block` under an 8-byte decoder key."""
    assert 0 <= block < 2**64 and len(key) == 8
    turning = int.from_bytes(key, "big")
    for _ in range(16):
        block = _substitute_back(_move_back(block), turning)
        turning = turning >> 1 | (turning & 1) << 63
    return block


def _move_back(block: int) -> int:
    return sum((block >> place & 1) << bit for bit, place in enumerate(_PLACES))


def _substitute_back(block: int, turning: int) -> int:
    plain = 0
    for low in range(0, 64, 4):
        table = _BACK_1 if turning >> low & 1 else _BACK_2
        plain |= table[block >> low & 15] << low
    return plain
