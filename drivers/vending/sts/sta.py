"""EA07, the Standard Transfer Algorithm: 64-bit key, 64-bit block, 16 rounds.

A round replaces each of 16 nibbles by one of two substitutions, chosen by one key bit, and then
moves every bit. Both steps of a round are joined here in tables of one byte each: for each place of
a byte and each pair of its key bits, 256 words of 64 bits that already stand where the bits go. A
round is then 8 look-ups. The tables of one set take about 0.5 MB and are built at first use.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import msgspec

from kiosk.errors import BadInput

_MASK = (1 << 64) - 1


class StaTables(msgspec.Struct, frozen=True):
    """Two substitutions of a nibble, and the place that each of the 64 bits moves to."""

    first: tuple[int, ...]
    second: tuple[int, ...]
    places: tuple[int, ...]


#: The tables of real meters.
PRODUCTION = StaTables(
    (14, 10, 7, 9, 12, 3, 2, 5, 13, 0, 15, 1, 4, 8, 6, 11),
    (12, 8, 2, 13, 7, 6, 1, 3, 11, 5, 9, 15, 0, 4, 10, 14),
    (55, 42, 10, 18, 24, 21, 44, 35, 2, 22, 56, 43, 27, 58, 9, 50,
     6, 36, 12, 61, 37, 38, 53, 16, 62, 3, 7, 4, 32, 20, 63, 25,
     51, 52, 54, 33, 49, 19, 46, 29, 48, 31, 23, 30, 41, 28, 13, 5,
     40, 60, 39, 11, 15, 17, 1, 0, 57, 34, 59, 8, 47, 14, 45, 26),
)  # fmt: skip

#: The tables of the worked example in the standard; they give wrong tokens for real meters.
SAMPLE = StaTables(
    (12, 10, 8, 4, 3, 15, 0, 2, 14, 1, 5, 13, 6, 9, 7, 11),
    (6, 9, 7, 4, 3, 10, 12, 14, 2, 13, 1, 15, 0, 11, 8, 5),
    (29, 27, 34, 9, 16, 62, 55, 2, 40, 49, 38, 25, 33, 61, 30, 23,
     1, 41, 21, 57, 42, 15, 5, 58, 19, 53, 22, 17, 48, 28, 24, 39,
     3, 60, 36, 14, 11, 52, 54, 12, 31, 51, 10, 26, 0, 45, 37, 43,
     44, 6, 59, 4, 7, 35, 56, 50, 13, 18, 32, 47, 46, 63, 20, 8),
)  # fmt: skip

#: One round of one key: for each byte of the block, its 256 words.
_Round = tuple[Sequence[int], ...]
#: For each byte of the block and each value of the key byte there, the 256 words.
_Choice = tuple[tuple[Sequence[int], ...], ...]


def _byte_words(
    place: int, low: Sequence[int], high: Sequence[int], places: Sequence[int]
) -> tuple[int, ...]:
    """The words of the byte at `place` whose nibbles go through `low` and `high`, bits moved."""

    def moved(nibble: int, value: int) -> int:
        first = 8 * place + 4 * nibble
        return sum(1 << places[first + bit] for bit in range(4) if value >> bit & 1)

    lows = [moved(0, low[value]) for value in range(16)]
    highs = [moved(1, high[value]) for value in range(16)]
    return tuple(highs[value >> 4] | lows[value & 15] for value in range(256))


def _choice(
    unset: Sequence[int], is_set: Sequence[int], places: Sequence[int], key_bit: int
) -> _Choice:
    """All words of a round; bit `key_bit` of each key nibble chooses between the substitutions."""
    pick = (unset, is_set)
    choices = []
    for place in range(8):
        words = [_byte_words(place, pick[two & 1], pick[two >> 1], places) for two in range(4)]
        choices.append(
            tuple(
                words[byte >> key_bit & 1 | (byte >> (key_bit + 4) & 1) << 1] for byte in range(256)
            )
        )
    return tuple(choices)


def _inverse(table: Sequence[int]) -> tuple[int, ...]:
    return tuple(table.index(value) for value in range(len(table)))


@cache
def _forward(tables: StaTables) -> _Choice:
    return _choice(tables.first, tables.second, tables.places, key_bit=3)


@cache
def _backward(tables: StaTables) -> tuple[_Round, _Choice, _Choice]:
    """Bits moved back alone; substituted and then moved back; substituted alone."""
    nibbles, home = tuple(range(16)), tuple(range(64))
    back = _inverse(tables.places)
    unset, is_set = _inverse(tables.second), _inverse(tables.first)
    alone = tuple(_byte_words(place, nibbles, nibbles, back) for place in range(8))
    return alone, _choice(unset, is_set, back, 0), _choice(unset, is_set, home, 0)


def _through(block: int, rounds: Sequence[_Round]) -> int:
    for w0, w1, w2, w3, w4, w5, w6, w7 in rounds:
        a, b, c, d, e, f, g, h = block.to_bytes(8, "little")
        block = w0[a] | w1[b] | w2[c] | w3[d] | w4[e] | w5[f] | w6[g] | w7[h]
    return block


def _chosen(choice: _Choice, key: int) -> _Round:
    c0, c1, c2, c3, c4, c5, c6, c7 = choice
    a, b, c, d, e, f, g, h = key.to_bytes(8, "little")
    return c0[a], c1[b], c2[c], c3[d], c4[e], c5[f], c6[g], c7[h]


class Sta:
    """EA07 under one decoder key of 8 bytes, most significant byte first."""

    def __init__(self, decoder_key: bytes, tables: StaTables = PRODUCTION) -> None:
        if len(decoder_key) != 8:
            raise BadInput(f"An EA07 key has 8 bytes, not {len(decoder_key)}.")
        self._key = int.from_bytes(decoder_key, "big")
        self._tables = tables
        self._encrypting: list[_Round] = []
        self._decrypting: list[_Round] = []

    def encrypt(self, block: int) -> int:
        """The cipher text of a 64-bit block."""
        if not self._encrypting:
            self._encrypting = self._encrypting_rounds()
        return _through(block, self._encrypting)

    def decrypt(self, block: int) -> int:
        """The 64-bit block of a cipher text."""
        if not self._decrypting:
            self._decrypting = self._decrypting_rounds()
        return _through(block, self._decrypting)

    def _encrypting_rounds(self) -> list[_Round]:
        choice, rounds = _forward(self._tables), []
        key = ~self._key & _MASK
        key = key >> 12 | (key & 0xFFF) << 52
        for _ in range(16):
            rounds.append(_chosen(choice, key))
            key = (key << 1 | key >> 63) & _MASK
        return rounds

    def _decrypting_rounds(self) -> list[_Round]:
        alone, joined, last = _backward(self._tables)
        rounds, key = [alone], self._key
        for step in range(16):
            rounds.append(_chosen(joined if step < 15 else last, key))
            key = key >> 1 | (key & 1) << 63
        return rounds
