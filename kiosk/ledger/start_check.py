"""What every start checks before anything is sold: bounded, however long the journal is (E17).

The whole chain is proved at night and by `kiosk verify`. At start: the head, the entries since the
last anchor (at most 2000 of them) with their chain, postings and last signature, what the newest
rows of the tables name, a sample of older entries, the sales among them, the references of the
tail, and that the triggers which guard the journal are there.
"""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import msgspec
from sqlcipher3 import dbapi2

from kiosk.domain import facts
from kiosk.domain.entry import Entry, digest
from kiosk.errors import LedgerDamaged
from kiosk.ledger.archive_runs import archived_runs
from kiosk.ledger.connection import Connection, faults
from kiosk.ledger.opening import opening, read_head
from kiosk.ledger.sealing import entry_is_genuine
from kiosk.ledger.store import LEDGER_FILE
from kiosk.ledger.traces import last_trace

_TAIL, _SAMPLE = 2000, 64

_ENTRY = "sequence, time_ms, quality, kind, version, body, previous, signature"
_GUARDS = {
    "entries_no_update", "entries_no_delete", "postings_no_update", "postings_no_delete"
}  # fmt: skip

#: A posting, a sale or an identity must point to an entry that is there.
_DANGLING = (
    "SELECT sequence FROM postings WHERE sequence > ? AND sequence NOT IN"
    " (SELECT sequence FROM entries WHERE sequence > ?) LIMIT 1"
)
_UNBALANCED = (
    "SELECT sequence FROM postings WHERE sequence > ? GROUP BY sequence, currency"
    " HAVING sum(amount) <> 0 LIMIT 1"
)


def check_start(connection: Connection) -> str | None:
    """What is wrong with the ledger, or None. The work is the same for a day and for a year."""
    try:
        with faults(Path(LEDGER_FILE)):
            return _check(connection)
    except LedgerDamaged as damage:
        return damage.sentence
    except dbapi2.Error as error:
        return str(error)


def _check(connection: Connection) -> str | None:
    head = read_head(connection)
    if head.sequence == 0:
        return None
    opened = opening(connection)
    anchor = connection.execute("SELECT max(sequence) FROM anchors").fetchone()[0] or 0
    if anchor > head.sequence:
        return f"entry {head.sequence + 1} is missing: upstream has acknowledged more"
    trace = last_trace(connection)
    if trace > head.sequence:
        return f"entry {head.sequence + 1} is missing: the end was cut off, entry {trace} is shown"
    start = max(min(anchor, head.sequence - 1), head.sequence - _TAIL, 0)
    return (
        _unguarded(connection)
        or _tail(connection, opened, start)
        or _anchored(connection, opened, anchor)
        or _sample(connection, opened, start)
        or _wrong(connection.execute(_DANGLING, (start, start)), "has postings and is missing")
        or _wrong(connection.execute(_UNBALANCED, (start,)), "has postings that do not balance")
    )


def _unguarded(connection: Connection) -> str | None:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    missing = _GUARDS - {row[0] for row in rows}
    return f"the guard {min(missing)} of the journal is gone" if missing else None


def _tail(connection: Connection, opened: facts.HomeOpened, start: int) -> str | None:
    """The chain from the entry `start` on, and the signature of the last."""
    entries = _entries(connection, opened.origin, "sequence >= ? ORDER BY sequence", start)
    gaps = {run.first: run for run in archived_runs(connection).values() if run.last >= start}
    for one, other in pairwise(entries):
        following, previous = one.sequence + 1, digest(one)
        while following in gaps:
            previous, following = gaps[following].digest, gaps[following].last + 1
        if other.sequence != following:
            return f"entry {following} is missing"
        if other.previous != previous:
            return f"entry {other.sequence} does not follow the one before"
        if _unreadable(other):
            return f"entry {other.sequence} cannot be read"
    if not entry_is_genuine(opened.public_key, entries[-1]):
        return f"entry {entries[-1].sequence} was not signed by this home"
    return None


def _anchored(connection: Connection, opened: facts.HomeOpened, anchor: int) -> str | None:
    """The last acknowledged entry is the one that was acknowledged."""
    found = _entries(connection, opened.origin, "sequence = ?", anchor)
    kept = connection.execute("SELECT digest FROM anchors WHERE sequence = ?", (anchor,)).fetchone()
    if found and bytes(kept[0]) != digest(found[0]):
        return f"entry {anchor} is not the one that upstream has acknowledged"
    return None


def _sample(connection: Connection, opened: facts.HomeOpened, start: int) -> str | None:
    """Some older entries, others at each start: there, signed, and sales as they were."""
    if start < 2:
        return None
    wanted = sorted({random.randrange(2, start + 1) for _ in range(_SAMPLE)})  # noqa: S311
    places = ", ".join("?" * len(wanted))
    found = _entries(connection, opened.origin, f"sequence IN ({places})", *wanted)
    runs = archived_runs(connection).values()
    for missing in sorted(set(wanted) - {entry.sequence for entry in found}):
        if not any(run.first <= missing <= run.last for run in runs):
            return f"entry {missing} is missing"
    for entry in found:
        if _unreadable(entry) or not entry_is_genuine(opened.public_key, entry):
            return f"entry {entry.sequence} is not as it was written"
        fact = facts.decode(entry.kind, entry.version, entry.body)
        if isinstance(fact, facts.SaleCommitted) and not _drawn(connection, entry.sequence, fact):
            return f"the sale of entry {entry.sequence} is shown otherwise than the journal"
    return None


def _drawn(connection: Connection, sequence: int, fact: facts.SaleCommitted) -> bool:
    row = connection.execute(
        "SELECT sequence, meter, amount_minor, energy_wh FROM sales WHERE sale_id = ?",
        (fact.sale_id,),
    ).fetchone()
    return bool(row == (sequence, fact.meter, fact.amount_minor, fact.energy_wh))


def _entries(connection: Connection, origin: str, condition: str, *values: int) -> list[Entry]:
    sql = f"SELECT {_ENTRY} FROM entries WHERE {condition}"  # noqa: S608
    return [Entry(origin, *row) for row in connection.execute(sql, values)]


def _unreadable(entry: Entry) -> bool:
    try:
        facts.decode(entry.kind, entry.version, entry.body)
    except (KeyError, TypeError, msgspec.MsgspecError):
        return True
    return False


def _wrong(rows: Connection, what: str) -> str | None:
    row = rows.fetchone()
    return f"entry {row[0]} {what}" if row else None
