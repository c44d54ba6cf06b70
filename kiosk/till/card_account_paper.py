"""The slip of a movement of money on a card."""

from __future__ import annotations

from kiosk.domain.card_account_record import MoveRecord
from kiosk.ports import SlipLine
from kiosk.till.desk import Desk
from kiosk.till.paper import submit


def move_lines(desk: Desk, record: MoveRecord) -> list[SlipLine]:
    """The slip, as it is printed and as the screen may show it."""
    assert desk.writer is not None
    return desk.writer.card_money(record, desk.records.customer(record.committed.account))


def print_move(desk: Desk, record: MoveRecord) -> str:
    """Print it; the name of the job, or "" where there is no printer."""
    return submit(desk, f"card-money-{record.committed.move_id}/0", move_lines(desk, record))
