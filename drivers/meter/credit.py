"""Class 0: credit, which a meter takes once and only for what it counts (sts-facts 1.3)."""

from __future__ import annotations

from msgspec.structs import replace

from drivers.meter.decoder import Block, amount, signed_amount
from drivers.meter.face import REGISTER_WH
from drivers.meter.keypad_state import KeypadState, Outcome, accepted, refused, with_identifier
from drivers.meter.registers import ELECTRICITY, REGISTERS, shown
from kiosk.domain.energy import format_kwh

_WH_PER_UNIT = 100  # a credit counts tenths of a kilowatt-hour (sts-facts 1.3)
_FIRST_CURRENCY = 4


def take_credit(state: KeypadState, block: Block) -> Outcome:
    """Add a credit; its identifier is used up only when it is accepted."""
    if state.key_type == 1:
        return refused(state, "ddtk")
    if state.key_type != 2:
        return refused(state, "key_type_error")
    if block.subclass != REGISTERS[state.register].subclass:
        return refused(state, "function_error")
    known = with_identifier(state, block)
    if isinstance(known, str):
        return refused(state, known)
    outcome = _energy(known, block) if state.register == ELECTRICITY else _other(known, block)
    # A token that was refused keeps its identifier unused.
    return outcome if outcome.result == "accepted" else refused(state, outcome.result)


def _energy(state: KeypadState, block: Block) -> Outcome:
    energy_wh = amount(block.value) * _WH_PER_UNIT
    if state.energy_left_wh + energy_wh > REGISTER_WH:
        return refused(state, "overflow")
    after = replace(
        state,
        energy_left_wh=state.energy_left_wh + energy_wh,
        energy_credited_wh=state.energy_credited_wh + energy_wh,
    )
    return accepted(after, f"ACCEPTED {format_kwh(energy_wh)} kWh", energy_wh)


def _other(state: KeypadState, block: Block) -> Outcome:
    """Water, gas, time or money; money may be taken back, but not below nothing."""
    register = REGISTERS[state.register]
    is_money = register.subclass >= _FIRST_CURRENCY
    units = signed_amount(block.payload) if is_money else amount(block.value)
    left = state.credit_left + units
    if not 0 <= left <= register.largest:
        return refused(state, "overflow")
    after = replace(state, credit_left=left, credit_given=state.credit_given + units)
    return accepted(after, f"ACCEPTED {shown(register, units)}")
