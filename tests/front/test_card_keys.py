"""The rehearsal's cards have keys: whoever sells, and whichever module holds the seller's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from drivers.meter.factory import card_meter
from kiosk.config import CardSettings, Settings
from kiosk.domain.cards import open as layout
from kiosk.errors import ConfigFault
from kiosk.front.card_keys import module_of
from kiosk.front.wiring import House, build
from kiosk.front.world import SAM
from tests.till.hall import HallClock, code, sell_to, settings, sold


def with_module(base: Settings, module: str) -> Settings:
    return msgspec.structs.replace(
        base,
        card=CardSettings(module=module),  # type: ignore[arg-type]
        rehearsal=msgspec.structs.replace(base.rehearsal, customers=6),
    )


@pytest.fixture(params=["software", "sam", "none"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    made = build(tmp_path / "home", with_module(settings(), request.param), clock=HallClock())
    made.desk.operator, made.desk.role = "101", "supervisor"
    yield made
    made.close()


def card_of(house: House) -> str:
    """A card meter of this small utility, whose card is in the reader now."""
    assert house.world is not None
    meter = next(m for m in house.world.records.search("", 10) if m.kind == "card")
    house.world.slot().insert(house.world.card_of(meter.number).serial)
    return meter.number


def in_meter(house: House, meter: str) -> str:
    assert house.world is not None and house.hands is not None
    if house.world.slot().state().card is not None:
        house.world.slot().pull()
    return house.hands.insert_in_meter(meter).result


def test_the_meter_takes_the_purchase_when_any_module_sealed_it(house: House) -> None:
    meter = card_of(house)
    sold(sell_to(house.desk, meter, 5000))
    assert in_meter(house, meter) == "credited"
    assert in_meter(house, meter) == "already_credited"


def test_the_cards_carry_macs_when_there_are_keys(house: House) -> None:
    assert house.desk.reader is not None
    card_of(house)
    sealed = layout.is_sealed(house.desk.reader.read())
    assert sealed == (house.settings.card.module != "none")


def test_nothing_is_taken_when_the_module_is_pulled_out_of_its_slot(tmp_path: Path) -> None:
    house = build(tmp_path / "home", with_module(settings(), "sam"), clock=HallClock())
    try:
        house.desk.operator, house.desk.role = "101", "supervisor"
        meter = card_of(house)
        assert house.world is not None
        house.world.slot(SAM).pull()
        before = house.desk.journal.head()
        assert code(sell_to(house.desk, meter, 5000)) == "vendor_silent"
        assert house.desk.journal.head() == before
    finally:
        house.close()


@pytest.mark.parametrize("module", ["software", "none"])
def test_the_meter_takes_nothing_when_the_card_is_of_the_other_profile(
    module: str, tmp_path: Path
) -> None:
    """A card without MACs in a meter with a key, and the other way round."""
    house = build(tmp_path / "home", with_module(settings(), module), clock=HallClock())
    try:
        house.desk.operator, house.desk.role = "101", "supervisor"
        meter = card_of(house)
        assert house.world is not None
        (house.world.meters / f"{meter}.json").unlink()
        key = b"" if module == "software" else bytes(range(16))
        card_meter(house.world.meters, meter, card_key=key)
        sold(sell_to(house.desk, meter, 5000))
        assert in_meter(house, meter) in ("card_not_valid", "card_fault")
    finally:
        house.close()


def test_the_meter_takes_nothing_when_a_finished_purchase_has_another_mac(tmp_path: Path) -> None:
    house = build(tmp_path / "home", with_module(settings(), "software"), clock=HallClock())
    try:
        house.desk.operator, house.desk.role = "101", "supervisor"
        meter = card_of(house)
        sold(sell_to(house.desk, meter, 5000))
        assert house.world is not None
        chip = house.world.rack.card(house.world.card_of(meter).serial)
        chip.store(2, 9, b"\xff")
        chip.close()
        assert in_meter(house, meter) == "card_not_valid"
    finally:
        house.close()


@pytest.mark.parametrize(
    ("card", "sentence"),
    [
        (CardSettings("pcsc"), "published"),
        (CardSettings("pcsc", module="sam"), "module_reader"),
    ],
)
def test_a_real_site_is_told_when_its_cards_have_no_keys_of_its_own(
    card: CardSettings, sentence: str
) -> None:
    base = Settings()
    site = msgspec.structs.replace(base.site, mode="real")
    with pytest.raises(ConfigFault, match=sentence):
        module_of(msgspec.structs.replace(base, site=site, card=card), lambda _close: None)
    none = msgspec.structs.replace(card, module="none")
    real = msgspec.structs.replace(base, site=site, card=none)
    assert module_of(real, lambda _close: None) is None
