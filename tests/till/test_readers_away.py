"""A card reader is unplugged in the middle of a sale and plugged in again (E33).

The port is found by its lasting name, so the reader may come back as another device; the sale goes
on at its state, and the card is written once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from drivers.card.serial_reader import SerialReader
from drivers.card.serial_sim import SimulatedSerialReader
from kiosk import marks
from kiosk.errors import CardFault, Refusal
from kiosk.till import card_accounts, recover
from kiosk.till.desk import Desk
from kiosk.till.maintain import verify
from tests.till.hall import CARD, Hall, code, sell_to, sold


class Cable:
    """A serial reader on the slot of the hall; its cable can be pulled and put in again."""

    def __init__(self, hall: Hall, desk: Desk) -> None:
        self.hall = hall
        device = SimulatedSerialReader(hall.path / "world", "reader")
        self.device: SimulatedSerialReader | None = device
        self.reader = SerialReader(device.path, timeout_s=1.0, module=hall.world().module)
        desk.reader = self.reader

    def put_in(self) -> None:
        self.device = SimulatedSerialReader(self.hall.path / "world", "reader")

    def pull(self) -> None:
        if self.device is not None:
            self.device.close()
            self.device = None

    def found_again(self) -> bool:
        """Whether the card is seen through the reader within the time that staff would wait."""
        end_s = time.monotonic() + 60
        while time.monotonic() < end_s:
            try:
                if self.reader.present():
                    return True
            except CardFault:
                pass
            time.sleep(0.02)  # the driver looks for its line again by itself
        return False

    def close(self) -> None:
        self.reader.close()
        self.pull()


@pytest.fixture
def cable(hall: Hall, desk: Desk) -> Iterator[Cable]:
    cable = Cable(hall, desk)
    yield cable
    marks.arm(None)
    cable.close()


def pulled_at(cable: Cable, name: str) -> None:
    """The cable comes out when the sale passes this mark for the first time."""
    left = [1]

    def action(passed: str) -> None:
        if passed == name and left:
            left.pop()
            cable.pull()

    marks.arm(action)


@pytest.mark.parametrize("mark", ["sale.after_commit_one", "card.before_write",
                                  "card.before_read_back"])  # fmt: skip
def test_the_sale_goes_on_when_the_readers_cable_was_out_and_comes_back_E33(
    hall: Hall, desk: Desk, cable: Cable, mark: str
) -> None:
    hall.put_in(CARD)
    pulled_at(cable, mark)
    asked: list[str] = []

    def put_back(reason: str) -> bool:
        asked.append(reason)
        cable.put_in()
        return cable.found_again()

    record = sold(sell_to(desk, CARD, 5000, put_back))
    assert asked == ["card_away"]
    assert record.purchase_number == 1
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == record.committed.energy_wh
    assert verify(desk).first_bad == 0


def test_the_sale_is_finished_once_when_the_reader_comes_back_later_E33(
    hall: Hall, desk: Desk, cable: Cable
) -> None:
    hall.put_in(CARD)
    pulled_at(cable, "card.before_write")
    waiting = sold(sell_to(desk, CARD, 5000), "in_doubt")
    cable.put_in()
    assert cable.found_again()
    settled = recover.recover(desk)
    assert isinstance(settled, recover.Recovered)
    (record,) = settled.sales
    assert record.committed.sale_id == waiting.committed.sale_id
    assert sold(record).purchase_number == 1
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == record.committed.energy_wh
    assert hall.insert_in_meter(CARD).energy_wh_added == 0


def test_the_reader_is_named_and_not_the_card_when_its_cable_is_out_E33(
    hall: Hall, desk: Desk, cable: Cable
) -> None:
    hall.put_in(CARD)
    cable.pull()
    refused = card_accounts.purse(desk)
    assert code(refused) == "reader_away"
    assert isinstance(refused, Refusal)
    said = hall.house_of(desk).words.refusal(refused)
    assert said.startswith("The card reader does not answer: ")
    assert said.removeprefix("The card reader does not answer: ")[:60] in str(
        refused.details["reason"]
    )
    assert "wipe the chip" not in said
