"""A sale on a simulated CPU card: software time from the card found to the verified write.

The whole till works on a real home and a real disk. The simulated chip syncs its memory to that
disk, which no real chip does; so the time inside the chip is taken at its door, command by command,
and told apart. Of what is left, the processor's share does not depend on other load and disks.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from benchmarks.measure import Row, folder, line
from drivers.card.simulated_reader import SimulatedSession
from kiosk.config import Settings
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.front.utility import catalogue
from kiosk.front.wiring import House, opened
from kiosk.front.world import READER
from kiosk.till.greet import Greeted, find_buyer_by_card
from kiosk.till.quote import Offer, quote
from kiosk.till.sell import cash_payment, sell

SALES, WARM_UP, AMOUNT_MINOR = 400, 20, 50_00
LIMIT_MS = 60.0
_DOORS = ("__init__", "transmit", "close")


class Chip:
    """Takes the time inside the simulated chip: opening it, each command, letting it go."""

    def __init__(self) -> None:
        self.wall_s = self.processor_s = 0.0
        self.commands = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While this lasts."""
        doors = {
            name: getattr(SimulatedSession, name) for name in ("__init__", "transmit", "close")
        }
        for name, door in doors.items():
            setattr(SimulatedSession, name, self._timed(door, name == "transmit"))
        try:
            yield
        finally:
            for name, door in doors.items():
                setattr(SimulatedSession, name, door)

    def _timed(self, door: Callable[..., Any], is_command: bool) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            wall_s, processor_s = time.perf_counter(), time.thread_time()
            try:
                return door(*arguments)
            finally:
                self.wall_s += time.perf_counter() - wall_s
                self.processor_s += time.thread_time() - processor_s
                self.commands += is_command

        return timed


class Taken(msgspec.Struct):
    """One sale in milliseconds: all of it, the chip's part, our processor time, the stages."""

    whole: float
    chip: float
    processor: float
    commands: int
    stages: dict[str, int]


def rows() -> list[Row]:
    """The sale at the 99th percentile, what is the chip's of it, and the stages of the records."""
    base = Settings()
    rehearsal = msgspec.structs.replace(base.rehearsal, centre=False)
    settings = msgspec.structs.replace(base, rehearsal=rehearsal)
    with folder() as path, opened(path / "home", settings, slot=READER) as house:
        house.desk.role = house.desk.operator = "supervisor"
        meter = _card_meter(house)
        taken = [_one_sale(house, meter) for _ in range(WARM_UP + SALES)][WARM_UP:]
    soft_ms = _p99([each.whole - each.chip for each in taken])
    return [
        line(
            "sale on a card, without the chip, p99 (ms) | of it processor", soft_ms,
            _p99([each.processor for each in taken]), f"< {LIMIT_MS:g} ms", soft_ms < LIMIT_MS,
        ),
        line(
            f"sale on a card, with its {taken[-1].commands} commands to the chip, p99 (ms) | chip",
            _p99([each.whole for each in taken]), _p99([each.chip for each in taken]), "", None,
        ),
        *(
            line(
                f"sale on a card, stage {stage} as recorded, p99 (ms) | median",
                _p99([each.stages[stage] for each in taken]),
                statistics.median(each.stages[stage] for each in taken), "", None,
            )
            for stage in taken[-1].stages
        ),
    ]  # fmt: skip


def _p99(times_ms: Sequence[float]) -> float:
    return sorted(times_ms)[len(times_ms) * 99 // 100]


def _card_meter(house: House) -> str:
    content = catalogue(house.settings.rehearsal.customers, house.settings.site.currency)
    return next(meter.number for meter in content.meters if meter.kind == "card")


def _one_sale(house: House, meter: str) -> Taken:
    """The customer's card, from the counter to the meter and back."""
    assert house.hands is not None
    house.hands.insert_card(meter)
    chip = Chip()
    with chip.watched():
        wall_s, processor_s = time.perf_counter(), time.process_time()
        record = _sell(house)
        processor_s = time.process_time() - processor_s - chip.processor_s
        wall_s = time.perf_counter() - wall_s
    house.hands.pull_card()
    house.hands.insert_in_meter(meter)
    return Taken(
        wall_s * 1000, chip.wall_s * 1000, processor_s * 1000, chip.commands, record.stages_ms
    )


def _sell(house: House) -> SaleRecord:
    """What a face does when a card was put in: find its owner, quote, take the cash, deliver."""
    desk = house.desk
    greeted = find_buyer_by_card(desk)
    assert isinstance(greeted, Greeted), greeted
    offer = quote(desk, greeted.buyer, AMOUNT_MINOR)
    assert isinstance(offer, Offer), offer
    payment = cash_payment(desk, AMOUNT_MINOR, AMOUNT_MINOR)
    assert not isinstance(payment, Refusal)
    outcome = sell(desk, offer, payment)
    assert isinstance(outcome, SaleRecord) and outcome.state == "delivered", outcome
    return outcome
