"""How long a quote takes: steps, free units, charges and taxes, with the meter's own history."""

from __future__ import annotations

import statistics
import time

import msgspec

from benchmarks.measure import Row, folder, line
from kiosk.config import Settings
from kiosk.front.wiring import build
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer, Offer, find_buyer, quote
from kiosk.till.sell import cash_payment, sell

_SALES, _QUOTES = 60, 3_000
_TARGET_MS = 2.0


def rows() -> list[Row]:
    """One row: the 99th percentile of a quote at the till, in milliseconds."""
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
            p99_ms = _p99_ms(desk, found)
        finally:
            house.close()
    name = "quote at the till, p99 (ms)"
    return [line(name, p99_ms, None, f"< {_TARGET_MS:g} ms", p99_ms < _TARGET_MS)]


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


def _p99_ms(desk: Desk, buyers: list[Buyer]) -> float:
    taken = []
    for number in range(_QUOTES):
        begin = time.perf_counter()
        quote(desk, buyers[number % len(buyers)], 20_000 + 100 * (number % 50))
        taken.append((time.perf_counter() - begin) * 1000)
    return statistics.quantiles(taken, n=100)[98]
