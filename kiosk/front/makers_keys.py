"""The keys that a rehearsal's meter maker puts into its meters: those of the software module.

A real maker has them from the key management centre. In a rehearsal they stand in the sealed key
file of this home and in no other place, so they are read from it when a meter is made.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kiosk.config import Settings
from kiosk.domain.registry import Meter

#: The vending key that a meter of the registry is under; empty where the published one is meant.
MakersKey = Callable[[Meter], bytes]


def makers_key(settings: Settings, home: Path) -> MakersKey:
    """Looks up the key of a meter. A rehearsal's own, and only of the software module."""
    assert settings.site.mode == "rehearsal"

    def key_of(meter: Meter) -> bytes:
        from kiosk.front.vending import rehearsal_key_list

        wanted = (
            meter.supply_group, meter.key_revision, meter.key_type, meter.base_date,
            meter.algorithm,
        )  # fmt: skip
        found = [key for key in rehearsal_key_list(settings, home) if key.name == wanted]
        return found[0].secret if found else b""

    return key_of
