"""States in which a meter refuses a token that is right, brought about on purpose in a rehearsal.

The meter then judges as it always does; only its registers are as they are in a meter that was
forgotten, filled or never brought under its own key.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from drivers.meter.face import REGISTER_WH
from drivers.meter.keypad_state import KeypadState
from drivers.meter.registers import ELECTRICITY, REGISTERS
from kiosk.errors import BadInput

_DEFAULT_KEY = 1


def _old(state: KeypadState, newest: int) -> KeypadState:
    """As after fifty tokens that are newer than all that were made up to now (sts-facts 5)."""
    return replace(state, forgotten=newest)


def _overflow(state: KeypadState, _newest: int) -> KeypadState:
    """As after more credit than anybody uses: the register is full."""
    if state.register != ELECTRICITY:
        return replace(state, credit_left=REGISTERS[state.register].largest)
    more_wh = REGISTER_WH - state.energy_left_wh
    credited_wh = state.energy_credited_wh + more_wh
    return replace(state, energy_left_wh=REGISTER_WH, energy_credited_wh=credited_wh)


def _key_expired(state: KeypadState, newest: int) -> KeypadState:
    """Under a key that ended before the newest token; a key change brings another expiry."""
    if newest >> 16 == 0:
        raise BadInput(f"Meter {state.number}: no key can end before identifier {newest}.")
    return replace(state, key_expiry=(newest >> 16) - 1)


def _ddtk(state: KeypadState, _newest: int) -> KeypadState:
    """Its key is still marked as the maker's default key, which takes no credit (sts-facts 3)."""
    return replace(state, key_type=_DEFAULT_KEY)


#: The meter's name of a refusal -> what its registers are then, by the newest identifier made.
PROVOKED: dict[str, Callable[[KeypadState, int], KeypadState]] = {
    "old": _old,
    "overflow": _overflow,
    "key_expired": _key_expired,
    "ddtk": _ddtk,
}
