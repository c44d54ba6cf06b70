"""Class 2: what the utility sets on one meter by token (sts-facts 1.5)."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from drivers.meter.decoder import Block, amount
from drivers.meter.key_change import SECTIONS, take_section
from drivers.meter.keypad_state import KeypadState, Outcome, accepted, refused, with_identifier
from drivers.meter.registers import REGISTERS

#: The value of ClearCredit beside the number of the meter's own register.
_ALL_REGISTERS = 0xFFFF

#: Power limit and phase unbalance: settings of meters that switch electricity.
_LIMITS_OF_POWER = (0, 6)
_ELECTRIC = ("electricity", "electricity_currency")

#: The registers of meters that have a water factor.
_WATER = ("water", "water_currency")

#: The index of an extended token that sets a flag instead of a value (sts-facts 1.5).
FLAGS = 63


def manage(state: KeypadState, block: Block) -> Outcome:
    """Do what a class 2 token says; subclasses that this meter does not have are function_error."""
    if block.subclass in SECTIONS:
        return take_section(state, block)
    act = _ACTS.get(block.subclass)
    is_electric = state.register in _ELECTRIC
    if act is None or (block.subclass in _LIMITS_OF_POWER and not is_electric):
        return refused(state, "function_error")
    known = with_identifier(state, block)
    if isinstance(known, str):
        return refused(state, known)
    outcome = act(known, block.value)
    # A token that was refused keeps its identifier unused.
    return outcome if outcome.result == "accepted" else refused(state, outcome.result)


def _set_power_limit(state: KeypadState, value: int) -> Outcome:
    watts = amount(value)
    return accepted(replace(state, power_limit_w=watts), f"POWER LIMIT {watts} W")


def _set_phase_unbalance_limit(state: KeypadState, value: int) -> Outcome:
    watts = amount(value)
    return accepted(replace(state, phase_unbalance_limit_w=watts), f"PHASE LIMIT {watts} W")


def _clear_credit(state: KeypadState, value: int) -> Outcome:
    if value not in (REGISTERS[state.register].subclass, _ALL_REGISTERS):
        return refused(state, "function_error")
    return accepted(replace(state, energy_left_wh=0, credit_left=0), "CREDIT CLEARED")


def _set_tariff_rate(state: KeypadState, value: int) -> Outcome:
    return accepted(replace(state, tariff_rate=value), f"TARIFF RATE {value}")


def _clear_tamper(state: KeypadState, value: int) -> Outcome:
    if value != 0:
        return refused(state, "range_error")
    return accepted(replace(state, tampered=False), "TAMPER CLEARED")


def _set_water_factor(state: KeypadState, value: int) -> Outcome:
    if state.register not in _WATER:
        return refused(state, "function_error")
    return accepted(replace(state, water_factor=value), f"WATER FACTOR {value}")


def _set_extended(state: KeypadState, value: int) -> Outcome:
    """Six bits of index, then ten of value or nine of flag index and one of flag (split: D)."""
    index, content = value >> 10, value & 0x3FF
    if index == FLAGS:
        flag, setting = content >> 1, content & 1
        return accepted(
            replace(state, flags={**state.flags, flag: setting}), f"FLAG {flag} = {setting}"
        )
    return accepted(
        replace(state, values={**state.values, index: content}), f"VALUE {index} = {content}"
    )


#: Subclasses 11 to 15 are a maker's own: this meter has no such function.
_ACTS: dict[int, Callable[[KeypadState, int], Outcome]] = {
    0: _set_power_limit,
    1: _clear_credit,
    2: _set_tariff_rate,
    5: _clear_tamper,
    6: _set_phase_unbalance_limit,
    7: _set_water_factor,
    10: _set_extended,
}
