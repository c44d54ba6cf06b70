"""Every family at the level of its commands: what was paid reaches the meter once, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from drivers.card.sim import CardRack, SimulatedSlot
from drivers.card.simulated_reader import CardFaults, FaultKind, SimulatedReader
from drivers.card.sle4442 import Sle4442Driver
from drivers.vending.card_keys import SoftwareCardModule
from kiosk.domain.cards import families
from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.errors import BadInput, CardFault, CardUnusable, Refusal
from tests.drivers.card.card_kinds import KINDS, METER, MODULE, Kind, Meter

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
KIND = {kind.name: kind for kind in KINDS}

DOCUMENT = Path(__file__).parents[3] / "docs" / "cards.md"

#: What a purchase of 20.00 is worth to a meter of the open layout, and to one with a tariff.
ENERGY_WH, AMOUNT_MINOR = 12_300, 20_00


class Bench:
    """One customer's card of one family, in the slot of a reader, and the customer's meter."""

    def __init__(self, kind: Kind, folder: Path) -> None:
        self.kind, self.folder, self.rack = kind, folder, CardRack(folder)
        kind.make(self.rack, kind.serial)
        self.slot = SimulatedSlot(folder, "kiosk")
        self.slot.insert(kind.serial)
        self.meter: Meter = kind.meter()

    def reader(self, faults: CardFaults | None = None) -> SimulatedReader:
        return SimulatedReader(self.folder, "kiosk", faults, 0.001, MODULE)

    def sale(self) -> tuple[CardImage, list[PlainWrite]]:
        image = self.reader().read()
        family = families.of(image)
        card = family.state(image)
        assert not isinstance(card, Refusal), card
        planned = family.purchase(
            card, image, ENERGY_WH, AMOUNT_MINOR, self.kind.currency, "sale-1"
        )
        assert isinstance(planned, tuple), planned
        return image, planned[0]

    def witness(self, before: CardImage, writes: Sequence[PlainWrite]) -> str:
        if self.slot.state().card is None:
            self.slot.insert(self.kind.serial)
        return families.of(before).witness(before, self.reader().read(), writes)

    def finish(self, before: CardImage, writes: Sequence[PlainWrite]) -> None:
        """What recovery does: ask the card, write the same again if it must be."""
        if self.witness(before, writes) in ("not_delivered", "torn"):
            self.reader().write(self.kind.serial, writes)
        assert self.witness(before, writes) == "delivered"

    def in_meter(self) -> int:
        """What the meter gains from the card now."""
        before = self.meter.credited
        files = self.kind.get(self.rack, self.kind.serial)
        self.kind.put(self.rack, self.kind.serial, self.meter.take(files, self.kind.serial))
        return self.meter.credited - before

    def worth(self) -> int:
        return AMOUNT_MINOR if self.kind.family == "state-grid" else ENERGY_WH


@pytest.fixture
def bench(kind: Kind, tmp_path: Path) -> Bench:
    return Bench(kind, tmp_path)


@kinds
def test_the_meter_gains_each_purchase_once_when_card_and_meter_take_turns(bench: Bench) -> None:
    for _ in range(3):
        before, writes = bench.sale()
        bench.reader().write(bench.kind.serial, writes)
        assert bench.witness(before, writes) == "delivered"
        assert bench.in_meter() == bench.worth()
        assert bench.in_meter() == 0
        assert bench.witness(before, writes) == "consumed"


@kinds
def test_a_second_purchase_is_refused_when_the_meter_has_not_taken_the_first_E03(
    bench: Bench,
) -> None:
    _, writes = bench.sale()
    bench.reader().write(bench.kind.serial, writes)
    image = bench.reader().read()
    family = families.of(image)
    refused = family.purchase(family.state(image), image, 1, 1, bench.kind.currency)
    assert isinstance(refused, Refusal)
    assert refused.code == "card_unread_purchase"


def commands_of_a_write(bench: Bench, writes: Sequence[PlainWrite]) -> int:
    """Counted on a card of its own, so that the test grows with the driver."""
    counter = CardFaults("status", at=0)
    bench.reader(counter).write(bench.kind.serial, writes)
    return counter.seen


proof = pytest.mark.proof


@kinds
@pytest.mark.parametrize(
    ("trouble", "amounts_written"),
    [
        ("pull", (3,)),
        pytest.param("pull", (0, 1, 2, 7, 15, 64), marks=proof),
        pytest.param("mute", (0, 1, 7, 64), marks=proof),
        pytest.param("short", (64,), marks=proof),
        pytest.param("status", (64,), marks=proof),
        pytest.param("reset", (64,), marks=proof),
    ],
)
def test_e02_no_card_is_worth_more_than_paid_when_a_write_breaks_off_at_any_command(
    kind: Kind, trouble: FaultKind, amounts_written: tuple[int, ...], tmp_path: Path
) -> None:
    first = Bench(kind, tmp_path / "count")
    steps = commands_of_a_write(first, first.sale()[1])
    for at in range(1, steps + 1):
        for written_bytes in amounts_written:
            bench = Bench(kind, tmp_path / f"{at}-{written_bytes}")
            before, writes = bench.sale()
            with pytest.raises(CardFault):
                bench.reader(CardFaults(trouble, at, written_bytes)).write(kind.serial, writes)
            told = bench.witness(before, writes)
            assert told in ("not_delivered", "torn", "delivered"), (at, written_bytes)
            if told != "delivered":
                assert bench.in_meter() == 0, (at, written_bytes)
                bench.finish(before, writes)
            assert bench.in_meter() == bench.worth(), (at, written_bytes)
            assert bench.in_meter() == 0


@kinds
def test_the_table_in_the_docs_is_what_happens_when_the_card_is_pulled_at_each_command(
    kind: Kind, tmp_path: Path
) -> None:
    first = Bench(kind, tmp_path / "count")
    told = []
    for at in range(1, commands_of_a_write(first, first.sale()[1]) + 1):
        bench = Bench(kind, tmp_path / str(at))
        before, writes = bench.sale()
        with pytest.raises(CardFault):
            bench.reader(CardFaults("pull", at, 64)).write(kind.serial, writes)
        told.append(bench.witness(before, writes))
    counted = [told.count(word) for word in ("not_delivered", "torn", "delivered")]
    row = f"| {kind.name} | {len(told)} | " + " | ".join(str(number) for number in counted) + " |"
    assert row in DOCUMENT.read_text().splitlines(), row


@kinds
def test_nothing_is_written_when_the_write_is_not_the_sellers_or_the_card_another(
    bench: Bench,
) -> None:
    _, writes = bench.sale()
    untouched = bench.rack.files(bench.kind.serial)
    with pytest.raises(BadInput):
        bench.reader().write(bench.kind.serial, [*writes, PlainWrite(3, 1, b"\0\0\0\1")])
    with pytest.raises(CardUnusable) as caught:
        bench.reader().write("ffffffffffffffff", writes)
    assert caught.value.code == "other_card"
    assert bench.rack.files(bench.kind.serial) == untouched


# --- keys -------------------------------------------------------------------------------------

sealed_kinds = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.with_keys], ids=lambda kind: kind.name
)


@sealed_kinds
def test_nothing_is_written_when_there_is_no_security_module(bench: Bench) -> None:
    _, writes = bench.sale()
    untouched = bench.rack.files(bench.kind.serial)
    with pytest.raises((BadInput, CardUnusable)):
        SimulatedReader(bench.folder, "kiosk").write(bench.kind.serial, writes)
    assert bench.rack.files(bench.kind.serial) == untouched


@sealed_kinds
def test_the_meter_gains_nothing_and_the_card_is_not_read_when_a_stranger_has_the_keys_E16(
    bench: Bench,
) -> None:
    """A card of ours, a module with other keys: neither side takes the other."""
    strangers = SoftwareCardModule(dict.fromkeys(families.FAMILIES, bytes(16)))
    with pytest.raises(CardUnusable):
        SimulatedReader(bench.folder, "kiosk", module=strangers).read()
    _, writes = bench.sale()
    if bench.kind.family == "at24":
        return  # there is nothing on this chip that could refuse: its meter does
    with pytest.raises((CardUnusable, BadInput)):
        SimulatedReader(bench.folder, "kiosk", module=strangers).write(bench.kind.serial, writes)
    assert bench.in_meter() == 0


@pytest.mark.parametrize("name", ["open with keys", "sle4442", "at24", "mifare"])
def test_a_forged_purchase_is_seen_and_no_meter_takes_it_E16(name: str, tmp_path: Path) -> None:
    bench = Bench(KIND[name], tmp_path)
    _, writes = bench.sale()
    bench.reader().write(bench.kind.serial, writes)
    files = bench.kind.get(bench.rack, bench.kind.serial)
    richer = files[2][:5] + b"\0\x7f" + files[2][7:]
    bench.kind.put(bench.rack, bench.kind.serial, {2: richer})
    with pytest.raises(CardUnusable, match="file 2"):
        bench.reader().read()
    assert bench.in_meter() == 0


@pytest.mark.parametrize("name", ["open with keys", "state-grid", "mifare"])
def test_a_copy_on_another_chip_is_not_taken_for_the_card_E16(name: str, tmp_path: Path) -> None:
    bench = Bench(KIND[name], tmp_path / "own")
    copy = Bench(
        msgspec.structs.replace(KIND[name], serial=bench.kind.serial[:-2] + "ff"), tmp_path / "copy"
    )
    copy.kind.put(copy.rack, copy.kind.serial, bench.kind.get(bench.rack, bench.kind.serial))
    if name == "state-grid":
        assert copy.reader().read().serial != bench.kind.serial, "the serial is the chip's own"
        return
    with pytest.raises(CardUnusable):
        copy.reader().read()


def test_a_genuine_chip_is_asked_for_when_only_the_files_were_copied_E16(tmp_path: Path) -> None:
    """The same serial and the same files on a chip that does not hold the key."""
    kind = KIND["open with keys"]
    bench = Bench(kind, tmp_path / "own")
    rack = CardRack(tmp_path / "copy")
    rack.make(kind.serial, bench.rack.files(kind.serial), chip="keyed", key=bytes(16))
    SimulatedSlot(tmp_path / "copy", "kiosk").insert(kind.serial)
    with pytest.raises(CardUnusable, match="not a card of this utility"):
        SimulatedReader(tmp_path / "copy", "kiosk", module=MODULE).read()


# --- the error counter ------------------------------------------------------------------------


def sle4442_with(counter: int, folder: Path, code: bytes | None = None) -> Bench:
    bench = Bench(KIND["sle4442"], folder)
    chip = bench.rack.card(bench.kind.serial)
    chip.store(1, 0, bytes([counter]) + (code or b""))
    chip.close()
    return bench


@pytest.mark.parametrize("counter", [0x00, 0x01, 0x03, 0x04, 0x06])
def test_no_code_is_tried_when_somebody_has_run_the_counter_down(
    counter: int, tmp_path: Path
) -> None:
    bench = sle4442_with(counter, tmp_path)
    before, writes = bench.sale()
    with pytest.raises(CardUnusable, match="wrong codes"):
        bench.reader().write(bench.kind.serial, writes)
    assert bench.rack.files(bench.kind.serial)[1][0] == counter
    assert bench.witness(before, writes) == "not_delivered"


def test_one_try_is_spent_and_never_a_second_when_the_code_is_wrong(tmp_path: Path) -> None:
    bench = sle4442_with(0x07, tmp_path, b"\1\2\3")
    _, writes = bench.sale()
    for _ in range(5):
        with pytest.raises(CardUnusable):
            bench.reader().write(bench.kind.serial, writes)
    assert bench.rack.files(bench.kind.serial)[1][0].bit_count() == 2


def test_the_card_is_read_when_the_reader_appends_its_protection_bytes(tmp_path: Path) -> None:
    """ACR38 and ACR1281U do; newer readers do not (3.1)."""
    bench = Bench(KIND["sle4442"], tmp_path)
    chip = bench.rack.card(bench.kind.serial)

    class Appending:
        atr = chip.atr

        def transmit(self, apdu: bytes, timeout_s: float) -> bytes:
            answer = chip.answer(apdu)
            return answer[:-2] + b"\xff" * 4 + answer[-2:] if apdu[1] == 0xB0 else answer

        def close(self) -> None:
            chip.close()

    session = Appending()
    assert Sle4442Driver(session, module=MODULE).read() == bench.reader().read()
    session.close()


# --- families ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("memory", "expected"), [(b"\xff" * 256, "blank"), (bytes(256), "blank")], ids=["ff", "00"]
)
def test_a_memory_card_is_blank_when_nobody_was_made_out_on_it(
    memory: bytes, expected: str, tmp_path: Path
) -> None:
    bench = Bench(KIND["at24"], tmp_path)
    chip = bench.rack.card(bench.kind.serial)
    chip.store(0, 0, memory)
    chip.close()
    with pytest.raises(CardUnusable) as caught:
        bench.reader().read()
    assert caught.value.code == expected


@kinds
def test_the_family_is_found_by_the_answer_to_reset_and_by_the_image(bench: Bench) -> None:
    chip = bench.rack.card(bench.kind.serial)
    chip.close()
    found = families.family_of(chip.atr)
    assert found is not None
    assert found.name == bench.kind.family
    image = bench.reader().read()
    assert families.of(image) is found is families.family(image.family)
    state = found.state(image)
    assert not isinstance(state, Refusal)
    assert (state.meter, state.serial) == (METER, bench.kind.serial)


def test_the_message_names_the_families_when_one_is_not_known() -> None:
    with pytest.raises(BadInput, match="known are open, sle4442"):
        families.family("felica")


def test_an_image_is_foreign_when_nobody_knows_its_family() -> None:
    image = CardImage("felica", "00", {file: bytes(n) for file, n in layout.FILES.items()})
    assert families.of(image).state(image) == Refusal("card_foreign", {"family": "felica"})
