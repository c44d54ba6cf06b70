"""A keypad meter: digits in, energy on, each token once.

The registers live in drivers/meter/keypad_state.py and on disk; what a token does to them is a
function of the registers and the digits, so that a power cut leaves the meter before the token or
after it and never between.
"""

from __future__ import annotations

import sys
from pathlib import Path

from msgspec.structs import replace

from drivers.meter.credit import take_credit
from drivers.meter.decoder import open_token
from drivers.meter.displays import test_or_display
from drivers.meter.face import MeterAnswer, MeterFace
from drivers.meter.keypad_state import KeypadState, Outcome, refused
from drivers.meter.management import manage
from drivers.meter.memory import MeterMemory
from drivers.meter.provoked import PROVOKED
from drivers.meter.registers import ELECTRICITY, REGISTERS, shown
from kiosk.domain.energy import format_kwh

_CREDIT, _TEST_OR_DISPLAY, _MANAGEMENT = 0, 1, 2


class KeypadMeter:
    """The meter `number` whose memory is a file in `folder`; several processes may hold one.

    Every method raises BadInput when no such meter was ever made and DeviceFault when its memory
    is damaged; nothing that is typed raises.
    """

    def __init__(self, folder: Path, number: str) -> None:
        self.number = number
        self._memory = MeterMemory(folder, number, KeypadState)

    @classmethod
    def create(cls, folder: Path, state: KeypadState) -> KeypadMeter:
        """Make a meter with the registers `state`; one that exists keeps its own."""
        meter = cls(folder, state.number)
        meter._memory.create(state)
        return meter

    def enter(self, token: str) -> MeterAnswer:
        """Type `token`, 20 digits with or without spaces; kept before the answer comes."""
        return self._memory.update(lambda state: _told(enter_token(state, token)))

    def consume(self, energy_wh: int) -> int:
        """Use up to `energy_wh`; the energy left in Wh. Nothing flows through an open switch."""
        assert energy_wh >= 0, energy_wh
        return self._memory.update(lambda state: _used(state, energy_wh))

    def consume_credit(self, units: int) -> int:
        """As `consume`, of water, gas, time or money; what is left, in units of its tokens."""
        assert units >= 0, units
        return self._memory.update(lambda state: _credit_used(state, units))

    def open_case(self) -> None:
        """Someone opens the case: the switch opens until a clear-tamper token is entered."""
        self._memory.update(lambda state: (replace(state, tampered=True), None))

    def provoke(self, refusal: str, newest: int) -> None:
        """Bring its registers to where a token with an identifier up to `newest` is refused."""
        self._memory.update(lambda state: (PROVOKED[refusal](state, newest), None))

    def registers(self) -> KeypadState:
        """Everything that the meter knows, for a technician and for tests."""
        return self._memory.read()

    def settings(self) -> str:
        """What tokens have set, as its menu shows it to a technician."""
        state = self._memory.read()
        limits = {"power limit": state.power_limit_w, "unbalance": state.phase_unbalance_limit_w}
        told = [f"{name} {value} W" for name, value in limits.items() if value is not None]
        if state.register != ELECTRICITY:
            told.append(f"{shown(REGISTERS[state.register], state.credit_left)} left")
        if state.water_factor is not None:
            told.append(f"water factor {state.water_factor}")
        told += [f"value {index} = {value}" for index, value in state.values.items()]
        told += [f"flag {index} = {value}" for index, value in state.flags.items()]
        key = (
            f"key {state.supply_group}/{state.key_revision}, type {state.key_type},"
            f" base {state.base_date}, expiry {state.key_expiry}"
        )
        case = "case open" if state.tampered else "case shut"
        return ", ".join([f"switch {state.switch}", case, key, f"rate {state.tariff_rate}", *told])

    def show(self) -> MeterFace:
        """What a person reads on the meter now."""
        state = self._memory.read()
        return MeterFace(
            number=state.number,
            kind="keypad",
            energy_left_wh=state.energy_left_wh,
            energy_left_kwh=format_kwh(state.energy_left_wh),
            energy_credited_wh=state.energy_credited_wh,
            switch=state.switch,
            last_result=state.last_result,
            identifiers_kept=len(state.identifiers),
            tokens_accepted=state.tokens_accepted,
            register=sys.intern(state.register),
            credit_left=state.credit_left,
        )


def enter_token(state: KeypadState, token: str) -> Outcome:
    """What `token` does to a meter in `state` (sts-facts 1, 5, 6)."""
    block = open_token(token, state.algorithm, state.decoder_key)
    if isinstance(block, str):
        return refused(state, block)
    if block.token_class == _CREDIT:
        return take_credit(state, block)
    if block.token_class == _TEST_OR_DISPLAY:
        return test_or_display(state, block)
    if block.token_class == _MANAGEMENT:
        return manage(state, block)
    return refused(state, "function_error")


def _told(outcome: Outcome) -> tuple[KeypadState, MeterAnswer]:
    left_wh = outcome.state.energy_left_wh
    return outcome.state, MeterAnswer(
        outcome.result, outcome.energy_wh_added, left_wh, outcome.display
    )


def _used(state: KeypadState, energy_wh: int) -> tuple[KeypadState, int]:
    used_wh = min(energy_wh, state.energy_left_wh) if state.switch == "closed" else 0
    left_wh = state.energy_left_wh - used_wh
    after = replace(state, energy_left_wh=left_wh, energy_used_wh=state.energy_used_wh + used_wh)
    return after, left_wh


def _credit_used(state: KeypadState, units: int) -> tuple[KeypadState, int]:
    used = min(units, state.credit_left) if state.switch == "closed" else 0
    after = replace(state, credit_left=state.credit_left - used)
    return after, after.credit_left
