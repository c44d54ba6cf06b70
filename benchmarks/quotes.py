"""How long a quote takes: steps, free units, charges and taxes, with the meter's own history."""

from __future__ import annotations

import statistics
from functools import partial

import msgspec

from benchmarks.measure import Row, folder, line, took
from kiosk.config import Settings
from kiosk.front.wiring import build
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer, Offer, find_buyer, quote
from kiosk.till.sell import cash_payment, sell

_SALES, _QUOTES = 60, 3_000
_TARGET_MS = 2.0


def rows() -> list[Row]:
    """The 99th percentile of a quote at the till, on the wall and of processor time."""
    base = Settings()
    rehearsal = msgspec.structs.replace(base.rehearsal, customers=60, centre=False)
    with folder() as path:
        house = build(path / "home", msgspec.structs.replace(base, rehearsal=rehearsal))
        try:
            desk = house.desk
            desk.operator, desk.role = "101", "cashier"
            found = [_buyer(desk, code) for code in ("household", "social", "industry", "farm")]
            for number in range(_SALES):
                _sell(desk, found[number % len(found)])
            wall_ms, cpu_ms = _p99_ms(desk, found)
        finally:
            house.close()
    name = "quote at the till, p99 (ms)"
    return [
        line(name, wall_ms, None, f"< {_TARGET_MS:g} ms", wall_ms < _TARGET_MS),
        line("quote at the till, processor time, p99 (ms)", cpu_ms, None, "", None),
    ]


def _buyer(desk: Desk, power_type: str) -> Buyer:
    meters = desk.records.search("", 1_000)
    number = next(
        meter.number for meter in meters
        if meter.power_type == power_type and meter.kind == "keypad" and not meter.blocked
    )  # fmt: skip
    buyer = find_buyer(desk, number)
    assert isinstance(buyer, Buyer), buyer
    return buyer


def _sell(desk: Desk, buyer: Buyer) -> None:
    offer, payment = quote(desk, buyer, 20_000), cash_payment(desk, 20_000, 20_000)
    assert isinstance(offer, Offer) and not isinstance(payment, tuple), offer
    sell(desk, offer, payment)  # type: ignore[arg-type]


def _p99_ms(desk: Desk, buyers: list[Buyer]) -> tuple[float, float]:
    taken = []
    for number in range(_QUOTES):
        buyer, amount_minor = buyers[number % len(buyers)], 20_000 + 100 * (number % 50)
        taken.append(took(partial(quote, desk, buyer, amount_minor)))
    wall_ms, cpu_ms = (statistics.quantiles(each, n=100)[98] for each in zip(*taken, strict=True))
    return wall_ms, cpu_ms
