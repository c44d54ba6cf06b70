"""A year of books, 110 000 signed sales: what start, verify and a backup take, plain and encrypted;
`kiosk verify` and a restart after SIGKILL as a person has them; what a second medium adds.

BENCH_YEAR names another number of sales. The entries are written by the pen itself, in large
transactions without syncs.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks.facts_of_a_sale import committed, delivered
from benchmarks.ledger import KEY, OPENED, ORIGIN, SALES_A_TURN, Course, Ticks, seller
from benchmarks.measure import Row, compared, folder, line
from benchmarks.start import OPEN, ROOT, face, opened_home
from kiosk.config import load
from kiosk.front.home_file import HomeFile
from kiosk.front.unlock import SIGNING_KEY, home_keys
from kiosk.ledger.backup import make_backup
from kiosk.ledger.connection import Connection, unlock
from kiosk.ledger.journal import Journal
from kiosk.ledger.pen import Draft, Pen
from kiosk.ledger.proof_apart import prove_apart
from kiosk.ledger.sealing import key_from
from kiosk.ledger.second_medium import SecondMedium
from kiosk.ledger.start_check import check_start
from kiosk.ledger.store import LEDGER_FILE, check, open_reader, open_writer

SALES = int(os.environ.get("BENCH_YEAR", "110000"))
A_TRANSACTION, TURNS = 500, 20
VERIFY_LIMIT_S, START_LIMIT_S, RESTART_LIMIT_S, RESTARTS = 5, 5, 10, 3
STORE_KEY = bytes(range(64, 96))


def fill(home: Path, sales: int = SALES) -> None:
    """A journal of `sales` signed sales."""
    home.mkdir(parents=True, exist_ok=True)
    connection = _unsynced(home)
    pen = Pen(connection, ORIGIN, KEY, Ticks())
    pen.append([Draft.of(OPENED)])
    _sell(pen, connection, sales)


def year_home(place: Path, sales: int = SALES) -> Path:
    """A rehearsal home, as `kiosk` opens it, with `sales` signed sales in its books."""
    home = opened_home(place, centre=False)
    keys = home_keys(home, load(home / "kiosk.toml").store, new=False)
    file = msgspec.json.decode((home / "home.json").read_bytes(), type=HomeFile)
    connection = _unsynced(home)
    key = key_from(keys.signing, home / SIGNING_KEY)
    _sell(Pen(connection, file.origin, key, Ticks()), connection, sales)
    return home


def _unsynced(home: Path) -> Connection:
    connection = open_writer(home)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-200000")
    return connection


def _sell(pen: Pen, connection: Connection, sales: int) -> None:
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
    """Rows of reliability 7.4 (20), 7.9 (38, 41)."""
    with folder() as place:
        found = []
        for name, key in (("plain", b""), ("encrypted", STORE_KEY)):
            home = place / name
            unlock(home, key)
            fill(home)
            found += _year(home, f"{SALES} sales, {name}", place)
        inside = place / "hall"
        inside.mkdir()
        home = year_home(inside)
        return [*found, *_verified(home), _restarted(home), *_medium(place)]


def _verified(home: Path) -> list[Row]:
    """The command whole: the start of two processes, pages, journal, postings, totals, tables."""
    command = [sys.executable, "-m", "kiosk", "--home", str(home), "verify"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    verify_s = timed(lambda: subprocess.run(command, cwd=ROOT, check=True, capture_output=True))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    signed_s = timed(
        lambda: subprocess.run(
            [*command, "--signatures"], cwd=ROOT, check=True, capture_output=True
        )
    )
    return [
        line(f"verify_year: kiosk verify, {SALES} sales: s", verify_s, None,
             f"<= {VERIFY_LIMIT_S}", verify_s <= VERIFY_LIMIT_S),
        line("verify_year: processor time of both processes: s", cpu_s, None, "", None),
        line("verify_year: with --signatures: s", signed_s, None, "", None),
    ]  # fmt: skip


def _restarted(home: Path) -> Row:
    """From exec until a customer may buy, after SIGKILL, the ledger not in the system's cache."""
    taken = []
    for _ in range(RESTARTS):
        with face(home) as killed:
            killed.painted_ms(OPEN)
            killed.process.kill()
            killed.process.wait()
        _forget(home / LEDGER_FILE)
        with face(home) as again:
            taken.append(again.painted_ms(OPEN) / 1000)
    restart_s = max(taken)
    name = f"restart_year: SIGKILL to selling, {SALES} sales, slowest of {RESTARTS}: s"
    return line(name, restart_s, None, f"<= {RESTART_LIMIT_S}", restart_s <= RESTART_LIMIT_S)


def _forget(file: Path) -> None:
    """Ask the system to read `file` from the disk the next time."""
    handle = os.open(file, os.O_RDONLY)
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def _year(home: Path, name: str, place: Path) -> list[Row]:
    reader = open_reader(home)
    wrong: list[object] = []
    start_s = timed(lambda: wrong.append(check_start(reader)))
    full_s = timed(lambda: wrong.append(check(reader)))
    proofs = []
    verify_s = timed(lambda: proofs.append(prove_apart(home, ORIGIN)))
    signed_s = timed(lambda: proofs.append(prove_apart(home, ORIGIN, every_signature=True)))
    reader.close()
    backup_s = timed(lambda: make_backup(home, place / f"{home.name}.backup", ORIGIN, ()))
    assert not any(wrong) and not any(proof.first_bad for proof in proofs), (wrong, proofs)
    return [
        line(f"start checks of {name}: s", start_s, None, f"<= {START_LIMIT_S}",
             start_s <= START_LIMIT_S),
        line(f"integrity_check of {name}: s", full_s, None, "", None),
        line(f"verify {name}: s", verify_s, None, f"<= {VERIFY_LIMIT_S}",
             verify_s <= VERIFY_LIMIT_S),
        line(f"verify --signatures {name}: s", signed_s, None, "", None),
        line(f"backup of {name}: s", backup_s, None, "", None),
    ]  # fmt: skip


def _medium(place: Path) -> list[Row]:
    """A sale with a second medium (another folder of the same disk: two more syncs) and without."""
    homes = place / "alone", place / "copied"
    stick = place / "stick"
    for path in (*homes, stick):
        path.mkdir()
    medium = SecondMedium(stick, homes[1], ORIGIN, b"", ())
    journals = [
        Journal(homes[0], ORIGIN, KEY, Ticks()),
        Journal(homes[1], ORIGIN, KEY, Ticks(), medium),
    ]
    courses = []
    for journal in journals:
        journal.append(OPENED)
        courses.append(Course(seller(journal), journal.rest))
    for turn in range(TURNS):
        for course in courses:
            course.turn(turn * SALES_A_TURN)
    assert medium.state().trouble == ""
    for journal in journals:
        journal.close()
    name = "a sale with a second medium against without: ms"
    return [compared(name, courses[1].p50_ms, courses[0].p50_ms)]


if __name__ == "__main__":
    for each in rows():
        print(each)
