"""The registry of a large utility: the first page of a search and of a history, and an import.

A million customers and two million sales are written straight into the tables, each sale with the
entries of its two commits, because a history is read from them (no chain, no postings: what is
measured is the reading). REGISTRY_CUSTOMERS=10000 makes a small one.

Processor time stands beside the time on the wall: what others do on the machine is not ours.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.facts_of_a_sale import committed, delivered
from benchmarks.measure import Row, folder, line, took
from kiosk.domain import facts
from kiosk.ledger.connection import Connection
from kiosk.ledger.records import Records
from kiosk.ledger.registry_rows import folded
from kiosk.ledger.store import open_reader, open_writer

CUSTOMERS = int(os.environ.get("REGISTRY_CUSTOMERS", "1000000"))
SALES = 2 * CUSTOMERS
QUERIES = 600
_TARGET_MS = 50.0
_SYLLABLES = [
    "ka",
    "mo",
    "na",
    "ri",
    "tu",
    "le",
    "so",
    "ba",
    "di",
    "fe",
    "gu",
    "ha",
    "ji",
    "vo",
    "wa",
]


def rows() -> list[Row]:
    found: list[Row] = []
    with folder() as path:
        began = time.monotonic()
        connection = open_writer(path)
        known = fill(connection, CUSTOMERS, SALES)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.close()
        made_s = time.monotonic() - began
        size = (path / "ledger.db").stat().st_size / 2**20
        found.append(line(f"registry of {CUSTOMERS} made (s)", made_s, None, "", None))
        found.append(line("  its file (MiB)", size, None, "", None))
        found += reading(path, known)
    found += importing()
    return found


def reading(path: Path, known: list[list[str]]) -> list[Row]:
    """The 99th percentile of first pages, over one connection as a counter has it."""
    records = Records(open_reader(path), "r1")
    chance = random.Random(2)
    before_kib = _memory_kib()
    searches = [took(partial(records.search_customers, text, 50)) for text in asked(known, chance)]
    people = [chance.choice(known) for _ in range(QUERIES)]
    meters = [took(partial(_sales, records, meter=p[6])) for p in people]
    accounts = [took(partial(_sales, records, account=p[0])) for p in people]
    newest = [took(partial(records.last_sales, 50)) for _ in range(50)]
    grown_mib = (_memory_kib() - before_kib) / 1024
    records.close()
    return [
        *row("search, first page", searches),
        *row(f"sales of a meter among {SALES}, first page", meters),
        *row(f"sales of an account among {SALES}, first page", accounts),
        *row(f"newest of {SALES} sales, first page", newest),
        line("registry: memory that searching took (MiB)", grown_mib, None, "<= 8", grown_mib <= 8),
    ]


def _sales(records: Records, *, meter: str = "", account: str = "") -> None:
    found = records.sales_of(meter=meter, account=account, limit=20)
    assert all(record.state == "delivered" and record.ended_ms for record in found), found


def row(name: str, taken: list[tuple[float, float]]) -> list[Row]:
    """The 99th percentile on the wall and of processor time."""
    wall_ms, cpu_ms = (statistics.quantiles(each, n=100)[98] for each in zip(*taken, strict=True))
    return [
        line(f"registry: {name}, p99 (ms)", wall_ms, None, f"< {_TARGET_MS:g}",
             wall_ms < _TARGET_MS),
        line(f"registry: {name}, processor time, p99 (ms)", cpu_ms, None, "", None),
    ]  # fmt: skip


def asked(known: list[list[str]], chance: random.Random) -> Iterator[str]:
    """What people type: names, beginnings, addresses, numbers whole and in part."""
    for place in range(QUERIES):
        account, first, last, house, street, phone, meter, card = chance.choice(known)
        yield (
            first, f"{first} {last}", first[:3], first[:2], f"{house} {street}", street,
            f"{last} {street}", phone, account, meter, card, meter[2:], phone[3:],
            f"{first} {house} {street}", "nobody of that name",
        )[place % 15]  # fmt: skip


# --- a large utility ----------------------------------------------------------------------------


def fill(connection: Connection, customers: int, sales: int) -> list[list[str]]:
    """Write the tables; a sample of who is in them."""
    chance = random.Random(1)
    names = ["".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4))) for _ in range(20_000)]
    streets = ["".join(chance.choices(_SYLLABLES, k=3)) + " road" for _ in range(3_000)]
    known: list[list[str]] = []
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA foreign_keys=OFF")
    for start in range(0, customers, 20_000):
        people = [_person(place, chance, names, streets)
                  for place in range(start, min(start + 20_000, customers))]  # fmt: skip
        _write(connection, people)
        known += chance.sample(people, min(200, len(people)))
    for start in range(0, sales, 50_000):
        _sell(connection, start, min(start + 50_000, sales), customers, chance)
    connection.execute("PRAGMA synchronous=FULL")
    return known


def _person(place: int, chance: random.Random, names: list[str], streets: list[str]) -> list[str]:
    return [
        str(20_000_001 + place), chance.choice(names), chance.choice(names),
        str(chance.randint(1, 400)), chance.choice(streets), f"07{chance.randrange(10**8):08d}",
        f"01{47_000_000 + place:08d}{place % 10}", f"7{60_000_000 + place:010d}{place % 10}",
    ]  # fmt: skip


def _write(connection: Connection, people: list[list[str]]) -> None:
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO customers (account, name, name_key, address, phone) VALUES (?, ?, ?, ?, ?)",
        [(p[0], f"{p[1]} {p[2]}", folded(f"{p[1]} {p[2]}"), f"{p[3]} {p[4]}", p[5])
         for p in people],
    )  # fmt: skip
    connection.executemany(
        "INSERT INTO meters (number, account, kind, power_type, blocked, phases, supply_group,"
        " key_revision, tariff_index, key_type, algorithm, base_date)"
        " VALUES (?, ?, 'keypad', 'home', 0, 1, '123456', 1, 1, 2, '07', 2014)",
        [(p[6], p[0]) for p in people],
    )
    connection.executemany(
        "INSERT INTO registry_index (account, content) VALUES (?, ?)",
        [(p[0], folded(" ".join(p))) for p in people],
    )
    connection.execute("COMMIT")


def _sell(
    connection: Connection, start: int, end: int, customers: int, chance: random.Random
) -> None:
    def sale(number: int) -> tuple[object, ...]:
        place = chance.randrange(customers)
        meter = f"01{47_000_000 + place:08d}{place % 10}"
        first, account = 2 * number + 1, str(20_000_001 + place)
        return f"s{number}", first, meter, account, 1_795_000_000_000 + number, first + 1

    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO sales (sale_id, sequence, state, meter, account, station, operator, face,"
        " currency, amount_minor, energy_wh, committed_ms, ended) VALUES (?, ?, 'delivered', ?, ?,"
        " 'c', '101', 'cashier', 'ZAR', 100, 100, ?, ?)",
        [sale(number) for number in range(start, end)],
    )
    connection.executemany(
        "INSERT INTO entries (sequence, time_ms, quality, kind, version, body, previous, signature)"
        " VALUES (?, ?, 'synced', ?, 1, ?, zeroblob(32), zeroblob(64))",
        _entries(start, end),
    )
    connection.execute("COMMIT")


def _entries(start: int, end: int) -> Iterator[tuple[object, ...]]:
    """The two commits of each sale, as long as the till writes them; all of them alike."""
    bodies = [(fact.KIND, facts.encode(fact)) for fact in (committed(0), delivered(0))]
    for number in range(2 * start, 2 * end):
        yield number + 1, 1_795_000_000_000 + number, *bodies[number % 2]


def _memory_kib() -> int:
    status = Path("/proc/self/status").read_text()
    return int(next(row for row in status.splitlines() if row.startswith("VmRSS")).split()[1])


# --- an import ----------------------------------------------------------------------------------


def importing() -> list[Row]:
    """Customers a second, and how long a sale waits meanwhile is the length of one batch."""
    from kiosk.config import Settings
    from kiosk.front.wiring import build
    from kiosk.till.registry_file import BATCH, Report, import_file

    count = min(20_000, CUSTOMERS)
    with folder() as path:
        file = path / "in.csv"
        text = "".join(f"{70_000_001 + n},Customer {n},{n} Hill\n" for n in range(count))
        file.write_text("account,name,address\n" + text)
        house = build(path / "home", Settings())
        house.desk.operator, house.desk.role = "bench", "supervisor"
        began = time.monotonic()
        found = import_file(house.desk, file, lambda _rows: None)
        took_s = time.monotonic() - began
        house.close()
        assert isinstance(found, Report)
        assert found.customers == count
    batch_ms = took_s / count * BATCH * 1000
    return [
        line("registry: import, customers a second", count / took_s, None, "", None),
        line("registry: a batch of an import (ms)", batch_ms, None, "< 100", batch_ms < 100),
    ]
