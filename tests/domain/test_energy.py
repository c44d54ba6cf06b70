"""Energy: watt-hours, and the steps in which a token can carry them (sts-facts 1.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.energy import (
    STS_LARGEST_UNITS,
    format_kwh,
    sts_units_at_least,
    token_energy_wh,
)


def field_value(field: int) -> int:
    """What a meter reads in the 16-bit amount field: exponent e, mantissa m."""
    exponent, mantissa = field >> 14, field & 0x3FFF
    carried: int = 10**exponent * mantissa
    for lower in range(exponent):
        carried += 2**14 * 10**lower
    return carried


FIELDS = sorted({field_value(field) for field in range(0x10000)})


@pytest.mark.parametrize(
    ("wanted", "carried", "field"),
    [
        (0, 0, 0x0000),
        (1, 1, 0x0001),
        (256, 256, 0x0100),
        (16383, 16383, 0x3FFF),
        (16384, 16384, 0x4000),
        (16385, 16394, 0x4001),
        (20000, 20004, 0x416A),
        (180214, 180214, 0x7FFF),
        (180215, 180224, 0x8000),
        (180223, 180224, 0x8000),
        (180224, 180224, 0x8000),
        (1818524, 1818524, 0xBFFF),
        (1818623, 1818624, 0xC000),
        (1818624, 1818624, 0xC000),
        (18201624, 18201624, 0xFFFF),
    ],
)
def test_units_round_up_when_a_token_has_no_such_step(
    wanted: int, carried: int, field: int
) -> None:
    assert sts_units_at_least(wanted) == carried == field_value(field)


@given(st.integers(0, STS_LARGEST_UNITS))
def test_the_smallest_step_is_taken_when_it_reaches_the_units(units: int) -> None:
    carried = sts_units_at_least(units)
    below = FIELDS.index(carried) - 1
    assert carried >= units
    assert below < 0 or FIELDS[below] < units


@pytest.mark.parametrize(
    ("due_wh", "carried_wh"), [(1, 100), (100, 100), (101, 200), (1_638_301, 1_638_400)]
)
def test_a_token_carries_at_least_what_is_due(due_wh: int, carried_wh: int) -> None:
    assert token_energy_wh(due_wh) == carried_wh


@pytest.mark.parametrize(
    ("energy_wh", "text"),
    [(12_300, "12.3"), (12_345, "12.345"), (5, "0.005"), (0, "0.0"), (-1_200, "-1.2")],
)
def test_kilowatt_hours_are_exact_when_they_are_shown(energy_wh: int, text: str) -> None:
    assert format_kwh(energy_wh) == text
