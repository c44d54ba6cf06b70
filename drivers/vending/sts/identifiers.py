"""Token identifiers: minutes since a base date, and whether a key may still carry them.

Which identifier the next token of a meter gets is the seller's decision (`kiosk.domain.token`);
here stands only what the numbers mean.
"""

from __future__ import annotations

from kiosk.domain.token import BASE_DATE_MS, LAST_IDENTIFIER
from kiosk.errors import BadInput, Refusal

_MINUTE_MS = 60_000
_DAY_MIN = 1440
_RESERVED_MIN = 1


def base_date_ms(base_date: int) -> int:
    """Midnight at the begin of the base date 1993, 2014 or 2035, in UTC milliseconds."""
    if base_date not in BASE_DATE_MS:
        raise BadInput(f"There is no base date {base_date}; the standard has 1993, 2014 and 2035.")
    return BASE_DATE_MS[base_date]


def is_reserved(identifier: int) -> bool:
    """Whether it is the minute 00:01 of a day, which meters keep for themselves (CTSA09)."""
    return identifier % _DAY_MIN == _RESERVED_MIN


def identifier_at(time_ms: int, base_date: int) -> int | Refusal:
    """The identifier of a token made at `time_ms`; seconds are dropped, 00:01 takes 00:02.

    Refuses a time before the base date, and one past 24 bits (base 1993 ended 2024-11-24 20:15).
    """
    identifier = (time_ms - base_date_ms(base_date)) // _MINUTE_MS
    if identifier < 0:
        return Refusal("clock_before_base_date", {"base_date": base_date})
    if identifier > LAST_IDENTIFIER:
        return Refusal("identifier_overflow", {"base_date": base_date})
    return identifier + 1 if is_reserved(identifier) else identifier


def time_of(identifier: int, base_date: int) -> int:
    """The minute that `identifier` names, in UTC milliseconds."""
    return base_date_ms(base_date) + identifier * _MINUTE_MS


def is_expired(identifier: int, key_expiry: int) -> bool:
    """Whether a key with expiry number (KEN) `key_expiry` must not carry `identifier` (CTSA16).

    The high 8 bits are compared: KEN 170 under base 2014 ends with identifier AAFFFF.
    """
    return identifier >> 16 > key_expiry
