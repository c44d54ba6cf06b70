"""Every work on a chip of every family: made, sold to, taken back, repaired, replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.card.sim import CardRack, SimulatedSlot
from drivers.card.simulated_reader import CardFaults, SimulatedReader
from kiosk.domain.cards import families, workshops
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.cards.work import Person, Purchase, Workshop
from kiosk.errors import BadInput, CardFault, Refusal
from tests.drivers.card.card_kinds import BLANKS, CUSTOMER, KINDS, METER, MODULE, Kind, Meter

ENERGY_WH, AMOUNT_MINOR = 12_300, 20_00
OWN = "aabbccddeeff0011"


class Bench:
    """A blank chip of one family in a reader, and the meter of the customer who gets it."""

    def __init__(self, kind: Kind, folder: Path) -> None:
        self.kind, self.folder, self.rack = kind, folder, CardRack(folder)
        BLANKS[kind.name](self.rack, kind.serial)
        self.slot = SimulatedSlot(folder, "kiosk")
        self.slot.insert(kind.serial)
        self.meter: Meter = kind.meter()
        self.sealed = kind.name != "open"

    def reader(self, faults: CardFaults | None = None) -> SimulatedReader:
        return SimulatedReader(self.folder, "kiosk", faults, 0.001, MODULE)

    def shop(self) -> Workshop:
        return workshops.SHOPS[self.kind.family]

    def serial(self, image: CardImage) -> str:
        return image.serial if self.shop().own_serial(image) else OWN

    def plan(self, purchase: Purchase = Purchase()) -> tuple[CardImage, list[PlainWrite]]:  # noqa: B008
        image = self.reader().inspect()
        assert self.shop().is_unmade(image)
        person = Person(self.serial(image), CUSTOMER, METER, 2 if purchase.number else 1)
        return image, self.shop().make(image, person, purchase, sealed=self.sealed)

    def work(self, before: CardImage, writes: list[PlainWrite]) -> None:
        self.reader().personalise(before.serial, writes)
        assert self.told(before, writes) == "delivered"

    def told(self, before: CardImage, writes: list[PlainWrite]) -> str:
        if self.slot.state().card is None:
            self.slot.insert(self.kind.serial)
        now = self.reader().inspect()
        return self.shop().witness_work(before, now, writes, self.serial(before))

    def make(self, purchase: Purchase = Purchase()) -> None:  # noqa: B008
        self.work(*self.plan(purchase))

    def sell(self) -> CardImage:
        """An unread purchase on the card; the card as it was before."""
        image = self.reader().read()
        family = families.of(image)
        state = family.state(image)
        assert not isinstance(state, Refusal), state
        planned = family.purchase(state, image, ENERGY_WH, AMOUNT_MINOR, self.kind.currency, "s1")
        assert isinstance(planned, tuple), planned
        self.reader().write(image.serial, planned[0])
        return image

    def in_meter(self) -> int:
        """What the meter gains from the card now."""
        before = self.meter.credited
        files = self.kind.get(self.rack, self.kind.serial)
        serial = self.reader().inspect().serial
        self.kind.put(self.rack, self.kind.serial, self.meter.take(files, serial))
        return self.meter.credited - before

    def worth(self) -> int:
        return AMOUNT_MINOR if self.kind.family == "state-grid" else ENERGY_WH


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return Bench(request.param, tmp_path)


def test_a_new_card_buys_and_its_meter_takes_it_when_it_was_made_from_a_blank(
    bench: Bench,
) -> None:
    bench.make()
    image = bench.reader().read()
    state = families.of(image).state(image)
    assert not isinstance(state, Refusal)
    assert (state.card_number, state.meter, state.purchase_number) == (CUSTOMER, METER, 0)
    for _ in range(2):
        bench.sell()
        assert bench.in_meter() == bench.worth()
        assert bench.in_meter() == 0


def test_the_purchase_of_the_lost_card_is_taken_under_its_number_when_the_card_is_replaced_E15(
    bench: Bench,
) -> None:
    bench.make(Purchase(1, ENERGY_WH, AMOUNT_MINOR, bench.kind.currency, "s1"))
    assert bench.in_meter() == bench.worth()
    assert bench.in_meter() == 0
    bench.sell()
    assert bench.in_meter() == bench.worth()


def test_a_purchase_is_taken_back_where_the_chip_proves_something_E13(bench: Bench) -> None:
    bench.make()
    bench.sell()
    assert bench.in_meter() == bench.worth()
    before = bench.sell()
    image = bench.reader().read()
    state = families.of(image).state(image)
    if "cancel" not in bench.shop().abilities:
        assert bench.kind.family in {"sle4442", "at24", "mifare"}
        refused = workshops.able(bench.shop(), "cancel")
        assert refused is not None
        assert refused.code == "card_copied_chip"
        return
    writes = bench.shop().cancel(state, image, before, 2)
    assert not isinstance(writes, Refusal)
    bench.work(image, writes)
    assert bench.reader().read() == before
    assert bench.in_meter() == 0
    bench.sell()
    assert bench.in_meter() == bench.worth()
    image = bench.reader().read()
    state = families.of(image).state(image)
    again = bench.shop().cancel(state, image, before, 2)
    assert isinstance(again, Refusal)
    assert again.code == "purchase_consumed"


@pytest.mark.parametrize("keep", [False, True])
def test_the_card_goes_on_from_the_meters_number_when_it_is_repaired(
    bench: Bench, keep: bool
) -> None:
    bench.make(Purchase(6, ENERGY_WH, AMOUNT_MINOR, bench.kind.currency, "s1"))
    assert bench.in_meter() == 0  # the meter counts from 0
    image = bench.reader().inspect()
    reading = bench.shop().reading(image)
    assert reading is not None
    assert (reading.meter, reading.purchase_number) == (METER, 0)
    state = families.of(image).state(image)
    bench.work(image, bench.shop().repair(state, image, 0, bench.kind.currency, keep=keep))
    assert bench.in_meter() == (bench.worth() if keep else 0)
    bench.sell()
    assert bench.in_meter() == bench.worth()


@pytest.mark.parametrize("written", [0, 3])
def test_no_card_is_worth_more_when_its_making_breaks_off_at_any_command_E02(
    bench: Bench, written: int, tmp_path: Path
) -> None:
    purchase = Purchase(1, ENERGY_WH, AMOUNT_MINOR, bench.kind.currency, "s1")
    told: set[str] = set()
    for command in range(1, 200):
        trial = Bench(bench.kind, tmp_path / f"trial{command}")
        before, writes = trial.plan(purchase)
        fault = CardFaults("pull", command, written_bytes=written)
        try:
            trial.reader(fault).personalise(before.serial, writes)
            break
        except CardFault:
            pass
        if trial.slot.state().card is None:
            trial.slot.insert(bench.kind.serial)
        seen = trial.told(before, writes)
        assert seen in {"not_delivered", "torn", "delivered"}
        told.add(seen)
        if seen != "delivered":
            assert trial.in_meter() == 0
        if seen == "not_delivered" or seen == "torn":
            trial.reader().personalise(trial.reader().inspect().serial, writes)
            assert trial.told(before, writes) == "delivered"
            assert trial.in_meter() == trial.worth()
    else:
        raise AssertionError("it never came to an end")
    assert {"not_delivered", "torn"} <= told


def test_nothing_is_written_when_a_work_leaves_its_whitelist_or_the_card_is_made_already(
    bench: Bench,
) -> None:
    before, writes = bench.plan()
    foreign = PlainWrite(writes[0].file, 2, b"\x11\x22", sealed=True)
    with pytest.raises(BadInput):
        bench.reader().personalise(before.serial, [foreign])
    assert bench.reader().inspect() == before
    bench.work(before, writes)
    if bench.kind.family == "state-grid":
        assert not bench.shop().is_unmade(bench.reader().inspect())
        return
    made = bench.reader().inspect()
    with pytest.raises(BadInput, match="made out already"):
        bench.reader().personalise(made.serial, writes)
    assert bench.reader().inspect() == made


TOOLS = [
    ("inquiry", {}, "6805000005"), ("meter-number", {}, "6807000600"),
    ("preset", {"alarm_minor": 1000}, "6806001a"),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "settings", "frame"), TOOLS)
def test_a_state_grid_tool_card_has_the_frame_of_its_kind(
    tmp_path: Path, tool: str, settings: dict[str, int], frame: str
) -> None:
    kind = next(kind for kind in KINDS if kind.name == "state-grid")
    bench = Bench(kind, tmp_path)
    image = bench.reader().inspect()
    person = Person(image.serial, "0" * 12, METER, 1)
    writes = bench.shop().tool(image, tool, person, settings, sealed=bench.sealed)
    assert not isinstance(writes, Refusal)
    bench.work(image, writes)
    after = bench.reader().inspect()
    assert after.files[1].hex().startswith(frame)
    state = families.of(after).state(after)
    assert isinstance(state, Refusal)
    assert state.code == "card_unknown_kind"
    assert not any(after.files[2]), "no money that nobody paid"
    key_update = bench.shop().tool(image, "key-update", person, {}, sealed=bench.sealed)
    assert isinstance(key_update, Refusal)
    assert key_update.code == "tool_card_needs_key_system"


# --- a code that is nobody's, and one that is ours already ------------------------------------


def _sle4442(folder: Path) -> Bench:
    return Bench(next(kind for kind in KINDS if kind.name == "sle4442"), folder)


def _guard(bench: Bench) -> bytes:
    return bench.rack.files(bench.kind.serial)[1]


def test_one_try_is_spent_and_never_a_second_when_a_blank_card_has_a_strangers_code(
    tmp_path: Path,
) -> None:
    bench = _sle4442(tmp_path)
    chip = bench.rack.card(bench.kind.serial)
    chip.store(1, 1, b"\1\2\3")
    chip.close()
    before, writes = bench.plan()
    for _ in range(5):
        with pytest.raises(CardFault):
            bench.reader().personalise(before.serial, writes)
    assert _guard(bench)[0].bit_count() == 2
    assert bench.reader().inspect() == before


def test_a_card_is_made_for_somebody_else_when_its_making_broke_off_at_its_last_byte(
    tmp_path: Path,
) -> None:
    bench = _sle4442(tmp_path)
    before, writes = bench.plan()
    commands = CardFaults("status", 0)
    trial = _sle4442(tmp_path / "count")
    trial.reader(commands).personalise(before.serial, trial.plan()[1])
    with pytest.raises(CardFault):
        bench.reader(CardFaults("pull", commands.seen)).personalise(before.serial, writes)
    assert _guard(bench)[1:] == MODULE.access_code("sle4442", OWN, 3)
    bench.slot.insert(bench.kind.serial)
    image = bench.reader().inspect()
    other = Person("0102030405060708", CUSTOMER, METER, 1)
    again = bench.shop().make(image, other, Purchase(), sealed=True)
    bench.reader().personalise(image.serial, again)
    assert bench.reader().read().serial == other.serial
    assert _guard(bench) == b"\x07" + MODULE.access_code("sle4442", other.serial, 3)


#: The commands that give a chip its own code, counted from the end: a mark and a byte, three times.
_CODE_COMMANDS = range(6, 0, -1)
_NEXT = "0102030405060708"


@pytest.mark.parametrize("arrived", [0, 1, 2])
def test_no_blank_is_lost_when_it_is_pulled_at_any_byte_of_its_new_code(
    arrived: int, tmp_path: Path
) -> None:
    last = _commands(tmp_path / "count")
    for before_last in _CODE_COMMANDS:
        bench = _sle4442(tmp_path / str(before_last))
        with pytest.raises(CardFault):
            _make_for(bench, OWN, CardFaults("pull", last - before_last, arrived))
        _is_made_again(bench)


@pytest.mark.proof
@pytest.mark.parametrize("arrived", [0, 1, 2])
def test_no_blank_is_lost_when_it_is_pulled_again_while_its_code_becomes_the_factory_s(
    arrived: int, tmp_path: Path
) -> None:
    last = _commands(tmp_path / "count")
    for before_last in _CODE_COMMANDS:
        for second in range(3, 14):
            bench = _sle4442(tmp_path / f"{before_last}-{second}")
            with pytest.raises(CardFault):
                _make_for(bench, OWN, CardFaults("pull", last - before_last, arrived))
            with pytest.raises(CardFault):
                _make_for(bench, _NEXT, CardFaults("pull", second, arrived))
            _is_made_again(bench)


def test_a_half_made_chip_keeps_its_last_try_when_it_has_a_stranger_s_code(tmp_path: Path) -> None:
    bench = _sle4442(tmp_path)
    last = _commands(tmp_path / "count")
    with pytest.raises(CardFault):
        _make_for(bench, OWN, CardFaults("pull", last - 2, 0))
    chip = bench.rack.card(bench.kind.serial)
    chip.store(1, 1, b"\1\2\3")
    chip.close()
    for _ in range(3):
        with pytest.raises(CardFault):
            _make_for(bench, _NEXT)
    assert _guard(bench)[0].bit_count() == 1


def _commands(folder: Path) -> int:
    """How many commands make a card."""
    counted = CardFaults("status", 0)
    _make_for(_sle4442(folder), OWN, counted)
    return counted.seen


def _is_made_again(bench: Bench) -> None:
    """For somebody else, with all tries left."""
    _make_for(bench, _NEXT)
    assert bench.reader().read().serial == _NEXT
    assert _guard(bench) == b"\x07" + MODULE.access_code("sle4442", _NEXT, 3)


def _make_for(bench: Bench, serial: str, faults: CardFaults | None = None) -> None:
    if bench.slot.state().card is None:
        bench.slot.insert(bench.kind.serial)
    image = bench.reader().inspect()
    writes = bench.shop().make(
        image, Person(serial, CUSTOMER, METER, 1), Purchase(), sealed=True
    )  # fmt: skip
    bench.reader(faults).personalise(image.serial, writes)
