"""The verbs around paper: print the slip of a sale, print a copy. The sale never waits for them."""

from __future__ import annotations

import threading

from kiosk.domain import facts
from kiosk.domain.record import PaymentRecord, SaleRecord
from kiosk.errors import Refusal
from kiosk.ports import SlipLine, SlipState
from kiosk.till.desk import Desk

_WAIT_S, _LOOK_S = 10.0, 0.1


def slip_lines(desk: Desk, record: SaleRecord, copy: int = 0) -> list[SlipLine]:
    """The slip of a sale, as it is printed and as the screen may show it."""
    assert desk.writer is not None
    customer = desk.records.customer(record.committed.account)
    return desk.writer.sale(record, customer, copy)


def print_slip(desk: Desk, record: SaleRecord) -> str:
    """Print the original; gives the name of the job, or "" where there is no printer."""
    return submit(desk, f"{record.committed.sale_id}/0", slip_lines(desk, record))


def print_kept(desk: Desk, payment: PaymentRecord) -> str:
    """Print the slip of money that was kept for a meter."""
    assert desk.writer is not None
    return submit(desk, f"{payment.payment}/kept", desk.writer.kept(payment))


def print_note_in_doubt(desk: Desk, note: facts.NoteOffered, reason: str) -> str:
    """Print the slip of a note that nobody can find now: the customer's proof of it (E22)."""
    assert desk.writer is not None
    lines = desk.writer.note(note, desk.clock.now().time_ms, reason)
    return submit(desk, f"{note.payment}/note-{note.note}", lines)


def reprint(desk: Desk, sale_id: str) -> str | Refusal:
    """Print a copy, marked COPY n. The copy is a fact, written before the paper moves."""
    refused = desk.gate("reprint")
    if refused is not None:
        return refused
    record = desk.records.sale(sale_id)
    if record is None:
        return Refusal("unknown_sale", {"sale": sale_id})
    copy = record.copies + 1
    desk.journal.append(facts.SlipPrinted(sale_id, copy, "sent", desk.operator))
    return submit(desk, f"{sale_id}/{copy}", slip_lines(desk, record, copy))


def ended(desk: Desk, job: str) -> SlipState:
    """Wait for the printer's word on a slip, so that a process which ends does not take it along;
    still `printing` when there is none in time."""
    assert desk.slips is not None
    look = threading.Event()
    for _ in range(int(_WAIT_S / _LOOK_S)):
        if desk.slips.outcome(job) != "printing":
            break
        look.wait(_LOOK_S)
    return desk.slips.outcome(job)


def submit(desk: Desk, job: str, lines: list[SlipLine]) -> str:
    """Hand a slip to the press; the name of the job, or "" where there is no printer."""
    if desk.slips is None:
        return ""
    desk.slips.submit(job, lines)
    return job
