"""The tables of movements on cards' accounts and of cards under suspicion."""

from __future__ import annotations

from typing import Any

from kiosk.domain import card_account_facts
from kiosk.domain.fact import Fact
from kiosk.ledger.connection import Connection


def _committed(
    c: Connection, sequence: int, time_ms: int, fact: card_account_facts.AccountMoveCommitted
) -> None:
    c.execute(
        "INSERT INTO account_moves (move_id, sequence, state, kind, card, account, meter, station,"
        " currency, amount_minor, number, balance_minor, previous, mark, committed_ms)"
        " VALUES (?, ?, 'committed', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            fact.move_id, sequence, fact.kind, fact.card, fact.account, fact.meter, fact.station,
            fact.currency, fact.amount_minor, fact.number, fact.balance_minor, fact.previous,
            fact.mark, time_ms,
        ),
    )  # fmt: skip


def carry(
    c: Connection, sequence: int, time_ms: int, fact: card_account_facts.AccountMoveCommitted,
    state: str,
) -> None:  # fmt: skip
    """A movement that stood open in an old journal; the entry at `sequence` brought it."""
    _committed(c, sequence, time_ms, fact)
    if state != "committed":
        _end(c, fact.move_id, state, sequence)


def _moved(c: Connection, sequence: int, _ms: int, fact: card_account_facts.AccountMoved) -> None:
    _end(c, fact.move_id, "moved", sequence)


def _undone(
    c: Connection, sequence: int, _ms: int, fact: card_account_facts.AccountMoveUndone
) -> None:
    _end(c, fact.move_id, "undone", sequence)


def _end(c: Connection, move_id: str, state: str, sequence: int) -> None:
    c.execute(
        "UPDATE account_moves SET state = ?, ended = ? WHERE move_id = ?",
        (state, sequence, move_id),
    )


def _copied(
    c: Connection, _seq: int, _ms: int, fact: card_account_facts.AccountMoveReprinted
) -> None:
    c.execute(
        "UPDATE account_moves SET copies = max(copies, ?) WHERE move_id = ?",
        (fact.copy, fact.move_id),
    )


def _returned(
    c: Connection, sequence: int, _ms: int, fact: card_account_facts.CardMoneyReturned
) -> None:
    c.execute(
        "INSERT INTO returned_card_money (card, sequence, return_id, number, currency,"
        " amount_minor, previous, mark) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            fact.card, sequence, fact.return_id, fact.number, fact.currency, fact.amount_minor,
            fact.previous, fact.mark,
        ),
    )  # fmt: skip


def _suspected(
    c: Connection, sequence: int, time_ms: int, fact: card_account_facts.CardSuspected
) -> None:
    c.execute(
        "INSERT INTO suspicions (case_id, sequence, reason, serial, card_number, meter, opened_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            fact.case_id, sequence, fact.reason, fact.serial, fact.card_number, fact.meter, time_ms,
        ),
    )  # fmt: skip


def _closed(
    c: Connection, sequence: int, _ms: int, fact: card_account_facts.SuspicionClosed
) -> None:
    c.execute(
        "UPDATE suspicions SET closed = ?, finding = ? WHERE case_id = ?",
        (sequence, fact.finding, fact.case_id),
    )


DRAWS: dict[type[Fact], Any] = {
    card_account_facts.AccountMoveCommitted: _committed,
    card_account_facts.AccountMoved: _moved,
    card_account_facts.AccountMoveUndone: _undone,
    card_account_facts.AccountMoveReprinted: _copied,
    card_account_facts.CardMoneyReturned: _returned,
    card_account_facts.CardSuspected: _suspected,
    card_account_facts.SuspicionClosed: _closed,
}
