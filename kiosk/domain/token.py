"""STS tokens as the till sees them: what is asked for, and which identifier it may carry.

The digits themselves are made behind the port TokenVendor; the rules about identifiers are the
seller's and stand here (sts-facts 5; E08, E09).
"""

from __future__ import annotations

import msgspec

from kiosk.errors import Refusal

#: Milliseconds from 1970-01-01 to 01-01 00:00 of each base date, UTC (sts-facts 5).
BASE_DATE_MS = {1993: 725_846_400_000, 2014: 1_388_534_400_000, 2035: 2_051_222_400_000}

LAST_IDENTIFIER = 2**24 - 1

#: Minutes that an identifier may run ahead of the clock: a meter refuses older ones afterwards.
LARGEST_LEAD_MIN = 60

#: Tokens of one lane that may run ahead of the clock, where that is longer. What a meter bears is a
#: number of tokens and not of minutes: it keeps the 50 highest identifiers (sts-facts 5), so five
#: terminals that are cut off can sell so many each in one minute, and it takes all of them.
LARGEST_LEAD_TOKENS = 10

_MINUTE_MS = 60_000
_DAY_MIN = 1440
_RESERVED_MIN = 1  # 00:01 of every day belongs to the meter's own management (CTSA09)


class TokenRequest(msgspec.Struct, frozen=True):
    """Everything that decides the digits of one credit token: the same request, the same digits.

    `message_id` is unique for ever; a module that was asked once answers the same again.
    `units` are the standard's units (0.1 kWh for electricity), already exactly representable;
    `subclass` is the register that they fill (`kiosk.domain.credit_registers`).
    """

    message_id: str
    meter: str
    supply_group: str
    key_revision: int
    tariff_index: int
    key_type: int
    algorithm: str
    base_date: int
    identifier: int
    random: int
    units: int
    subclass: int = 0


class Lane(msgspec.Struct, frozen=True):
    """The residues of the minute grid that belong to this terminal, so that two terminals that
    are cut off can serve one meter in the same minute (design 5, Lanes; E09)."""

    residue: int = 0
    lanes: int = 1


def next_identifier(now_ms: int, last: int | None, base_date: int, lane: Lane) -> int | Refusal:
    """The identifier of the next token of a meter: max(now, last + 1) in this lane, 00:01 skipped.

    `last` is the highest identifier that this meter was given under `base_date`, or None.
    Refuses a clock before the base date, an overflow of 24 bits (a meter on base 1993 must be
    rolled over first) and a lead over the clock of more than 60 minutes or 10 tokens of this lane,
    whichever is more, naming the earliest time.
    """
    now = (now_ms - BASE_DATE_MS[base_date]) // _MINUTE_MS
    if now < 0:
        return Refusal("clock_before_base_date", {"base_date": base_date})
    wanted = now if last is None else max(now, last + 1)
    identifier = _in_lane(wanted, lane)
    if identifier > LAST_IDENTIFIER:
        return Refusal("identifier_overflow", {"base_date": base_date})
    # The next minute of a lane may lie lanes - 1 minutes ahead; the lead is counted beyond that.
    lead = max(LARGEST_LEAD_MIN + lane.lanes - 1, LARGEST_LEAD_TOKENS * lane.lanes)
    earliest = identifier - lead
    if wanted > now and now < earliest:
        earliest_ms = BASE_DATE_MS[base_date] + earliest * _MINUTE_MS
        if earliest - now < _DAY_MIN:
            return Refusal("identifier_lead", {"earliest_ms": earliest_ms})
        # No hour of selling leads by a day: a clock that ran ahead made the last token.
        return Refusal("identifier_ahead", {"earliest_ms": earliest_ms})
    return identifier


def is_used_up(now_ms: int, base_date: int) -> bool:
    """Whether 24 bits of minutes since `base_date` are over: base 1993 ended on 2024-11-24."""
    return now_ms >= BASE_DATE_MS[base_date] + (LAST_IDENTIFIER + 1) * _MINUTE_MS


def _in_lane(wanted: int, lane: Lane) -> int:
    # Lanes in whole days would meet the reserved minute for ever.
    assert 0 <= lane.residue < lane.lanes and lane.lanes % _DAY_MIN, lane
    identifier = wanted + (lane.residue - wanted) % lane.lanes
    while identifier % _DAY_MIN == _RESERVED_MIN:
        identifier += lane.lanes
    return identifier


def grouped(token: str) -> str:
    """The 20 digits in the usual print form: five groups of four."""
    return " ".join(token[start : start + 4] for start in range(0, len(token), 4))
