"""The database file: how it is opened and made, and what it must survive.

One writer connection in one process writes and checkpoints; every other connection is read-only.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlcipher3 import dbapi2

from kiosk.errors import StoreFault
from kiosk.ledger import registry_migration
from kiosk.ledger.connection import (
    Connection,
    connect,
    connect_scratch,
    faults,
    key_of,
    library_version,
    wal_is_safe,
)
from kiosk.ledger.files import sync_folder
from kiosk.ledger.stations import takes_nothing

LEDGER_FILE = "ledger.db"

#: A log that grows beyond this has a reader that never ends; 4 KiB pages.
WAL_LIMIT_BYTES = 16 * 1024 * 1024

#: Pages that one connection keeps. This library would keep 8 MiB, and a selling face has several
#: connections: over a year of books they would take what the face may use in all.
_CACHE_KIB = 2000

#: The scripts in migrations/, in the order in which they came; the schema's number counts them.
_MIGRATIONS = (
    "0001", "0002", "operators", "card_accounts", "tariffs", "cards", "archives", "registry",
    "accounts", "searches", "registers", "card_money",
)  # fmt: skip
_SCHEMA_LATEST = len(_MIGRATIONS)
#: Not those of the registry: a record of a catalogue is looked up when it is drawn.
_SECOND_INDEXES = (
    "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    " AND tbl_name NOT IN ('meters', 'cards', 'amendments')"
)


def opens(home: Path, key: bytes) -> bool:
    """Whether `key` opens the store in `home`."""
    return opens_file(home / LEDGER_FILE, key, _reading(home))


def opens_file(path: Path, key: bytes, options: str = "?mode=ro") -> bool:
    """Whether the database in the file `path` is one under `key`."""
    try:
        with contextlib.closing(connect(path, key, options)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except dbapi2.Error:
        return False
    return True


def open_writer(home: Path) -> Connection:
    """The one writing connection of a home; makes and migrates the tables. Raises StoreFault.

    WAL with synchronous=FULL; a library with the WAL-reset fault falls back to TRUNCATE, which is
    slower and safe. Checkpoints are the pen's own work, between sales.
    """
    path = home / LEDGER_FILE
    with faults(path):
        connection, version = _connect_writer(home, path)
        if version < _SCHEMA_LATEST:
            # The statements of the scripts would stay in the connection, which prepares each
            # further one anew for ever once it is full: whoever writes is another one.
            with contextlib.closing(connection):
                migrate(connection, version)
            connection, _ = _connect_writer(home, path)
        with _closed_unless_ready(connection):
            sync_folder(home)
        return connection


def _connect_writer(home: Path, path: Path) -> tuple[Connection, int]:
    """A connection that writes durably, and the number of the schema that it found."""
    connection = connect(path, key_of(home), statements=128)
    with _closed_unless_ready(connection):
        version = _check_schema(connection, path)
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        journal_mode = "WAL" if wal_is_safe(library_version()) else "TRUNCATE"
        connection.execute(f"PRAGMA journal_mode={journal_mode}")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        # Otherwise INSERT OR REPLACE would delete an entry past the triggers.
        connection.execute("PRAGMA recursive_triggers=ON")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute(f"PRAGMA journal_size_limit={WAL_LIMIT_BYTES}")
        if connection.execute("PRAGMA synchronous").fetchone()[0] != 2:
            raise StoreFault(f"{path}: synchronous=FULL was not accepted; nothing may be sold.")
    return connection, version


def open_scratch(*, searchable: bool = True) -> Connection:
    """The same tables, empty and gone when it is closed: what a proof draws from the journal.

    Not `searchable`: only the keys are indexed, for who writes much and reads everything once.
    """
    connection = connect_scratch()
    migrate(connection, 0)
    if not searchable:
        for (name,) in connection.execute(_SECOND_INDEXES).fetchall():
            connection.execute(f"DROP INDEX {name}")
    # A proof compares the text that is searched; to make it searchable twice would cost seconds.
    connection.execute("DROP TRIGGER registry_index_added")
    connection.execute("DROP TRIGGER registry_index_changed")
    connection.execute("BEGIN")
    return connection


def is_made(home: Path) -> bool:
    """Whether the tables of the ledger are there; another process may be making them right now."""
    path = home / LEDGER_FILE
    if not path.is_file():
        return False
    with faults(path):
        connection = connect(path, key_of(home), _reading(home))
        with contextlib.closing(connection):
            return _check_schema(connection, path) > 0


def open_reader(home: Path) -> Connection:
    """A connection that can only read. Raises StoreFault when there is no ledger."""
    path = home / LEDGER_FILE
    if not path.is_file():
        raise StoreFault(f"{path}: there is no ledger here; start `kiosk` once to open the home.")
    with faults(path):
        connection = connect(path, key_of(home), _reading(home), statements=64)
        with _closed_unless_ready(connection):
            connection.execute("PRAGMA query_only=ON")
            if not _check_schema(connection, path):
                raise StoreFault(f"{path}: there is no ledger in this file; restore it.")
            connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        return connection


def _reading(home: Path) -> str:
    """On a disk that takes nothing the index of the log cannot be made; a file without a log is
    read as it lies. A change that a power cut left half done is first undone, which must write."""
    if takes_nothing(home) and not wal_bytes(home):
        return "?mode=ro&immutable=1"
    return "?mode=rw" if _half_done(home / LEDGER_FILE) else "?mode=ro"


def _half_done(path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return path.with_name(f"{path.name}-journal").stat().st_size > 0
    return False


def undo_half_done(path: Path, key: bytes) -> None:
    """Undo a change to the ledger in the file `path` that a power cut left half done: who opens
    the file for reading alone cannot. One that is damaged beyond that stays as it is."""
    if not _half_done(path):
        return
    with (
        contextlib.suppress(dbapi2.Error),
        contextlib.closing(connect(path, key, "?mode=rw")) as connection,
    ):
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def check(connection: Connection) -> str | None:
    """What is wrong with the pages, indexes or references of the file, or None (E17).

    Reads everything: about a second for a year of books. Every start makes do with `check_start`.
    """
    with faults(Path(LEDGER_FILE)):
        found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            return str(found)
        row = connection.execute("PRAGMA foreign_key_check").fetchone()
        return f"a row of {row[0]} points to nothing" if row else _changed_schema(connection)


def _changed_schema(connection: Connection) -> str | None:
    """A guard, an index or a table that is gone, or one that this program did not make."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version < _SCHEMA_LATEST:
        return None  # an older program made these tables; they are compared once they are updated
    sql = "SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    with contextlib.closing(dbapi2.connect(":memory:", isolation_level=None)) as made:
        migrate(made, 0)
        wanted = dict(made.execute(sql).fetchall())
    found = dict(connection.execute(sql).fetchall())
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            return f"the {name} is gone"
        if name not in wanted:
            return f"the {name} was added"
        if wanted[name] != found[name]:
            return f"the {name} was changed"
    return None


def checkpoint(connection: Connection) -> None:
    """Move the log into the file without waiting for readers; called between sales.

    A failure costs nothing that is committed, so it does not reach whoever sold: the log stays, and
    the next commit tells whether the disk still writes.
    """
    with contextlib.suppress(dbapi2.Error):
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


def wal_bytes(home: Path) -> int:
    """The size of the write-ahead log."""
    try:
        return (home / f"{LEDGER_FILE}-wal").stat().st_size
    except FileNotFoundError:
        return 0


def free_bytes(home: Path) -> int:
    """Free space where the home lives (E18)."""
    return shutil.disk_usage(home).free


def _check_schema(connection: Connection, path: Path) -> int:
    """The schema's number; StoreFault when only a newer program understands it."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > _SCHEMA_LATEST:
        raise StoreFault(f"{path}: written by a newer program (schema {version}); update this one.")
    return version


def older_schema(home: Path) -> int:
    """The schema of a ledger that an older program left, 0 when there is none or it is ours."""
    if not is_made(home):
        return 0
    with faults(home / LEDGER_FILE), contextlib.closing(open_reader(home)) as reader:
        version = int(reader.execute("PRAGMA user_version").fetchone()[0])
    return version if version < _SCHEMA_LATEST else 0


def migrate(connection: Connection, version: int) -> None:
    """All scripts that are missing, in one transaction: a home has the one schema or the other."""
    if connection.in_transaction:
        _run_scripts(connection, version)
        return
    connection.execute("BEGIN IMMEDIATE")
    _run_scripts(connection, version)
    connection.execute("COMMIT")


def _run_scripts(connection: Connection, version: int) -> None:
    for number, name in enumerate(_MIGRATIONS[version:], version + 1):
        script = Path(__file__).parent / "migrations" / f"{name}.sql"
        for statement in _statements(script.read_text()):
            connection.execute(statement)
        _AFTERWARDS.get(name, _nothing)(connection)
        connection.execute(f"PRAGMA user_version={number}")


def _statements(script: str) -> Iterator[str]:
    """One after the other: a script that is run whole would end the transaction around it."""
    statement = ""
    for part in script.split(";"):
        statement += f"{part};"
        if dbapi2.complete_statement(statement):
            yield statement
            statement = ""


def _nothing(_connection: Connection) -> None:
    """Most scripts need no rows drawn again."""


#: What a script cannot say in SQL: rows that are drawn from the journal again.
_AFTERWARDS = {
    "registry": registry_migration.redraw,
    "registers": registry_migration.add_register,
}


@contextmanager
def _closed_unless_ready(connection: Connection) -> Iterator[None]:
    """A connection that was refused does not stay open."""
    try:
        yield
    except BaseException:
        connection.close()
        raise
