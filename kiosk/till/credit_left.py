"""Energy that is left in a meter that is taken out for good: checked, then paid or given up (E14).

It is never dropped without a word: whoever cancels the meter says what becomes of it, and its worth
goes to the customer's account, from where it pays what is owed, is paid out or is moved.
"""

from __future__ import annotations

import msgspec

from kiosk.domain import account_facts, correction_facts
from kiosk.domain import registry_facts as facts
from kiosk.domain.fact import Fact
from kiosk.domain.record import SaleRecord
from kiosk.domain.registry import Meter
from kiosk.errors import Refusal
from kiosk.till.desk import Desk

#: A difference below this is the meter's own accuracy: 1 kWh, or 2 % of what was bought.
_TOLERANCE_WH, _TOLERANCE_PER_CENT = 1000, 2

#: Why a line is there that pays no energy: old debt, and charges of a purchase, a day or a month.
_NOT_FOR_ENERGY = frozenset({"debt", "debt_agreed", "fixed", "per_day", "per_month"})


class OldMeter(msgspec.Struct, frozen=True):
    """What is known of a meter that shall be taken out.

    `issued_wh` was sold or given to it here, `first_reading_wh` stood in it when it was installed;
    `moved_wh` of it was for another meter, and its value went there at the utility's cost.
    `card_left_wh` and `card_used_wh` are what its card wrote back, None without such a card.
    """

    meter: Meter
    issued_wh: int
    first_reading_wh: int
    kept_minor: int
    card_left_wh: int | None
    card_used_wh: int | None
    moved_wh: int = 0

    def expected_wh(self, reading_wh: int) -> int:
        """What should be left in it: its own purchases less consumption."""
        return self.issued_wh - self.moved_wh - (reading_wh - self.first_reading_wh)

    def shares_at(self, power_type: str) -> list[tuple[str, int]]:
        """The shares of the meter in its place: the same at the same power type, otherwise none."""
        return self.meter.shares if power_type == self.meter.power_type else []


class Final(msgspec.Struct, frozen=True):
    """How the old meter was read for the last time. `source` "card" takes both figures from the
    card's write-back; "display" and "technician" are typed and need a second person. `treatment`
    says what becomes of what is left where no meter comes in its place."""

    source: str
    reading_wh: int = 0
    remaining_wh: int = 0
    treatment: str = ""


class Left(msgspec.Struct, frozen=True):
    """What is left in a meter, what should be by its purchases, and what becomes of it."""

    energy_wh: int
    expected_wh: int
    treatment: str
    worth_minor: int


def tolerance_wh(old: OldMeter) -> int:
    """By how much a reading may differ from what was bought here."""
    return max(_TOLERANCE_WH, old.issued_wh * _TOLERANCE_PER_CENT // 100)


def left_in(desk: Desk, old: OldMeter, read: Final) -> Left | Refusal | None:
    """What becomes of the energy left in `old`; None where there is none.

    Refused without a choice, and where more than was bought should be paid.
    """
    if not read.remaining_wh:
        return None
    number, left_wh = old.meter.number, read.remaining_wh
    bought_wh = old.issued_wh - old.moved_wh - _of_former_customers(desk, old.meter)
    expected_wh, worth = min(old.expected_wh(read.reading_wh), bought_wh), 0
    if read.treatment not in account_facts.TREATMENTS:
        return Refusal("credit_left_undecided", {"meter": number, "left_wh": left_wh})
    if read.treatment == "paid":
        if left_wh > expected_wh + tolerance_wh(old):
            should_wh = max(0, expected_wh)
            return Refusal(
                "more_left_than_bought",
                {"meter": number, "expected_wh": should_wh, "left_wh": left_wh},
            )
        found = worth_minor(desk, number, left_wh)
        if isinstance(found, Refusal):
            return found
        worth = found
    return Left(left_wh, expected_wh, read.treatment, worth)


def _of_former_customers(desk: Desk, meter: Meter) -> int:
    """Energy that those bought who had this meter before: nobody else is paid for what is left."""
    records = desk.records
    all_wh = records.energy_since(0, meter=meter.number)
    return all_wh - records.energy_since(0, meter=meter.number, account=meter.account)


def moved_wh(desk: Desk, number: str) -> int:
    """Energy in a meter whose value another customer got, and which nobody owes: not its own."""
    found = 0
    for sequence, energy_wh in desk.records.moved_sales(number):
        fact = desk.records.fact(sequence)
        assert isinstance(fact, correction_facts.SaleReallocated), fact
        found += 0 if fact.consumed else energy_wh
    return found


def was_settled(desk: Desk, number: str) -> bool:
    """Whether the credit left in a meter was paid, or went to another meter, when it was taken out:
    then every purchase of it was its own."""
    replaced = desk.records.replacement(meter=number)
    if replaced is not None:
        return replaced.remaining_wh > 0
    sequence = desk.records.sequence_of(f"credit_left/{number}")
    fact = None if sequence is None else desk.records.fact(sequence)
    return isinstance(fact, account_facts.CreditLeft) and fact.worth_minor > 0


def worth_minor(desk: Desk, number: str, energy_wh: int) -> int | Refusal:
    """What `energy_wh` of a meter is worth: at the price of its last purchase, taxes included,
    without old debt and without charges; rounded down."""
    for record in desk.records.sales_of(meter=number, limit=20):
        if record.state == "delivered":
            return _paid_for_energy(record) * energy_wh // record.committed.energy_wh
    return Refusal("no_price_for_balance", {"meter": number})


def _paid_for_energy(record: SaleRecord) -> int:
    lines = record.committed.lines
    return sum(line.amount_minor for line in lines if line.reason not in _NOT_FOR_ENERGY)


def cancelling_facts(
    desk: Desk, old: OldMeter, read: Final, left: Left | None, reason: str, second: str
) -> list[Fact]:
    """A meter that is taken out for good: its last reading, what was left in it, its end."""
    meter, said = old.meter, reason.strip()
    written: list[Fact] = [reading_fact(desk, meter.number, read)]
    if left is not None:
        written.append(
            account_facts.CreditLeft(
                meter.number, meter.account, desk.currency, left.energy_wh, left.expected_wh,
                left.treatment, left.worth_minor, said, desk.operator, second,
            )
        )  # fmt: skip
    end = facts.MeterCancelled(
        desk.entropy.name(), meter.number, meter.account, read.reading_wh, read.remaining_wh,
        desk.operator, second, said,
    )  # fmt: skip
    return [*written, end]


def reading_fact(desk: Desk, number: str, read: Final) -> facts.MeterRead:
    """The last reading of a meter that is taken out."""
    return facts.MeterRead(
        desk.entropy.name(), number, "card" if read.source == "card" else "hand",
        read.reading_wh, read.remaining_wh, desk.clock.now().time_ms, desk.operator,
    )  # fmt: skip
