"""The slip of a movement of money on a card: the original, and copies that are marked as such."""

from __future__ import annotations

from kiosk.domain import card_account_facts
from kiosk.domain.card_account_record import MoveRecord
from kiosk.errors import Refusal
from kiosk.ports import SlipLine
from kiosk.till.desk import Desk
from kiosk.till.paper import submit


def move_lines(desk: Desk, record: MoveRecord, copy: int = 0) -> list[SlipLine]:
    """The slip, as it is printed and as the screen may show it."""
    assert desk.writer is not None
    customer = desk.records.customer(record.committed.account)
    return desk.writer.card_money(record, customer, copy)


def print_move(desk: Desk, record: MoveRecord) -> str:
    """Print it; the name of the job, or "" where there is no printer."""
    return submit(desk, f"card-money-{record.committed.move_id}/0", move_lines(desk, record))


def reprint(desk: Desk, move_id: str) -> str | Refusal:
    """Print a copy, marked COPY n. The copy is a fact, written before the paper moves. A spend has
    the slip of its sale."""
    refused = desk.gate("reprint")
    if refused is not None:
        return refused
    record = desk.records.account_move(move_id)
    if record is None or record.committed.kind != "top_up":
        return Refusal("account_move_unknown", {"move": move_id[:40]})
    copy = record.copies + 1
    outcome = desk.journal.append(
        card_account_facts.AccountMoveReprinted(move_id, copy, desk.operator)
    )
    if isinstance(outcome, Refusal):
        return outcome
    return submit(desk, f"card-money-{move_id}/{copy}", move_lines(desk, record, copy))
