"""A sale on a simulated CPU card: software time from the card found to the verified write.

The whole till works on a real home and a real disk. The simulated chip syncs its memory to that
disk, so its own time is measured too: the same conversation with the chip alone stands beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from benchmarks.measure import Row, folder, line
from kiosk.config import Settings
from kiosk.domain.cards.families import of
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.front.utility import catalogue
from kiosk.front.wiring import House, opened
from kiosk.front.world import READER
from kiosk.till.quote import Buyer, Offer, find_buyer, quote
from kiosk.till.sell import cash_payment, sell

SALES, WARM_UP, AMOUNT_MINOR = 400, 20, 50_00
LIMIT_MS = 60.0


def rows() -> list[Row]:
    """The sale at the 99th percentile, its stages, and the chip alone."""
    base = Settings()
    rehearsal = msgspec.structs.replace(base.rehearsal, centre=False)
    settings = msgspec.structs.replace(base, rehearsal=rehearsal)
    with folder() as path, opened(path / "home", settings, slot=READER) as house:
        house.desk.role = house.desk.operator = "supervisor"
        meter = _card_meter(house)
        whole, alone = [], []
        stages: dict[str, list[float]] = {}
        for number in range(WARM_UP + SALES):
            whole_ms, record = _one_sale(house, meter)
            alone_ms = _chip_alone(house, meter)
            if number >= WARM_UP:
                whole.append(whole_ms)
                alone.append(alone_ms)
                for stage, stage_ms in record.stages_ms.items():
                    stages.setdefault(stage, []).append(stage_ms)
    return [
        line(
            "sale on a card, p99 (ms) | the chip alone", _p99(whole), _p99(alone),
            f"< {LIMIT_MS:g} ms", _p99(whole) < LIMIT_MS,
        ),
        *(
            line(f"sale on a card, stage {stage}, p99 (ms)", _p99(times), None, "", None)
            for stage, times in stages.items()
        ),
    ]  # fmt: skip


def _p99(times_ms: list[float]) -> float:
    return sorted(times_ms)[len(times_ms) * 99 // 100]


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _card_meter(house: House) -> str:
    content = catalogue(house.settings.rehearsal.customers, house.settings.site.currency)
    return next(meter.number for meter in content.meters if meter.kind == "card")


def _one_sale(house: House, meter: str) -> tuple[float, SaleRecord]:
    """The customer's card, from the counter to the meter and back."""
    assert house.hands is not None and house.world is not None
    house.hands.insert_card(meter)
    done: list[SaleRecord] = []
    taken_ms = _timed(lambda: done.append(_sell(house, meter)))
    house.hands.pull_card()
    house.hands.insert_in_meter(meter)
    return taken_ms, done[0]


def _sell(house: House, meter: str) -> SaleRecord:
    desk = house.desk
    buyer = find_buyer(desk, meter)
    assert isinstance(buyer, Buyer), buyer
    offer = quote(desk, buyer, AMOUNT_MINOR)
    assert isinstance(offer, Offer), offer
    payment = cash_payment(desk, AMOUNT_MINOR, AMOUNT_MINOR)
    assert not isinstance(payment, Refusal)
    outcome = sell(desk, offer, payment)
    assert isinstance(outcome, SaleRecord) and outcome.state == "delivered", outcome
    return outcome


def _chip_alone(house: House, meter: str) -> float:
    """Two readings, writes that leave everything as it is, and the reading back."""
    assert house.hands is not None
    house.hands.insert_card(meter)
    reader = house.desk.reader
    assert reader is not None
    image = reader.read()
    family = of(image)
    state = family.state(image)
    planned = family.purchase(state, image, 1000, AMOUNT_MINOR, "ZAR", "bench")
    assert isinstance(planned, tuple), planned
    undone = [
        msgspec.structs.replace(
            write, data=image.files[write.file][write.address : write.address + len(write.data)]
        )
        for write in planned[0]
    ]

    def talk() -> None:
        reader.read()
        reader.read()
        reader.write(image.serial, undone)
        reader.read()

    taken_ms = _timed(talk)
    house.hands.pull_card()
    return taken_ms
