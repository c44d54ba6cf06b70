"""The rules of the books for money on a customer's card: `card_account:<customer account>`.

A top-up puts money there when the card shows it; a sale paid from the card takes it, and gets it
back only if the card shows that the spend never happened. What the card holds may come from other
terminals, so one terminal's balance of the account may be below nothing: the card is the lock, and
the sum over all terminals is what is compared with the cards (`card_account_chain`).
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from kiosk.domain import card_account_facts, chart
from kiosk.domain.cards import account_area
from kiosk.domain.fact import Fact
from kiosk.domain.posting import Posting
from kiosk.errors import Refusal


class OpenMove(msgspec.Struct):
    """A movement that has not ended, or a spend whose sale has not: committed, moved or undone."""

    committed: card_account_facts.AccountMoveCommitted
    state: str = "committed"


class Moves(Protocol):
    """The part of the books that these rules look at."""

    moves: dict[str, OpenMove]


def _committed(
    books: Moves, fact: card_account_facts.AccountMoveCommitted
) -> list[Posting] | Refusal:
    if fact.move_id in books.moves:
        return Refusal("exists", {"sale": fact.move_id})
    if not _is_sound(fact):
        return Refusal("account_move_does_not_add_up", {"sale": fact.move_id})
    books.moves[fact.move_id] = OpenMove(fact)
    if fact.kind == "spend":
        return []  # its sale takes the money
    return [
        Posting(fact.paid_into, fact.currency, fact.amount_minor, "posted"),
        Posting(chart.CARD_ACCOUNTS_PENDING, fact.currency, -fact.amount_minor, "pending"),
    ]


def _is_sound(fact: card_account_facts.AccountMoveCommitted) -> bool:
    """Whether the figures follow from the card as it was read."""
    was = account_area.account_state(fact.before)
    if isinstance(was, Refusal) or fact.amount_minor <= 0:
        return False
    signed = {"top_up": fact.amount_minor, "spend": -fact.amount_minor}.get(fact.kind)
    paid = (
        fact.paid_into.startswith(chart.cash("")) if fact.kind == "top_up" else not fact.paid_into
    )
    return (
        signed is not None
        and paid
        and (fact.card, fact.previous) == (was.serial, was.mark)
        and (fact.number, fact.balance_minor) == (was.sequence + 1, was.balance_minor + signed)
        and fact.balance_minor >= 0
        and was.currency in ("", fact.currency)
    )


def _moved(books: Moves, fact: card_account_facts.AccountMoved) -> list[Posting] | Refusal:
    move = _open(books, fact.move_id)
    if isinstance(move, Refusal):
        return move
    committed = move.committed
    if committed.kind == "spend":
        move.state = "moved"
        return []
    del books.moves[fact.move_id]
    kept, money, amount = _kept(committed), committed.currency, committed.amount_minor
    return [
        Posting(chart.CARD_ACCOUNTS_PENDING, money, amount, "posted"),
        Posting(kept, money, -amount, "posted"),
    ]


def _undone(books: Moves, fact: card_account_facts.AccountMoveUndone) -> list[Posting] | Refusal:
    move = _open(books, fact.move_id)
    if isinstance(move, Refusal):
        return move
    committed = move.committed
    back = (committed.paid_into, chart.meter_account(committed.meter))
    if fact.returned_to not in (("",) if committed.kind == "spend" else back):
        return Refusal("account_move_does_not_add_up", {"sale": fact.move_id})
    if committed.kind == "spend":
        move.state = "undone"
        return []
    del books.moves[fact.move_id]
    money, amount = committed.currency, committed.amount_minor
    return [
        Posting(chart.CARD_ACCOUNTS_PENDING, money, amount, "voided"),
        Posting(fact.returned_to, money, -amount, "posted"),
    ]


def _returned(_books: Moves, fact: card_account_facts.CardMoneyReturned) -> list[Posting] | Refusal:
    if fact.amount_minor <= 0 or fact.number < 2:
        return Refusal("account_move_does_not_add_up", {"sale": fact.return_id})
    money, amount = fact.currency, fact.amount_minor
    return [
        Posting(chart.card_account(fact.account), money, amount, "posted"),
        Posting(chart.meter_account(fact.meter), money, -amount, "posted"),
    ]


def _open(books: Moves, move_id: str) -> OpenMove | Refusal:
    move = books.moves.get(move_id)
    if move is None or move.state != "committed":
        return Refusal("account_move_not_open", {"sale": move_id})
    return move


def _kept(committed: card_account_facts.AccountMoveCommitted) -> str:
    return chart.card_account(committed.account)


# --- sales paid from the card -----------------------------------------------------------------


def is_intended(books: Moves, sale_id: str, account: str, currency: str, amount_minor: int) -> bool:
    """Whether the spend of a sale that is paid from the card stands in the journal before it."""
    move = books.moves.get(sale_id)
    wanted = ("spend", account, currency, amount_minor)
    if move is None or move.state != "committed":
        return False
    made = move.committed
    return (made.kind, made.account, made.currency, made.amount_minor) == wanted


def sale_ends(books: Moves, sale_id: str, returned_to: str | None) -> bool:
    """Whether a sale may end so: delivered (`returned_to` None) or voided with its money there.

    True for a sale that is not paid from the card. A spend that was made is not given back to the
    card account, because the card does not have it any more; one that was not made goes nowhere
    else. Forgets the spend.
    """
    move = books.moves.get(sale_id)
    if move is None:
        return True
    own = returned_to == _kept(move.committed)
    if move.state == "committed" or (move.state == "undone") != own:
        return False
    del books.moves[sale_id]
    return True


RULES: dict[type[Fact], Any] = {
    card_account_facts.AccountMoveCommitted: _committed,
    card_account_facts.AccountMoved: _moved,
    card_account_facts.AccountMoveUndone: _undone,
    card_account_facts.CardMoneyReturned: _returned,
}
