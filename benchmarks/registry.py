"""The registry of a large utility: the first page of a search and of a history, and an import.

A million customers with two million sales (`benchmarks/large_utility.py`), in a file of 5 GiB;
REGISTRY_CUSTOMERS=100000 makes a smaller utility. Every question is asked with what is hard about
it: a word that tens of thousands share, two that hardly ever meet, the middle of a number, what is
not there at all.

Processor time stands beside the time on the wall: what others do on the machine is not ours.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from itertools import cycle
from pathlib import Path

from benchmarks.large_utility import COMMON_NAME, COMMON_STREET, Person, fill, token_of
from benchmarks.measure import Row, folder, line, took
from kiosk.ledger.records import Records
from kiosk.ledger.store import open_reader, open_writer

CUSTOMERS = int(os.environ.get("REGISTRY_CUSTOMERS", "1000000"))
SALES = 2 * CUSTOMERS
ASKED = 200
_TARGET_MS = 50.0
_EVER_MS = 2**62
_PAGE = 50


def rows() -> list[Row]:
    found: list[Row] = []
    with folder() as path:
        began, cpu_began = time.monotonic(), time.process_time()
        connection = open_writer(path)
        known = fill(connection, CUSTOMERS, SALES)
        connection.close()
        made_s, cpu_s = time.monotonic() - began, time.process_time() - cpu_began
        size = (path / "ledger.db").stat().st_size / 2**20
        found.append(line(f"registry of {CUSTOMERS} made (s)", made_s, None, "", None))
        found.append(line("  processor time (s)", cpu_s, None, "", None))
        found.append(line("  its file (MiB)", size, None, "", None))
        found += reading(path, known)
    found += importing()
    return found


def reading(path: Path, known: list[Person]) -> list[Row]:
    """The 99th percentile of first pages, over one connection as a counter has it."""
    records = Records(open_reader(path), "r1")
    before_kib = _memory_kib()
    found = []
    for name, ask in {**_searches(records), **_histories(records)}.items():
        chance = random.Random(2)
        found += row(name, [took(partial(ask, chance.choice(known))) for _ in range(ASKED)])
    grown_mib = (_memory_kib() - before_kib) / 1024
    records.close()
    return [
        *found,
        line("registry: memory that searching took (MiB)", grown_mib, None, "<= 8", grown_mib <= 8),
    ]


Ask = Callable[[Person], object]


def _searches(records: Records) -> dict[str, Ask]:
    """What people type, and what is hard about it."""

    def search(text: Callable[[Person], str]) -> Ask:
        return lambda person: records.search_customers(text(person), _PAGE)

    return {
        "search by name": search(lambda p: f"{p.first} {p.last}"),
        "search by one name": search(lambda p: p.last),
        "search by one to three letters": search(lambda p: p.first[: 1 + len(p.house)]),
        "search by the middle of a name": search(lambda p: p.last[1:]),
        "search by the commonest name": search(lambda _p: COMMON_NAME),
        "search by a name and the commonest": search(lambda p: f"{p.last} {COMMON_NAME}"),
        "search by address": search(lambda p: f"{p.house} {p.street}"),
        "search by street": search(lambda p: p.street),
        "search by the commonest street": search(lambda _p: COMMON_STREET),
        "search by a name in the commonest street": search(lambda p: f"{p.last} {COMMON_STREET}"),
        "search by a house in the commonest street": search(
            lambda p: f"{p.house} {COMMON_STREET}"),
        "search by phone, account, meter, card": _each(
            search(lambda p: p.phone), search(lambda p: p.account), search(lambda p: p.meter),
            search(lambda p: p.card)),
        "search by the end of a number": _each(
            search(lambda p: p.phone[4:]), search(lambda p: p.account[3:]),
            search(lambda p: p.meter[5:]), search(lambda p: p.card[6:])),
        "search by an old meter": search(lambda p: p.old_meter or p.meter),
        "search without a hit": _each(
            search(lambda _p: "nobody of that name"), search(lambda p: f"{p.last}{p.first}kamo"),
            search(lambda p: f"{p.street} {p.first} {p.account[::-1]}"),
            search(lambda p: f"{p.first} {p.last} {p.first}{p.last}"),
            search(lambda p: p.meter[::-1]), search(lambda _p: "kamonari tulesoba")),
        "meters of a search": lambda p: records.search(p.last, _PAGE),
    }  # fmt: skip


def _each(*asks: Ask) -> Ask:
    """One after the other, a person each."""
    turn = cycle(asks)

    def ask(person: Person) -> object:
        return next(turn)(person)

    return ask


def _histories(records: Records) -> dict[str, Ask]:
    every = {"from_ms": 0, "until_ms": _EVER_MS}
    chance = random.Random(5)

    def token(_person: Person) -> None:
        digits = token_of(chance.randrange(SALES))
        found = records.sale_by_token(digits)
        assert found is not None
        assert found.token == digits

    return {
        "sales of a meter": lambda p: _sales(records, meter=p.meter),
        "sales of an account": lambda p: _sales(records, account=p.account),
        "history of a customer": lambda p: records.history(p.account, _PAGE, **every),
        "newest sales": lambda _p: records.last_sales(_PAGE),
        "sales of a time": lambda _p: records.sales_between(0, _EVER_MS, _PAGE),
        "diary": lambda _p: records.entries_between(0, _EVER_MS, 20 * _PAGE),
        "sale by its token": token,
        "sale by a token that is none": lambda _p: records.sale_by_token("1" * 20),
        "list of tokens": lambda _p: records.given_tokens("", _PAGE),
        "list of tokens of a meter": lambda p: records.given_tokens(p.meter, _PAGE),
        "list of tokens, one by its digits": lambda _p: records.given_tokens(
            token_of(chance.randrange(SALES)), _PAGE),
        "amendments of a record": lambda p: records.amendments(_PAGE, number=p.meter),
        "readings of a meter": lambda p: records.readings(_PAGE, meter=p.meter),
        "cards by part of a number": lambda p: records.cards_like(p.card[4:], _PAGE),
    }  # fmt: skip


def _sales(records: Records, *, meter: str = "", account: str = "") -> None:
    found = records.sales_of(meter=meter, account=account, limit=20)
    assert all(record.state == "delivered" and record.ended_ms for record in found), found


def row(name: str, taken: list[tuple[float, float]]) -> list[Row]:
    """The 99th percentile on the wall and of processor time."""
    wall_ms, cpu_ms = (statistics.quantiles(each, n=100)[98] for each in zip(*taken, strict=True))
    return [
        line(f"registry: {name}, p99 (ms)", wall_ms, None, f"< {_TARGET_MS:g}",
             wall_ms < _TARGET_MS),
        line("  processor time (ms)", cpu_ms, None, "", None),
    ]  # fmt: skip


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
        found = import_file(house.desk, file, lambda _rows, _total: None)
        took_s = time.monotonic() - began
        house.close()
        assert isinstance(found, Report)
        assert found.customers == count
    batch_ms = took_s / count * BATCH * 1000
    return [
        line("registry: import, customers a second", count / took_s, None, "", None),
        line("registry: a batch of an import (ms)", batch_ms, None, "< 100", batch_ms < 100),
    ]
