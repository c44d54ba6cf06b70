"""What a slip of the registry says, before it is put on paper in a language."""

from __future__ import annotations

import msgspec

from kiosk.domain.registry import Customer


class RegistrySlip(msgspec.Struct, frozen=True):
    """`what` is account, replaced or cancelled. `rows` are (key of [registry], value): text as it
    is, numbers shown by the name of their key (`_wh`, `_minor`)."""

    what: str
    customer: Customer
    meter: str
    rows: list[tuple[str, str | int]]
    sequence: int
    head: str
    time_ms: int
    quality: str
    operator: str
