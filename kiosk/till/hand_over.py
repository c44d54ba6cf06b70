"""The verb hand over: a token that recovery finished is shown and printed once, to whoever comes
next for its meter.

When the token was made nobody stood there, so no slip of it exists. The fact `slip_printed` with
copy 0 says that it was handed over; its identity makes that once for all faces of a home.
"""

from __future__ import annotations

import msgspec

from kiosk.domain import facts
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.till import paper
from kiosk.till.desk import Desk
from kiosk.till.greet import unfinished_of
from kiosk.till.recover import recover

#: The newest sales of a meter that are looked through.
_LOOKED_AT = 5


class HandedOver(msgspec.Struct, frozen=True):
    """A sale whose token was finished later, and the print job of its slip ("" without printer)."""

    record: SaleRecord
    job: str


def waiting(desk: Desk, meter: str) -> list[SaleRecord]:
    """Finished token sales of `meter` that nobody has seen yet, oldest first; for a worker.

    One that waits for the module is asked for first.
    """
    unfinished = unfinished_of(desk, meter)
    if unfinished is not None and unfinished.committed.token is not None:
        recover(desk)
    newest = desk.records.sales_of(meter=meter, limit=_LOOKED_AT)
    return [record for record in reversed(newest) if _is_unseen(desk, record)]


def hand_over(desk: Desk, record: SaleRecord) -> HandedOver | None:
    """Write that it is handed over, then print its slip; None when somebody was faster."""
    outcome = "sent" if desk.slips is not None else "shown"
    fact = facts.SlipPrinted(record.committed.sale_id, 0, outcome, desk.operator)
    if desk.records.is_known(facts.slip_identity(fact.sale_id)):
        return None
    if isinstance(desk.journal.append(fact), Refusal):
        return None
    desk.nudge()
    printable = desk.slips is not None and desk.writer is not None
    return HandedOver(record, paper.print_slip(desk, record) if printable else "")


def hand_over_all(desk: Desk, meter: str) -> list[HandedOver]:
    """Hand over everything that waits for `meter`."""
    handed = [hand_over(desk, record) for record in waiting(desk, meter)]
    return [each for each in handed if each is not None]


def _is_unseen(desk: Desk, record: SaleRecord) -> bool:
    finished_later = record.state == "delivered" and record.how == "recovered"
    if not finished_later or record.token is None or record.copies:
        return False
    return not desk.records.is_known(facts.slip_identity(record.committed.sale_id))
