"""What a keypad meter counts: a resource in its own unit, or money for it (sts-facts 1.3, 1.5)."""

from __future__ import annotations

import msgspec


class Register(msgspec.Struct, frozen=True):
    """A credit register: the subclass of its tokens, its unit on the display, the decimals of a
    token's unit, and the most that it holds in those units."""

    subclass: int
    unit: str
    decimals: int
    largest: int


ELECTRICITY = "electricity"

#: 9,999,999.9 of a resource; 99,999,999.99999 of money. The energy of an electricity meter has
#: finer registers of its own (`face.REGISTER_WH`).
_RESOURCE, _MONEY = 99_999_999, 9_999_999_999_999

REGISTERS = {
    ELECTRICITY: Register(0, "kWh", 1, _RESOURCE),
    "water": Register(1, "m3", 1, _RESOURCE),
    "gas": Register(2, "m3", 1, _RESOURCE),
    "time": Register(3, "min", 1, _RESOURCE),
    "electricity_currency": Register(4, "CREDIT", 5, _MONEY),
    "water_currency": Register(5, "CREDIT", 5, _MONEY),
    "gas_currency": Register(6, "CREDIT", 5, _MONEY),
    "time_currency": Register(7, "CREDIT", 5, _MONEY),
}


def shown(register: Register, units: int) -> str:
    """An amount on the display: "12.5 m3", "35.00000 CREDIT"."""
    whole, rest = divmod(abs(units), 10**register.decimals)
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{rest:0{register.decimals}d} {register.unit}"


def units_of(register: Register, text: str) -> int | None:
    """A reading as a person says it, in units of the register; None for anything else."""
    whole, _, fraction = text.partition(".")
    digits = whole + fraction
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 15:
        return None
    if len(fraction) > register.decimals:
        return None
    return int((whole or "0") + fraction.ljust(register.decimals, "0"))
