"""The database file: the library, the switches and the tables that a promise rests on."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from kiosk.errors import StoreFault
from kiosk.ledger import store
from kiosk.ledger.connection import Connection, key_of, library_version, unlock, wal_is_safe
from kiosk.ledger.copying import copy_store
from kiosk.ledger.draft import Draft
from kiosk.ledger.pen import Pen
from kiosk.ledger.sources import DatabaseSource
from kiosk.ledger.store import open_reader, open_writer
from tests.builders import delivered, sale
from tests.ledger.ledgers import fill, open_pen


@pytest.fixture
def path(home: Callable[[], Path]) -> Path:
    return home()


@pytest.fixture
def writer(path: Path) -> Iterator[Connection]:
    connection = open_writer(path)
    yield connection
    connection.close()


@pytest.fixture
def pen(path: Path) -> Iterator[Pen]:
    opened = open_pen(path)
    fill(opened, 10)
    yield opened
    opened.close()


def switch(connection: Connection, name: str) -> object:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


#: Versions with the WAL-reset fault and without it (reliability 3).
@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ("3.40.1", False),
        ("3.44.5", False),
        ("3.44.6", True),
        ("3.45.0", False),
        ("3.50.6", False),
        ("3.50.7", True),
        ("3.51.0", False),
        ("3.51.1", False),
        ("3.51.2", False),
        ("3.51.3", True),
        ("3.52.0", True),
        ("3.53.4", True),
        ("4.0.0", True),
        ("2.8.17", False),
    ],
)
def test_the_write_ahead_log_is_used_only_when_the_library_is_repaired(
    version: str, safe: bool
) -> None:
    assert wal_is_safe(version) is safe


def test_every_commit_reaches_the_disk_when_a_ledger_is_opened(writer: Connection) -> None:
    assert wal_is_safe(library_version())
    assert switch(writer, "synchronous") == 2
    assert switch(writer, "journal_mode") == "wal"
    assert switch(writer, "foreign_keys") == 1
    assert switch(writer, "wal_autocheckpoint") == 0
    assert switch(writer, "journal_size_limit") == store.WAL_LIMIT_BYTES


def test_the_slower_journal_is_used_when_the_library_has_the_fault(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "library_version", lambda: "3.40.1")
    connection = open_writer(path)
    assert switch(connection, "journal_mode") == "truncate"
    assert switch(connection, "synchronous") == 2
    connection.close()


def test_a_statement_is_prepared_once_when_the_ledger_was_made_just_now(pen: Pen) -> None:
    """The statements that make the tables take no room from those that sell."""
    prepared: list[object] = []

    def look(*what: object) -> int:
        prepared.append(what)
        return 0

    pen._connection.set_authorizer(look)
    for name in ("s", "t"):
        assert prepared or name == "s"
        prepared.clear()
        pen.append([Draft.of(sale(name, identifier=ord(name)))])
        pen.append([Draft.of(delivered(name))])
    assert prepared == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entries SET time_ms = time_ms + 1",
        "DELETE FROM entries",
        "UPDATE postings SET amount = amount + 1",
        "DELETE FROM postings WHERE sequence = 2",
        "INSERT OR REPLACE INTO postings VALUES (2, 0, 'cash:101', 'ZAR', 1, 'posted')",
        "INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE sequence = 4",
    ],
)
def test_what_is_written_is_never_changed_by_the_program(pen: Pen, change: str) -> None:
    def work(connection: Connection) -> None:
        connection.execute(change)

    before = pen._connection.execute("SELECT * FROM entries JOIN postings USING (sequence)")
    rows = before.fetchall()
    with pytest.raises(StoreFault):
        pen.run(work)
    after = pen._connection.execute("SELECT * FROM entries JOIN postings USING (sequence)")
    assert after.fetchall() == rows


@pytest.mark.parametrize(
    "row",
    [
        "INSERT INTO entries VALUES (0, 1, 'q', 'k', 1, x'', zeroblob(32), zeroblob(64))",
        "INSERT INTO entries VALUES (1, 1, 'q', 'k', 1, x'', zeroblob(31), zeroblob(64))",
        "INSERT INTO entries VALUES (1, 1, 'q', 'k', 1, x'', zeroblob(32), zeroblob(63))",
        "INSERT INTO entries VALUES (1, 'noon', 'q', 'k', 1, x'', zeroblob(32), zeroblob(64))",
        "INSERT INTO entries VALUES (1, 1, 'q', 'k', 1, NULL, zeroblob(32), zeroblob(64))",
        "INSERT INTO postings VALUES (1, 0, 'cash:101', 'ZAR', 0, 'posted')",
        "INSERT INTO postings VALUES (1, 0, 'cash:101', 'ZAR', 1.5, 'posted')",
        "INSERT INTO postings VALUES (1, 0, 'cash:101', 'ZAR', 1, 'spent')",
        "INSERT INTO postings VALUES (9, 0, 'cash:101', 'ZAR', 1, 'posted')",
        "INSERT INTO head VALUES (2, 1, x'')",
        "INSERT INTO meters VALUES ('1','nobody','keypad','home',0,1,'1',1,1,2,'07',2014)",
    ],
)
def test_a_row_is_refused_when_it_breaks_a_rule_of_the_tables(writer: Connection, row: str) -> None:
    with pytest.raises(dbapi2.Error):
        writer.execute(row)


def test_a_newer_ledger_is_left_alone_when_this_program_is_older(path: Path) -> None:
    connection = open_writer(path)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    before = (path / "ledger.db").read_bytes()
    for opener in (open_writer, open_reader):
        with pytest.raises(StoreFault, match="newer program"):
            opener(path)
    assert (path / "ledger.db").read_bytes() == before


def test_a_reader_cannot_write_and_sees_only_what_is_committed(pen: Pen, path: Path) -> None:
    reader = open_reader(path)
    with pytest.raises(dbapi2.Error):
        reader.execute("DELETE FROM anchors")
    reader.close()


def test_a_sentence_says_what_is_wrong_when_there_is_no_ledger_or_it_is_none(path: Path) -> None:
    with pytest.raises(StoreFault, match="there is no ledger here"):
        open_reader(path)
    assert not store.is_made(path)
    (path / "ledger.db").write_bytes(b"not a database" * 1000)
    for opener in (open_writer, open_reader):
        with pytest.raises(StoreFault, match=r"cannot be used.*`kiosk restore`"):
            opener(path)


@pytest.fixture
def cut(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home after a power cut in the middle of a change."""
    monkeypatch.setattr(store, "library_version", lambda: "3.40.1")  # its journal is the old one
    pen = open_pen(path)
    fill(pen, 10)
    pen.close()
    writer = open_writer(path)
    writer.execute("PRAGMA cache_size=2")  # the change reaches the disk before it is done
    writer.execute("BEGIN")
    for number in range(200):
        writer.execute(f"CREATE TABLE half_done_{number} (field TEXT)")
    cut = tmp_path / "cut"
    cut.mkdir()
    for name in ("ledger.db", "ledger.db-journal"):
        shutil.copy(path / name, cut)
    writer.close()
    unlock(cut, key_of(path))
    return cut


def test_a_half_done_change_is_undone_when_the_first_look_after_a_power_cut_only_reads(
    cut: Path,
) -> None:
    assert store.is_made(cut)
    with contextlib.closing(open_reader(cut)) as reader:
        assert not reader.execute(
            "SELECT 1 FROM sqlite_master WHERE name GLOB 'half_done_*'"
        ).fetchall()
        assert finding(reader) is None


def test_a_ledger_is_copied_and_read_for_a_restore_when_a_change_was_left_half_done(
    cut: Path, tmp_path: Path
) -> None:
    again, key = tmp_path / "again", key_of(cut)
    shutil.copytree(cut, again)
    head = copy_store(cut, tmp_path / "copy.db", key)
    source = DatabaseSource("ledger", again / "ledger.db", key, "t1", doubted=True)
    with contextlib.closing(source):
        assert [entry.sequence for entry, _ in source.entries()] == [*range(1, head.sequence + 1)]


def test_the_start_up_check_finds_it_when_pages_were_overwritten(pen: Pen, path: Path) -> None:
    pen.close()
    raw = bytearray((path / "ledger.db").read_bytes())
    raw[3 * 4096 : 6 * 4096] = bytes(range(256)) * 48
    (path / "ledger.db").write_bytes(raw)
    connection = open_reader(path)
    assert finding(connection)
    connection.close()


def finding(connection: Connection) -> str | None:
    """What the start-up check finds, said or raised: both stop the selling."""
    try:
        return store.check(connection)
    except StoreFault as fault:
        return fault.sentence


def test_a_sound_file_passes_the_start_up_check(pen: Pen, path: Path) -> None:
    connection = open_reader(path)
    assert store.check(connection) is None
    connection.close()
    assert store.wal_bytes(path) > 0
    assert store.free_bytes(path) > 0


def test_no_log_is_no_log_when_nothing_was_ever_written(path: Path) -> None:
    assert store.wal_bytes(path) == 0
