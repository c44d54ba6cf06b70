"""The pen: the one writer. What it writes is numbered, chained, signed, and all or nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlcipher3 import dbapi2

from kiosk import marks
from kiosk.domain import facts
from kiosk.domain.entry import GENESIS, digest
from kiosk.errors import KioskError, Refusal, StoreFault
from kiosk.ledger.connection import Connection
from kiosk.ledger.opening import Head
from kiosk.ledger.pen import Draft, Pen
from kiosk.ledger.proof import prove
from kiosk.ledger.records import Records
from kiosk.ledger.sealing import entry_is_genuine
from kiosk.ledger.store import open_reader, open_writer
from tests.builders import (
    METER,
    NOON_MS,
    FixedClock,
    card_delivery,
    cash,
    delivered,
    kept_money,
    offered,
    sale,
    stacked,
)
from tests.ledger.ledgers import CATALOGUE, CONTENT, KEY, OPENED, ORIGIN, RECEIVED, fill, open_pen

Homes = Callable[[], Path]


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    marks.arm(None)


@pytest.fixture
def path(home: Homes) -> Path:
    return home()


@pytest.fixture
def pen(path: Path) -> Iterator[Pen]:
    opened = open_pen(path)
    yield opened
    opened.close()


def write(pen: Pen, *written: facts.Fact) -> list[int] | Refusal:
    return pen.append([Draft.of(fact) for fact in written])


def reading(path: Path) -> Records:
    return Records(open_reader(path), ORIGIN)


def sequences(path: Path) -> list[tuple[int, str]]:
    records = reading(path)
    try:
        return [(entry.sequence, entry.kind) for entry in records.after(0, 1000)]
    finally:
        records.close()


def is_proven(path: Path) -> bool:
    connection = open_reader(path)
    try:
        return not prove(connection, ORIGIN, every_signature=True).first_bad
    finally:
        connection.close()


# --- numbers, chain, signature --------------------------------------------------------------------


def test_entries_are_numbered_chained_and_signed_when_they_are_written(
    pen: Pen, path: Path
) -> None:
    assert write(pen, sale("s")) == [2]
    assert write(pen, delivered("s"), offered("p")) == [3, 4]
    records = reading(path)
    entries = records.after(0, 10)
    assert [entry.sequence for entry in entries] == [1, 2, 3, 4]
    assert entries[0].previous == GENESIS
    for before, after in pairwise(entries):
        assert after.previous == digest(before)
    assert all(entry_is_genuine(OPENED.public_key, entry) for entry in entries)
    assert {(entry.time_ms, entry.quality) for entry in entries} == {(NOON_MS, "synced")}
    assert records.head() == pen.head == Head(4, digest(entries[-1]))
    records.close()
    assert is_proven(path)


def test_the_clock_is_asked_for_every_entry_and_order_does_not_depend_on_it(path: Path) -> None:
    clock = FixedClock(quality="doubtful")
    pen = open_pen(path, clock=clock)
    clock.advance(minutes=-90)
    write(pen, sale("s"))
    pen.close()
    records = reading(path)
    assert [entry.time_ms for entry in records.after(0, 9)] == [NOON_MS, NOON_MS - 90 * 60_000]
    records.close()


def test_the_next_number_follows_when_the_ledger_is_opened_again(path: Path) -> None:
    open_pen(path, sale("s"), offered("p")).close()
    again = Pen(open_writer(path), ORIGIN, KEY, FixedClock().pair)
    assert write(again, delivered("s"), stacked("p")) == [4, 5]
    again.close()
    assert is_proven(path)


# --- the same again -------------------------------------------------------------------------------


def test_the_old_number_is_given_when_the_same_fact_comes_again(pen: Pen, path: Path) -> None:
    assert write(pen, sale("s")) == [2]
    assert write(pen, sale("s")) == [2]
    assert write(pen, sale("s"), delivered("s")) == [2, 3]
    assert write(pen, sale("t", identifier=1), delivered("s"), sale("t", identifier=1)) == [4, 3, 4]
    assert [number for number, _ in sequences(path)] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("first", "second", "identity"),
    [
        (sale("s"), sale("s", 2000), "sale/s"),
        (delivered("s", "1" * 20), delivered("s", "2" * 20), "end/s"),
        (delivered("s"), facts.SaleVoided("s", "", "cash:101"), "end/s"),
        (offered("p"), offered("p", 1, 5000), "note/p/1"),
    ],
)
def test_the_group_is_refused_loudly_when_an_identity_has_other_content(
    pen: Pen, path: Path, first: facts.Fact, second: facts.Fact, identity: str
) -> None:
    if not isinstance(first, (facts.SaleCommitted, facts.NoteOffered)):
        write(pen, sale("s"))
    write(pen, first)
    before = sequences(path)
    refused = write(pen, second, offered("other"))
    assert refused == Refusal("exists_with_different_content", {"identity": identity})
    assert sequences(path) == before


# --- refusals -------------------------------------------------------------------------------------


def test_nothing_of_a_group_is_written_when_the_last_of_it_is_refused(pen: Pen, path: Path) -> None:
    head = pen.head
    refused = write(pen, sale("s"), offered("p"), delivered("never-sold"))
    assert isinstance(refused, Refusal)
    assert refused.code == "sale_not_open"
    assert pen.head == head
    assert sequences(path) == [(1, "home_opened")]
    assert write(pen, sale("s"), offered("p")) == [2, 3]  # memory forgot the attempt too
    assert is_proven(path)


def test_an_identifier_is_refused_when_the_meter_has_had_it(pen: Pen) -> None:
    write(pen, sale("s", identifier=77))
    taken = Refusal("identifier_taken", {"meter": METER})
    assert write(pen, sale("t", identifier=77)) == taken
    assert write(pen, sale("t", identifier=78), sale("u", identifier=78)) == taken
    assert write(pen, sale("t", identifier=77, meter="01470000009")) == [3]
    rolled = msgspec.structs.replace(sale("v", identifier=77))
    assert rolled.token is not None
    new_key = msgspec.structs.replace(rolled.token, key_revision=2)
    assert write(pen, msgspec.structs.replace(rolled, token=new_key)) == [4]


KEPT = (offered("p", 1, 2000), stacked("p"), facts.PaymentKept("p", METER, 2000, "ZAR", ""))


@pytest.mark.parametrize(
    ("name", "sales"),
    [
        ("all at once", [sale("s", 2001, tenders=[kept_money(2001)])]),
        ("in two tenders", [sale("s", 2400, tenders=[kept_money(1200), kept_money(1200)])]),
        ("by two sales of one group", [
            sale("s", 1500, identifier=1, tenders=[kept_money(1500)]),
            sale("t", 1500, identifier=2, tenders=[kept_money(1500)])]),
    ],
)  # fmt: skip
def test_kept_money_is_gone_when_it_was_spent(pen: Pen, name: str, sales: list[facts.Fact]) -> None:
    write(pen, *KEPT)
    assert write(pen, *sales) == Refusal("meter_account_too_small", {"meter": METER})
    assert write(pen, sale("u", 2500, tenders=[kept_money(2000), cash(500)])) == [5]
    assert isinstance(write(pen, sale("v", 1, identifier=9, tenders=[kept_money(1)])), Refusal)


def test_the_content_of_a_catalogue_is_stored_when_it_is_the_one_that_was_named(
    pen: Pen, path: Path
) -> None:
    other = CATALOGUE.customers[0].name.encode()
    with pytest.raises(AssertionError):
        pen.append([Draft.of(RECEIVED, CONTENT.replace(other, b"Amina Noon"))])
    with pytest.raises(AssertionError):
        pen.append([Draft.of(RECEIVED)])
    assert sequences(path) == [(1, "home_opened")]
    assert pen.append([Draft.of(RECEIVED, CONTENT)]) == [2]


# --- several callers ------------------------------------------------------------------------------


class Recorder:
    """A connection that counts commits, and fails when it is told to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.commits = self.calls = self.fail_at = 0
        self.fail_on, self.fail_once = "", False

    def execute(self, sql: str, values: object = ()) -> Any:
        self._count(sql)
        return self._connection.execute(sql, values)

    def executemany(self, sql: str, values: object) -> Any:
        self._count(sql)
        return self._connection.executemany(sql, values)

    def _count(self, sql: str) -> None:
        self.calls += 1
        self.commits += sql == "COMMIT"
        if self.calls == self.fail_at or (self.fail_on and sql.startswith(self.fail_on)):
            self.fail_on = "" if self.fail_once else self.fail_on
            raise dbapi2.OperationalError("database or disk is full")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def recorded(path: Path) -> tuple[Pen, Recorder]:
    recorder = Recorder(open_writer(path))
    pen = Pen(recorder, ORIGIN, KEY, FixedClock().pair)
    write(pen, OPENED)
    return pen, recorder


def together(pen: Pen, groups: list[list[Draft]]) -> list[object]:
    """What `groups` are answered when all of them wait while a first one is being committed."""
    outcomes: list[object] = [None] * len(groups)

    def append(place: int) -> None:
        try:
            outcomes[place] = pen.append(groups[place])
        except KioskError as error:
            outcomes[place] = error

    threads = [threading.Thread(target=append, args=(place,)) for place in range(len(groups))]
    all_wait = threading.Event()

    def hold(_name: str) -> None:
        marks.arm(None)
        for thread in threads[1:]:
            thread.start()
        while len(pen._turns.queue) < len(groups) - 1:
            all_wait.wait(0.001)

    marks.arm(lambda name: hold(name) if name == "pen.before_commit" else None)
    threads[0].start()
    threads[0].join(60)
    for thread in threads[1:]:
        thread.join(60)
    return outcomes


def test_sixteen_cashiers_share_two_commits_when_they_sell_at_once(path: Path) -> None:
    pen, recorder = recorded(path)
    recorder.commits = 0
    groups = [[Draft.of(sale(f"s{n}", identifier=n))] for n in range(16)]
    outcomes = together(pen, groups)
    pen.close()
    assert recorder.commits == 2
    assert sorted(outcome[0] for outcome in outcomes if isinstance(outcome, list)) == list(
        range(2, 18)
    )
    assert is_proven(path)


def test_a_colleague_is_not_harmed_when_a_fact_beside_his_is_refused_or_unreadable(
    path: Path,
) -> None:
    pen, _ = recorded(path)
    outcomes = together(
        pen,
        [
            [Draft.of(sale("first", identifier=1))],
            [Draft.of(sale("s", identifier=2)), Draft.of(delivered("never-sold"))],
            [Draft.of(sale("t", identifier=3)), Draft("sale_delivered", 1, b"\x80")],
            [Draft("from_the_future", 9, b"\x80")],
            [Draft.of(sale("u", identifier=4))],
        ],
    )
    pen.close()
    assert outcomes[0] == [2]
    assert outcomes[1] == Refusal("sale_not_open", {"sale": "never-sold"})
    assert isinstance(outcomes[2], StoreFault)
    assert isinstance(outcomes[3], StoreFault)
    assert outcomes[4] == [3]
    assert is_proven(path)


# --- a disk that fails ----------------------------------------------------------------------------

GROUP = [sale("s"), offered("p", 1, 3000), stacked("p"), delivered("s")]


@pytest.mark.parametrize(
    ("also_afterwards", "sentence"),
    [(False, "Nothing was written"), (True, "It is not known whether this was written")],
)
def test_nothing_is_written_when_the_disk_is_full_at_the_commit(
    path: Path, also_afterwards: bool, sentence: str
) -> None:
    """A commit whose sync failed may come back at the next start, unless a further one follows."""
    pen, recorder = recorded(path)
    write(pen, sale("before", identifier=9), delivered("before"))
    pen_before = pen.head
    recorder.fail_on, recorder.fail_once = "COMMIT", not also_afterwards
    with pytest.raises(StoreFault, match=sentence):
        write(pen, *GROUP)
    recorder.fail_on = ""
    assert pen.head == pen_before
    assert len(sequences(path)) == 3
    assert write(pen, *GROUP) == [4, 5, 6, 7]
    pen.close()
    assert is_proven(path)


def test_all_or_nothing_is_written_when_the_disk_fails_anywhere(path: Path) -> None:
    """The failing statement moves on until the group completes untouched (reliability 2)."""
    pen, recorder = recorded(path)
    statement = 0
    while True:
        statement += 1
        recorder.calls, recorder.fail_at = 0, statement
        try:
            outcome = write(pen, *GROUP)
        except StoreFault:
            assert pen.head.sequence == 1
            assert sequences(path) == [(1, "home_opened")]
            continue
        break
    pen.close()
    assert outcome == [2, 3, 4, 5]
    assert statement > 25
    assert is_proven(path)


def test_the_old_sale_goes_on_when_the_disk_failed_at_its_delivery(path: Path) -> None:
    pen, recorder = recorded(path)
    write(pen, sale("s"))
    recorder.fail_on = "UPDATE sales"
    with pytest.raises(StoreFault):
        write(pen, delivered("s"))
    recorder.fail_on = ""
    assert write(pen, facts.SaleInDoubt("s", "", "module", "101"), delivered("s")) == [3, 4]
    pen.close()
    assert is_proven(path)


def test_nothing_is_half_written_when_the_program_is_ended_in_a_commit(path: Path) -> None:
    pen = open_pen(path)

    def interrupt(_name: str) -> None:
        marks.arm(None)
        raise KeyboardInterrupt

    marks.arm(interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(pen, sale("s"))
    assert sequences(path) == [(1, "home_opened")]
    assert write(pen, sale("s")) == [2]
    pen.close()
    assert is_proven(path)


def test_work_of_others_is_undone_when_it_fails(pen: Pen, path: Path) -> None:
    def work(connection: Connection) -> None:
        connection.execute("INSERT INTO anchors VALUES (1, x'00', 'c', x'00')")
        raise dbapi2.OperationalError("disk I/O error")

    with pytest.raises(StoreFault):
        pen.run(work)
    records = reading(path)
    assert records.acknowledged() == 0
    records.close()
    assert write(pen, sale("s")) == [2]


# --- what is open at the end of the day -----------------------------------------------------------


def test_open_sales_notes_and_payments_are_known_when_the_pen_is_taken_again(path: Path) -> None:
    pen = open_pen(path)
    fill(pen, 40)
    unsure = msgspec.structs.replace(card_delivery(99), serial="7" * 16)
    write(pen, sale("card", card=unsure), facts.SaleInDoubt("card", "", "card", "101"))
    write(pen, offered("lost"), facts.NoteInDoubt("lost", 1, "jam"))
    head = pen.head
    pen.close()
    again = Pen(open_writer(path), ORIGIN, KEY, FixedClock().pair)
    assert again.head == head
    assert isinstance(
        write(
            again,
            delivered("open"),
            facts.SaleDelivered("card", "witnessed", purchase_number=99),
            stacked("open-note"),
            stacked("lost"),
            facts.PaymentKept("held", METER, 2000, "ZAR", "interrupted"),
        ),
        list,
    )
    again.close()
    assert is_proven(path)


def test_a_sale_stands_when_the_log_cannot_be_moved_after_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pen, recorder = recorded(path)
    monkeypatch.setattr("kiosk.ledger.pen._CHECKPOINT_EVERY", 2)
    recorder.fail_on = "PRAGMA wal_checkpoint"
    assert write(pen, *GROUP) == [2, 3, 4, 5]
    pen.rest()
    pen.close()
    assert is_proven(path)


def test_the_log_is_moved_into_the_file_when_nobody_sells(pen: Pen, path: Path) -> None:
    write(pen, sale("s"))
    before = (path / "ledger.db").read_bytes()
    pen.rest()
    assert (path / "ledger.db").read_bytes() != before
    pen.rest()
