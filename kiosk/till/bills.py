"""The verbs of old meters' bills: take them in from a file or by hand, list, collect (F009)."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import msgspec

from kiosk.domain import bill_facts, debts, money
from kiosk.domain.account_record import AccountRecord
from kiosk.domain.bill_books import Bill
from kiosk.errors import BadInput, Refusal
from kiosk.till.desk import Desk
from kiosk.till.money_of import may_take, take_payment, write

#: The columns of a file of bills; amounts in major units, the day as 2026-11-30.
COLUMNS = ("bill", "account", "name", "meter", "period", "amount", "due", "late_fee")

_LONGEST_TEXT = 80
#: A larger file comes from somebody who sent the wrong one.
LARGEST_FILE_BYTES = 64 * 1024 * 1024
#: Bills that travel into the journal in one commit.
_GROUP = 200


class Taken(msgspec.Struct, frozen=True):
    """What became of a file: how many bills are new, and how many were there before."""

    new: int
    known: int


def read_bills(lines: Iterable[str], currency: str, operator: str) -> list[bill_facts.BillReceived]:
    """The bills of a CSV file with the heading of `COLUMNS`. BadInput names line and column."""
    rows = csv.DictReader(lines, strict=True)
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or [])]
    if missing:
        raise BadInput(f"Line 1: the column {missing[0]} is missing; {', '.join(COLUMNS)}.")
    found = []
    try:
        for row in rows:
            found.append(_bill(row, rows.line_num, currency, operator))
    except csv.Error as error:
        raise BadInput(f"Line {rows.line_num}: is not CSV ({error}).") from None
    return found


def add(desk: Desk, row: dict[str, str]) -> Taken | Refusal:
    """Take one bill in as it is typed, a text a column. BadInput names the column."""
    refused = may_take(desk)
    return refused or take_in(desk, [_bill(dict(row), 1, desk.currency, desk.operator)])


def take_file(desk: Desk, path: Path) -> Taken | Refusal:
    """Take a file of bills in. BadInput where it cannot be read."""
    refused = may_take(desk)
    if refused is not None:
        return refused
    try:
        if path.exists() and not path.is_file():
            raise BadInput(f"{path}: is no file of bills.")
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise BadInput(f"{path}: is too large for a file of bills.")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is not UTF-8 text (byte {error.start}).") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}).") from None
    return take_in(desk, read_bills(text.splitlines(), desk.currency, desk.operator))


def _bill(
    row: dict[str, str | None], line: int, currency: str, operator: str
) -> bill_facts.BillReceived:
    texts = {name: (row.get(name) or "").strip() for name in COLUMNS}
    for name in ("bill", "account", "name", "meter", "period"):
        if len(texts[name]) > _LONGEST_TEXT or (not texts[name] and name in {"bill", "account"}):
            raise BadInput(f"Line {line}: {name} must have 1 to {_LONGEST_TEXT} characters.")
    due_ms = debts.day_end_ms(texts["due"])
    if isinstance(due_ms, Refusal):
        raise BadInput(f"Line {line}: due must be a day such as 2026-11-30.")
    fee = texts["late_fee"]
    no_fee = not fee.strip("0.")
    return bill_facts.BillReceived(
        texts["bill"], texts["account"], texts["name"], texts["meter"], texts["period"], currency,
        _amount(texts["amount"], currency, line, "amount"), due_ms,
        0 if no_fee else _amount(fee, currency, line, "late_fee"), operator,
    )  # fmt: skip


def _amount(text: str, currency: str, line: int, column: str) -> int:
    found = money.parse_amount(text, currency)
    if isinstance(found, Refusal):
        raise BadInput(f"Line {line}: {column} must be an amount such as 20.50.")
    return found


def take_in(desk: Desk, bills: list[bill_facts.BillReceived]) -> Taken | Refusal:
    """Take bills in: those that are there with the same figures stay; where a number is taken by
    another bill nothing is taken."""
    refused = may_take(desk) or _number_used(desk, bills)
    if refused is not None:
        return refused
    known = sum(desk.records.is_known(f"bill/{bill.bill_id}") for bill in bills)
    for start in range(0, len(bills), _GROUP):
        outcome = desk.journal.append(*_as_before(desk, bills[start : start + _GROUP]))
        if isinstance(outcome, Refusal):
            return outcome
    desk.nudge()
    return Taken(len(bills) - known, known)


def _number_used(desk: Desk, bills: list[bill_facts.BillReceived]) -> Refusal | None:
    for bill in bills:
        before = desk.records.fact_of(f"bill/{bill.bill_id}")
        if isinstance(before, bill_facts.BillReceived) and (
            msgspec.structs.replace(bill, operator=before.operator) != before
        ):
            return Refusal("bill_number_used", {"bill": bill.bill_id})
    return None


def _as_before(desk: Desk, bills: list[bill_facts.BillReceived]) -> list[bill_facts.BillReceived]:
    """A bill that came before is the same whoever brings it again: the first operator stands."""
    found = []
    for bill in bills:
        before = desk.records.fact_of(f"bill/{bill.bill_id}")
        if isinstance(before, bill_facts.BillReceived):
            bill = msgspec.structs.replace(bill, operator=before.operator)  # noqa: PLW2901
        found.append(bill)
    return found


def listed(
    desk: Desk, text: str = "", limit: int = 50, *, paid: bool = False
) -> list[Bill] | Refusal:
    """Bills by number, account, meter or name; paid ones only when asked for."""
    return desk.gate("history") or desk.records.bills(text.strip(), limit, paid=paid)


def due_minor(desk: Desk, bill: Bill) -> int:
    """What settles a bill now, its late fee included."""
    return bill.open_minor + bill.late_fee_due_minor(desk.clock.now().time_ms)


def collect(
    desk: Desk, bill_id: str, amount_minor: int | None = None, *, source: str = "cash",
    tendered_minor: int | None = None, event_id: str = "",
) -> AccountRecord | Refusal:  # fmt: skip
    """Collect a bill: whole (None) or in part. A late fee is taken first, once, as its own line."""
    refused = may_take(desk) or desk.clock_set_back()
    if refused is not None:
        return refused
    bill = desk.records.bill(bill_id)
    if bill is None:
        return Refusal("unknown_bill", {"bill": bill_id[:40]})
    before = _collected_before(desk, bill, event_id, amount_minor)
    if before is not None:
        return before
    fee = bill.late_fee_due_minor(desk.clock.now().time_ms)
    total = due_minor(desk, bill) if amount_minor is None else amount_minor
    if not bill.open_minor or total > bill.open_minor + fee:
        return Refusal("bill_smaller", {"open_minor": bill.open_minor + fee})
    if total <= fee:
        return Refusal("amount_below_minimum", {"nearest_minor": fee + 1})
    if source not in {"cash", "capital"}:
        return Refusal("unknown_tender", {"tender": source[:20]})
    paid = take_payment(desk, bill.account, source, total, tendered_minor)
    if isinstance(paid, Refusal):
        return paid
    fact = bill_facts.BillCollected(
        event_id or desk.entropy.name(), bill_id, bill.account, bill.currency, total - fee, fee,
        paid.paid_from, paid.tendered_minor, paid.change_minor, desk.operator,
    )  # fmt: skip
    return write(desk, fact, bill.account)


def _collected_before(
    desk: Desk, bill: Bill, event_id: str, amount_minor: int | None
) -> AccountRecord | Refusal | None:
    """The first answer when the same payment is submitted again (E05)."""
    identity = f"bill_collected/{event_id}"
    sequence = desk.records.sequence_of(identity) if event_id else None
    fact = desk.records.fact(sequence) if sequence is not None else None
    if sequence is None or not isinstance(fact, bill_facts.BillCollected):
        return None
    same_sum = amount_minor in (None, fact.amount_minor + fact.late_fee_minor)
    if fact.bill_id != bill.bill_id or not same_sum:
        return Refusal("exists_with_different_content", {"identity": identity})
    return desk.records.account_event(bill.account, sequence)
