"""The rules of the books for tokens that are no sale: what is given, and from where."""

from __future__ import annotations

from typing import Any

from kiosk.domain import chart, token_facts
from kiosk.domain.credit_registers import ELECTRICITY, REGISTERS
from kiosk.domain.energy import STS_STEP_WH
from kiosk.domain.fact import Fact
from kiosk.domain.posting import Posting
from kiosk.domain.special_tokens import CreditRequest
from kiosk.errors import Refusal

_ELECTRICITY = REGISTERS[ELECTRICITY]

#: Where the energy of a token outside a sale comes from.
_GIVEN_FROM = {
    "free_units": chart.FREE_ENERGY,
    "replacement": chart.REPLACED_ENERGY,
    "transfer": chart.ENERGY_IN_TRANSFER,
}


def _committed(_books: object, fact: token_facts.TokenCommitted) -> list[Posting] | Refusal:
    """Energy is given by a credit of exactly that much, and by nothing else."""
    request = fact.request
    if isinstance(request, CreditRequest) and request.token.subclass != _ELECTRICITY:
        sound = fact.operation == "free_units" and request.token.units > 0 == fact.energy_wh
        return [] if sound else Refusal("token_does_not_add_up", {"token": fact.issue_id})
    gives = isinstance(request, CreditRequest)
    carried_wh = request.token.units * STS_STEP_WH if isinstance(request, CreditRequest) else 0
    known = fact.operation in _GIVEN_FROM
    if gives != known or carried_wh != fact.energy_wh or (gives and carried_wh <= 0):
        return Refusal("token_does_not_add_up", {"token": fact.issue_id})
    return []


def _issued(_books: object, fact: token_facts.TokenIssued) -> list[Posting] | Refusal:
    if fact.register != ELECTRICITY:
        return _credit_given(fact)
    if not fact.tokens or (fact.energy_wh > 0) != (fact.operation in _GIVEN_FROM):
        return Refusal("token_does_not_add_up", {"token": fact.issue_id})
    if not fact.energy_wh:
        return []
    energy, given = fact.energy_wh, _GIVEN_FROM[fact.operation]
    return [
        Posting(chart.meter_energy(fact.meter), chart.ENERGY_CURRENCY, energy, "posted"),
        Posting(given, chart.ENERGY_CURRENCY, -energy, "posted"),
    ]


def _credit_given(fact: token_facts.TokenIssued) -> list[Posting] | Refusal:
    """Credit of a register that is not electricity: given by staff, booked in its own units."""
    sound = fact.register in REGISTERS and fact.operation == "free_units"
    if not (sound and len(fact.tokens) == 1 and fact.units > 0 == fact.energy_wh):
        return Refusal("token_does_not_add_up", {"token": fact.issue_id})
    currency = chart.credit_currency(fact.register)
    return [
        Posting(chart.meter_credit(fact.meter), currency, fact.units, "posted"),
        Posting(chart.FREE_CREDIT, currency, -fact.units, "posted"),
    ]


RULES: dict[type[Fact], Any] = {
    token_facts.TokenCommitted: _committed,
    token_facts.TokenIssued: _issued,
}
