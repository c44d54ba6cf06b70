"""The slip of a work on a card: the original, and copies that are marked as such."""

from __future__ import annotations

from kiosk.domain import card_facts
from kiosk.domain.card_record import CardWorkRecord
from kiosk.errors import Refusal
from kiosk.ports import SlipLine
from kiosk.till import paper
from kiosk.till.desk import Desk


def slip_lines(desk: Desk, record: CardWorkRecord, copy: int = 0) -> list[SlipLine]:
    """The slip as it is printed and as a screen may show it."""
    assert desk.writer is not None
    meter = desk.records.meter(record.committed.meter) if record.committed.meter else None
    customer = desk.records.customer(meter.account) if meter is not None else None
    return desk.writer.card(record, customer, copy)


def print_slip(desk: Desk, record: CardWorkRecord) -> str:
    """Print the original; the name of the job, or "" where there is no printer."""
    return paper.submit(desk, f"{record.committed.work_id}/0", slip_lines(desk, record))


def reprint(desk: Desk, work_id: str) -> str | Refusal:
    """Print a copy, marked COPY n. The copy is a fact, written before the paper moves."""
    refused = desk.gate("reprint")
    if refused is not None:
        return refused
    record = desk.records.card_work(work_id)
    if record is None:
        return Refusal("card_work_not_open", {"work": work_id[:40]})
    copy = record.copies + 1
    desk.journal.append(card_facts.CardWorkReprinted(work_id, copy, desk.operator))
    return paper.submit(desk, f"{work_id}/{copy}", slip_lines(desk, record, copy))
