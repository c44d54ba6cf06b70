"""Which entries are in an archive file and no longer here: runs, each with its last digest.

The run's digest is that of its last entry, so that the entry after the run still proves that it
follows; the fact `period_archived` carries one digest over all runs of its archive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from kiosk.ledger.connection import Connection

_SINCE_SCHEMA = 3


class Run(msgspec.Struct, frozen=True, array_like=True):
    """Consecutive entries `first` to `last` of archive number `archive`."""

    first: int
    last: int
    digest: bytes
    archive: int


def archived_runs(connection: Connection) -> dict[int, Run]:
    """All runs, by their first entry; a ledger of an older program has none."""
    if connection.execute("PRAGMA user_version").fetchone()[0] < _SINCE_SCHEMA:
        return {}
    rows = connection.execute("SELECT first, last, digest, archive FROM archived ORDER BY first")
    return {row[0]: Run(row[0], row[1], bytes(row[2]), row[3]) for row in rows}


def runs_digest(runs: Sequence[Run]) -> bytes:
    """SHA-256 over the runs of one archive, in their order."""
    return hashlib.sha256(msgspec.msgpack.encode(list(runs))).digest()
