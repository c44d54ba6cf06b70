"""Tokens a second on one core: the table-driven codec against straightforward loops.

The loops follow the standard's own description nibble by nibble and bit by bit and share no table
with the codec; both must give the same digits before anything is measured. Both derive the key with
the same DES.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from drivers.vending.sts.keys import KeyIdentity, cipher_for, decoder_key
from drivers.vending.sts.sta import PRODUCTION
from drivers.vending.sts.tokens import Credit, encode

VENDING_KEY = bytes.fromhex("abababababababab")
METER = KeyIdentity("600727000000000009", "123456", 1, 1, 2)
MASK = (1 << 64) - 1


class PlainSta:
    """EA07 as it is described, without tables of our own."""

    def __init__(self, key: bytes) -> None:
        self.key = int.from_bytes(key, "big")

    def encrypt(self, block: int) -> int:
        key = ~self.key & MASK
        key = (key >> 12 | key << 52) & MASK
        for _ in range(16):
            substituted = 0
            for nibble in range(16):
                table = PRODUCTION.second if key >> 4 * nibble + 3 & 1 else PRODUCTION.first
                substituted |= table[block >> 4 * nibble & 15] << 4 * nibble
            block = 0
            for bit in range(64):
                block |= (substituted >> bit & 1) << PRODUCTION.places[bit]
            key = (key << 1 | key >> 63) & MASK
        return block


def plain_crc(data: bytes) -> int:
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ 0xA001 if register & 1 else register >> 1
    return (register & 0xFF) << 8 | register >> 8


def plain_token(key: bytes, identifier: int, units: int) -> str:
    payload = 5 << 40 | identifier << 16 | units
    block = payload << 16 | plain_crc(payload.to_bytes(7, "big"))
    block = PlainSta(key).encrypt(block)
    return f"{(block >> 27 & 3) << 64 | block & ~(3 << 27):020d}"


def rate(make: Callable[[int], object], seconds: float = 0.5) -> int:
    """How often a second `make` runs: the best of many short runs of about `seconds` in all."""
    count, best, begin = 64, 0.0, 0
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        start = time.perf_counter()
        for number in range(begin, begin + count):
            make(number)
        best = max(best, count / (time.perf_counter() - start))
        begin = (begin + count) % 16_384  # another token every time
    return round(best)


def row(
    name: str, ours: Callable[[int], object], plain: Callable[[int], object], least: int
) -> dict[str, object]:
    assert ours(7) == plain(7), name
    value, baseline = rate(ours), rate(plain)
    return {
        "name": name, "value": value, "baseline": baseline, "ratio": round(value / baseline, 1),
        "target": f">= {least}/s", "met": value >= least,
    }  # fmt: skip


def rows() -> list[dict[str, object]]:
    """Name, tokens a second, tokens a second of the plain loops, and how many times faster."""
    key = decoder_key("02", VENDING_KEY, METER, "07")
    cipher = cipher_for("07", key)

    def derived() -> bytes:
        return decoder_key("02", VENDING_KEY, METER, "07")

    return [
        row(
            "EA07 credit tokens a second, key ready",
            lambda number: encode(Credit(0, 5, 6_000_000 + number, number), cipher),
            lambda number: plain_token(key, 6_000_000 + number, number),
            least=15_000,
        ),
        row(
            "EA07 credit tokens a second, DKGA02 for each",
            lambda number: encode(
                Credit(0, 5, 6_000_000 + number, number), cipher_for("07", derived())
            ),
            lambda number: plain_token(derived(), 6_000_000 + number, number),
            least=8_000,
        ),
    ]


if __name__ == "__main__":
    for line in rows():
        print(line)
