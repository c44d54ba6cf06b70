"""A thief with the file and without the key: every way to change a ledger behind our back.

Each act changes something and gives the number of the entry that `prove` must name.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kiosk.domain.entry import Entry, digest
from kiosk.domain.facts import KINDS
from kiosk.ledger.connection import Connection, connect, key_of
from kiosk.ledger.proof import Proof, prove
from kiosk.ledger.store import LEDGER_FILE
from tests.ledger.ledgers import ORIGIN, fill, open_pen

CONTENT = "time_ms, quality, kind, version, body, previous, signature"


def unguarded(connection: Connection, like: str = "%") -> list[str]:
    """Take the triggers with names `like` this away; the statements that make them again."""
    found = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE ?", (like,)
    ).fetchall()
    for name, _ in found:
        connection.execute(f"DROP TRIGGER {name}")
    return [sql for _, sql in found]


def robbed(path: Path, sales: int) -> Connection:
    """A ledger of `sales` sales in a file whose triggers are gone."""
    pen = open_pen(path)
    fill(pen, sales)
    pen.close()
    connection = connect(path / LEDGER_FILE, key_of(path))
    connection.execute("PRAGMA foreign_keys=OFF")
    unguarded(connection)
    return connection


class Thief:
    """A writable ledger, the hands that change it, and the dice that choose what."""

    def __init__(self, connection: Connection, seed: int = 1) -> None:
        self.connection = connection
        self.dice = random.Random(seed)
        self.last = int(self.one("SELECT max(sequence) FROM entries"))

    def one(self, sql: str, *values: object) -> Any:
        return self.connection.execute(sql, values).fetchone()[0]

    def do(self, sql: str, *values: object) -> None:
        self.connection.execute(sql, values)

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Whatever is done in here is undone afterwards."""
        self.do("BEGIN")
        try:
            yield
        finally:
            self.do("ROLLBACK")

    def proof(self) -> Proof:
        return prove(self.connection, ORIGIN)

    # --- entries ------------------------------------------------------------------------------

    def entry(self, first: int = 1) -> int:
        return self.dice.randint(first, self.last)

    def two_entries(self) -> tuple[int, int]:
        one = self.dice.randrange(1, self.last)
        return one, self.dice.randrange(one + 1, self.last + 1)

    def read(self, at: int) -> Entry:
        sql = f"SELECT sequence, {CONTENT} FROM entries WHERE sequence = ?"
        return Entry(ORIGIN, *self.connection.execute(sql, (at,)).fetchone())

    def write(self, at: int, column: str, value: object) -> int:
        self.do(f"UPDATE entries SET {column} = ? WHERE sequence = ?", value, at)
        return at

    def copy(self, at: int, source: int) -> None:
        sql = f"INSERT INTO entries SELECT ?, {CONTENT} FROM entries WHERE sequence = ?"
        self.do(sql, at, source)

    def shift(self, first: int, step: int) -> None:
        """Give everything from `first` on other numbers."""
        for table in ("entries", "postings"):
            for by, since in ((100_000 + step, first), (-100_000, 100_000)):
                self.do(
                    f"UPDATE {table} SET sequence = sequence + ? WHERE sequence >= ?", by, since
                )

    # --- postings -----------------------------------------------------------------------------

    def posting(self) -> tuple[int, int]:
        """Any posting: sequence and line."""
        rows = self.connection.execute("SELECT sequence, line FROM postings").fetchall()
        sequence, line = self.dice.choice(rows)
        return int(sequence), int(line)

    def set(self, what: str, at: int, line: int) -> int:
        self.do(f"UPDATE postings SET {what} WHERE sequence = ? AND line = ?", at, line)
        return at


# --- entries --------------------------------------------------------------------------------------


def change_time(thief: Thief) -> int:
    at = thief.entry()
    return thief.write(at, "time_ms", thief.read(at).time_ms + thief.dice.choice([-1, 1]))


def change_quality(thief: Thief) -> int:
    return thief.write(thief.entry(), "quality", "unsynced")


def change_kind(thief: Thief) -> int:
    at = thief.entry()
    others = {name for name, _ in KINDS} - {thief.read(at).kind}
    return thief.write(at, "kind", thief.dice.choice(sorted(others)))


def change_version(thief: Thief) -> int:
    return thief.write(thief.entry(), "version", 2)


def flip_bit(column: str) -> Callable[[Thief], int]:
    def flip(thief: Thief) -> int:
        at = thief.entry()
        content = bytearray(getattr(thief.read(at), column))
        content[thief.dice.randrange(len(content))] ^= 1 << thief.dice.randrange(8)
        return thief.write(at, column, bytes(content))

    return flip


def lengthen_body(thief: Thief) -> int:
    at = thief.entry()
    return thief.write(at, "body", thief.read(at).body + b"\xc0")


def renumber(thief: Thief) -> int:
    at = thief.entry()
    thief.write(at, "sequence", thief.last + 7)
    return at


def delete_entry(thief: Thief) -> int:
    at = thief.entry()
    thief.do("DELETE FROM entries WHERE sequence = ?", at)
    if thief.dice.random() < 0.5:
        thief.do("DELETE FROM postings WHERE sequence = ?", at)
    return at


def delete_and_close_the_gap(thief: Thief) -> int:
    at = thief.entry()
    thief.do("DELETE FROM entries WHERE sequence = ?", at)
    thief.do("DELETE FROM postings WHERE sequence = ?", at)
    thief.shift(at + 1, -1)
    return at


def insert_in_the_middle(thief: Thief) -> int:
    at, source = thief.entry(2), thief.entry()
    while source == at:  # a copy in its own place would be the entry itself
        source = thief.entry()
    thief.shift(at, 1)
    thief.copy(at, source + (source >= at))
    # A copy of the entry that stood there is that entry; what does not belong is the one after it.
    return at + (source == at)


def append_a_copy(thief: Thief) -> int:
    at = thief.last + 1
    thief.copy(at, thief.entry())
    if thief.dice.random() < 0.5:
        thief.do("UPDATE head SET sequence = ?", at)
    return at


def insert_below_the_first(thief: Thief) -> int:
    """Numbers that no reader asks for; the check of the table was switched off for it."""
    thief.do("PRAGMA ignore_check_constraints=ON")
    thief.copy(-thief.dice.randrange(2), thief.entry(2))
    thief.do("PRAGMA ignore_check_constraints=OFF")
    return 1


def swap_entries(thief: Thief) -> int:
    one, other = thief.two_entries()
    for table in ("entries", "postings"):
        for to, since in ((100_000, one), (one, other), (other, 100_000)):
            thief.do(f"UPDATE {table} SET sequence = ? WHERE sequence = ?", to, since)
    return one


def swap_bodies(thief: Thief) -> int:
    one, other = thief.two_entries()
    first, second = thief.read(one).body, thief.read(other).body
    if first == second:
        return change_time(thief)
    thief.write(one, "body", second)
    thief.write(other, "body", first)
    return one


def copy_over_a_later_one(thief: Thief) -> int:
    one, other = thief.two_entries()
    thief.do("DELETE FROM entries WHERE sequence = ?", other)
    thief.copy(other, one)
    return other


def cut_tail(thief: Thief) -> int:
    at = thief.entry(2)
    thief.do("DELETE FROM entries WHERE sequence >= ?", at)
    if thief.dice.random() < 0.5:
        thief.do("DELETE FROM postings WHERE sequence >= ?", at)
    return at


def change_and_mend_the_chain(thief: Thief) -> int:
    """By somebody who knows how the chain is made."""
    at = thief.entry(2)
    thief.write(at, "time_ms", thief.read(at).time_ms + 1)
    for number in range(at + 1, thief.last + 1):
        thief.write(number, "previous", digest(thief.read(number - 1)))
    thief.do("UPDATE head SET digest = ?", digest(thief.read(thief.last)))
    return at


# --- postings -------------------------------------------------------------------------------------


def change_amount(thief: Thief) -> int:
    return thief.set("amount = amount + 100000", *thief.posting())


def change_account(thief: Thief) -> int:
    return thief.set("account = account || '1'", *thief.posting())


def change_currency(thief: Thief) -> int:
    return thief.set("currency = 'KES'", *thief.posting())


def change_state(thief: Thief) -> int:
    other = "state = CASE state WHEN 'posted' THEN 'pending' ELSE 'posted' END"
    return thief.set(other, *thief.posting())


def change_line(thief: Thief) -> int:
    return thief.set("line = line + 50", *thief.posting())


def move_posting(thief: Thief) -> int:
    at, line = thief.posting()
    to = thief.dice.choice([number for number in range(thief.last + 3) if number != at])
    thief.set(f"sequence = {to}, line = 60", at, line)
    return max(1, min(at, to))


def delete_posting(thief: Thief) -> int:
    at, line = thief.posting()
    thief.do("DELETE FROM postings WHERE sequence = ? AND line = ?", at, line)
    return at


def delete_postings(thief: Thief) -> int:
    at, _ = thief.posting()
    thief.do("DELETE FROM postings WHERE sequence = ?", at)
    return at


def insert_posting(thief: Thief) -> int:
    at = thief.dice.randint(0, thief.last + 5)
    line = thief.one("SELECT count(*) FROM postings WHERE sequence = ?", at)
    thief.do("INSERT INTO postings VALUES (?, ?, 'cash:101', 'ZAR', 1, 'posted')", at, line)
    return max(1, at)


def reverse_postings(thief: Thief) -> int:
    """The same sums and the same accounts in another order."""
    at, _ = thief.posting()
    lines = thief.one("SELECT count(*) FROM postings WHERE sequence = ?", at)
    thief.do("UPDATE postings SET line = 1000 + ? - line WHERE sequence = ?", lines - 1, at)
    thief.do("UPDATE postings SET line = line - 1000 WHERE sequence = ?", at)
    return at


TAMPERINGS: list[Callable[[Thief], int]] = [
    change_time, change_quality, change_kind, change_version, flip_bit("body"),
    flip_bit("previous"), flip_bit("signature"), lengthen_body, renumber, delete_entry,
    delete_and_close_the_gap, insert_in_the_middle, insert_below_the_first, append_a_copy,
    swap_entries, swap_bodies, copy_over_a_later_one, cut_tail, change_and_mend_the_chain,
    change_amount, change_account, change_currency, change_state, change_line, move_posting,
    delete_posting, delete_postings, insert_posting, reverse_postings,
]  # fmt: skip

#: After these there is no second change further down that would not hide or move the first.
ALONE = (cut_tail, append_a_copy, insert_below_the_first)


def change_more_further_down(thief: Thief, first: int) -> None:
    """The first change is still the one to be named."""
    rows = thief.connection.execute(
        "SELECT sequence FROM entries WHERE sequence > ? AND sequence <= ?", (first, thief.last)
    ).fetchall()
    if rows:
        thief.write(thief.dice.choice(rows)[0], "quality", "doubtful")
    thief.do("UPDATE postings SET amount = amount + 77777 WHERE sequence > ?", first)
