"""A ledger as an older program left it: everything that later scripts made is taken out again."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from kiosk.ledger import store
from kiosk.ledger.connection import connect, key_of

_MADE = re.compile(r"CREATE (?:UNIQUE )?(TABLE|INDEX) (\w+)")
_ADDED = re.compile(r"ALTER TABLE (\w+) ADD COLUMN (\w+)")


def before(script: str) -> int:
    """The schema of the program that did not know `script` yet."""
    return store._MIGRATIONS.index(script)


def make_old(home: Path, schema: int) -> None:
    """Let the ledger in `home` have `schema`; the scripts after it must only make things."""
    folder = Path(store.__file__).parent / "migrations"
    scripts = [(folder / f"{name}.sql").read_text() for name in store._MIGRATIONS[schema:]]
    made = [found for script in scripts for found in _MADE.findall(script)]
    added = [found for script in scripts for found in _ADDED.findall(script)]
    with contextlib.closing(connect(home / "ledger.db", key_of(home))) as connection:
        for what, name in reversed(made):
            connection.execute(f"DROP {what} IF EXISTS {name}")
        for table, column in added:
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.execute(f"PRAGMA user_version={schema}")
