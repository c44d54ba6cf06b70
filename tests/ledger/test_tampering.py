"""Whoever changes the ledger behind the program's back is found, and where it began is named.

Each tampering is done inside a transaction that is rolled back afterwards, on a file whose triggers
were dropped. What a cut tail can hide is shown at the end, and that an anchor takes that away.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.domain.entry import digest
from kiosk.ledger.connection import Connection
from kiosk.ledger.proof import prove
from kiosk.ledger.store import open_scratch
from tests.ledger.ledgers import ORIGIN
from tests.ledger.tampering import tamper, tamper_on_all_cores
from tests.ledger.thief import Thief, robbed
from tests.totals import Totals


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    connection = robbed(tmp_path_factory.mktemp("robbed"), sales=60)
    yield connection
    connection.close()


def seed_shown() -> int:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    return seed


def test_the_first_bad_entry_is_named_whatever_was_changed(ledger: Connection) -> None:
    thief = Thief(ledger, seed_shown())
    assert not thief.proof().first_bad
    tamper(thief, 600)
    assert not thief.proof().first_bad


@pytest.mark.proof
def test_the_first_bad_entry_is_named_ten_thousand_times(
    totals: Totals,
) -> None:
    """`python -m tests.ledger.tampering 10000 3000` does it on ten thousand entries."""
    entries = tamper_on_all_cores(100, 10_000, seed_shown())
    with totals():
        print(f"\n10000 tamperings of {entries} entries, 0 unseen")
    assert entries >= 300


@pytest.mark.proof
def test_the_first_bad_entry_is_named_in_a_thousand_sales(tmp_path: Path) -> None:
    connection = robbed(tmp_path, sales=1000)
    tamper(Thief(connection, seed_shown()), 100)
    connection.close()


# --- the tables beside the journal ----------------------------------------------------------------

BESIDE = (
    "balances", "identities", "sales", "identifiers", "notes", "held", "catalogues", "tariffs",
    "customers", "meters", "cards", "operators", "refused_sign_ins", "issued_tokens",
    "account_moves", "suspicions", "head", "account_events", "top_ups", "debts", "debt_takings",
    "debt_credits", "debt_plans", "bills", "undone_sales", "rerated_sales", "closed_accounts",
    "card_works", "card_cases", "card_stock", "card_readings",
    "amendments", "installations", "readings", "replacements", "registry_index",
)  # fmt: skip


def test_no_table_beside_the_journal_is_forgotten(ledger: Connection) -> None:
    listed = ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    names = {row[0] for row in listed if not row[0].startswith("registry_search")}
    assert names == {*BESIDE, "entries", "postings", "anchors", "archived"}


def columns_of(connection: Connection, table: str) -> list[tuple[str, str]]:
    rows = connection.execute(f"PRAGMA table_info({table})").fetchall()
    return [(row[1], row[2]) for row in rows]


@pytest.mark.parametrize("table", BESIDE)
def test_a_changed_column_is_found_in_every_table_beside_the_journal(
    ledger: Connection, table: str
) -> None:
    thief = Thief(ledger)
    thief.do("PRAGMA ignore_check_constraints=ON")
    for column, kind in columns_of(ledger, table):
        other = {
            "INTEGER": f"coalesce({column}, 0) + 999",
            "TEXT": f"coalesce({column}, '') || 'x'",
            "BLOB": f"CAST({column} || x'00' AS BLOB)",
        }
        where = f"rowid = (SELECT min(rowid) FROM {table})"
        if "WITHOUT ROWID" in str(thief.one("SELECT sql FROM sqlite_master WHERE name = ?", table)):
            key = columns_of(ledger, table)[0][0]
            where = f"{key} = (SELECT min({key}) FROM {table})"
        with thief.trying():
            thief.do(f"UPDATE {table} SET {column} = {other[kind]} WHERE {where}")
            found = thief.proof()
        if (table, column) != ("head", "id"):
            assert found.first_bad, (table, column)
    thief.do("PRAGMA ignore_check_constraints=OFF")


@pytest.mark.parametrize("table", BESIDE)
def test_a_missing_row_is_found_in_every_table_beside_the_journal(
    ledger: Connection, table: str
) -> None:
    thief = Thief(ledger)
    key = columns_of(ledger, table)[0][0]
    with thief.trying():
        thief.do(f"DELETE FROM {table} WHERE {key} = (SELECT max({key}) FROM {table})")
        found = thief.proof()
    assert found.first_bad
    assert found.fault


# --- the cut tail, and what an anchor is for ------------------------------------------------------


def cut_cleanly(thief: Thief, keep: int) -> None:
    """Everything after `keep`, and every trace of it in the tables beside."""
    thief.do("DELETE FROM entries WHERE sequence > ?", keep)
    thief.do("DELETE FROM postings WHERE sequence > ?", keep)
    thief.do("UPDATE head SET sequence = ?, digest = ?", keep, digest(thief.read(keep)))
    for table in ("cards", "meters", "customers", "registry_index"):
        column = "account" if table in {"customers", "registry_index"} else "number"
        wanted = {"customers": "customer", "registry_index": "customer", "meters": "meter",
                  "cards": "card"}[table]  # fmt: skip
        thief.do(
            f"DELETE FROM {table} WHERE {column} IN (SELECT number FROM amendments"
            " WHERE subject = ? AND field = 'registered' AND sequence > ?)",
            wanted, keep,
        )  # fmt: skip
    dated = (
        "sales", "identities", "notes", "issued_tokens", "refused_sign_ins", "account_moves",
        "suspicions", "account_events", "top_ups", "debts", "debt_takings", "debt_plans", "bills",
        "undone_sales", "rerated_sales", "closed_accounts", "card_works", "card_cases",
        "amendments", "installations", "readings", "replacements",
    )  # fmt: skip
    undated = (
        "held", "operators", "balances", "identifiers", "debt_credits", "card_stock",
        "card_readings",
    )  # fmt: skip
    for table in dated:
        thief.do(f"DELETE FROM {table} WHERE sequence > ?", keep)
    for table in undated:
        thief.do(f"DELETE FROM {table}")
    thief.do("UPDATE debts SET paid_minor = 0, written_off_minor = 0")
    thief.do("DELETE FROM cards WHERE changed AND reason = '' AND issue > 1")
    thief.do("UPDATE cards SET state = 'active', changed = 0")
    thief.do(
        "INSERT INTO balances SELECT account, currency, sum(amount) FROM postings"
        " GROUP BY account, currency"
    )


#: The second entry is the catalogue; of everything later `cut_cleanly` takes every trace.
CATALOGUE_AT = 2


def acknowledge(thief: Thief, sequence: int) -> None:
    held = digest(thief.read(sequence))
    thief.do("INSERT INTO anchors VALUES (?, ?, 'centre', x'00')", sequence, held)


def test_a_tail_cut_without_a_trace_is_not_seen_before_it_was_acknowledged(
    ledger: Connection,
) -> None:
    """The limit that the manual states (reliability 7.4, 18 and 19)."""
    thief = Thief(ledger)
    with thief.trying():
        cut_cleanly(thief, CATALOGUE_AT)
        assert not thief.proof().first_bad


@pytest.mark.parametrize(
    ("acknowledged", "cut"), [(3, CATALOGUE_AT), (50, CATALOGUE_AT), (20, 19), (40, 7), (100, 99)]
)
def test_a_cut_tail_is_found_when_it_was_acknowledged(
    ledger: Connection, acknowledged: int, cut: int
) -> None:
    thief = Thief(ledger)
    with thief.trying():
        acknowledge(thief, acknowledged)
        assert not thief.proof().first_bad
        cut_cleanly(thief, cut)
        found = thief.proof()
    assert found.first_bad == cut + 1
    assert "acknowledged" in found.fault


def test_another_past_is_found_when_upstream_has_acknowledged_the_true_one(
    ledger: Connection,
) -> None:
    """Even a thief with the key cannot change what the centre has signed for."""
    thief = Thief(ledger)
    with thief.trying():
        thief.do("INSERT INTO anchors VALUES (30, zeroblob(32), 'centre', x'00')")
        found = thief.proof()
    assert found.first_bad == 30
    assert "acknowledged" in found.fault


def test_every_signature_is_checked_when_that_is_asked(ledger: Connection) -> None:
    thief = Thief(ledger)
    proof = prove(ledger, ORIGIN, every_signature=True)
    assert not proof.first_bad
    assert proof.entries == thief.last
    assert 150 <= proof.entries <= 300
    assert proof.sales == thief.one("SELECT count(*) FROM sales")
    assert proof.postings == thief.one("SELECT count(*) FROM postings")


def test_the_first_entry_is_named_when_the_ledger_is_that_of_another_terminal(
    ledger: Connection,
) -> None:
    assert prove(ledger, "r2").first_bad == 1


def test_an_empty_database_is_no_journal() -> None:
    scratch = open_scratch()
    assert prove(scratch, ORIGIN).first_bad == 1
    scratch.close()
