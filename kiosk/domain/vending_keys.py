"""What a vending key may carry now, and which key of a supply group a meter should be under.

One rule for sales, key changes, registration and the software module (E26; sts-facts 1.6, C).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kiosk.domain.token import BASE_DATE_MS, LAST_IDENTIFIER
from kiosk.errors import Refusal

_MINUTE_MS = 60_000
_REVISIONS = 9
_FIRST_BASE_DATES = (1993, 2014)


class VendorKey(msgspec.Struct, frozen=True):
    """A vending key as the module shows it: what it is for and its check value, never the key.

    `key_expiry` is the expiry number KEN. The times bound the minute that a token may name,
    `left_units` how much may still be sold (0.1 kWh each); None or 0 where the module knows no
    bound.
    """

    supply_group: str
    key_revision: int
    key_type: int
    base_date: int
    algorithm: str
    check_value: str
    key_expiry: int = 255
    active_from_ms: int = 0
    active_until_ms: int | None = None
    left_units: int | None = None


def stopped_by(key: VendorKey, identifier: int, units: int = 0) -> Refusal | None:
    """Why `key` may not carry a token with `identifier` and `units`: expired by its number (KEN:
    the high 8 bits), not active yet, its lease ended, its limit reached."""
    which: dict[str, str | int] = {
        "supply_group": key.supply_group, "key_revision": key.key_revision
    }  # fmt: skip
    minute_ms = BASE_DATE_MS[key.base_date] + identifier * _MINUTE_MS
    if identifier >> 16 > key.key_expiry:
        return Refusal("vending_key_expired", which)
    if minute_ms < key.active_from_ms:
        return Refusal("vending_key_not_active", which | {"active_from_ms": key.active_from_ms})
    if key.active_until_ms is not None and minute_ms > key.active_until_ms:
        return Refusal("vending_lease_ended", which | {"issued_until_ms": key.active_until_ms})
    if key.left_units is not None and units > key.left_units:
        beyond: dict[str, str | int] = {"units": units, "left_units": key.left_units}
        return Refusal("vending_limit_reached", which | beyond)
    return None


def base_date_ahead(now_ms: int, base_date: int) -> Refusal | None:
    """Refuses a base date that has not begun. Before 2014 it is the clock that is wrong."""
    if now_ms >= BASE_DATE_MS[base_date]:
        return None
    if base_date in _FIRST_BASE_DATES or now_ms < BASE_DATE_MS[2014]:
        return Refusal("clock_before_base_date", {"base_date": base_date})
    return Refusal("base_date_not_begun", {"base_date": base_date})


def not_usable(key: VendorKey, now_ms: int) -> Refusal | None:
    """Why no meter may be brought under `key` now: its base date, its expiry number, its times."""
    ahead = base_date_ahead(now_ms, key.base_date)
    if ahead is not None:
        return ahead
    identifier = (now_ms - BASE_DATE_MS[key.base_date]) // _MINUTE_MS
    if identifier > LAST_IDENTIFIER:
        details: dict[str, str | int] = {
            "supply_group": key.supply_group, "key_revision": key.key_revision
        }  # fmt: skip
        return Refusal("vending_key_expired", details)
    return stopped_by(key, identifier)


def newest_usable(keys: Sequence[VendorKey], now_ms: int) -> VendorKey | Refusal:
    """The key that became active last of those that may be used now.

    Of several that became active together the newest revision, which goes from 9 back to 1. The
    refusal, where none may be used, is that of the key that became active last.
    """
    assert keys, "one key at least"
    usable = [key for key in keys if not_usable(key, now_ms) is None]
    if usable:
        return newest_of(usable)
    refused = not_usable(newest_of(keys), now_ms)
    assert refused is not None
    return refused


def newest_of(keys: Sequence[VendorKey]) -> VendorKey:
    """The key that became active last, whether or not it may be used now."""
    latest_ms = max(_activation_ms(key) for key in keys)
    together = [key for key in keys if _activation_ms(key) == latest_ms]
    revisions = {key.key_revision for key in together}
    return max(together, key=lambda key: (_gap_after(key.key_revision, revisions), key.key_type))


def _activation_ms(key: VendorKey) -> int:
    return max(key.active_from_ms, BASE_DATE_MS[key.base_date])


def _gap_after(revision: int, revisions: set[int]) -> int:
    """Revisions until the next one that is there: the newest has the longest way to go, 9 then 1.

    Of two that are as far apart either way the higher number is the newer one."""
    ways = [(other - revision) % _REVISIONS or _REVISIONS for other in revisions]
    return min(ways) * (_REVISIONS + 1) + revision
