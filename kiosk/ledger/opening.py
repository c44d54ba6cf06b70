"""How the pen finds the journal as it was left: its head, its opening, and what is still open."""

from __future__ import annotations

from typing import Any

import msgspec

from kiosk.domain import card_account_facts, card_facts, facts, store_facts
from kiosk.domain.books import Books
from kiosk.domain.entry import GENESIS, Entry, digest, is_whole
from kiosk.errors import LedgerDamaged, StoreFault
from kiosk.ledger.connection import Connection
from kiosk.ledger.entry_file import Written


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
    found = _head_of(Entry(origin, *row)) if row else Head(0, GENESIS)
    if kept is None or Head(*kept) != found:
        is_cut_off = kept is not None and isinstance(kept[0], int) and kept[0] > found.sequence
        lost = found.sequence + 1 if is_cut_off else found.sequence
        raise LedgerDamaged(f"Entry {lost}: the end of the journal is not where it was.", lost)
    return found


def _head_of(entry: Entry) -> Head:
    if not is_whole(entry):
        raise LedgerDamaged(f"Entry {entry.sequence}: cannot be read.", entry.sequence)
    return Head(entry.sequence, digest(entry))


def opening(connection: Connection) -> facts.HomeOpened:
    """The first fact of the journal. Raises LedgerDamaged when it is no opening."""
    row = connection.execute(
        "SELECT body FROM entries WHERE sequence = 1 AND kind = 'home_opened'"
    ).fetchone()
    if row is None:
        raise LedgerDamaged("Entry 1: the journal does not begin with its opening.", 1)
    opened = _read(facts.HomeOpened.KIND, 1, row[0], 1)
    assert isinstance(opened, facts.HomeOpened)
    return opened


def committed_in(fact: facts.Fact, sale_id: str) -> facts.SaleCommitted:
    """Commit one of `sale_id` in the fact that its row points to: itself, or what brought it from
    an old journal."""
    if isinstance(fact, store_facts.OriginRejoined):
        carried = (facts.carried_sale(sale) for sale in fact.sales)
        return next(committed for committed in carried if committed.sale_id == sale_id)
    assert isinstance(fact, facts.SaleCommitted)
    return fact


def move_in(fact: facts.Fact, move_id: str) -> card_account_facts.AccountMoveCommitted:
    """The movement `move_id` in the fact that its row points to."""
    if isinstance(fact, store_facts.OriginRejoined):
        return next(move for move, _ in facts.carried_moves(fact) if move.move_id == move_id)
    assert isinstance(fact, card_account_facts.AccountMoveCommitted)
    return fact


def work_in(fact: facts.Fact, work_id: str) -> card_facts.CardWorkCommitted:
    """The work `work_id` in the fact that its row points to."""
    if isinstance(fact, store_facts.OriginRejoined):
        return next(work for work, _ in facts.carried_works(fact) if work.work_id == work_id)
    assert isinstance(fact, card_facts.CardWorkCommitted)
    return fact


def _offered_in(fact: facts.Fact, payment: str, note: int) -> facts.NoteOffered:
    if isinstance(fact, store_facts.OriginRejoined):
        carried = (facts.carried_note(each) for each in fact.notes)
        return next(each for each in carried if (each.payment, each.note) == (payment, note))
    assert isinstance(fact, facts.NoteOffered)
    return fact


def _read(kind: str, version: int, body: bytes, sequence: int) -> facts.Fact:
    try:
        return facts.decode(kind, version, body)
    except KeyError as error:
        raise StoreFault(f"Entry {sequence} was written by a newer program: {error}.") from error
    except (TypeError, msgspec.MsgspecError) as error:
        raise LedgerDamaged(f"Entry {sequence}: cannot be read ({error}).", sequence) from error


def open_books(connection: Connection) -> Books:
    """The books as they stand: only what is still open is needed to judge a further fact."""
    books = Books()
    rows = connection.execute(
        "SELECT sequence, kind, version, body, state, sale_id FROM sales"
        " JOIN entries USING (sequence) WHERE state IN ('paid', 'in_doubt')"
    ).fetchall()
    for sequence, kind, version, body, state, sale_id in rows:
        fact = _read(kind, version, body, sequence)
        books.reopen_sale(committed_in(fact, sale_id), state)
    notes = connection.execute(
        "SELECT sequence, kind, version, body, state, payment, note FROM notes"
        " JOIN entries USING (sequence) WHERE state IN ('offered', 'in_doubt')"
    ).fetchall()
    for sequence, kind, version, body, state, payment, note in notes:
        fact = _read(kind, version, body, sequence)
        books.reopen_note(_offered_in(fact, payment, note), lost=state == "in_doubt")
    for payment, meter, currency, amount_minor in connection.execute(
        "SELECT payment, meter, currency, amount_minor FROM held"
    ):
        books.held[payment] = (meter, currency, amount_minor)
    _reopen_moves(connection, books)
    return books


def _reopen_moves(connection: Connection, books: Books) -> None:
    """Movements on cards that have not ended, and spends whose sale has not."""
    rows = connection.execute(
        "SELECT m.sequence, e.kind, e.version, e.body, m.state, m.move_id FROM account_moves m"
        " JOIN entries e USING (sequence)"
        " LEFT JOIN sales s ON s.sale_id = m.move_id"
        " WHERE m.state = 'committed' OR s.state IN ('paid', 'in_doubt')"
    ).fetchall()
    for sequence, kind, version, body, state, move_id in rows:
        books.reopen_move(move_in(_read(kind, version, body, sequence), move_id), state)


def read_written(connection: Connection, origin: str, sequence: int, limit: int) -> list[Written]:
    """Entries after `sequence` with the contents that came with them, oldest first."""
    rows = connection.execute(
        "SELECT sequence, time_ms, quality, kind, version, body, previous, signature FROM entries"
        " WHERE sequence > ? ORDER BY sequence LIMIT ?",
        (sequence, limit),
    ).fetchall()
    return [Written(Entry(origin, *row), _content_of(connection, row)) for row in rows]


def _content_of(connection: Connection, row: tuple[Any, ...]) -> bytes:
    """The catalogue of an entry that brought one."""
    number, _, _, kind, version, body, _, _ = row
    if kind != facts.CatalogueReceived.KIND:
        return b""
    fact = _read(kind, version, body, number)
    assert isinstance(fact, facts.CatalogueReceived)
    found = connection.execute(
        "SELECT content FROM catalogues WHERE number = ?", (fact.number,)
    ).fetchone()
    return bytes(found[0]) if found else b""
