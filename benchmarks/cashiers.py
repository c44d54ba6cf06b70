"""Sixteen cashiers at once on one pen, against one bare writer that never waits for anybody."""

from __future__ import annotations

import threading
import time

from benchmarks.ledger import KEY, Sell, pen, raw
from benchmarks.measure import Row, compared, folder

CASHIERS, SALES, TURNS = 16, 25, 5


def rows() -> list[Row]:
    """Row 10 of the budget."""
    pen_rates, raw_rates, waits = [], [], []
    with folder() as place:
        sell_raw, ledger = raw(place / "raw")
        sell, journal = pen(place / "pen", KEY)
        for turn in range(TURNS):
            rate, waited = _together(sell, turn * CASHIERS * SALES)
            pen_rates.append(rate)
            waits += waited
            raw_rates.append(_alone(sell_raw, turn * CASHIERS * SALES))
            journal.rest()
            ledger.rest()
        journal.close()
        ledger.close()
    waits.sort()
    p50_ms, longest_ms = waits[len(waits) // 2] * 1000, waits[-1] * 1000
    rate, baseline = sorted(pen_rates)[TURNS // 2], sorted(raw_rates)[TURNS // 2]
    return [
        compared(
            f"10 {CASHIERS} cashiers against one raw writer: sales/s", rate, baseline, at_least=2.5
        ),
        compared(
            f"10 {CASHIERS} cashiers, longest against p50: ms", longest_ms, p50_ms, at_most=25
        ),
    ]


def _together(sell: Sell, first: int) -> tuple[float, list[float]]:
    """Sales a second of all, and how long each sale took."""
    waits: list[float] = []
    begin = threading.Barrier(CASHIERS + 1)

    def work(mine: int) -> None:
        begin.wait()
        for number in range(first + mine * SALES, first + (mine + 1) * SALES):
            start = time.perf_counter()
            sell(number)
            waits.append(time.perf_counter() - start)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in range(CASHIERS)]
    for thread in threads:
        thread.start()
    begin.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    assert len(waits) == CASHIERS * SALES
    return len(waits) / (time.perf_counter() - start), waits


def _alone(sell: Sell, first: int) -> float:
    start = time.perf_counter()
    for number in range(first, first + CASHIERS * SALES):
        sell(number)
    return CASHIERS * SALES / (time.perf_counter() - start)


if __name__ == "__main__":
    for each in rows():
        print(each)
