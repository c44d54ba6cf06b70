"""The verbs that undo a delivered sale: reverse it, or move its value to the right customer.

What may be undone, by whom and how, is a table (`kiosk.domain.reversal`). Nothing is deleted: a
reversal is a fact of its own, written after the card has shown that the purchase is off it. An
interrupted one is listed (`waiting`) and finished by calling it again with the same card.
"""

from __future__ import annotations

import msgspec

from kiosk.domain import chart, correction_facts, facts, reversal
from kiosk.domain.account_record import AccountRecord
from kiosk.domain.record import SaleRecord
from kiosk.domain.reversal import Evidence, How
from kiosk.errors import Refusal
from kiosk.till.credit_left import was_settled
from kiosk.till.desk import Desk
from kiosk.till.money_of import agreed, drawer_short, may_take, purse_named, write
from kiosk.till.take_back import evidence, take_back, writes_of
from kiosk.till.tokens import SecondPerson, reason_missing

#: Facts that close a day or a shift: what was sold before them is undone by a red entry only.
_CLOSINGS = ("shift_closed", "day_closed")


class Undoing(msgspec.Struct, frozen=True):
    """A sale, whether it may be reversed by whoever is signed in, and how.

    `refusal` says why not; `undone` is "reversed", "reallocated", "intended" or empty.
    """

    record: SaleRecord
    how: How
    evidence: Evidence
    undone: str
    refusal: Refusal | None


def look(desk: Desk, sale: str) -> Undoing | Refusal:
    """What the policy says about a sale now; `sale` is its id or its token."""
    refused = desk.gate("undo")
    if refused is not None:
        return refused
    record = desk.records.sale(sale) or desk.records.sale_by_token(sale.replace(" ", ""))
    if record is None:
        return Refusal("unknown_sale", {"sale": sale[:40]})
    committed = record.committed
    undone = desk.records.undone(committed.sale_id)
    done = undone[0] if undone is not None else ""
    seen = evidence(desk, committed)
    state = done if done in {"reversed", "reallocated"} else _corrected(desk, record)
    carrier = "token" if committed.token is not None else "card"
    closed = desk.records.has_since(record.sequence, _CLOSINGS)
    how = reversal.WHO[committed.operator == desk.operator, closed]
    return Undoing(record, how, seen, done, reversal.judge(committed.sale_id, state, carrier, seen))


def _corrected(desk: Desk, record: SaleRecord) -> str:
    """The state of a sale, with what the card room or a new price has made of it."""
    sale_id = record.committed.sale_id
    if desk.records.cancellation_of(sale_id) is not None:
        return "reversed"
    if desk.records.rerated(sale_id):
        return "rerated"
    return "dropped" if record.undone == "dropped" else record.state


def waiting(desk: Desk) -> list[SaleRecord]:
    """Sales whose reversal was interrupted; their cards are still to be put in."""
    found = [desk.records.sale(sale) for sale in desk.records.waiting_reversals()]
    return [record for record in found if record is not None]


def reverse(
    desk: Desk, sale: str, reason: str, *, to: str = "cash", second: SecondPerson | None = None
) -> AccountRecord | Refusal:
    """Take a delivered sale back. `to` is where the money goes: cash, capital or meter.

    A red entry needs `second`, and so does cash for what was paid with money that was kept: nobody
    alone turns a customer's account into cash. Refused with the reason of the policy; nothing is
    written then.
    """
    refused = may_take(desk, "undo") or reason_missing(reason)
    if refused is not None:
        return refused
    with desk.selling() as free:
        if not free:
            return Refusal("sale_under_way")
        seen = look(desk, sale)
        if isinstance(seen, Refusal):
            return seen
        if seen.refusal is not None:
            _give_up(desk, seen)
            return seen.refusal
        if to == "cash" and _was_kept(seen.record):
            if second is None and seen.how == "same_day":
                return Refusal("kept_money_in_cash", {"sale": seen.record.committed.sale_id})
            seen = msgspec.structs.replace(seen, how="red_entry")
        approver = _approver(desk, seen.how, reason, second)
        if isinstance(approver, Refusal):
            return approver
        fact = _reversed(desk, seen, reason.strip(), to, approver)
        if isinstance(fact, Refusal):
            return fact
        refused = _take_back(desk, seen)
        return refused or write(desk, fact, fact.account)


def _give_up(desk: Desk, seen: Undoing) -> None:
    """A meter took the purchase after a reversal was interrupted: it waits for nothing more."""
    if seen.undone == "intended" and seen.evidence == "consumed":
        sale_id = seen.record.committed.sale_id
        desk.journal.append(correction_facts.ReversalGivenUp(sale_id, "consumed", desk.operator))


def _approver(desk: Desk, how: How, reason: str, second: SecondPerson | None) -> str | Refusal:
    if how == "same_day":
        return ""
    if second is None:
        return Refusal("second_person_needed")
    return agreed(desk, second, reason)


def _was_kept(record: SaleRecord) -> bool:
    """Whether some of it was paid with money that was kept, on an account, for a meter, on a
    card."""
    return any(tender.kind not in {"cash", "notes"} for tender in record.committed.tenders)


def _take_back(desk: Desk, seen: Undoing) -> Refusal | None:
    """The intention, durable; then the card. Only a card sale comes so far."""
    sale = seen.record.committed
    assert sale.card is not None
    writes = writes_of(sale)
    if isinstance(writes, Refusal):
        return writes
    if seen.undone != "intended":
        intended = correction_facts.ReversalIntended(
            sale.sale_id, sale.card.serial, writes, desk.station.name, desk.operator
        )
        outcome = desk.journal.append(intended)
        if isinstance(outcome, Refusal):
            return outcome
    return take_back(desk, sale, writes)


def _reversed(
    desk: Desk, seen: Undoing, reason: str, to: str, second: str
) -> correction_facts.SaleReversed | Refusal:
    sale = seen.record.committed
    returns = {
        "cash": chart.cash(desk.operator),
        "capital": chart.capital_account(sale.account),
        "meter": chart.meter_account(sale.meter),
    }
    if to not in returns:
        return Refusal("unknown_purse", {"text": to[:40]})
    short = drawer_short(desk, sale.amount_minor) if to == "cash" else None
    if short is not None:
        return short
    if to != "cash" and desk.records.is_closed(sale.account):
        return Refusal("account_closed", {"account": sale.account})
    return correction_facts.SaleReversed(
        sale.sale_id, seen.how, seen.evidence, sale.meter, sale.account, sale.currency,
        sale.amount_minor, sale.energy_wh, sale.lines, returns[to], reason, desk.operator, second,
    )  # fmt: skip


def reallocate(
    desk: Desk, sale: str, target: str, reason: str, second: SecondPerson, *, consumed: bool
) -> AccountRecord | Refusal:
    """Move the value of a purchase for the wrong meter to `target` (capital:ACCOUNT, meter:METER).

    `consumed`: the wrong meter has used it, so its customer owes the value from now on.
    """
    refused = may_take(desk, "undo")
    if refused is not None:
        return refused
    seen = look(desk, sale)
    if isinstance(seen, Refusal):
        return seen
    committed = seen.record.committed
    if seen.refusal is None:
        return Refusal("reverse_instead", {"sale": committed.sale_id})
    if seen.refusal.code not in reversal.REALLOCATED_INSTEAD:
        return seen.refusal
    if not consumed and was_settled(desk, committed.meter):
        return Refusal("credit_was_settled", {"meter": committed.meter, "sale": committed.sale_id})
    purse = purse_named(desk, target)
    if isinstance(purse, Refusal):
        return purse
    if purse.book == chart.meter_account(committed.meter):
        return Refusal("unknown_purse", {"text": target[:40]})
    approver = agreed(desk, second, reason)
    if isinstance(approver, Refusal):
        return approver
    fact = correction_facts.SaleReallocated(
        committed.sale_id, committed.account, consumed, committed.currency,
        committed.amount_minor, _debt_of(committed), purse.account, purse.book, reason.strip(),
        desk.operator, approver,
    )  # fmt: skip
    return write(desk, fact, purse.account)


def _debt_of(sale: facts.SaleCommitted) -> int:
    owing = chart.receivable(sale.account)
    return sum(line.amount_minor for line in sale.lines if line.account == owing)
