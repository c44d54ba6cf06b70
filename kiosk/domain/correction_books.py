"""The rules of the books for what undoes or corrects a sale, or says what became of one."""

from __future__ import annotations

from typing import Any

from kiosk.domain import chart, correction_facts
from kiosk.domain.account_books import MOVABLE, moved, two_persons, wrong
from kiosk.domain.fact import Fact
from kiosk.domain.posting import Posting
from kiosk.errors import Refusal


def _reversed(_books: object, fact: correction_facts.SaleReversed) -> list[Posting] | Refusal:
    """Every line goes back the way it came; the money to `returned_to`, the energy to where it was
    issued from."""
    priced = sum(line.amount_minor for line in fact.lines)
    carried = sum(line.energy_wh for line in fact.lines)
    if not (0 < fact.amount_minor == priced and 0 < fact.energy_wh == carried):
        return wrong(fact.sale_id)
    agreed = fact.how == "same_day" or (fact.how == "red_entry" and two_persons(fact))
    by_hand = fact.returned_to.startswith(chart.cash(""))
    if not agreed or not (by_hand or chart.purse_of(fact.returned_to) in MOVABLE):
        return wrong(fact.sale_id)
    back = [
        Posting(line.account, fact.currency, line.amount_minor, "posted")
        for line in fact.lines
        if line.amount_minor
    ]
    meter, energy = chart.meter_energy(fact.meter), chart.ENERGY_CURRENCY
    return [
        *back,
        Posting(fact.returned_to, fact.currency, -fact.amount_minor, "posted"),
        *moved(energy, fact.energy_wh, chart.ENERGY_ISSUED, meter),
    ]


def _reallocated(_books: object, fact: correction_facts.SaleReallocated) -> list[Posting] | Refusal:
    if not 0 <= fact.debt_minor <= fact.amount_minor or fact.amount_minor <= 0:
        return wrong(fact.sale_id)
    if not two_persons(fact) or chart.purse_of(fact.moved_to) not in MOVABLE:
        return wrong(fact.sale_id)
    owed = fact.amount_minor if fact.consumed else fact.debt_minor
    owing = chart.receivable(fact.account)
    return [
        *moved(fact.currency, owed, owing, fact.moved_to),
        *moved(fact.currency, fact.amount_minor - owed, chart.REALLOCATED, fact.moved_to),
    ]


def _rerated(_books: object, fact: correction_facts.SaleRerated) -> list[Posting] | Refusal:
    if min(fact.paid_minor, fact.due_minor) <= 0 or fact.borne_by not in {"customer", "utility"}:
        return wrong(fact.sale_id)
    difference = fact.due_minor - fact.paid_minor
    bearer = chart.receivable(fact.account)
    if fact.borne_by == "utility":
        bearer = chart.revenue("tariff_variance")
    elif difference < 0:
        own = chart.capital_account(fact.account)
        bearer = chart.meter_account(fact.meter) if fact.meter else own
    if difference >= 0:
        return moved(fact.currency, difference, bearer, chart.TARIFF_VARIANCE)
    return moved(fact.currency, -difference, chart.TARIFF_VARIANCE, bearer)


def _judged(books: Any, fact: correction_facts.SaleJudged) -> list[Posting] | Refusal:
    """Only a card sale that nobody else can tell of any more; a token can always be asked for."""
    sale = books.sales.get(fact.sale_id)
    if sale is None or sale.state != "in_doubt" or sale.committed.card is None:
        return Refusal("sale_not_open", {"sale": fact.sale_id})
    return [] if two_persons(fact) and fact.reason else wrong(fact.sale_id)


RULES: dict[type[Fact], Any] = {
    correction_facts.SaleReversed: _reversed,
    correction_facts.SaleReallocated: _reallocated,
    correction_facts.SaleRerated: _rerated,
    correction_facts.SaleJudged: _judged,
}
