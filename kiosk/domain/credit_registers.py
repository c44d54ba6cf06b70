"""The credit registers of meters: what a meter counts, and what a credit token of it carries.

A meter has one of eight: a resource in its own unit, or money for it (sts-facts 1.3 and 1.5). The
number of a register is the subclass of its credit tokens and the value of ClearCredit.
"""

from __future__ import annotations

from kiosk.domain.energy import STS_LARGEST_UNITS, STS_STEP_WH, format_kwh, sts_units_at_least

ELECTRICITY = "electricity"

#: Register -> subclass of class 0.
REGISTERS = {
    ELECTRICITY: 0,
    "water": 1,
    "gas": 2,
    "time": 3,
    "electricity_currency": 4,
    "water_currency": 5,
    "gas_currency": 6,
    "time_currency": 7,
}

_BY_SUBCLASS = {subclass: register for register, subclass in REGISTERS.items()}
_FIRST_CURRENCY = 4

#: What a credit of a register is counted in, as it is printed; money has the currency of the hall.
UNITS = {ELECTRICITY: "kWh", "water": "m3", "gas": "m3", "time": "min"}

#: Decimals of an amount: 0.1 kWh, 0.1 m3, 0.1 minute; money in 0.00001 of its base unit.
_RESOURCE_DECIMALS, _CURRENCY_DECIMALS = 1, 5
_FINER_DECIMALS, _FINER = 2, 100

#: A token could carry 35 digits of money; nobody gives more than this, and the books hold it.
_LARGEST_CURRENCY_UNITS = 10**14
_LONGEST_TYPED = 20


def register_of(subclass: int) -> str:
    """The register that a credit token of this subclass fills."""
    return _BY_SUBCLASS[subclass]


def counts_money(register: str) -> bool:
    """Whether a register counts money and not the resource itself."""
    return REGISTERS[register] >= _FIRST_CURRENCY


def units_typed(register: str, text: str) -> int:
    """An amount as it is typed, in the units of a token; 0, which nobody gives, for none.

    At a register of electricity "12.5" is 125. Up to two decimals more than a token has are rounded
    up: whoever is given something gets no less.
    """
    decimals = _CURRENCY_DECIMALS if counts_money(register) else _RESOURCE_DECIMALS
    whole, _, fraction = text.strip().replace(",", ".").partition(".")
    digits = whole + fraction
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > _LONGEST_TYPED:
        return 0
    if len(fraction) > decimals + _FINER_DECIMALS:
        return 0
    finer = int((whole or "0") + fraction.ljust(decimals + _FINER_DECIMALS, "0"))
    return -(-finer // _FINER)


def largest_units(register: str) -> int:
    """The most that one token may give."""
    return _LARGEST_CURRENCY_UNITS if counts_money(register) else STS_LARGEST_UNITS


def units_carried(register: str, units: int) -> int:
    """The smallest amount not below `units` that a token can carry: in the customer's favour.

    Money has the steps of all amounts, with exponents up to 31 (sts-facts 1.3).
    """
    assert 0 <= units <= largest_units(register), units
    if not counts_money(register):
        return sts_units_at_least(units)
    step = 1
    while units > (largest := 2**14 * (10 * step - 1) // 9 - step):
        assert largest > 0
        step *= 10
    start = 2**14 * (step - 1) // 9
    return start + max(0, -((start - units) // step)) * step


def amount_text(register: str, units: int, currency: str) -> str:
    """An amount with its unit: "12.5 m3", "90.0 min", "35.00 KES"."""
    if register == ELECTRICITY:
        return f"{format_kwh(units * STS_STEP_WH)} kWh"
    if not counts_money(register):
        whole, tenths = divmod(units, 10)
        return f"{whole}.{tenths} {UNITS[register]}"
    whole, rest = divmod(abs(units), 10**_CURRENCY_DECIMALS)
    fraction = f"{rest:05d}".rstrip("0").ljust(2, "0")
    return f"{'-' if units < 0 else ''}{whole}.{fraction} {currency}"
