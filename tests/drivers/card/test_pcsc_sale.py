"""A sale through the real PC/SC service, and a command that names its reader."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.card.pcsc import PcscReader
from drivers.card.sim import CardRack
from drivers.meter.card_meter import CardMeter
from kiosk import marks
from kiosk.domain.cards import families
from kiosk.domain.cards import open as layout
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.front.wiring import House
from kiosk.till.quote import Buyer, Offer, find_buyer, quote
from kiosk.till.sell import cash_payment, sell
from tests.drivers.card.card_kinds import KINDS, MODULE, Kind
from tests.drivers.card.pcsc_bench import SOON_S, PcscBench
from tests.drivers.card.service import READERS, need_the_real_thing
from tests.ports.card_reader_suite import AMINA

need_the_real_thing()


class Customer:
    """The first customer of the rehearsal who has a card meter and no debt."""

    def __init__(self, house: House) -> None:
        assert house.world is not None
        self.house, self.rack = house, house.world.rack
        for serial in self.rack.serials():
            card = house.desk.records.card(serial=serial)
            assert card is not None
            buyer = find_buyer(house.desk, card.meter)
            if isinstance(buyer, Buyer) and not buyer.debt_minor:
                self.serial, self.buyer = serial, buyer
                return

    def buys(self, card_back: Callable[[str], bool]) -> SaleRecord:
        desk = self.house.desk
        offer = quote(desk, self.buyer, 50_00)
        assert isinstance(offer, Offer), offer
        payment = cash_payment(desk, 50_00, 50_00)
        assert not isinstance(payment, Refusal)
        record = sell(desk, offer, payment, card_back)
        assert isinstance(record, SaleRecord), record
        return record

    def credited_wh(self) -> int:
        """What the meter gains from the card."""
        assert self.house.world is not None
        meter = self.house.world.meter(self.buyer.meter.number)
        assert isinstance(meter, CardMeter)
        chip = self.rack.card(self.serial)
        try:
            return meter.insert(chip.answer).energy_wh_added
        finally:
            chip.close()


def test_a_sale_is_delivered_through_the_real_service(pcsc: PcscBench, house: House) -> None:
    customer = Customer(house)
    pcsc.rack, house.desk.reader = customer.rack, pcsc.reader
    house.desk.role = "supervisor"
    pcsc.insert(customer.serial)
    record = customer.buys(lambda _reason: False)
    pcsc.pull()
    assert (record.state, record.purchase_number) == ("delivered", 1)
    assert customer.credited_wh() == record.committed.energy_wh


@pytest.mark.proof
@pytest.mark.parametrize("write", [1, 2, 3, 4])
@pytest.mark.parametrize("trouble", ["pull", "kill"])
def test_a_sale_is_finished_when_card_or_service_goes_away_in_a_write_and_comes_back(
    pcsc: PcscBench, house: House, trouble: str, write: int
) -> None:
    customer = Customer(house)
    pcsc.rack, house.desk.reader = customer.rack, pcsc.reader
    house.desk.role = "supervisor"
    pcsc.insert(customer.serial)
    passages = iter(range(1, 100))

    def strike(name: str) -> None:
        if name == "card.after_each_write" and next(passages) == write:
            pcsc.pull() if trouble == "pull" else pcsc.service.kill()

    def back(_reason: str) -> bool:
        if trouble == "pull":
            pcsc.insert(customer.serial)
        else:
            pcsc.service.start()
            pcsc.see(pcsc.reader.present)
        return True

    marks.arm(strike)
    try:
        record = customer.buys(back)
    finally:
        marks.arm(None)
    pcsc.pull()
    assert record.state == "delivered"
    assert customer.credited_wh() == record.committed.energy_wh


@pytest.mark.proof
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_purchase_of_each_family_reaches_its_meter_through_the_real_service(
    pcsc: PcscBench, kind: Kind, tmp_path: Path
) -> None:
    rack, meter = CardRack(tmp_path / "rack"), kind.meter()
    kind.make(rack, kind.serial)
    pcsc.rack = rack
    pcsc.insert(kind.serial)
    reader = PcscReader(READERS[0], SOON_S, MODULE)
    try:
        assert reader.pcsc.monitor.wait(reader.present, SOON_S)
        before = reader.read()
        family = families.of(before)
        planned = family.purchase(family.state(before), before, 12_300, 20_00, kind.currency)
        assert isinstance(planned, tuple), planned
        reader.write(kind.serial, planned[0])
        assert family.witness(before, reader.read(), planned[0]) == "delivered"
    finally:
        reader.close()
    meter.take(kind.get(rack, kind.serial), kind.serial)
    assert meter.credited == (20_00 if kind.family == "state-grid" else 12_300)


# --- the command ---


def test_the_command_reads_the_card_of_the_named_reader_and_makes_one_from_a_blank(
    pcsc: PcscBench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from kiosk.front.cli import run

    home = tmp_path / "home"
    home.mkdir()
    toml = '[rehearsal]\ncentre = false\ncustomers = 12\n[card]\ndriver = "pcsc"\nreader = "none"\n'
    toml += 'module = "none"\n'
    (home / "kiosk.toml").write_text(toml)

    def cards(*words: str) -> tuple[int, str, str]:
        code = run(["--home", str(home), "cards", *words, "--json"])
        return code, *capsys.readouterr()

    named = ("--reader", READERS[0])
    code, out, err = cards("read", *named)
    assert (code, out) == (1, "")
    assert "no card" in err
    pcsc.insert(AMINA)
    code, out, err = cards("read", *named)
    assert (code, err) == (0, "")
    shown = json.loads(out)
    wanted = ("open", "ok", AMINA, 0)
    assert tuple(shown[key] for key in ("family", "state", "serial", "purchase_number")) == wanted
    pcsc.pull()
    blank = "0f" * 8
    pcsc.rack.make(blank, {file: bytes(length) for file, length in layout.FILES.items()})
    pcsc.insert(blank)
    assert json.loads(cards("read", *named)[1])["state"] == "blank"
    code, out, err = cards("tool", "inquiry", "--reason", "readings", *named)
    assert (code, err) == (0, "")
    assert json.loads(out)["state"] == "done"
    code, _, err = cards("read")
    assert code == 1
    assert "The card reader none is not plugged in" in err
