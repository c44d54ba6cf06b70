"""Archiving: old sales leave the ledger for a sealed file, the chain still proves itself (F063).

What trades (sales, notes, slips) goes; what stands (the opening, catalogues, operators, tokens
outside sales, keys) stays, and so do sales that something else leans on (`archive_ties`). A period
ends where nothing was open. The ledger keeps for each run of missing entries the digest of its last
one, and a fact carries their totals forward, so `kiosk verify` proves the chain over the gap and
every balance; with the file it proves what is in it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from kiosk.domain import facts, store_facts
from kiosk.domain.books import Books
from kiosk.domain.entry import Entry, digest
from kiosk.errors import BadInput, LedgerDamaged, Refusal, StoreFault
from kiosk.ledger.archive_runs import Run, archived_runs, runs_digest
from kiosk.ledger.archive_ties import Ties
from kiosk.ledger.connection import Connection, connect, key_of, unlock
from kiosk.ledger.copying import copy_store
from kiosk.ledger.entry_file import Cover, Kept, Written, beginning, read_kept, record
from kiosk.ledger.opening import opening, read_written
from kiosk.ledger.pen import Draft, Now, Pen
from kiosk.ledger.proof import prove
from kiosk.ledger.sealing import Signer, entry_is_genuine
from kiosk.ledger.store import LEDGER_FILE, open_reader, open_writer

PURPOSE = "archive"
_PAGE = 2000

#: What leaves the tables beside the journal with them, in an order that no reference minds.
_LEAVING = (
    "DELETE FROM identifiers WHERE sale_id IN (SELECT sale_id FROM sales WHERE sequence IN"
    " (SELECT sequence FROM leaving))",
    "DELETE FROM sales WHERE sequence IN (SELECT sequence FROM leaving)",
    "DELETE FROM notes WHERE sequence IN (SELECT sequence FROM leaving)",
    "DELETE FROM identities WHERE sequence IN (SELECT sequence FROM leaving)",
    "DELETE FROM postings WHERE sequence IN (SELECT sequence FROM leaving)",
    "DELETE FROM entries WHERE sequence IN (SELECT sequence FROM leaving)",
)


class Archived(msgspec.Struct, frozen=True):
    """An archive that was made."""

    number: int
    upto: int
    entries: int
    bytes_before: int
    bytes_after: int


class Period(msgspec.Struct, frozen=True):
    """Where a period ends and how many entries leave."""

    upto: int
    entries: int


def last_quiet(connection: Connection, before_ms: int, at_most: int) -> Period:
    """The last entry before a time, and not after `at_most`, at which nothing was open."""
    origin = opening(connection).origin
    books, ties, found, leaving, waiting = Books(), Ties(connection), 1, 0, 0
    for written in _pages(connection, origin):
        entry = written.entry
        if entry.time_ms >= before_ms or entry.sequence > at_most:
            break
        outcome = books.apply(facts.decode(entry.kind, entry.version, entry.body))
        if isinstance(outcome, Refusal):
            raise LedgerDamaged(f"Entry {entry.sequence}: cannot stand there.", entry.sequence)
        waiting += ties.may_leave(entry)
        if not (books.sales or books.notes or books.lost_notes or books.held):
            found, leaving = entry.sequence, waiting
    return Period(found, leaving)


def archive(
    home: Path, staging: Path, file: Path, period: Period, signer: Signer, now: Now, operator: str
) -> Archived:
    """Write `file` and, in the folder `staging`, the smaller ledger; both are proved.

    The caller is alone in the home and puts the smaller ledger in force.
    """
    key = key_of(home)
    unlock(staging, key)
    copy_store(home, staging / LEDGER_FILE, key)
    with contextlib.closing(connect(staging / LEDGER_FILE, key)) as connection:
        origin = opening(connection).origin
        number = 1 + max((run.archive for run in archived_runs(connection).values()), default=0)
        cover = Cover(key, origin, PURPOSE)
        runs = _write_file(file, cover, _leaving(connection, origin, period.upto), number)
        totals = _take_out(connection, runs)
    with contextlib.closing(open_reader(home)) as before:
        upto_digest = digest(read_written(before, origin, period.upto - 1, 1)[0].entry)
    fact = store_facts.PeriodArchived(
        number, period.upto, upto_digest, period.entries, runs_digest(runs), totals, operator
    )
    pen = Pen(open_writer(staging), origin, signer, now)
    outcome = pen.append([Draft.of(fact)])
    pen.close()
    assert isinstance(outcome, list), outcome
    _proved(staging, origin, file, cover)
    return Archived(
        number, period.upto, period.entries, (home / LEDGER_FILE).stat().st_size,
        (staging / LEDGER_FILE).stat().st_size,
    )  # fmt: skip


def prove_archive(connection: Connection, file: Path, cover: Cover) -> Run:
    """Prove the archive in `file` against the ledger that it left: its last run.

    Chain, signatures at the ends of runs, order, and the totals that the ledger carries forward.
    Raises LedgerDamaged with the first bad entry, StoreFault for a file that cannot be read.
    """
    opened = opening(connection)
    runs = iter(_runs_of(connection, file, cover))
    books, run, last = Books(), next(runs, None), None
    totals: dict[tuple[str, str], int] = {}
    for entry, _ in read_kept(file, cover):
        if run is None:
            raise LedgerDamaged(f"Entry {entry.sequence}: was never archived.", entry.sequence)
        previous = digest(last) if last else _digest_before(connection, opened.origin, run)
        if entry.sequence != (last.sequence + 1 if last else run.first):
            raise LedgerDamaged(f"Entry {entry.sequence}: is not the next one.", entry.sequence)
        if entry.previous != previous:
            raise LedgerDamaged(
                f"Entry {entry.sequence}: does not follow the entry before it.", entry.sequence
            )
        _fold(books, entry, totals)
        last = entry
        if entry.sequence == run.last:
            if digest(entry) != run.digest or not entry_is_genuine(opened.public_key, entry):
                raise LedgerDamaged(f"Entry {entry.sequence}: was changed.", entry.sequence)
            ended, run, last = run, next(runs, None), None
    if run is not None:
        missing = last.sequence + 1 if last else run.first
        raise LedgerDamaged(f"Entry {missing}: is missing in the archive.", missing)
    _same_totals(connection, ended, totals)
    return ended


# --- inside ---------------------------------------------------------------------------------------


def _pages(connection: Connection, origin: str) -> Iterator[Written]:
    after = 0
    while page := read_written(connection, origin, after, _PAGE):
        yield from page
        after = page[-1].entry.sequence


def _leaving(connection: Connection, origin: str, upto: int) -> Iterator[Entry]:
    ties = Ties(connection)
    for written in _pages(connection, origin):
        if written.entry.sequence > upto:
            return
        if ties.may_leave(written.entry):
            yield written.entry


def _write_file(file: Path, cover: Cover, entries: Iterable[Entry], number: int) -> list[Run]:
    """All leaving entries in order; the runs that they make."""
    if file.exists():
        raise BadInput(f"{file}: this file exists; an archive is never written over.")
    runs: list[Run] = []
    page: list[Kept] = []
    with file.open("xb") as target:
        file.chmod(0o600)
        target.write(beginning(cover))
        for entry in entries:
            first = entry.sequence
            if runs and runs[-1].last == entry.sequence - 1:
                first = runs.pop().first
            runs.append(Run(first, entry.sequence, digest(entry), number))
            page.append(Written(entry).kept())
            if len(page) == _PAGE:
                target.write(record(cover, page))
                page = []
        if page:
            target.write(record(cover, page))
        target.flush()
        os.fsync(target.fileno())
    return runs


def _take_out(connection: Connection, runs: list[Run]) -> list[store_facts.Total]:
    """Remove what left from the copy, note the runs, and give the totals of what left."""
    guards = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall()
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TEMP TABLE leaving (sequence INTEGER PRIMARY KEY)")
    connection.executemany(
        "INSERT INTO leaving WITH RECURSIVE n(s) AS (SELECT ?1 UNION ALL SELECT s + 1 FROM n"
        " WHERE s < ?2) SELECT s FROM n",
        [(run.first, run.last) for run in runs],
    )
    totals = connection.execute(
        "SELECT account, currency, sum(amount) FROM postings"
        " WHERE sequence IN (SELECT sequence FROM leaving) GROUP BY 1, 2"
        " HAVING sum(amount) <> 0 ORDER BY 1, 2"
    ).fetchall()
    for name, _ in guards:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in _LEAVING:
        connection.execute(statement)
    for _, sql in guards:
        connection.execute(sql)
    connection.executemany(
        "INSERT INTO archived (first, last, digest, archive) VALUES (?, ?, ?, ?)",
        [(run.first, run.last, run.digest, run.archive) for run in runs],
    )
    connection.execute("COMMIT")
    dangling = connection.execute("PRAGMA foreign_key_check").fetchone()
    assert dangling is None, dangling
    connection.execute("VACUUM")
    return [store_facts.Total(*row) for row in totals]


def _proved(staging: Path, origin: str, file: Path, cover: Cover) -> None:
    with contextlib.closing(open_reader(staging)) as reader:
        proof = prove(reader, origin)
        if proof.first_bad:
            raise LedgerDamaged(proof.fault, proof.first_bad)
        prove_archive(reader, file, cover)


def _runs_of(connection: Connection, file: Path, cover: Cover) -> list[Run]:
    """The runs of the archive that begins with the first entry of `file`."""
    found = next(read_kept(file, cover), None)
    runs = archived_runs(connection)
    if found is None or found[0].sequence not in runs:
        raise StoreFault(f"{file}: this ledger knows no such archive.")
    number = runs[found[0].sequence].archive
    return [run for run in runs.values() if run.archive == number]


def _digest_before(connection: Connection, origin: str, run: Run) -> bytes:
    """The digest that the first entry of a run must follow."""
    kept = read_written(connection, origin, run.first - 2, 1)
    if kept and kept[0].entry.sequence == run.first - 1:
        return digest(kept[0].entry)
    earlier = [each for each in archived_runs(connection).values() if each.last == run.first - 1]
    return earlier[0].digest if earlier else b""


def _fold(books: Books, entry: Entry, totals: dict[tuple[str, str], int]) -> None:
    postings = books.apply(facts.decode(entry.kind, entry.version, entry.body))
    if isinstance(postings, Refusal):
        raise LedgerDamaged(f"Entry {entry.sequence}: cannot stand there.", entry.sequence)
    for posting in postings:
        key = (posting.account, posting.currency)
        totals[key] = totals.get(key, 0) + posting.amount


def _same_totals(connection: Connection, run: Run, totals: dict[tuple[str, str], int]) -> None:
    rows = connection.execute(
        "SELECT version, body FROM entries WHERE kind = 'period_archived'"
    ).fetchall()
    for version, body in rows:
        fact = facts.decode(store_facts.PeriodArchived.KIND, version, body)
        assert isinstance(fact, store_facts.PeriodArchived)
        if fact.number == run.archive:
            carried = {(t.account, t.currency): t.amount for t in fact.totals}
            if carried != {key: amount for key, amount in totals.items() if amount}:
                raise LedgerDamaged(
                    f"Entry {fact.upto}: the totals of the archive are not those carried forward.",
                    fact.upto,
                )
            return
    raise LedgerDamaged(f"Entry {run.last}: no fact names this archive.", run.last)
