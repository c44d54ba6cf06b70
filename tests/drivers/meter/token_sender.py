"""Tokens and meters for the tests: published values, and a sender of our own for what has none.

The sender is sts-facts 1 and 4.1 in their forward direction; the worked example pins it.
"""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from drivers.meter.decoder import Algorithm
from drivers.meter.keypad import KeypadMeter
from drivers.meter.keypad_state import KeypadState

# Decoder keys of the published test values (STS 531-1 papers, as their repositories print them).
KEY_07 = "e653341f9d5bf36f"
KEY_07_OLD_INDEX = "060b8643c59a27f1"
KEY_07_2014 = "87f3ecbb2e46b48f"
KEY_11 = "f94b6ed353c3bfdb113e2d3a7ea3c41d"

CREDIT_0_1_KWH = "23716100501183194197"
CREDIT_25_6_KWH = "26456622012185850752"


def factory_state(key: str = KEY_07, **registers: object) -> KeypadState:
    algorithm: Algorithm = "07" if len(key) == 16 else "11"
    new = KeypadState(
        number="00000000000",
        account_number="600727000000000009",
        algorithm=algorithm,
        decoder_key=bytes.fromhex(key),
        supply_group="123456",
        key_revision=1,
        tariff_index=1,
        key_type=2,
        base_date=1993,
    )
    return replace(new, **registers)


def a_meter(folder: Path, key: str = KEY_07, **registers: object) -> KeypadMeter:
    return KeypadMeter.create(folder, factory_state(key, **registers))


S1 = (14, 10, 7, 9, 12, 3, 2, 5, 13, 0, 15, 1, 4, 8, 6, 11)
S2 = (12, 8, 2, 13, 7, 6, 1, 3, 11, 5, 9, 15, 0, 4, 10, 14)
P = (
    *(55, 42, 10, 18, 24, 21, 44, 35, 2, 22, 56, 43, 27, 58, 9, 50),
    *(6, 36, 12, 61, 37, 38, 53, 16, 62, 3, 7, 4, 32, 20, 63, 25),
    *(51, 52, 54, 33, 49, 19, 46, 29, 48, 31, 23, 30, 41, 28, 13, 5),
    *(40, 60, 39, 11, 15, 17, 1, 0, 57, 34, 59, 8, 47, 14, 45, 26),
)


def encrypt(block: int, key: str) -> int:
    turning = ~int(key, 16) & 2**64 - 1
    turning = turning >> 12 | (turning & 0xFFF) << 52
    for _ in range(16):
        nibbles = [(S2 if turning >> 4 * n + 3 & 1 else S1)[block >> 4 * n & 15] for n in range(16)]
        block = sum(value << 4 * n for n, value in enumerate(nibbles))
        block = sum((block >> bit & 1) << P[bit] for bit in range(64))
        turning = (turning << 1 | turning >> 63) & 2**64 - 1
    return block


def sent(token_class: int, subclass: int, payload: int, key: str = KEY_07) -> str:
    crc = 0xFFFF
    for byte in (token_class << 48 | subclass << 44 | payload).to_bytes(7, "big"):
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (crc & 1) * 0xA001
    block = subclass << 60 | payload << 16 | int.from_bytes(crc.to_bytes(2, "little"), "big")
    if token_class != 1:
        block = encrypt(block, key)
    number = (block >> 27 & 3) << 64 | block & ~(3 << 27) | token_class << 27
    return f"{number:020}"


def credit(identifier: int, units: int = 1, key: str = KEY_07) -> str:
    return sent(0, 0, 5 << 40 | identifier << 16 | units, key)


def management(subclass: int, identifier: int, value: int) -> str:
    return sent(2, subclass, 5 << 40 | identifier << 16 | value)
