"""A ledger as an older program left it: everything that later scripts made is taken out again."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from kiosk.ledger import store
from kiosk.ledger.connection import connect, key_of

_MADE = re.compile(r"CREATE (?:UNIQUE )?(TABLE|INDEX) (\w+)")


def before(script: str) -> int:
    """The schema of the program that did not know `script` yet."""
    return store._MIGRATIONS.index(script)


def make_old(home: Path, schema: int) -> None:
    """Let the ledger in `home` have `schema`; the scripts after it must only make things."""
    folder = Path(store.__file__).parent / "migrations"
    made = [
        found
        for name in store._MIGRATIONS[schema:]
        for found in _MADE.findall((folder / f"{name}.sql").read_text())
    ]
    with contextlib.closing(connect(home / "ledger.db", key_of(home))) as connection:
        for what, name in reversed(made):
            connection.execute(f"DROP {what} IF EXISTS {name}")
        connection.execute(f"PRAGMA user_version={schema}")
