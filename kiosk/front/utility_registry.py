"""What a rehearsal's registry shows beside plain meters: one whose energy is shared over two power
types, and old meters that were replaced, which a search still finds."""

from __future__ import annotations

import msgspec

from kiosk.config import Settings
from kiosk.domain.catalogue import Catalogue
from kiosk.domain.registry import Meter, luhn_digit
from kiosk.front import utility

_SHARES = [("shop", 700_000), ("home", 300_000)]
_OLD_METERS = 3


def enriched(catalogue: Catalogue) -> Catalogue:
    """The catalogue with a shared meter, and a replaced meter of each of the first customers."""
    shared = _shared_place(catalogue.meters)
    meters = [
        msgspec.structs.replace(meter, shares=_SHARES) if place == shared else meter
        for place, meter in enumerate(catalogue.meters)
    ]
    old = [_old(place, meter) for place, meter in enumerate(meters[:_OLD_METERS])]
    return msgspec.structs.replace(catalogue, meters=[*meters, *old])


def _shared_place(meters: list[Meter]) -> int:
    """The last shop with a keypad meter that may buy; -1 in a utility without one."""
    fitting = [
        place
        for place, meter in enumerate(meters)
        if meter.power_type == "shop" and meter.kind == "keypad" and not meter.blocked
    ]
    return fitting[-1] if fitting else -1


def _old(place: int, meter: Meter) -> Meter:
    digits = f"01{46_000_000 + place:08d}"
    return msgspec.structs.replace(
        meter, number=digits + luhn_digit(digits), kind="keypad", shares=[], blocked=True,
        retired=True, replaced_by=meter.number,
    )  # fmt: skip


def played_catalogue(settings: Settings) -> Catalogue:
    """The utility that a rehearsal plays: customers, meters, cards and prices."""
    plain = utility.catalogue(settings.rehearsal.customers, settings.site.currency)
    return enriched(plain)
