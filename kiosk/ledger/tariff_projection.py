"""Prices beside the journal: every pack that a sale may point to, by digest."""

from __future__ import annotations

from kiosk.domain import facts
from kiosk.ledger.connection import Connection


def keep(connection: Connection, digest: str, number: int, content: bytes) -> None:
    """Keep a pack; the same pack may come down with several catalogues."""
    connection.execute(
        "INSERT OR IGNORE INTO tariffs (digest, number, content) VALUES (?, ?, ?)",
        (digest, number, content),
    )


def published(c: Connection, _sequence: int, _time_ms: int, fact: facts.TariffPublished) -> None:
    """A pack that this hall has put into force."""
    keep(c, fact.digest, fact.number, fact.content)
