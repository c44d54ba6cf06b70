"""A newer program meets an older home, and an older program a newer one (E32)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk import marks
from kiosk.errors import BadInput, StoreFault
from kiosk.front import keeping
from kiosk.front.home import LedgerGone
from kiosk.front.restoring import Wanted, restore
from kiosk.ledger import store, updating
from kiosk.ledger.connection import connect, key_of
from kiosk.ledger.updating import BEFORE_UPDATE
from tests.front.keeper import Keeper
from tests.ledger.old_schema import before, make_old
from tests.till.hall import KEYPAD, DiedError, die_at, sell_to, sold

#: The schema of the program before: customers had no dated debts.
OLD = before("accounts")


@pytest.fixture(params=["none", "credential"], ids=["plain", "sealed"])
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Keeper]:
    """A home of the program before, with sales that nobody has got and one that is not finished."""
    made = Keeper(tmp_path, lock=request.param, medium=False)
    made.sell(2)
    house = made.open()
    marks.arm(die_at("sale.after_commit_one"))
    with pytest.raises(DiedError):
        sell_to(house.desk, KEYPAD, 5000)
    marks.arm(None)
    house.close()
    make_old(made.home, OLD)
    yield made
    made.close()
    marks.arm(None)


def schema(home: Path, name: str = "ledger.db") -> int:
    with contextlib.closing(connect(home / name, key_of(home))) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def totals(home: Path) -> list[object]:
    with contextlib.closing(connect(home / "ledger.db", key_of(home))) as connection:
        return updating._totals(connection)


def run_as_the_program_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_SCHEMA_LATEST", OLD)
    monkeypatch.setattr(store, "_MIGRATIONS", store._MIGRATIONS[:OLD])


def test_an_older_home_goes_on_with_what_was_unfinished_and_unsent_when_it_is_updated_E32(
    keeper: Keeper,
) -> None:
    known = totals(keeper.home)
    keeper.open().close()
    assert totals(keeper.home) == known
    assert schema(keeper.home) == len(store._MIGRATIONS)
    assert schema(keeper.home, BEFORE_UPDATE) == OLD
    house = keeper.open()
    assert [sale.state for sale in house.desk.records.open_sales()] == ["paid"]
    assert house.desk.journal.acknowledged() == 0
    sold(sell_to(house.desk, KEYPAD, 3000))
    house.close()
    assert keeper.proof().sales == 4


@pytest.mark.parametrize(
    "mark", ["update.after_copy", "update.before_commit", "update.after_commit"]
)
def test_the_next_start_updates_it_when_the_power_went_in_the_middle_E32(
    keeper: Keeper, mark: str
) -> None:
    known = totals(keeper.home)
    marks.arm(die_at(mark))
    with pytest.raises(DiedError):
        keeper.open()
    marks.arm(None)
    assert totals(keeper.home) == known
    assert schema(keeper.home) in (OLD, len(store._MIGRATIONS))
    keeper.open().close()
    assert totals(keeper.home) == known
    assert keeper.proof().sales == 3


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE balances SET amount = amount + 1",
        "UPDATE sales SET state = 'voided'",
        "DELETE FROM anchors",
        "UPDATE head SET sequence = sequence - 1",
        "DELETE FROM notes",
    ],
)
def test_nothing_is_updated_when_a_total_would_change_E32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    keeper = Keeper(tmp_path, lock="none", medium=False)
    keeper.sell(1)
    make_old(keeper.home, OLD)
    with contextlib.closing(connect(keeper.home / "ledger.db", b"")) as connection:
        connection.execute(
            "INSERT INTO anchors (sequence, digest, centre, content) VALUES (1, x'00', '', x'00')"
        )
        connection.execute(
            "INSERT INTO notes (payment, note, sequence, state, station, meter, device, counter,"
            " amount_minor, currency) VALUES ('p', 1, 1, 'offered', '', '', '', 0, 1, 'ZAR')"
        )
    known = totals(keeper.home)
    monkeypatch.setitem(store._AFTERWARDS, "accounts", lambda c: c.execute(change))
    with pytest.raises(StoreFault, match="would change totals"):
        keeper.open()
    assert (totals(keeper.home), schema(keeper.home)) == (known, OLD)
    keeper.close()


def test_nothing_is_updated_when_the_copy_cannot_be_made(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_words: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(updating, "copy_store", full)
    with pytest.raises(StoreFault, match=r"No space left.*nothing was changed"):
        keeper.open()
    assert schema(keeper.home) == OLD


def test_the_older_ledger_is_back_when_nothing_was_written_since_E32(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = totals(keeper.home)
    keeper.open().close()
    done = keeping.roll_back(keeper.home, keeper.settings)
    assert (done.schema, done.entries_since) == (OLD, 0)
    assert totals(keeper.home) == known
    run_as_the_program_before(monkeypatch)
    with contextlib.closing(store.open_writer(keeper.home)):
        pass
    monkeypatch.undo()
    keeper.use_credentials()
    with pytest.raises(BadInput, match="no copy from before"):
        keeping.roll_back(keeper.home, keeper.settings)


def test_what_was_written_since_is_not_lost_when_the_update_is_rolled_back_E32(
    keeper: Keeper,
) -> None:
    keeper.sell(2)
    done = keeping.roll_back(keeper.home, keeper.settings)
    assert done.entries_since > 0
    with pytest.raises(LedgerGone, match="restore it"):
        keeper.open()
    wanted = Wanted(second_medium=Path(done.folder))
    assert restore(keeper.home, keeper.settings, wanted, keeper.now).sales == 5
    assert keeper.proof().sales == 5


def test_an_older_program_says_so_in_one_sentence_when_it_meets_a_newer_home_E32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Keeper(tmp_path, lock="none", medium=False)
    keeper.sell(1)
    before = (keeper.home / "ledger.db").read_bytes()
    run_as_the_program_before(monkeypatch)
    with pytest.raises(StoreFault, match="written by a newer program"):
        keeper.open()
    assert (keeper.home / "ledger.db").read_bytes() == before
    monkeypatch.undo()
    keeper.close()


def test_the_copy_from_before_goes_when_the_store_gets_another_key(keeper: Keeper) -> None:
    keeper.open().close()
    assert (keeper.home / BEFORE_UPDATE).exists()
    sealed = bool(key_of(keeper.home))
    keeping.change(keeper.home, keeper.settings, "rekey" if sealed else "encrypt", "credential")
    assert not (keeper.home / BEFORE_UPDATE).exists()
