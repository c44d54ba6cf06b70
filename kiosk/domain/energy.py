"""Energy: an integer of watt-hours, and what each carrier can carry of it."""

from __future__ import annotations

#: One unit of an STS electricity credit token is 0.1 kWh (sts-facts 1.3, confidence A).
STS_STEP_WH = 100

#: The largest amount that a credit token can carry, in units of 0.1 kWh (sts-facts 1.3).
STS_LARGEST_UNITS = 18_201_624

#: An IC card of the open layout carries whole watt-hours in 40 bits (docs/cards.md).
CARD_LARGEST_WH = 2**40 - 1


def sts_units_at_least(units: int) -> int:
    """The smallest amount >= `units` (0.1 kWh) that a token can carry: in the customer's favour.

    Exponent e and mantissa m carry 10^e * m + 2^14 * (10^e - 1) / 9 units; from 1,638.4 kWh on the
    steps grow (sts-facts 1.3; vectors 16383 -> 3FFF ... 18201624 -> FFFF).
    """
    assert 0 <= units <= STS_LARGEST_UNITS, units
    for exponent in range(4):
        step: int = 10**exponent
        base = 2**14 * (step - 1) // 9
        mantissa = -((base - units) // step) if units > base else 0
        if mantissa < 2**14:
            return base + step * mantissa
    raise AssertionError(units)


def token_energy_wh(energy_wh: int) -> int:
    """The energy that a token carries when at least `energy_wh` is due."""
    return sts_units_at_least(-(-energy_wh // STS_STEP_WH)) * STS_STEP_WH


def format_kwh(energy_wh: int) -> str:
    """Kilowatt-hours, one decimal where that is exact, three otherwise: 12300 -> "12.3"."""
    sign = "-" if energy_wh < 0 else ""
    whole, fraction = divmod(abs(energy_wh), 1000)
    return (
        f"{sign}{whole}.{fraction // 100}"
        if fraction % 100 == 0
        else f"{sign}{whole}.{fraction:03d}"
    )
