"""The port SecurityModule: keys in software, and keys in a module that sits in a reader's slot."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.card.sam import SamModule
from drivers.card.sim import CardRack, SimulatedSlot, put_sam_in
from drivers.card.simulated_reader import CardFaults, FaultKind, SimulatedReader, SimulatedTransport
from drivers.vending.card_keys import PUBLISHED_MASTER, SoftwareCardModule
from kiosk.errors import BadInput, VendorFault
from kiosk.ports import SecurityModule
from tests.drivers.card.card_kinds import KINDS, Kind
from tests.drivers.card.test_families import Bench
from tests.ports.security_module_suite import AMINA, ModuleBench, SecurityModuleSuite


class SoftwareBench:
    module: SecurityModule = SoftwareCardModule()

    def silence(self) -> bool:
        return False


class SamBench:
    def __init__(self, folder: Path) -> None:
        self.slot = SimulatedSlot(folder, "sam")
        put_sam_in(self.slot, PUBLISHED_MASTER)
        self.module: SecurityModule = SamModule(SimulatedTransport(self.slot))

    def silence(self) -> bool:
        self.slot.pull()
        return True


class TestSoftwareModule(SecurityModuleSuite):
    @pytest.fixture
    def bench(self) -> ModuleBench:
        return SoftwareBench()


class TestSamModule(SecurityModuleSuite):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> ModuleBench:
        return SamBench(tmp_path)


def test_the_conversation_is_as_documented_when_a_content_is_sealed(tmp_path: Path) -> None:
    bench = SamBench(tmp_path)
    chip = CardRack(tmp_path).card("5a" * 8)
    said: list[str] = []
    assert chip.answer(bytes.fromhex("80100103" + "09" + AMINA + "01")).hex() == "6985"
    for command in ("00A4040007F04B494F534B02", "80100103" + "09" + AMINA + "01"):
        said.append(chip.answer(bytes.fromhex(command)).hex())
    chip.close()
    assert said[0] == "9000"
    assert said[1] == bench.module.content_mac("open", AMINA, b"\1").hex() + "9000"


@pytest.mark.parametrize("kind", ["mute", "short", "status", "hang", "reset", "pull"])
def test_it_is_a_vendor_fault_when_the_module_misbehaves(kind: FaultKind, tmp_path: Path) -> None:
    bench = SamBench(tmp_path)
    for at in (1, 2):
        if bench.slot.state().card is None:
            put_sam_in(bench.slot, PUBLISHED_MASTER)
        module = SamModule(SimulatedTransport(bench.slot, CardFaults(kind, at)), 0.001)
        with pytest.raises(VendorFault):
            module.content_mac("open", AMINA, b"x")


def test_it_is_said_when_a_customers_card_sits_in_the_slot_of_the_module(tmp_path: Path) -> None:
    slot = SimulatedSlot(tmp_path, "sam")
    KINDS[0].make(slot.rack, AMINA)
    slot.insert(AMINA)
    with pytest.raises(BadInput, match="no security module"):
        SamModule(SimulatedTransport(slot)).content_mac("open", AMINA, b"x")


@pytest.mark.parametrize("kind", [k for k in KINDS if k.with_keys], ids=lambda kind: kind.name)
def test_a_sale_reaches_the_meter_when_the_keys_are_in_a_slot(kind: Kind, tmp_path: Path) -> None:
    bench, sam = Bench(kind, tmp_path), SamBench(tmp_path)
    before, writes = bench.sale()
    reader = SimulatedReader(tmp_path, "kiosk", timeout_s=0.01, module=sam.module)
    assert reader.read() == before
    reader.write(kind.serial, writes)
    assert bench.witness(before, writes) == "delivered"
    assert bench.in_meter() == bench.worth()
