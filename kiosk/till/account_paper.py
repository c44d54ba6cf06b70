"""The slips of a customer's money: every event has one, and an account has a statement."""

from __future__ import annotations

from kiosk.domain.account_record import AccountRecord
from kiosk.errors import Refusal
from kiosk.ports import SlipLine
from kiosk.till.desk import Desk
from kiosk.till.paper import submit
from kiosk.till.statement import purses, statement

#: Lines of each purse on a printed statement; a longer one is a book.
_STATEMENT_LINES = 100


def event_lines(desk: Desk, record: AccountRecord, copy: int = 0) -> list[SlipLine]:
    """The slip of an event, as it is printed and as the screen may show it."""
    assert desk.writer is not None
    customer = desk.records.customer(record.account)
    return desk.writer.account(record, customer, copy)


def print_event(desk: Desk, record: AccountRecord) -> str:
    """Print the slip of an event; the name of the job, or "" where there is no printer."""
    return submit(desk, f"account-{record.sequence}/0", event_lines(desk, record))


def statement_lines(desk: Desk, customer: str) -> list[SlipLine] | Refusal:
    """The statement of a customer's account."""
    found = statement(desk, customer, 1)
    if isinstance(found, Refusal):
        return found
    assert desk.writer is not None
    now_ms = desk.clock.now().time_ms
    moved = purses(desk, found.customer.account, _STATEMENT_LINES)
    return desk.writer.statement(found.standing, moved, found.customer, now_ms)


def print_statement(desk: Desk, customer: str) -> str | Refusal:
    """Print it; the name of the job, or "" where there is no printer."""
    lines = statement_lines(desk, customer)
    if isinstance(lines, Refusal):
        return lines
    return submit(desk, f"statement-{desk.entropy.name()}/0", lines)
