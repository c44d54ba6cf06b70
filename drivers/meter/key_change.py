"""Key change tokens: sections in any order, applied when the set is complete (sts-facts 1.6)."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from drivers.meter.decoder import Block
from drivers.meter.keypad_state import KeypadState, Outcome, accepted, refused

#: Subclasses of class 2 that are sections: the 1st, 2nd, 3rd and 4th.
FIRST, SECOND, THIRD, FOURTH = 3, 4, 8, 9
SECTIONS = (FIRST, SECOND, THIRD, FOURTH)

#: The base date that a key with the roll-over bit brings: the meter forgets its identifiers.
_NEXT_BASE_DATE = {1993: 2014, 2014: 2035, 2035: 2035}


class _First(msgspec.Struct, frozen=True):
    """The first section: what the new key is for, and the high half of a 64-bit key."""

    expiry_high: int
    key_revision: int
    roll_over: bool
    set_of_three: bool
    key_type: int
    key_high: int


def take_section(state: KeypadState, block: Block) -> Outcome:
    """Keep a section, or change the key when it completes its set.

    No identifier is in a section: entering one again does nothing new, and a set made for the old
    key is damaged digits (crc_error) once the key has changed.
    """
    wrong = _wrong(state, block)
    if wrong is not None:
        return wrong
    sections = {**state.key_sections, block.subclass: block.payload}
    needed = _needed(state, sections)
    if needed is None or any(section not in sections for section in needed):
        total = "?" if needed is None else str(len(needed))
        waiting = replace(state, key_sections=sections)
        return accepted(waiting, f"KEY SECTION {len(sections)} OF {total}")
    after = _with_new_key(state, sections, len(needed))
    return accepted(
        after,
        f"NEW KEY SG {after.supply_group} KRN {after.key_revision} TI {after.tariff_index:02}",
    )


def _wrong(state: KeypadState, block: Block) -> Outcome | None:
    """Why the section is not for this meter; a keypad meter has key types 1 and 2 only."""
    if block.subclass == FOURTH and state.algorithm == "07":
        return refused(state, "function_error")
    if block.subclass == FIRST:
        first = _first(block.payload)
        if first.key_type not in (1, 2):
            return refused(state, "key_type_error")
        if not 1 <= first.key_revision <= 9:
            return refused(state, "range_error")
    if block.subclass == SECOND and (block.payload >> 32 & 0xFF) > 99:
        return refused(state, "range_error")
    return None


def _needed(state: KeypadState, sections: dict[int, int]) -> tuple[int, ...] | None:
    """The sections of the set; for a 64-bit key only the first section tells how many there are."""
    if state.algorithm == "11":
        return SECTIONS
    if FIRST not in sections:
        return None
    three = _first(sections[FIRST]).set_of_three
    return (FIRST, SECOND, THIRD) if three else (FIRST, SECOND)


def _first(payload: int) -> _First:
    return _First(
        expiry_high=payload >> 40,
        key_revision=payload >> 36 & 0xF,
        roll_over=bool(payload >> 35 & 1),
        set_of_three=bool(payload >> 34 & 1),
        key_type=payload >> 32 & 3,
        key_high=payload & 0xFFFFFFFF,
    )


def _with_new_key(state: KeypadState, sections: dict[int, int], count: int) -> KeypadState:
    first, second = _first(sections[FIRST]), sections[SECOND]
    after = replace(
        state,
        decoder_key=_new_key(sections, count),
        supply_group=_new_supply_group(state, sections, count),
        key_revision=first.key_revision,
        key_type=first.key_type,
        tariff_index=second >> 32 & 0xFF,
        key_expiry=first.expiry_high << 4 | second >> 40,
        key_sections={},
    )
    if first.roll_over:
        base_date = _NEXT_BASE_DATE[state.base_date]
        after = replace(after, identifiers=[], forgotten=-1, base_date=base_date)
    return after


def _new_key(sections: dict[int, int], count: int) -> bytes:
    """High and low half; a set of four carries the two middle quarters, the lower one first."""
    order = (FIRST, THIRD, FOURTH, SECOND) if count == 4 else (FIRST, SECOND)
    # NKHO, NKMO2, NKMO1, NKLO is the order from the most significant part down (sts-facts 1.6).
    return b"".join((sections[at] & 0xFFFFFFFF).to_bytes(4, "big") for at in order)


def _new_supply_group(state: KeypadState, sections: dict[int, int], count: int) -> str:
    """Of three sections the 3rd has all 24 bits; of four it has the low 12, the 4th the high."""
    if count == 2:
        return state.supply_group
    if count == 3:
        return f"{sections[THIRD] >> 20:06}"
    return f"{(sections[FOURTH] >> 32) << 12 | sections[THIRD] >> 32:06}"
