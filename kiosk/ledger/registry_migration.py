"""Draws the registry of an older home again, so that it is as a new program would have drawn it."""

from __future__ import annotations

from kiosk.domain import catalogue as catalogues
from kiosk.domain import facts
from kiosk.errors import Refusal
from kiosk.ledger import registry_projection
from kiosk.ledger.connection import Connection


def add_register(connection: Connection) -> None:
    """The column of what a meter counts, once: the registry is drawn with it."""
    columns = connection.execute("SELECT name FROM pragma_table_info('meters')").fetchall()
    if ("credit_register",) not in columns:
        connection.execute(
            "ALTER TABLE meters ADD COLUMN credit_register TEXT DEFAULT 'electricity' NOT NULL"
        )


def redraw(connection: Connection) -> None:
    """Customers, meters and cards from the journal and the catalogues that came; rows of a home
    that is new are none."""
    add_register(connection)
    opened = connection.execute("SELECT kind, version, body FROM entries WHERE sequence = 1")
    row = opened.fetchone()
    if row is None:
        return
    origin = getattr(facts.decode(*row), "origin", "")
    wanted = connection.execute(
        "SELECT sequence, time_ms, kind, version, body FROM entries"
        " WHERE kind IN ('catalogue_received', 'meter_key_changed') ORDER BY sequence"
    ).fetchall()
    for sequence, time_ms, kind, version, body in wanted:
        fact = facts.decode(kind, version, body)
        if isinstance(fact, facts.CatalogueReceived):
            _catalogue(connection, fact.number, origin)
        else:
            registry_projection.draw_changes(connection, sequence, time_ms, fact)


def _catalogue(connection: Connection, number: int, origin: str) -> None:
    """A catalogue whose content is not what came down is left to `kiosk verify` to name."""
    row = connection.execute("SELECT content FROM catalogues WHERE number = ?", (number,))
    found = row.fetchone()
    content = catalogues.decode(bytes(found[0])) if found else None
    if content is not None and not isinstance(content, Refusal):
        registry_projection.draw_catalogue(connection, content, origin)
