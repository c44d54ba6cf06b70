"""A year of books: 110 000 signed sales, then what start, verify and a backup of them take.

BENCH_YEAR names another number of sales. The entries are written by the pen itself, in large
transactions without syncs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.facts_of_a_sale import committed, delivered
from benchmarks.ledger import KEY, OPENED, ORIGIN, Ticks
from benchmarks.measure import Row, folder, line
from kiosk.ledger.pen import Draft, Pen
from kiosk.ledger.proof import prove
from kiosk.ledger.store import check, open_reader, open_writer

SALES = int(os.environ.get("BENCH_YEAR", "110000"))
A_TRANSACTION = 500
VERIFY_LIMIT_S, START_LIMIT_S = 5, 5


def fill(home: Path, sales: int = SALES) -> None:
    """A journal of `sales` signed sales."""
    home.mkdir(parents=True, exist_ok=True)
    connection = open_writer(home)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-200000")
    pen = Pen(connection, ORIGIN, KEY, Ticks())
    pen.append([Draft.of(OPENED)])
    for first in range(0, sales, A_TRANSACTION):
        drafts = []
        for number in range(first, min(sales, first + A_TRANSACTION)):
            drafts += [Draft.of(committed(number)), Draft.of(delivered(number))]
        assert isinstance(pen.append(drafts), list)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    pen.close()


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def rows() -> list[Row]:
    """Rows of reliability 7.4 (20) and 7.9 (41)."""
    with folder() as place:
        home = place / "year"
        fill(home)
        reader = open_reader(home)
        full_s = timed(lambda: check(reader))
        proofs = []
        verify_s = timed(lambda: proofs.append(prove(reader, ORIGIN)))
        signed_s = timed(lambda: proofs.append(prove(reader, ORIGIN, every_signature=True)))
        assert not any(proof.first_bad for proof in proofs), proofs
        reader.close()
    name = f"{SALES} sales"
    return [
        line(f"integrity_check of {name}: s", full_s, None, "", None),
        line(f"verify {name}: s", verify_s, None, f"<= {VERIFY_LIMIT_S}",
             verify_s <= VERIFY_LIMIT_S),
        line(f"verify --signatures {name}: s", signed_s, None, "", None),
    ]  # fmt: skip


if __name__ == "__main__":
    for each in rows():
        print(each)
