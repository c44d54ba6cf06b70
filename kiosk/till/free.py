"""The verb grant: free units beside a sale, by somebody who may and a second person.

Allowances of a tariff come with the quote itself (`Offer.free`); what a person grants is added to
the offer here, before any money is taken, and stands in the sale with both names.
"""

from __future__ import annotations

import msgspec

from kiosk.domain import free_units
from kiosk.errors import Refusal
from kiosk.till.desk import Desk
from kiosk.till.operators import second_person
from kiosk.till.quote import Offer
from kiosk.till.tokens import SecondPerson, reason_missing


def grant(
    desk: Desk, offer: Offer, energy_wh: int, reason: str, second: SecondPerson
) -> Offer | Refusal:
    """`offer` with free units of at least `energy_wh` beside it; nothing is written yet."""
    refused = desk.gate("free") or reason_missing(reason)
    if refused is not None:
        return refused
    meter = offer.buyer.meter
    if meter.kind != "keypad":
        return Refusal("meter_takes_no_token", {"meter": meter.number})
    if len(offer.free) >= free_units.MOST_FREE:
        return Refusal("too_many_free_tokens", {"most": free_units.MOST_FREE})
    agreed = second_person(desk, second.name, second.pin, "free")
    if isinstance(agreed, Refusal):
        return agreed
    granted = free_units.free_units(free_units.GRANTED, energy_wh, reason.strip(), agreed)
    if isinstance(granted, Refusal):
        return granted
    return msgspec.structs.replace(offer, free=[*offer.free, granted])
