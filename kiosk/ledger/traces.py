"""What the tables beside the journal remember of its end: rows that name entries which are gone.

Whoever cuts entries off and mends the head row must also take every row that was drawn from them.
The newest rows of each table are looked at, so the work is the same for a day and for a year.
"""

from __future__ import annotations

import contextlib

from sqlcipher3 import dbapi2

from kiosk.ledger.connection import Connection

_NEWEST = 64
_JOURNAL = ("entries", "postings", "head", "anchors", "archived")


def last_trace(connection: Connection) -> int:
    """The highest entry that the newest rows of any table name; 0 when none does."""
    return max((_highest(connection, *place) for place in _places(connection)), default=0)


def last_readable_trace(connection: Connection) -> int:
    """As `last_trace` with the head row, of a ledger that may be damaged anywhere."""
    highest = 0
    with contextlib.suppress(dbapi2.Error):
        row = connection.execute("SELECT sequence FROM head").fetchone()
        highest = int(row[0]) if row else 0
        for place in _places(connection):
            with contextlib.suppress(dbapi2.Error):
                highest = max(highest, _highest(connection, *place))
    return highest


def _places(connection: Connection) -> list[tuple[str, str, str]]:
    """Tables that are kept in the order of writing: their columns that name an entry, and what
    orders them. To look into the others would take longer with every sale."""
    rows = connection.execute(
        "SELECT t.name, c.name, iif(t.wr, c.name, 'rowid')"
        " FROM pragma_table_list t JOIN pragma_table_info(t.name) c"
        " WHERE t.schema = 'main' AND t.type = 'table' AND c.name IN ('sequence', 'ended')"
        " AND (NOT t.wr OR c.pk = 1)"
    )
    return [row for row in rows if row[0] not in _JOURNAL]


def _highest(connection: Connection, table: str, column: str, order: str) -> int:
    sql = (
        f"SELECT max({column}) FROM"  # noqa: S608 - names of our own schema
        f" (SELECT {column} FROM {table} ORDER BY {order} DESC LIMIT {_NEWEST})"
    )
    return int(connection.execute(sql).fetchone()[0] or 0)
