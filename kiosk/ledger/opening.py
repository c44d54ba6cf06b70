"""How the pen finds the journal as it was left: its head, its opening, and what is still open."""

from __future__ import annotations

import msgspec

from kiosk.domain import card_account_facts, facts
from kiosk.domain.books import Books
from kiosk.domain.entry import GENESIS, Entry, digest
from kiosk.errors import LedgerDamaged, StoreFault
from kiosk.ledger.store import Connection


class Head(msgspec.Struct, frozen=True):
    """The last entry of a journal: its number and its digest; (0, zeros) when empty."""

    sequence: int
    digest: bytes


def read_head(connection: Connection) -> Head:
    """The head as the last entry says; the head row must agree, or the tail was cut off."""
    row = connection.execute(
        "SELECT sequence, time_ms, quality, kind, version, body, previous, signature FROM entries"
        " ORDER BY sequence DESC LIMIT 1"
    ).fetchone()
    kept = connection.execute("SELECT sequence, digest FROM head").fetchone()
    if row is None and kept is None:
        return Head(0, GENESIS)
    origin = opening(connection).origin
    found = Head(row[0], digest(Entry(origin, *row))) if row else Head(0, GENESIS)
    if kept is None or Head(*kept) != found:
        lost = found.sequence + 1 if kept and kept[0] > found.sequence else found.sequence
        raise LedgerDamaged(f"Entry {lost}: the end of the journal is not where it was.", lost)
    return found


def opening(connection: Connection) -> facts.HomeOpened:
    """The first fact of the journal. Raises LedgerDamaged when it is no opening."""
    row = connection.execute(
        "SELECT body FROM entries WHERE sequence = 1 AND kind = 'home_opened'"
    ).fetchone()
    if row is None:
        raise LedgerDamaged("Entry 1: the journal does not begin with its opening.", 1)
    opened = _read(facts.HomeOpened.KIND, row[0], 1)
    assert isinstance(opened, facts.HomeOpened)
    return opened


def _read(kind: str, body: bytes, sequence: int, version: int = 1) -> facts.Fact:
    try:
        return facts.decode(kind, version, body)
    except KeyError as error:
        raise StoreFault(f"Entry {sequence} was written by a newer program: {error}.") from error
    except msgspec.MsgspecError as error:
        raise LedgerDamaged(f"Entry {sequence}: cannot be read ({error}).", sequence) from error


def open_books(connection: Connection) -> Books:
    """The books as they stand: only what is still open is needed to judge a further fact."""
    books = Books()
    rows = connection.execute(
        "SELECT sequence, version, body, state FROM sales JOIN entries USING (sequence)"
        " WHERE state IN ('paid', 'in_doubt')"
    ).fetchall()
    for sequence, version, body, state in rows:
        committed = _read("sale_committed", body, sequence, version)
        assert isinstance(committed, facts.SaleCommitted)
        books.reopen_sale(committed, state)
    notes = connection.execute(
        "SELECT sequence, body, state FROM notes JOIN entries USING (sequence)"
        " WHERE state IN ('offered', 'in_doubt')"
    ).fetchall()
    for sequence, body, state in notes:
        offered = _read("note_offered", body, sequence)
        assert isinstance(offered, facts.NoteOffered)
        books.reopen_note(offered, lost=state == "in_doubt")
    for payment, meter, currency, amount_minor in connection.execute(
        "SELECT payment, meter, currency, amount_minor FROM held"
    ):
        books.held[payment] = (meter, currency, amount_minor)
    _reopen_moves(connection, books)
    return books


def _reopen_moves(connection: Connection, books: Books) -> None:
    """Movements on cards that have not ended, and spends whose sale has not."""
    rows = connection.execute(
        "SELECT m.sequence, body, m.state FROM account_moves m JOIN entries USING (sequence)"
        " LEFT JOIN sales s ON s.sale_id = m.move_id"
        " WHERE m.state = 'committed' OR s.state IN ('paid', 'in_doubt')"
    ).fetchall()
    for sequence, body, state in rows:
        move = _read("account_move_committed", body, sequence)
        assert isinstance(move, card_account_facts.AccountMoveCommitted)
        books.reopen_move(move, state)
