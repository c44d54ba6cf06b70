"""Whether the vending key of a meter may carry a token now; asked before money is taken (E26)."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.domain.special_tokens import KeyPlace
from kiosk.domain.token import is_used_up
from kiosk.domain.vending_keys import VendorKey, base_date_ahead, stopped_by
from kiosk.errors import Refusal, VendorFault
from kiosk.till.desk import Desk


def held_keys(desk: Desk) -> list[VendorKey] | Refusal:
    """The vending keys of the module, or why nobody can say which there are."""
    if desk.vendor is None:
        return Refusal("no_module")
    try:
        return desk.vendor.keys()
    except VendorFault as silent:
        return Refusal("module_silent", {"reason": silent.sentence})


def base_date_refused(desk: Desk, meter: str, base_date: int) -> Refusal | None:
    """Whether the time of day fits into the base date of a meter's key at all."""
    now_ms = desk.clock.now().time_ms
    if is_used_up(now_ms, base_date):
        # Key change tokens are an operator's own act and never slip into a sale.
        return Refusal("rollover_due", {"meter": meter, "base_date": base_date})
    return base_date_ahead(now_ms, base_date)


def key_refused(
    desk: Desk, meter: str, place: KeyPlace, algorithm: str, tokens: Sequence[tuple[int, int]]
) -> Refusal | None:
    """Why the key of `place` cannot carry `tokens` (identifier, units), all of them together."""
    held = held_keys(desk) if desk.vendor is not None else []
    if isinstance(held, Refusal):
        return held
    wanted = (place.supply_group, place.key_revision, place.key_type, place.base_date, algorithm)
    for key in held:
        name = (key.supply_group, key.key_revision, key.key_type, key.base_date, key.algorithm)
        if name == wanted:
            units = 0
            for identifier, more in tokens:
                units += more
                refused = stopped_by(key, identifier, units)
                if refused is not None:
                    return refused
            return None
    return Refusal("no_vending_key", {"meter": meter})
