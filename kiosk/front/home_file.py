"""The two small files that make a folder a home: `home.json`, and the mark of an opened ledger."""

from __future__ import annotations

import msgspec

#: Stands beside the ledger once its first fact is durable.
OPENED = "opened"


class HomeFile(msgspec.Struct, frozen=True):
    """What home.json says."""

    mode: str
    origin: str
