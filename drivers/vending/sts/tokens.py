"""What a token says, and how it is packed: credit, meter tests, management, key change sections.

    class 0  credit             encrypted   subclass 0-3 energy, volume, time; 4-7 currency
    class 1  test and display   clear       subclass 0-2
    class 2  management         encrypted   subclass 0-2, 5-7, 10; 3, 4, 8, 9 change a key
    class 3  reserved

Reserved and makers' own subclasses are refused both ways: nothing published says what they carry.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from drivers.vending.sts.amounts import (
    decode_currency,
    decode_units,
    encode_currency,
    encode_units,
)
from drivers.vending.sts.blocks import (
    NOT_FOR_THIS_METER,
    checked_block,
    data_block,
    digits_of,
    number_with_class,
    split_digits,
)
from drivers.vending.sts.keys import BlockCipher
from kiosk.domain.token import LAST_IDENTIFIER
from kiosk.errors import BadInput, Refusal

CLEAR_ALL_CREDIT = 0xFFFF

_MANAGEMENT = {0, 1, 2, 5, 6, 7, 10}
_KEY_SECTIONS = {3, 4, 8, 9}


class Credit(msgspec.Struct, frozen=True):
    """Energy, volume or time: `units` of 0.1 kWh (subclass 0), 0.1 m3 (1, 2), 0.1 minute (3)."""

    subclass: int
    random: int
    identifier: int
    units: int


class CurrencyCredit(msgspec.Struct, frozen=True):
    """Money for a meter that counts money (subclass 4-7): `amount` in 0.00001 of the base unit."""

    subclass: int
    identifier: int
    amount: int


class MeterTest(msgspec.Struct, frozen=True):
    """A test or display token: `control` names the test, `manufacturer` the maker of the meter.

    Subclass 0 and 2: 36-bit control and two digits of manufacturer; subclass 1: 28 and four.
    """

    subclass: int
    control: int
    manufacturer: int


class Management(msgspec.Struct, frozen=True):
    """A management token of one meter; `value` is 16 bits whose meaning the subclass gives."""

    subclass: int
    random: int
    identifier: int
    value: int


@dataclass(frozen=True, slots=True)
class KeySection:
    """One section of a key change (subclass 3, 4, 8 or 9); it carries a part of a key."""

    subclass: int
    payload: int = field(repr=False)


Token = Credit | CurrencyCredit | MeterTest | Management | KeySection


def limit_value(watts: int) -> int:
    """The value of a power limit (2.0) or phase unbalance limit (2.6), rounded up to its steps."""
    return encode_units(watts)


def extended_value(index: int, control: int) -> int:
    """The value of an extended set (2.10) with a control value of 10 bits."""
    if not 0 <= index < 64 or not 0 <= control < 1024:
        raise BadInput(f"Extended set {index}, {control}: the index has 6 bits, the control 10.")
    return index << 10 | control


def extended_flag(index: int, flag_index: int, flag: int) -> int:
    """The value of an extended set (2.10) of one flag; published for flag index 0 only."""
    if flag_index != 0:
        raise BadInput("Where an extended token holds a flag index other than 0 is not published.")
    if flag not in {0, 1}:
        raise BadInput(f"A flag is 0 or 1, not {flag}.")
    return extended_value(index, flag)


def token_class(token: Token) -> int:
    """The class of a token."""
    if isinstance(token, Credit | CurrencyCredit):
        return 0
    return 1 if isinstance(token, MeterTest) else 2


def block_of(token: Token) -> int:
    """The 64-bit data block of a token before encryption. BadInput for a value out of range."""
    if isinstance(token, Credit):
        return _credit_block(token)
    if isinstance(token, CurrencyCredit):
        return _currency_block(token)
    if isinstance(token, MeterTest):
        return _test_block(token)
    if isinstance(token, Management):
        return _management_block(token)
    _require("key change subclass", token.subclass in _KEY_SECTIONS, token.subclass)
    return data_block(2, token.subclass, token.payload)


def encode(token: Token, cipher: BlockCipher | None) -> str:
    """The 20 digits of `token` under `cipher`; class 1 is not encrypted and takes None."""
    kind, block = token_class(token), block_of(token)
    if kind != 1:
        if cipher is None:
            raise BadInput("Credit and management tokens need the decoder key of the meter.")
        block = cipher.encrypt(block)
    return digits_of(number_with_class(kind, block))


def decode(digits: str, cipher: BlockCipher) -> Token | Refusal:
    """What 20 digits say to a meter with this decoder key.

    `token_does_not_verify` for every other number: the CRC is the only check of a token, so about
    one random number in 65,000 passes, and the identifier must be compared with the journal.
    """
    split = split_digits(digits)
    if isinstance(split, Refusal):
        return split
    kind, block = split
    found = checked_block(kind, block if kind == 1 else cipher.decrypt(block))
    if isinstance(found, Refusal):
        return found
    return _read(kind, *found)


def _read(kind: int, subclass: int, payload: int) -> Token | Refusal:
    if kind == 0 and subclass <= 7:
        return _read_credit(subclass, payload)
    if kind == 1 and subclass <= 2:
        return _read_test(subclass, payload)
    if kind == 2 and subclass in _KEY_SECTIONS:
        return KeySection(subclass, payload)
    if kind == 2 and subclass in _MANAGEMENT:
        return _read_management(subclass, payload)
    return NOT_FOR_THIS_METER


def _require(what: str, is_right: bool, value: int) -> None:
    if not is_right:
        raise BadInput(f"A token cannot carry {what} {value}.")


def _timed_block(kind: int, subclass: int, nibble: int, identifier: int, value16: int) -> int:
    """The layout that credit and management share: 4 bits, identifier (24), value (16)."""
    _require("random number", 0 <= nibble < 16, nibble)
    _require("identifier", 0 <= identifier <= LAST_IDENTIFIER, identifier)
    return data_block(kind, subclass, nibble << 40 | identifier << 16 | value16)


def _credit_block(token: Credit) -> int:
    _require("credit subclass", 0 <= token.subclass <= 3, token.subclass)
    value16 = encode_units(token.units)
    return _timed_block(0, token.subclass, token.random, token.identifier, value16)


def _currency_block(token: CurrencyCredit) -> int:
    _require("currency subclass", 4 <= token.subclass <= 7, token.subclass)
    sign_exponent, value16 = encode_currency(token.amount)
    return _timed_block(0, token.subclass, sign_exponent, token.identifier, value16)


def _test_block(token: MeterTest) -> int:
    _require("test subclass", 0 <= token.subclass <= 2, token.subclass)
    width, makers = _test_layout(token.subclass)
    _require("test control", 0 <= token.control < 1 << 44 - width, token.control)
    _require("manufacturer", 0 <= token.manufacturer < makers, token.manufacturer)
    return data_block(1, token.subclass, token.control << width | token.manufacturer)


def _test_layout(subclass: int) -> tuple[int, int]:
    """Bits of the manufacturer field and how many manufacturers there are."""
    return (16, 10_000) if subclass == 1 else (8, 100)


def _management_block(token: Management) -> int:
    _require("management subclass", token.subclass in _MANAGEMENT, token.subclass)
    _require("management value", _is_value(token.subclass, token.value), token.value)
    return _timed_block(2, token.subclass, token.random, token.identifier, token.value)


def _is_value(subclass: int, value: int) -> bool:
    if subclass == 1:
        return 0 <= value <= 7 or value == CLEAR_ALL_CREDIT
    return value == 0 if subclass == 5 else 0 <= value < 1 << 16


def _read_credit(subclass: int, payload: int) -> Token:
    nibble, identifier, value16 = payload >> 40, payload >> 16 & LAST_IDENTIFIER, payload & 0xFFFF
    if subclass <= 3:
        return Credit(subclass, nibble, identifier, decode_units(value16))
    return CurrencyCredit(subclass, identifier, decode_currency(nibble, value16))


def _read_test(subclass: int, payload: int) -> Token | Refusal:
    width, makers = _test_layout(subclass)
    manufacturer = payload & (1 << width) - 1
    if manufacturer >= makers:
        return NOT_FOR_THIS_METER
    return MeterTest(subclass, payload >> width, manufacturer)


def _read_management(subclass: int, payload: int) -> Token | Refusal:
    value = payload & 0xFFFF
    if not _is_value(subclass, value):
        return NOT_FOR_THIS_METER
    return Management(subclass, payload >> 40, payload >> 16 & LAST_IDENTIFIER, value)
