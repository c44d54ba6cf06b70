"""Key change sets: a new decoder key carried to a meter in two, three or four tokens.

EA07 takes two tokens, or three when the supply group goes with them; EA11 takes four. Every section
is encrypted under the old key and has neither identifier nor random number: the same change always
gives the same digits, so reprinting is safe. A meter takes the sections in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.vending.sts.keys import BlockCipher, check_algorithm, check_attributes
from drivers.vending.sts.tokens import KeySection, encode
from kiosk.errors import BadInput

#: Subclasses of the sections in the order in which they are printed.
_SECTIONS = {2: (3, 4), 3: (3, 4, 8), 4: (3, 4, 8, 9)}
_WORD = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What a meter will hold after the change; the key itself is in no `repr`.

    `key_expiry` is the expiry number KEN (0-255). `rollover` clears the meter's memory of used
    identifiers: true when the base date changes and only then, since it ends the protection
    against using a token twice. A set of two carries no supply group.
    """

    new_key: bytes = field(repr=False)
    supply_group: str
    key_revision: int
    tariff_index: int
    key_type: int
    key_expiry: int
    rollover: bool


def key_change(
    change: KeyChange, algorithm: str, tokens: int, old_cipher: BlockCipher, old_key_type: int = 2
) -> list[str]:
    """The tokens of a key change, each 20 digits, in the order in which they are printed.

    BadInput for a change to key type 0 or from 3: no published value shows one, and only one source
    says what it would mean.
    """
    if change.key_type == 0 or old_key_type == 3:
        raise BadInput(
            "A change to key type 0 or from key type 3 is not for a vending point; "
            "no published value shows one."
        )
    return [encode(section, old_cipher) for section in sections(change, algorithm, tokens)]


def sections(change: KeyChange, algorithm: str, tokens: int) -> list[KeySection]:
    """The sections of a change, in printing order, before encryption."""
    _check(change, algorithm, tokens)
    parts = _key_parts(change.new_key)
    first = (
        (change.key_expiry >> 4) << 40
        | change.key_revision << 36
        | int(change.rollover) << 35
        | int(tokens == 3) << 34
        | change.key_type << 32
        | parts[0]
    )
    second = (change.key_expiry & 15) << 40 | change.tariff_index << 32 | parts[-1]
    payloads = [first, second, *_group_payloads(int(change.supply_group), parts, tokens)]
    return [KeySection(*pair) for pair in zip(_SECTIONS[tokens], payloads, strict=True)]


def _check(change: KeyChange, algorithm: str, tokens: int) -> None:
    check_algorithm(algorithm)
    check_attributes(change.supply_group, change.key_revision, change.key_type, change.tariff_index)
    if tokens not in ({2, 3} if algorithm == "07" else {4}):
        raise BadInput(f"A key change for EA{algorithm} cannot have {tokens} tokens.")
    if len(change.new_key) != (8 if algorithm == "07" else 16):
        raise BadInput(f"A new key for EA{algorithm} cannot have {len(change.new_key)} bytes.")
    if not 0 <= change.key_expiry <= 255:
        raise BadInput(f"Key expiry number {change.key_expiry} must be 0 to 255.")


def _key_parts(key: bytes) -> list[int]:
    return [int.from_bytes(key[place : place + 4], "big") for place in range(0, len(key), 4)]


def _group_payloads(supply_group: int, parts: list[int], tokens: int) -> list[int]:
    if tokens == 2:
        return []
    if tokens == 3:
        return [supply_group << 20]
    return [(supply_group & 0xFFF) << 32 | parts[1], (supply_group >> 12) << 32 | parts[2]]
