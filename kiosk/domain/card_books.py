"""The rules of the books for works on cards: a fee is earned, a purchase is taken back."""

from __future__ import annotations

from typing import Any

from kiosk.domain import card_facts, chart
from kiosk.domain.fact import Fact
from kiosk.domain.posting import Posting
from kiosk.domain.tariff import Line
from kiosk.errors import Refusal


def _committed(_books: object, fact: card_facts.CardWorkCommitted) -> list[Posting] | Refusal:
    """A fee is taken now and pending until the card is made; a cancel moves nothing yet."""
    if not _adds_up(fact.lines, fact.amount_minor, fact.energy_wh) or not fact.writes:
        return _wrong(fact.work_id)
    if fact.operation == "cancel":
        sound = fact.sale_id and fact.energy_wh > 0 and not fact.tenders
        return [] if sound and _returns(fact.returned_to, fact.meter) else _wrong(fact.work_id)
    paid = sum(tender.amount_minor for tender in fact.tenders)
    if paid != fact.amount_minor or fact.energy_wh:
        return _wrong(fact.work_id)
    if any(t.kind != "cash" or not t.account.startswith(chart.cash("")) for t in fact.tenders):
        return _wrong(fact.work_id)
    if not paid:
        return []
    taken = [Posting(t.account, fact.currency, t.amount_minor, "posted") for t in fact.tenders]
    return [*taken, Posting(chart.CARDS_PENDING, fact.currency, -paid, "pending")]


def _done(_books: object, fact: card_facts.CardWorkDone) -> list[Posting] | Refusal:
    """The fee is earned; or the sale's own postings are made the other way round."""
    if not _adds_up(fact.lines, fact.amount_minor, fact.energy_wh):
        return _wrong(fact.work_id)
    money, amount = fact.currency, fact.amount_minor
    way = 1 if fact.operation == "cancel" else -1
    lines = [
        Posting(line.account, money, way * line.amount_minor, "posted")
        for line in fact.lines
        if line.amount_minor
    ]
    if fact.operation != "cancel":
        pending = [Posting(chart.CARDS_PENDING, money, amount, "posted")] if amount else []
        return [*pending, *lines]
    if fact.energy_wh <= 0 or not _returns(fact.returned_to, fact.meter):
        return _wrong(fact.work_id)
    return [
        *lines,
        Posting(fact.returned_to, money, -amount, "posted"),
        Posting(chart.meter_energy(fact.meter), chart.ENERGY_CURRENCY, -fact.energy_wh, "posted"),
        Posting(chart.ENERGY_ISSUED, chart.ENERGY_CURRENCY, fact.energy_wh, "posted"),
    ]


def _undone(_books: object, fact: card_facts.CardWorkUndone) -> list[Posting] | Refusal:
    if fact.amount_minor < 0:
        return _wrong(fact.work_id)
    if not fact.amount_minor:
        return []
    return [
        Posting(chart.CARDS_PENDING, fact.currency, fact.amount_minor, "voided"),
        Posting(fact.returned_to, fact.currency, -fact.amount_minor, "posted"),
    ]


def _adds_up(lines: list[Line], amount_minor: int, energy_wh: int) -> bool:
    """The lines are the amount and the energy; neither is below zero."""
    return (
        sum(line.amount_minor for line in lines) == amount_minor >= 0
        and sum(line.energy_wh for line in lines) == energy_wh >= 0
    )


def _returns(account: str, meter: str) -> bool:
    """The money of a purchase goes to the meter's account or back over the counter."""
    return account == chart.meter_account(meter) or account.startswith(chart.cash(""))


def _wrong(work_id: str) -> Refusal:
    return Refusal("card_work_does_not_add_up", {"work": work_id})


def _stock(_books: object, fact: card_facts.CardStockMoved) -> list[Posting] | Refusal:
    sound = fact.count >= 0 if fact.movement == "counted" else fact.count > 0
    return [] if sound else Refusal("stock_count_wrong", {"count": fact.count})


RULES: dict[type[Fact], Any] = {
    card_facts.CardWorkCommitted: _committed,
    card_facts.CardWorkDone: _done,
    card_facts.CardWorkUndone: _undone,
    card_facts.CardStockMoved: _stock,
}
