"""A large utility written straight into the tables of the product: what a registry is measured on.

Names and streets are as uneven as they are in life: thousands share the commonest name, tens of
thousands live in one Main Street. Every sale has the entries of its two commits, because a history
is read from them (no chain, no postings: what is measured is the reading).

What makes it quick is the order: rows first, then the indexes and the text that is searched, each
in one go, with the statements of the schema itself.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate

import msgspec

from benchmarks.facts_of_a_sale import committed, delivered
from kiosk.domain import facts
from kiosk.domain.registry import luhn_digit
from kiosk.ledger.connection import Connection
from kiosk.ledger.registry_rows import folded

COMMON_NAME, COMMON_STREET = "moyo", "main street"
#: One of so many is there twice: the meter before it was taken out.
REPLACED_EACH = 50
_A_TRANSACTION = 20_000
_TIME_MS = 1_795_000_000_000
_SYLLABLES = [
    "ka", "mo", "na", "ri", "tu", "le", "so", "ba", "di", "fe", "gu", "ha", "ji", "vo", "wa",
]  # fmt: skip


class Person(msgspec.Struct, frozen=True):
    """One customer with a meter and a card; `old_meter` is "" for most."""

    account: str
    first: str
    last: str
    house: str
    street: str
    phone: str
    meter: str
    card: str
    old_meter: str


def fill(connection: Connection, customers: int, sales: int) -> list[Person]:
    """Write the tables; a sample of who is in them."""
    later = _begin(connection)
    known: list[Person] = []
    for people in _in_parts(_people(customers, random.Random(1))):
        _register(connection, people)
        known += people[:: max(1, len(people) // 200)]
    _sell(connection, sales, customers)
    _finish(connection, later)
    return known


def _begin(connection: Connection) -> list[str]:
    """Nothing is kept for a crash, and nothing indexed row by row: what must be made at the end."""
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("PRAGMA cache_size=-400000")
    found = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND (type = 'index'"
        " AND tbl_name IN ('customers', 'meters', 'cards', 'sales')"
        " OR name = 'registry_index_added')"
    ).fetchall()
    for kind, name, _sql in found:
        connection.execute(f"DROP {kind} {name}")
    return [sql for _kind, _name, sql in found]


def _finish(connection: Connection, later: list[str]) -> None:
    """The indexes, the text that is searched, and the file as the product opens it."""
    for sql in later:
        connection.execute(sql)
    # The default of a megabyte in memory makes hundreds of small parts that are merged again.
    connection.execute(_SET, ("hashsize", 64 * 2**20))
    connection.execute("INSERT INTO registry_search (registry_search) VALUES ('rebuild')")
    connection.execute(_SET, ("hashsize", 2**20))
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


_SET = "INSERT INTO registry_search (registry_search, rank) VALUES (?, ?)"


def _in_parts(people: Iterator[Person]) -> Iterator[list[Person]]:
    part: list[Person] = []
    for person in people:
        part.append(person)
        if len(part) == _A_TRANSACTION:
            yield part
            part = []
    if part:
        yield part


# --- people -------------------------------------------------------------------------------------


def meter_of(place: int) -> str:
    """The number of the meter of customer `place`."""
    return _number(f"01{47_000_000 + place:08d}")


def _number(digits: str) -> str:
    return digits + luhn_digit(digits)


def _people(count: int, chance: random.Random) -> Iterator[Person]:
    names = _words(20_000, chance, COMMON_NAME)
    streets = [f"{word} road" for word in _words(3_000, chance, "")]
    streets[0] = COMMON_STREET
    drawn = [
        chance.choices(words, cum_weights=_uneven(len(words)), k=count)
        for words in (names, names, streets)
    ]
    for place, (first, last, street) in enumerate(zip(*drawn, strict=True)):
        yield Person(
            str(20_000_001 + place), first, last, str(chance.randint(1, 400)), street,
            f"07{chance.randrange(10**8):08d}", meter_of(place),
            _number(f"7{60_000_000 + place:010d}"),
            "" if place % REPLACED_EACH else _number(f"02{47_000_000 + place:08d}"),
        )  # fmt: skip


def _words(count: int, chance: random.Random, commonest: str) -> list[str]:
    made = ["".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4))) for _ in range(count)]
    return [commonest, *made[1:]] if commonest else made


def _uneven(count: int) -> list[float]:
    """The second is half as frequent as the first, the tenth a tenth: as names are."""
    return list(accumulate(1 / (place + 10) for place in range(count)))


def _register(connection: Connection, people: list[Person]) -> None:
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO customers (account, name, name_key, address, phone) VALUES (?, ?, ?, ?, ?)",
        [
            (p.account, f"{p.first} {p.last}", folded(f"{p.first} {p.last}"),
             f"{p.house} {p.street}", p.phone)
            for p in people
        ],
    )  # fmt: skip
    connection.executemany(
        "INSERT INTO meters (number, account, kind, power_type, blocked, phases, supply_group,"
        " key_revision, tariff_index, key_type, algorithm, base_date, retired, replaced_by)"
        " VALUES (?, ?, 'keypad', 'home', 0, 1, '123456', 1, 1, 2, '07', 2014, ?, ?)",
        [row for p in people for row in _meters(p)],
    )
    connection.executemany(
        "INSERT INTO cards (number, serial, meter, issue) VALUES (?, ?, ?, 1)",
        [(p.card, f"c{p.card}", p.meter) for p in people],
    )
    connection.executemany(
        "INSERT INTO registry_index (account, content) VALUES (?, ?)",
        [(p.account, _content(p)) for p in people],
    )
    connection.execute("COMMIT")


def _meters(p: Person) -> list[tuple[str, str, int, str]]:
    old = [(p.old_meter, p.account, 1, p.meter)] if p.old_meter else []
    return [(p.meter, p.account, 0, ""), *old]


def _content(p: Person) -> str:
    """As `registry_rows.index_account` joins it."""
    meters = [p.meter, "home", p.card, *([p.old_meter, "home"] if p.old_meter else [])]
    name, address = f"{p.first} {p.last}", f"{p.house} {p.street}"
    return folded(" ".join([p.account, name, address, p.phone, *meters]))


# --- sales --------------------------------------------------------------------------------------


def token_of(number: int) -> str:
    """The digits of sale `number`."""
    return f"{number * 7_919 + 10**19:020d}"


def _sell(connection: Connection, sales: int, customers: int) -> None:
    chance = random.Random(3)
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO entries (sequence, time_ms, quality, kind, version, body, previous, signature)"
        " VALUES (?, ?, 'synced', ?, 1, ?, zeroblob(32), zeroblob(64))",
        _entries(sales),
    )
    connection.executemany(
        "INSERT INTO sales (sale_id, sequence, state, meter, account, station, operator, face,"
        " currency, amount_minor, energy_wh, token, committed_ms, ended) VALUES (?, ?, 'delivered',"
        " ?, ?, 'c', '101', 'cashier', 'ZAR', 100, 100, ?, ?, ?)",
        (_sale(number, chance.randrange(customers)) for number in range(sales)),
    )
    connection.execute("COMMIT")


def _sale(number: int, place: int) -> tuple[object, ...]:
    first = 2 * number + 1
    return (
        f"s{number:08d}", first, meter_of(place), str(20_000_001 + place), token_of(number),
        _TIME_MS + number, first + 1,
    )  # fmt: skip


def _entries(sales: int) -> Iterator[tuple[object, ...]]:
    """The two commits of each sale, as long as the till writes them; all of them alike."""
    bodies = [(fact.KIND, facts.encode(fact)) for fact in (committed(0), delivered(0))]
    for number in range(2 * sales):
        yield number + 1, _TIME_MS + number, *bodies[number % 2]
