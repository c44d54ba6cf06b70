"""The verb that closes a customer's account: money, meters and cards, in one commit.

Everything that is kept pays what is owed and the rest goes back. Each meter that was read for the
last time is cancelled with it, and its cards with the meter; what is left in it is paid with the
rest or given up. One that was not read, or cannot be cancelled now, is told with the reason:
nothing is sold to it any more, and it is cancelled later.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from kiosk.domain import account_facts, chart
from kiosk.domain import registry_facts as facts
from kiosk.domain.account_record import AccountRecord
from kiosk.domain.fact import Fact
from kiosk.domain.organisation import may
from kiosk.domain.registry import Customer, Meter
from kiosk.domain.registry_slip import RegistrySlip
from kiosk.errors import Refusal
from kiosk.till import registry_slips, replace
from kiosk.till.account import payout
from kiosk.till.credit_left import Final, Left, OldMeter, cancelling_facts, left_in
from kiosk.till.desk import Desk
from kiosk.till.money_of import agreed, customer_of, may_take
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


class Going(msgspec.Struct, frozen=True):
    """A meter that goes with its customer, how it was read, and what is left in it."""

    old: OldMeter
    read: Final
    left: Left | None

    @property
    def worth_minor(self) -> int:
        """What is paid for what is left in it."""
        return self.left.worth_minor if self.left is not None else 0


class Closed(msgspec.Struct, frozen=True):
    """What came of it: the event, what went with it, a slip for each meter that was cancelled, and
    those that stay."""

    record: AccountRecord
    going: list[Going]
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
    going = meters_going(desk, leaving, finals or {})
    if isinstance(going, Refusal):
        return going
    rest_minor = leaving.paid_out_minor + sum(one.worth_minor for one in going)
    if rest_minor < 0:
        return Refusal("account_still_owes", {"open_minor": -rest_minor})
    approver = _approver(desk, second, reason, with_meters=bool(going))
    if isinstance(approver, Refusal):
        return approver
    written = [
        fact
        for one in going
        for fact in cancelling_facts(desk, one.old, one.read, one.left, reason, approver)
    ]
    fact = account_facts.AccountClosed(
        desk.entropy.name(), leaving.customer.account, desk.currency, _with_worth(leaving, going),
        leaving.owed_minor, rest_minor, payout(desk, through_bank), reason.strip(),
        desk.operator, approver,
    )  # fmt: skip
    outcome = desk.journal.append(*written, fact)
    if isinstance(outcome, Refusal):
        return outcome
    desk.nudge()
    return _closed(desk, leaving, going, list(zip(outcome, [*written, fact], strict=True)))


def _with_worth(leaving: Leaving, going: list[Going]) -> dict[str, int]:
    """What is kept, with the worth of what is left in the meters, which is on the account first."""
    worth_minor = sum(one.worth_minor for one in going)
    capital = chart.capital_account(leaving.customer.account)
    with_worth = leaving.kept.get(capital, 0) + worth_minor
    return {**leaving.kept, capital: with_worth} if worth_minor else leaving.kept


def _closed(
    desk: Desk, leaving: Leaving, going: list[Going], written: list[tuple[int, Fact]]
) -> Closed:
    record = desk.records.account_event(leaving.customer.account, written[-1][0])
    slips = [
        registry_slips.cancelled(desk, fact, sequence)
        for sequence, fact in written
        if isinstance(fact, facts.MeterCancelled)
    ]
    gone = {one.old.meter.number for one in going}
    unread = [
        (old.meter, Refusal("meter_not_read", {"meter": old.meter.number}))
        for old in leaving.meters
        if old.meter.number not in gone
    ]
    return Closed(record, going, slips, [*leaving.staying, *unread])


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


def meters_going(
    desk: Desk, leaving: Leaving, finals: Mapping[str, Final]
) -> list[Going] | Refusal:
    """The meters that were read, and what becomes of what is left in them."""
    known = {old.meter.number: old for old in leaving.meters}
    found = []
    for number, final in finals.items():
        if number not in known:
            reasons = {meter.number: refusal for meter, refusal in leaving.staying}
            return reasons.get(number, Refusal("unknown_meter", {"meter": number[:40]}))
        read = replace.final_figures(known[number], final)
        if isinstance(read, Refusal):
            return read
        left = left_in(desk, known[number], read)
        if isinstance(left, Refusal):
            return left
        found.append(Going(known[number], read, left))
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
