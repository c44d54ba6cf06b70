"""A sale in a journal that is long already: after 1 000 sales, after BENCH_SALES (50 000).

The long journal is filled in large transactions without syncs, with the rows that the raw baseline
writes; then pens sell into both in turn.
"""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path

from benchmarks.facts_of_a_sale import committed, delivered
from benchmarks.ledger import (
    KEY,
    OPENED,
    ORIGIN,
    SALES_A_TURN,
    Course,
    Ticks,
    postings_of,
    seller,
)
from benchmarks.measure import Row, compared, folder, line
from benchmarks.raw_ledger import RawLedger
from kiosk.ledger.journal import Journal
from kiosk.ledger.start_check import check_start
from kiosk.ledger.store import open_reader

FEW, MANY = 1_000, int(os.environ.get("BENCH_SALES", "50000"))
TURNS, OPENS, A_TRANSACTION = 20, 5, 2_000
OPEN_LIMIT_MS = 5


def rows() -> list[Row]:
    """Row 9 of the budget."""
    with folder() as place:
        clocks = [fill(place / "few", FEW), fill(place / "many", MANY)]
        few = Journal(place / "few", ORIGIN, KEY, clocks[0])
        many = Journal(place / "many", ORIGIN, KEY, clocks[1])
        courses = [Course(seller(few, FEW), few.rest), Course(seller(many, MANY), many.rest)]
        for turn in range(TURNS):
            for course in courses:
                course.turn(turn * SALES_A_TURN)
        few.close()
        many.close()
        opened_ms = _opened_ms(place / "many", clocks[1])
        checked_ms = [_checked_ms(place / name) for name in ("many", "few")]
    short, long = courses
    name = f"9 a sale after {MANY} sales against after {FEW}"
    return [
        compared(f"{name}: ms", long.p50_ms, short.p50_ms, at_most=1.1),
        compared(f"{name}: CPU ms", long.cpu_ms, short.cpu_ms, at_most=1.8),
        line(f"9 opening a journal of {MANY} sales: ms", opened_ms, None,
             f"<= {OPEN_LIMIT_MS}", opened_ms <= OPEN_LIMIT_MS),
        compared(f"9 the file check at start, {MANY} sales against {FEW}: ms", *checked_ms),
    ]  # fmt: skip


def fill(home: Path, sales: int) -> Ticks:
    """A journal with `sales` sales; the clock goes on where it ended."""
    ledger, clock = RawLedger(home, ORIGIN), Ticks()
    ledger.connection.execute("PRAGMA synchronous=OFF")
    ledger.connection.execute("PRAGMA cache_size=-200000")
    ledger.open(OPENED, clock()[0])
    ledger.join_commits(A_TRANSACTION)
    for number in range(sales):
        one, two = postings_of(number)
        ledger.commit_one(committed(number), clock()[0], one)
        ledger.commit_two(delivered(number), clock()[0], two)
    ledger.join_commits(0)
    ledger.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger.close()
    return clock


def _opened_ms(home: Path, clock: Ticks) -> float:
    times = []
    for _ in range(OPENS):
        start = time.perf_counter()
        journal = Journal(home, ORIGIN, KEY, clock)
        times.append((time.perf_counter() - start) * 1000)
        journal.close()
    return statistics.median(times)


def _checked_ms(home: Path) -> float:
    """What every start does before anything is sold (E17): bounded, whatever the length."""
    reader = open_reader(home)
    start = time.perf_counter()
    found = check_start(reader)
    assert found is None or "signed" in found or "written" in found, found  # raw rows are unsigned
    took_ms = (time.perf_counter() - start) * 1000
    reader.close()
    return took_ms


if __name__ == "__main__":
    for each in rows():
        print(each)
