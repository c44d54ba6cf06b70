"""Amounts in 16 bits, and in 16 bits with sign and exponent beside them for currency.

The exponent e and the 14-bit mantissa m carry 10^e * m + 2^14 * (10^e - 1) / 9 units. Amounts that
lie between two steps are rounded toward plus infinity: a customer gets more, a correction takes
less.
"""

from __future__ import annotations

from kiosk.errors import BadInput

_MANTISSAS = 1 << 14

#: The largest amount of a token without sign and exponent field: FFFF.
LARGEST_UNITS = 18_201_624

#: The largest magnitude of a currency token: exponent 31, mantissa 16383.
LARGEST_CURRENCY = 10**31 * (_MANTISSAS - 1) + _MANTISSAS * (10**31 - 1) // 9


def _base(exponent: int) -> int:
    return int(_MANTISSAS * (10**exponent - 1) // 9)


def _at_least(amount: int) -> tuple[int, int]:
    """Exponent and mantissa of the smallest amount that is not below `amount`."""
    exponent = 0
    while amount > _base(exponent) + 10**exponent * (_MANTISSAS - 1):
        exponent += 1
    return exponent, max(0, -((_base(exponent) - amount) // 10**exponent))


def _at_most(amount: int) -> tuple[int, int]:
    """Exponent and mantissa of the largest amount that is not above `amount`."""
    exponent = 0
    while exponent < 31 and _base(exponent + 1) <= amount:
        exponent += 1
    return exponent, min(_MANTISSAS - 1, (amount - _base(exponent)) // 10**exponent)


def encode_units(units: int) -> int:
    """The 16 bits of the smallest amount that a token can carry and that is not below `units`.

    Units are 0.1 kWh, 0.1 m3, 0.1 minute, or 1 W; vectors 16383 -> 3FFF ... 18201624 -> FFFF.
    """
    if not 0 <= units <= LARGEST_UNITS:
        raise BadInput(f"A token cannot carry {units} units; the most is {LARGEST_UNITS}.")
    exponent, mantissa = _at_least(units)
    return exponent << 14 | mantissa


def decode_units(value16: int) -> int:
    """The units that 16 bits carry."""
    exponent, mantissa = value16 >> 14, value16 & 0x3FFF
    return _base(exponent) + int(10**exponent) * mantissa


def encode_currency(amount: int) -> tuple[int, int]:
    """Sign-and-exponent nibble and 16 bits of `amount`, in 0.00001 of the base currency unit.

    A negative amount is rounded to a smaller magnitude (vectors: 1.00000 -> 0, 60AA;
    -1.00000 -> 8, 60A9).
    """
    if abs(amount) > LARGEST_CURRENCY:
        raise BadInput(f"A token cannot carry {amount} hundred-thousandths of the currency unit.")
    exponent, mantissa = _at_least(amount) if amount >= 0 else _at_most(-amount)
    sign = 8 if amount < 0 else 0
    return sign | exponent >> 2, (exponent & 3) << 14 | mantissa


def decode_currency(sign_exponent: int, value16: int) -> int:
    """The amount in 0.00001 of the base currency unit that the two fields carry."""
    exponent = (sign_exponent & 7) << 2 | value16 >> 14
    magnitude = _base(exponent) + int(10**exponent) * (value16 & 0x3FFF)
    return -magnitude if sign_exponent & 8 else magnitude
