"""Class 1: tests and displays that any meter of a maker answers, not encrypted (sts-facts 1.4)."""

from __future__ import annotations

from drivers.meter.decoder import Block
from drivers.meter.keypad_state import KeypadState, Outcome, accepted, refused
from drivers.meter.management import FLAGS
from kiosk.domain.energy import format_kwh

#: Bits of the manufacturer code in each subclass that this meter knows; the rest is the control.
_MAKER_BITS = {0: 8, 1: 16, 2: 8}

_CONTROL_AND_MAKER_BITS = 44
_EXTENDED_READ = 2
_ANY_MAKER = 0
_EVERY_TEST = 0
_LAST_TEST = 18
_SOFTWARE = "PH 1.0"


def test_or_display(state: KeypadState, block: Block) -> Outcome:
    """Show what the control field asks for; nothing is credited and no identifier is used."""
    if block.subclass not in _MAKER_BITS:
        return refused(state, "function_error")
    maker_bits = _MAKER_BITS[block.subclass]
    control, maker = block.payload >> maker_bits, block.payload & (1 << maker_bits) - 1
    if maker not in (_ANY_MAKER, state.maker):
        return refused(state, "manufacturer_mismatch")
    if block.subclass == _EXTENDED_READ:
        return accepted(state, _extended(state, control))
    return _test(state, _test_number(control, _CONTROL_AND_MAKER_BITS - maker_bits))


def _test(state: KeypadState, number: int | None) -> Outcome:
    readings = _readings(state)
    if number == _EVERY_TEST:
        return accepted(state, " / ".join(readings.values()))
    if number is None or number > _LAST_TEST:
        return refused(state, "range_error")
    if number not in readings:
        return refused(state, "function_error")
    return accepted(state, readings[number])


def _test_number(control: int, bits: int) -> int | None:
    """All ones is every test, a single bit n - 1 is test n, anything else is no test."""
    if control == (1 << bits) - 1:
        return _EVERY_TEST
    return control.bit_length() if control.bit_count() == 1 else None


def _extended(state: KeypadState, control: int) -> str:
    """Six bits of index first, as in the extended token that sets the value (confidence D)."""
    index = control >> 30
    if index == FLAGS:
        flag = control >> 21 & 0x1FF
        return f"FLAG {flag} = {state.flags.get(flag, 0)}"
    return f"VALUE {index} = {state.values.get(index, 0)}"


def _readings(state: KeypadState) -> dict[int, str]:
    """Text by test number; 12 is the factor of a water meter that was given one, no other's."""
    factor = state.water_factor
    return {
        1: f"SWITCH {state.switch.upper()}",
        2: "8888888.8",
        3: f"USED {format_kwh(state.energy_used_wh)} kWh",
        4: f"KRN {state.key_revision}",
        5: f"TI {state.tariff_index:02}",
        6: "KEYPAD 1234567890",
        7: f"POWER LIMIT {_watts(state.power_limit_w)}",
        8: f"TAMPER {'YES' if state.tampered else 'NO'}",
        9: "LOAD 0 W",
        10: f"SOFTWARE {_SOFTWARE}",
        11: f"PHASE LIMIT {_watts(state.phase_unbalance_limit_w)}",
        **({} if factor is None else {12: f"WATER FACTOR {factor}"}),
        13: f"TARIFF RATE {state.tariff_rate}",
        14: f"EA {state.algorithm}",
        15: f"KEY CHANGE TOKENS {4 if state.algorithm == '11' else 3}",
        16: f"SG {state.supply_group}",
        17: f"KEN {state.key_expiry}",
        18: f"METER {state.number}",
    }


def _watts(limit_w: int | None) -> str:
    return "NONE" if limit_w is None else f"{limit_w} W"
