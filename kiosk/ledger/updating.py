"""A newer program opens an older home (E32): copied first, changed in one commit, totals compared.

The copy stays as `before-update.db`, the way back of one step: `kiosk store rollback`. A program
that is older than a home says so and changes nothing (`store.open_writer`).
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from kiosk.domain.entry import entry_bytes
from kiosk.errors import BadInput, StoreFault
from kiosk.ledger.connection import Connection, connect, faults, key_of
from kiosk.ledger.copying import FOLLOWING, copy_store, put_in_force, settle_log
from kiosk.ledger.entry_file import Cover, Kept, beginning, record
from kiosk.ledger.files import replace_durably, sync_folder
from kiosk.ledger.opening import opening, read_head, read_written
from kiosk.ledger.second_medium import PURPOSE
from kiosk.ledger.store import LEDGER_FILE, migrate, older_schema
from kiosk.marks import mark

#: The ledger as the program before left it.
BEFORE_UPDATE = "before-update.db"
#: What was written since, for the program before to take it in.
ROLLED_BACK = "rolled-back"

_PAGE = 1000

#: What no update may change, whatever it does to the tables beside the journal.
_TOTALS = (
    "SELECT sequence, digest FROM head",
    "SELECT count(*), max(sequence) FROM entries",
    "SELECT account, currency, state, count(*), sum(amount) FROM postings GROUP BY 1, 2, 3",
    "SELECT account, currency, amount FROM balances ORDER BY 1, 2",
    "SELECT state, count(*), sum(amount_minor), sum(energy_wh) FROM sales GROUP BY 1",
    "SELECT state, count(*) FROM notes GROUP BY 1",
    "SELECT max(sequence) FROM anchors",
)  # fmt: skip


class RolledBack(msgspec.Struct, frozen=True):
    """The schema that is in force again, and the entries that were written since the update: they
    wait in `folder` for `kiosk restore` of the program before; 0: there are none."""

    schema: int
    entries_since: int
    folder: str


def update_if_older(home: Path) -> None:
    """Bring a home that an older program left to our schema; called by who takes the pen, before it
    opens the ledger. StoreFault, and the home as it was, when the copy cannot be made or a total
    would change."""
    schema = older_schema(home)
    if not schema:
        return
    path = home / LEDGER_FILE
    with faults(path), contextlib.closing(connect(path, key_of(home))) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        _update(home, connection, schema)


def _update(home: Path, connection: Connection, schema: int) -> None:
    before = _totals(connection)
    beside = home / f"{BEFORE_UPDATE}.new"
    try:
        copy_store(home, beside, key_of(home))
    except (StoreFault, OSError) as error:
        beside.unlink(missing_ok=True)
        raise StoreFault(
            f"{home}: the ledger is from an older program, and cannot be copied before it is"
            f" updated ({error}); nothing was changed."
        ) from error
    beside.replace(home / BEFORE_UPDATE)
    sync_folder(home)
    mark("update.after_copy")
    connection.execute("BEGIN IMMEDIATE")
    try:
        migrate(connection, schema)
        mark("update.before_commit")
        if _totals(connection) != before:
            raise StoreFault(
                f"{home}: the update would change totals of the ledger; nothing was changed."
                " Go on with the program before."
            )
        connection.execute("COMMIT")
    except Exception:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    mark("update.after_commit")


def _totals(connection: Connection) -> list[Any]:
    """Figures of the journal, and a digest over all of its entries."""
    found: list[Any] = [connection.execute(sql).fetchall() for sql in _TOTALS]
    hashed = hashlib.sha256()
    for row in connection.execute(
        "SELECT sequence, time_ms, body, previous, signature FROM entries ORDER BY sequence"
    ):
        hashed.update(msgspec.msgpack.encode(row))
    return [*found, hashed.hexdigest()]


def rollback(home: Path, companions: Sequence[str]) -> RolledBack:
    """Put the copy from before the update in force, alone in the home. BadInput when there is none.

    When something was written since, no ledger is put in force: the journal waits in `rolled-back`
    in the form of a second medium, and the program before builds its ledger from that.
    """
    copy = home / BEFORE_UPDATE
    if not copy.is_file():
        raise BadInput(f"{copy}: there is no copy from before an update.")
    settle_log(home)
    with faults(copy), contextlib.closing(connect(copy, key_of(home), "?mode=ro")) as old:
        schema = int(old.execute("PRAGMA user_version").fetchone()[0])
        old_head = read_head(old)
    with contextlib.closing(connect(home / LEDGER_FILE, key_of(home), "?mode=ro")) as new:
        head = read_head(new)
        if head != old_head:
            _write_out(home, new, companions)
    if head == old_head:
        copy.replace(home.joinpath(FOLLOWING))
        put_in_force(home)
        return RolledBack(schema, 0, "")
    folder = home / ROLLED_BACK
    home.joinpath(LEDGER_FILE).replace(folder.joinpath(LEDGER_FILE))
    copy.replace(folder.joinpath(BEFORE_UPDATE))
    sync_folder(home)
    return RolledBack(schema, head.sequence - old_head.sequence, str(folder))


def _write_out(home: Path, reader: Connection, companions: Sequence[str]) -> None:
    """The whole journal as a second medium has it, with what stands beside it."""
    folder = home / ROLLED_BACK
    folder.mkdir(exist_ok=True, mode=0o700)
    for name in companions:
        if (home / name).exists():
            replace_durably(folder.joinpath(Path(name).name), (home / name).read_bytes())
    origin = opening(reader).origin
    cover = Cover(key_of(home), origin, PURPOSE)
    parts, after = [beginning(cover)], 0
    while page := read_written(reader, origin, after, _PAGE):
        kept = [Kept(entry_bytes(written.entry), written.content) for written in page]
        parts.append(record(cover, kept))
        after = page[-1].entry.sequence
    replace_durably(folder / f"{origin}.entries", b"".join(parts))
