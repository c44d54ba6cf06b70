"""What was found once stops all selling, over restarts, until the ledger is restored (E17)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.errors import LedgerDamaged, Refusal, StoreFault
from kiosk.front.cli import run
from kiosk.front.home import LedgerGone
from kiosk.front.home_file import OPENED
from kiosk.front.night import NightReport, NightWatch
from kiosk.front.restoring import Wanted, restore
from kiosk.front.utility import REHEARSAL_PIN
from kiosk.ledger.connection import connect, key_of
from kiosk.ledger.damage import MARK, note_damage
from kiosk.till import staff
from kiosk.till.maintain import verify
from kiosk.till.operators import sign_in
from tests.front.keeper import Keeper
from tests.ledger.thief import unguarded
from tests.till.hall import KEYPAD, code, sell_to

SILENT = [
    f"UPDATE meters SET power_type = 'farm' WHERE number = '{KEYPAD}'",
    "UPDATE debts SET paid_minor = amount_minor",
    "DELETE FROM identifiers",
    "UPDATE balances SET amount = amount + 100000",
]


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path, lock="none", medium=False)
    keeper.sell(2)
    yield keeper
    keeper.close()


def change(keeper: Keeper, *statements: str) -> None:
    """Somebody with a copy of SQLite; the guards are there again afterwards."""
    path = keeper.home / "ledger.db"
    with contextlib.closing(connect(path, key_of(keeper.home))) as connection:
        guards = unguarded(connection, "%_no_%")
        for statement in (*statements, *guards):
            connection.execute(statement)


def is_stopped(keeper: Keeper) -> None:
    for _ in range(2):
        with pytest.raises(StoreFault, match="damaged"):
            keeper.open()


@pytest.mark.parametrize("statement", SILENT)
def test_nothing_is_sold_until_a_restore_when_verify_found_what_no_start_looks_at(
    keeper: Keeper, statement: str
) -> None:
    change(keeper, statement)
    keeper.open().close()
    assert verified(keeper) == 1
    is_stopped(keeper)
    done = restore(keeper.home, keeper.settings, Wanted(), keeper.now)
    assert [each.source for each in done.given] == ["ledger"]
    assert not (keeper.home / MARK).exists()
    keeper.sell(1)
    assert keeper.proof().sales == 3


FORGED = [
    "UPDATE operators SET role = 'supervisor' WHERE operator = '101'",
    "UPDATE operators SET pin_hash = 'x' WHERE operator = '301'",
    "UPDATE operators SET card = '', retired = 0 WHERE operator = '102'",
]


@pytest.mark.parametrize("statement", FORGED)
def test_nobody_signs_in_and_nothing_is_sold_when_who_may_was_written_past_the_journal(
    keeper: Keeper, statement: str
) -> None:
    house = keeper.open()
    assert staff.retire(house.desk, "102", "left") is None
    assert not isinstance(sign_in(house.desk, "101", REHEARSAL_PIN), Refusal)
    house.close()
    change(keeper, statement)
    house = keeper.open()
    assert code(sign_in(house.desk, "101", REHEARSAL_PIN)) == "read_only"
    assert code(sell_to(house.desk, KEYPAD, 5000)) == "read_only"
    house.close()
    is_stopped(keeper)


def test_a_home_gets_no_second_first_supervisor_when_its_operators_were_deleted(
    keeper: Keeper,
) -> None:
    house = keeper.open()
    change(keeper, "DELETE FROM operators")  # a rehearsal would bring its own at the next start
    assert code(staff.register_first(house.desk, "thief", REHEARSAL_PIN)) == "read_only"
    house.close()
    is_stopped(keeper)


def test_a_face_that_is_open_sells_nothing_more_when_another_process_found_damage(
    keeper: Keeper,
) -> None:
    change(keeper, SILENT[-1])
    house, other = keeper.open(), keeper.open()
    try:
        assert verify(other.desk).first_bad
        head = house.desk.journal.head()
        assert code(sell_to(house.desk, KEYPAD, 5000)) == "read_only"
        assert code(sell_to(other.desk, KEYPAD, 5000)) == "read_only"
        assert house.desk.journal.head() == head
    finally:
        other.close()
        house.close()
    is_stopped(keeper)


def test_it_stands_over_a_restart_when_the_night_found_it(keeper: Keeper) -> None:
    house = keeper.open()
    NightWatch(house.desk)._take(NightReport(10, "Entry 10: meter 01470022201 is otherwise."))
    house.close()
    assert "01470022201" not in (keeper.home / MARK).read_text()
    is_stopped(keeper)


CUT = (
    "UPDATE head SET sequence = sequence - {n}, digest = (SELECT previous FROM entries"
    " WHERE sequence = (SELECT max(sequence) - {n} + 1 FROM entries))",
    "DELETE FROM postings WHERE sequence > (SELECT sequence FROM head)",
    "DELETE FROM entries WHERE sequence > (SELECT sequence FROM head)",
)


@pytest.mark.parametrize("entries", [1, 2, 3])
def test_a_start_finds_it_when_the_end_was_cut_off_and_the_head_mended(
    keeper: Keeper, entries: int
) -> None:
    change(keeper, *(statement.format(n=entries) for statement in CUT))
    is_stopped(keeper)
    with pytest.raises(LedgerDamaged, match="is missing here"):
        restore(keeper.home, keeper.settings, Wanted(), keeper.now)
    is_stopped(keeper)


def test_verify_says_that_a_restore_is_due_when_damage_was_found_before(
    keeper: Keeper, capsys: pytest.CaptureFixture[str]
) -> None:
    note_damage(keeper.home, "Entry 5: is missing.")
    assert verified(keeper) == 0
    assert "damage was found before (Entry 5: is missing)" in capsys.readouterr().err


SCHEMA = [
    ("DROP INDEX sales_meter", "index sales_meter is gone"),
    ("DROP TRIGGER registry_index_added", "trigger registry_index_added is gone"),
    (
        "CREATE TRIGGER evil AFTER INSERT ON entries BEGIN DELETE FROM notes; END",
        "trigger evil was added",
    ),
]


@pytest.mark.parametrize(("statement", "told"), SCHEMA)
def test_verify_finds_it_when_a_guard_or_an_index_was_dropped_or_planted(
    keeper: Keeper, capsys: pytest.CaptureFixture[str], statement: str, told: str
) -> None:
    change(keeper, statement)
    assert verified(keeper) == 1
    said = capsys.readouterr().err
    assert told in said
    assert "`kiosk restore`" in said
    is_stopped(keeper)


def verified(keeper: Keeper) -> int:
    (keeper.home / "kiosk.toml").write_text("[rehearsal]\ncustomers = 40\ncentre = false\n")
    return run(["--home", str(keeper.home), "verify"])


def test_verify_says_it_when_the_ledger_is_that_of_another_home_or_key(
    keeper: Keeper, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verified(keeper) == 0
    key = keeper.home / "keys" / "signing.key"
    own = key.read_bytes()
    key.write_bytes(own[::-1])
    assert verified(keeper) == 1
    assert "the signing key is not the one" in capsys.readouterr().err
    key.write_bytes(own)
    home_file = keeper.home / "home.json"
    home_file.write_bytes(home_file.read_bytes().replace(b'"origin":"r', b'"origin":"rx'))
    assert verified(keeper) == 1
    assert "this ledger belongs to" in capsys.readouterr().err


def test_verify_is_one_sentence_when_the_ledger_file_is_empty(
    keeper: Keeper, capsys: pytest.CaptureFixture[str]
) -> None:
    for left in keeper.home.glob("ledger.db*"):
        left.unlink()
    (keeper.home / "ledger.db").touch()
    assert verified(keeper) == 1
    told = capsys.readouterr().err
    assert ("there is no ledger in this file" in told, "unexpected" in told) == (True, False)


def test_no_home_starts_empty_when_the_mark_of_its_opening_went_with_its_ledger(
    keeper: Keeper,
) -> None:
    for left in (*keeper.home.glob("ledger.db*"), keeper.home / OPENED):
        left.unlink()
    with pytest.raises(LedgerGone):
        keeper.open()
