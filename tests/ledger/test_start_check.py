"""What every start finds, and that it is as quick for a year as for a day."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from kiosk.domain.entry import Entry, digest
from kiosk.ledger import start_check
from kiosk.ledger.connection import Connection, connect, key_of
from kiosk.ledger.start_check import check_start
from kiosk.ledger.store import LEDGER_FILE, open_scratch
from tests.ledger.ledgers import ORIGIN, fill, open_pen
from tests.ledger.thief import unguarded

_ENTRY = "sequence, time_ms, quality, kind, version, body, previous, signature"


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    path = tmp_path_factory.mktemp("start")
    pen = open_pen(path)
    fill(pen, 60)
    pen.close()
    connection = connect(path / LEDGER_FILE, key_of(path))
    connection.execute("PRAGMA foreign_keys=OFF")
    yield connection
    connection.close()


def found_after(ledger: Connection, *damage: str) -> str | None:
    ledger.execute("BEGIN")
    guards = unguarded(ledger)
    again = guards if damage[0].startswith(("UPDATE", "DELETE", "INSERT")) else []
    for statement in (*damage, *again):
        ledger.execute(statement)
    try:
        return check_start(ledger)
    finally:
        ledger.execute("ROLLBACK")


def test_a_sound_ledger_and_an_empty_one_pass_when_they_are_started(ledger: Connection) -> None:
    assert check_start(ledger) is None
    scratch = open_scratch()
    assert check_start(scratch) is None
    scratch.close()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE entries SET body = x'80' WHERE sequence = 120", "entry 12"),
        ("UPDATE entries SET time_ms = 1 WHERE sequence = 100", "entry 101 does not follow"),
        ("DELETE FROM entries WHERE sequence = 110", "entry 110 is missing"),
        ("DELETE FROM entries WHERE sequence = (SELECT max(sequence) FROM entries)", "is not"),
        ("UPDATE head SET sequence = sequence - 1", "is not where it was"),
        ("UPDATE postings SET amount = 7 WHERE line = 0 AND sequence > 100", "balance"),
        ("INSERT INTO postings VALUES (100000, 0, 'cash:x', 'ZAR', 1, 'posted')", "is missing"),
        ("INSERT INTO anchors VALUES (100000, x'00', 'c', x'')", "upstream has acknowledged more"),
        (
            "INSERT INTO amendments VALUES (9999, 0, 'meter', '1', 'area', '', 'x', '', '', 1)",
            "entry 9999 is shown",
        ),
        ("INSERT INTO debt_takings VALUES (9999, 'd', 1)", "entry 9999 is shown"),
        ("INSERT INTO anchors VALUES (50, zeroblob(32), 'c', x'')", "entry 50 is not the one"),
    ],
)
def test_damage_near_the_end_is_found_when_the_program_starts(
    ledger: Connection, damage: str, told: str
) -> None:
    found = found_after(ledger, damage)
    assert found is not None
    assert told in found


def test_the_last_entry_is_known_for_forged_when_the_head_was_made_to_fit(
    ledger: Connection,
) -> None:
    row = ledger.execute(f"SELECT {_ENTRY} FROM entries ORDER BY sequence DESC LIMIT 1").fetchone()
    forged = msgspec.structs.replace(Entry(ORIGIN, *row), signature=bytes(64))
    found = found_after(
        ledger,
        f"UPDATE entries SET signature = zeroblob(64) WHERE sequence = {forged.sequence}",
        f"UPDATE head SET digest = x'{digest(forged).hex()}'",
    )
    assert found == f"entry {forged.sequence} was not signed by this home"


def test_the_end_that_was_cut_off_is_found_when_the_head_was_set_back_with_it(
    ledger: Connection,
) -> None:
    last = ledger.execute("SELECT max(sequence) FROM entries").fetchone()[0]
    cut = last - 2
    found = found_after(
        ledger,
        "UPDATE head SET digest = (SELECT previous FROM entries WHERE sequence ="
        f" {cut + 1}), sequence = {cut}",
        f"DELETE FROM postings WHERE sequence > {cut}",
        f"DELETE FROM entries WHERE sequence > {cut}",
    )
    assert found is not None
    assert f"entry {cut + 1} is missing" in found


def test_it_is_noticed_when_the_guards_of_the_journal_are_gone(ledger: Connection) -> None:
    found = found_after(ledger, "SELECT 1")
    assert found is not None
    assert "guard" in found


def test_older_entries_are_sampled_when_the_tail_is_short(
    ledger: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_check, "_TAIL", 5)
    monkeypatch.setattr(start_check, "_SAMPLE", 2000)
    assert check_start(ledger) is None
    found = found_after(ledger, "UPDATE entries SET time_ms = 1 WHERE sequence = 60")
    assert found == "entry 60 is not as it was written"
    gone = "DELETE FROM entries WHERE sequence = 60", "DELETE FROM postings WHERE sequence = 60"
    assert found_after(ledger, *gone) == "entry 60 is missing"
    found = found_after(ledger, "UPDATE sales SET amount_minor = 1 WHERE sequence < 100")
    assert found is not None
    assert "shown otherwise" in found


@pytest.mark.proof
def test_a_start_takes_no_longer_when_there_are_ten_times_more_entries(
    home: Callable[[str], Path],
) -> None:
    took = []
    for sales in (1_000, 10_000):
        path = home(f"h{sales}")
        pen = open_pen(path)
        fill(pen, sales)
        pen.close()
        connection = connect(path / LEDGER_FILE, key_of(path))
        times = []
        for _ in range(5):
            begin = time.perf_counter()
            assert check_start(connection) is None
            times.append(time.perf_counter() - begin)
        took.append(min(times))
        connection.close()
    assert took[1] < 5 * took[0] + 0.05, took
    assert took[1] < 2
