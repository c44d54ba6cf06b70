"""A durable sale: the pen against bare statements writing the same rows, and what signing costs.

Both make two commits and two disk syncs a sale. The rows of both are compared at the end.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.facts_of_a_sale import committed, delivered
from benchmarks.measure import Row, compared, folder, line
from benchmarks.raw_ledger import NO_SIGNATURE, RawLedger, contents
from kiosk.domain import facts
from kiosk.domain.books import Books
from kiosk.domain.posting import Posting
from kiosk.errors import Refusal
from kiosk.ledger.journal import Journal
from kiosk.ledger.sealing import Signer, public_bytes
from kiosk.ledger.store import open_reader

ORIGIN = "bench"
TURNS, SALES_A_TURN = 40, 25
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OPENED = facts.HomeOpened(ORIGIN, "rehearsal", "ZAR", public_bytes(KEY))


class NoSigner:
    """Signs nothing: what is left is the ledger itself."""

    def sign(self, _data: bytes) -> bytes:
        """64 zeros."""
        return NO_SIGNATURE


class Ticks:
    """A clock that both ledgers read alike: one millisecond an entry."""

    def __init__(self) -> None:
        self.time_ms = 1_795_000_000_000

    def __call__(self) -> tuple[int, str]:
        """The next millisecond."""
        self.time_ms += 1
        return self.time_ms, "synced"


Sell = Callable[[int], None]


def pen(home: Path, signer: Signer) -> tuple[Sell, Journal]:
    """A journal as the till has it, and one sale in it."""
    home.mkdir(parents=True)
    journal = Journal(home, ORIGIN, signer, Ticks())
    journal.append(OPENED)
    return seller(journal), journal


def seller(journal: Journal, after: int = 0) -> Sell:
    """One sale in a journal that has `after` sales already."""

    def sell(number: int) -> None:
        one = journal.append(committed(after + number))
        two = journal.append(delivered(after + number))
        assert not isinstance(one, Refusal) and not isinstance(two, Refusal), (one, two)

    return sell


def raw(home: Path) -> tuple[Sell, RawLedger]:
    """The bare statements; their postings are ready before the time runs."""
    ledger, clock = RawLedger(home, ORIGIN), Ticks()
    ledger.open(OPENED, clock()[0])
    ready: dict[int, tuple[list[Posting], list[Posting]]] = {}

    def sell(number: int) -> None:
        one, two = ready.get(number) or postings_of(number)
        ledger.commit_one(committed(number), clock()[0], one)
        ledger.commit_two(delivered(number), clock()[0], two)

    for number in range(TURNS * SALES_A_TURN):
        ready[number] = postings_of(number)
    return sell, ledger


def postings_of(number: int) -> tuple[list[Posting], list[Posting]]:
    """What the books make of a sale."""
    books = Books()
    one, two = books.apply(committed(number)), books.apply(delivered(number))
    assert not isinstance(one, Refusal) and not isinstance(two, Refusal)
    return one, two


class Course:
    """The sales of one contestant: how long each took, and its processor time."""

    def __init__(self, sell: Sell, rest: Callable[[], None]) -> None:
        self._sell, self._rest = sell, rest
        self.seconds: list[float] = []
        self.cpu: list[float] = []

    def turn(self, first: int) -> None:
        """Some sales in a row, then the idle work, which is nobody's waiting time."""
        cpu = time.process_time()
        for number in range(first, first + SALES_A_TURN):
            start = time.perf_counter()
            self._sell(number)
            self.seconds.append(time.perf_counter() - start)
        self.cpu.append((time.process_time() - cpu) / SALES_A_TURN)
        self._rest()

    @property
    def p50_ms(self) -> float:
        """The middle sale; the first turn only warms up."""
        return statistics.median(self.seconds[SALES_A_TURN:]) * 1000

    @property
    def cpu_ms(self) -> float:
        """Processor time of a sale."""
        return statistics.median(self.cpu[1:]) * 1000


def rows() -> list[Row]:
    """Rows 7 and 8 of the budget."""
    with folder() as place:
        raw_sell, ledger = raw(place / "raw")
        plain_sell, plain = pen(place / "plain", NoSigner())
        signed_sell, signed = pen(place / "signed", KEY)
        courses = [
            Course(plain_sell, plain.rest),
            Course(raw_sell, ledger.rest),
            Course(signed_sell, signed.rest),
        ]
        for turn in range(TURNS):
            for course in courses:
                course.turn(turn * SALES_A_TURN)
        same_rows(place / "plain", place / "raw")
        for each in (ledger, plain, signed):
            each.close()
    a, b, c = courses
    return [
        compared("7 durable sale, pen against raw rows: wall ms", a.p50_ms, b.p50_ms, at_most=1.15),
        compared("7 durable sale, pen against raw rows: CPU ms", a.cpu_ms, b.cpu_ms, at_most=1.3),
        compared("8 signing a sale, with against without: ms", c.p50_ms, a.p50_ms, at_most=1.25),
        line("sale p50, signed, two commits: ms", c.p50_ms, None, "", None),
    ]


def same_rows(one: Path, other: Path) -> None:
    """Both ledgers hold the very same rows."""
    readers = open_reader(one), open_reader(other)
    try:
        ours, theirs = contents(readers[0]), contents(readers[1])
    finally:
        for reader in readers:
            reader.close()
    for table, content in ours.items():
        assert content == theirs[table], f"{table} differs"


if __name__ == "__main__":
    for each in rows():
        print(each)
