"""The verb that gives credit of whatever a meter counts: water, gas, time, money on the meter.

None of these has prices here, so none is sold: two persons give it as free units and say why, and
what was given is booked in the units of its register. Electricity goes the way of `give_free`.
"""

from __future__ import annotations

from kiosk.domain import credit_registers
from kiosk.domain.credit_registers import ELECTRICITY
from kiosk.domain.energy import STS_STEP_WH
from kiosk.domain.record import TokenRecord
from kiosk.errors import Refusal
from kiosk.till.desk import Desk
from kiosk.till.operators import second_person
from kiosk.till.tokens import (
    Intent,
    SecondPerson,
    credit_maker,
    give_free,
    issue,
    reason_missing,
    supplied_meter,
)


def give_credit(
    desk: Desk, meter_number: str, amount: str, reason: str, second: SecondPerson
) -> TokenRecord | Refusal:
    """Free units of whatever the meter counts; `amount` as typed, in kWh, m3, minutes or money.

    Water, gas, time and money on the meter are not priced here: who was paid for them, and where,
    is the reason that two persons give.
    """
    refused = desk.gate("free") or reason_missing(reason)
    meter = refused or supplied_meter(desk, meter_number)
    if isinstance(meter, Refusal):
        return meter
    register = meter.register
    units = credit_registers.units_typed(register, amount)
    if register == ELECTRICITY:
        return give_free(desk, meter.number, units * STS_STEP_WH, reason, second)
    wrong = _credit_wrong(desk, register, units)
    agreed = wrong or second_person(desk, second.name, second.pin, "free")
    if isinstance(agreed, Refusal):
        return agreed
    intent = Intent(
        "free_units", meter.number, reason.strip(), desk.entropy.name(), second=agreed,
        units=credit_registers.units_carried(register, units),
    )  # fmt: skip
    return issue(desk, intent, credit_maker(desk, meter, intent))


def _credit_wrong(desk: Desk, register: str, units: int) -> Refusal | None:
    if units <= 0:
        unit = credit_registers.UNITS.get(register, desk.currency)
        return Refusal("credit_missing", {"unit": unit})
    largest = credit_registers.largest_units(register)
    if units > largest:
        shown = credit_registers.amount_text(register, largest, desk.currency)
        return Refusal("credit_above_carrier", {"largest": shown})
    return None
