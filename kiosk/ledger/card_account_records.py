"""What can be read of money on cards, and of cards under suspicion."""

from __future__ import annotations

from typing import Any

from kiosk.domain.card_account_chain import Link
from kiosk.domain.card_account_facts import (
    AccountMoveUndone,
    CardSuspected,
    SuspicionClosed,
)
from kiosk.domain.card_account_record import CaseRecord, MoveRecord
from kiosk.domain.cards.image import CardImage
from kiosk.domain.entry import Entry, digest
from kiosk.domain.fact import Fact
from kiosk.ledger.opening import committed_in, move_in


class CardAccountReads:
    """The reads of `Records` that are about cards' accounts; `Records` gives the connection."""

    _origin: str

    def _all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def fact(self, sequence: int) -> Fact:
        """The fact at `sequence`."""
        raise NotImplementedError

    def after(self, sequence: int, limit: int) -> list[Entry]:
        """The entries that follow `sequence`."""
        raise NotImplementedError

    def account_move(self, move_id: str) -> MoveRecord | None:
        """The movement with this id; a spend has the id of its sale."""
        found = self._moves("move_id = ?", move_id)
        return found[0] if found else None

    def open_moves(self) -> list[MoveRecord]:
        """Movements whose end is not known, oldest first."""
        return self._moves("state = 'committed' ORDER BY sequence")

    def last_move(self, card: str) -> MoveRecord | None:
        """The newest movement that this card was seen to show."""
        found = self._moves("card = ? AND state = 'moved' ORDER BY number DESC LIMIT 1", card)
        return found[0] if found else None

    def open_top_up(self, card: str) -> MoveRecord | None:
        """The top-up of this card of which nobody knows yet whether the card took it."""
        found = self._moves("card = ? AND state = 'committed' AND kind = 'top_up'", card)
        return found[0] if found else None

    def money_left(self, card: str) -> MoveRecord | None:
        """The movement that left money on this card, if it was never given back; a top-up whose
        end is not known counts: its cash was taken."""
        move = self.open_top_up(card) or self.last_move(card)
        if move is None or not move.committed.balance_minor or self.gave_money_back(card):
            return None
        return move

    def gave_money_back(self, card: str) -> bool:
        """Whether what this chip held is kept for its meter, so that it is never used again."""
        return bool(self._all("SELECT 1 FROM returned_card_money WHERE card = ?", card))

    def moves_of_card(self, card: str, limit: int = 50) -> list[MoveRecord]:
        """The movements of one card that were meant here, newest first."""
        return self._moves("card = ? ORDER BY sequence DESC LIMIT ?", card, limit)

    def account_links(self) -> list[Link]:
        """Every movement that a card showed here, for its chain (`card_account_chain`); what a card
        out of use gave back is its last."""
        rows = self._all(
            "SELECT card, number, move_id, kind, currency, amount_minor, balance_minor, previous,"
            " mark FROM account_moves WHERE state = 'moved' ORDER BY card, number"
        )
        rows += self._all(
            "SELECT card, number, return_id, 'spend', currency, amount_minor, 0, previous, mark"
            " FROM returned_card_money ORDER BY card"
        )
        return [Link(row[0], row[1], self._origin, *row[2:]) for row in rows]

    def _moves(self, condition: str, *values: Any) -> list[MoveRecord]:
        rows = self._all(
            "SELECT sequence, state, ended, committed_ms, move_id, copies FROM account_moves"  # noqa: S608
            f" WHERE {condition}",
            *values,
        )
        return [self._move(*row) for row in rows]

    def _move(
        self, sequence: int, state: str, ended: int | None, time_ms: int, move_id: str, copies: int
    ) -> MoveRecord:
        committed, entry = move_in(self.fact(sequence), move_id), self.after(sequence - 1, 1)[0]
        end = self.fact(ended) if ended is not None else None
        reason, returned_to = ("", "")
        if isinstance(end, AccountMoveUndone):
            reason, returned_to = end.reason, end.returned_to
        return MoveRecord(
            committed, sequence, state, time_ms, digest(entry).hex()[:8], entry.quality,
            reason, returned_to, copies,
        )  # fmt: skip

    # --- cards under suspicion ----------------------------------------------------------------

    def suspicion(self, case_id: str) -> CaseRecord | None:
        """The case with this id."""
        found = self._cases("case_id = ?", case_id)
        return found[0] if found else None

    def open_suspicions(self, serial: str = "") -> list[CaseRecord]:
        """Cases that nobody has closed, oldest first; those of one chip when `serial` is given."""
        if serial:
            return self._cases("closed IS NULL AND serial = ? ORDER BY sequence", serial)
        return self._cases("closed IS NULL ORDER BY sequence")

    def suspicions(self, limit: int = 200) -> list[CaseRecord]:
        """Cards that were ever under suspicion, newest first."""
        return self._cases("1 ORDER BY sequence DESC LIMIT ?", limit)

    def _cases(self, condition: str, *values: Any) -> list[CaseRecord]:
        rows = self._all(
            f"SELECT sequence, opened_ms, closed FROM suspicions WHERE {condition}",  # noqa: S608
            *values,
        )
        return [self._case(*row) for row in rows]

    def _case(self, sequence: int, time_ms: int, closed: int | None) -> CaseRecord:
        suspected = self.fact(sequence)
        assert isinstance(suspected, CardSuspected)
        end = self.fact(closed) if closed is not None else None
        assert end is None or isinstance(end, SuspicionClosed), closed
        return CaseRecord(suspected, sequence, time_ms, closed, end)

    def card_is_stopped(self, serial: str) -> bool:
        """Whether this chip is under suspicion, or was found to be one to withdraw."""
        rows = self._all(
            "SELECT 1 FROM suspicions WHERE serial = ?"
            " AND (closed IS NULL OR finding = 'withdrawn') LIMIT 1",
            serial,
        )
        return bool(rows)

    def last_sale_of_card(self, serial: str) -> tuple[str, int, CardImage] | None:
        """Sale id, purchase number and card before it, of the newest delivery to this chip that
        still stands: neither taken back nor followed by a work on the card."""
        rows = self._all(
            "SELECT sale_id, purchase_number, sequence FROM sales WHERE card = ?1"
            " AND state = 'delivered'"
            " AND sale_id NOT IN (SELECT sale_id FROM undone_sales WHERE state = 'reversed')"
            " AND ended > (SELECT coalesce(max(ended), 0) FROM card_works"
            "  WHERE serial = ?1 AND state = 'done')"
            " ORDER BY purchase_number DESC LIMIT 1",
            serial,
        )
        if not rows:
            return None
        sale_id, number, sequence = rows[0]
        delivery = committed_in(self.fact(sequence), sale_id).card
        assert delivery is not None, sale_id
        return sale_id, number, delivery.before

    def number_after_work(self, serial: str) -> int:
        """The purchase number that the newest work left on this chip; 0 without one."""
        rows = self._all(
            "SELECT purchase_number FROM card_works WHERE serial = ? AND state = 'done'"
            " ORDER BY ended DESC LIMIT 1",
            serial,
        )
        return int(rows[0][0]) if rows else 0
