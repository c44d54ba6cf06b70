"""The verb that closes a customer's account: money, meters and cards, in one commit.

Everything that is kept pays what is owed and the rest goes back. Each meter that was read for the
last time is cancelled with it, and its cards with the meter; one that was not, or cannot be
cancelled now, is told with the reason: nothing is sold to it any more, and it is cancelled later.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from kiosk.domain import account_facts, chart
from kiosk.domain import registry_facts as facts
from kiosk.domain.account_record import AccountRecord
from kiosk.domain.organisation import may
from kiosk.domain.registry import Customer, Meter
from kiosk.domain.registry_slip import RegistrySlip
from kiosk.errors import Refusal
from kiosk.till import registry_slips, replace
from kiosk.till.account import payout
from kiosk.till.desk import Desk
from kiosk.till.money_of import agreed, customer_of, may_take
from kiosk.till.replace import Final, OldMeter
from kiosk.till.tokens import SecondPerson

#: What a second person needs to agree that a meter goes, whatever is left in it.
_METERS_RIGHT = "free"


class Leaving(msgspec.Struct, frozen=True):
    """What closing an account would do: `kept` per account of the chart pays `owed_minor`.

    `meters` may be cancelled when they are read; `staying` cannot be now, each with its reason.
    """

    customer: Customer
    kept: dict[str, int]
    owed_minor: int
    meters: list[OldMeter]
    staying: list[tuple[Meter, Refusal]]

    @property
    def paid_out_minor(self) -> int:
        """What goes back to the customer; below zero: what is missing."""
        return sum(self.kept.values()) - self.owed_minor


class Closed(msgspec.Struct, frozen=True):
    """What came of it: the event, a slip for each meter that was cancelled, and those that stay."""

    record: AccountRecord
    cancelled: list[RegistrySlip]
    staying: list[tuple[Meter, Refusal]]


def look(desk: Desk, customer: str) -> Leaving | Refusal:
    """What closing the account of `customer` would do, or why it cannot be closed."""
    refused = desk.gate("accounts")
    owner = refused or customer_of(desk, customer)
    if isinstance(owner, Refusal):
        return owner
    if desk.records.is_closed(owner.account):
        return Refusal("account_closed", {"account": owner.account})
    on_card = _money_on_cards(desk, owner.account)
    if on_card is not None:
        return on_card
    owed = desk.records.balance(chart.receivable(owner.account), desk.currency)
    if owed < 0:
        return Refusal("account_overpaid", {"account": owner.account, "overpaid_minor": -owed})
    meters, staying = _meters(desk, owner.account)
    return Leaving(owner, _kept(desk, owner.account), owed, meters, staying)


def close(
    desk: Desk, customer: str, reason: str, second: SecondPerson, *,
    through_bank: bool = False, finals: Mapping[str, Final] | None = None,
) -> Closed | Refusal:  # fmt: skip
    """Close an account by two persons; `finals` are the last readings of meters that go with it."""
    refused = may_take(desk)
    leaving = refused or look(desk, customer)
    if isinstance(leaving, Refusal):
        return leaving
    if leaving.paid_out_minor < 0:
        return Refusal("account_still_owes", {"open_minor": -leaving.paid_out_minor})
    readings = _readings(leaving, finals or {})
    if isinstance(readings, Refusal):
        return readings
    approver = _approver(desk, second, reason, with_meters=bool(readings))
    if isinstance(approver, Refusal):
        return approver
    written = [
        replace.cancelled_fact(desk, old, read, reason, approver) for old, read in readings
    ]  # fmt: skip
    fact = account_facts.AccountClosed(
        desk.entropy.name(), leaving.customer.account, desk.currency, leaving.kept,
        leaving.owed_minor, leaving.paid_out_minor, payout(desk, through_bank), reason.strip(),
        desk.operator, approver,
    )  # fmt: skip
    outcome = desk.journal.append(fact, *written)
    if isinstance(outcome, Refusal):
        return outcome
    desk.nudge()
    return _closed(desk, leaving, outcome, written)


def _closed(
    desk: Desk, leaving: Leaving, sequences: list[int], written: list[facts.MeterCancelled]
) -> Closed:
    record = desk.records.account_event(leaving.customer.account, sequences[0])
    slips = [
        registry_slips.cancelled(desk, fact, sequence)
        for fact, sequence in zip(written, sequences[1:], strict=True)
    ]
    gone = {fact.meter for fact in written}
    unread = [
        (old.meter, Refusal("meter_not_read", {"meter": old.meter.number}))
        for old in leaving.meters
        if old.meter.number not in gone
    ]
    return Closed(record, slips, [*leaving.staying, *unread])


def _meters(desk: Desk, account: str) -> tuple[list[OldMeter], list[tuple[Meter, Refusal]]]:
    known: list[OldMeter] = []
    staying: list[tuple[Meter, Refusal]] = []
    for meter in desk.records.meters_of(account):
        if meter.retired:
            continue
        old = replace.look_at_old(desk, meter.number)
        if isinstance(old, OldMeter):
            known.append(old)
        else:
            staying.append((meter, old))
    return known, staying


def _readings(
    leaving: Leaving, finals: Mapping[str, Final]
) -> list[tuple[OldMeter, Final]] | Refusal:
    known = {old.meter.number: old for old in leaving.meters}
    found = []
    for number, final in finals.items():
        if number not in known:
            reasons = {meter.number: refusal for meter, refusal in leaving.staying}
            return reasons.get(number, Refusal("unknown_meter", {"meter": number[:40]}))
        read = replace.final_figures(known[number], final)
        if isinstance(read, Refusal):
            return read
        found.append((known[number], read))
    return found


def _approver(desk: Desk, second: SecondPerson, reason: str, *, with_meters: bool) -> str | Refusal:
    approver = agreed(desk, second, reason)
    if isinstance(approver, Refusal) or not with_meters:
        return approver
    record = desk.records.operator(approver)
    if record is None or not may(record.role, _METERS_RIGHT):
        return Refusal("no_right", {"right": _METERS_RIGHT})
    return approver


def _money_on_cards(desk: Desk, account: str) -> Refusal | None:
    """Money that a card was last seen to hold is spent, or kept for the meter where the card is out
    of use, before its customer leaves."""
    for meter in desk.records.meters_of(account):
        for standing in desk.records.cards_of(meter=meter.number):
            move = desk.records.money_left(standing.card.serial)
            if move is not None:
                in_use = standing.state == "active"
                return Refusal(
                    "card_has_money" if in_use else "stopped_card_has_money",
                    {
                        "card": standing.card.number if in_use else standing.card.serial,
                        "balance_minor": move.committed.balance_minor,
                    },
                )
    return None


def _kept(desk: Desk, account: str) -> dict[str, int]:
    books = [chart.capital_account(account), chart.deposit(account)]
    books += desk.records.meter_purses(account)
    found = {book: -desk.records.balance(book, desk.currency) for book in books}
    return {book: amount for book, amount in found.items() if amount}
