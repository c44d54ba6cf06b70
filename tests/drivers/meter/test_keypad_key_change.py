"""Key change tokens at a keypad meter: two, three and four sections in any order."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.drivers.meter.token_sender import (
    CREDIT_0_1_KWH,
    KEY_07,
    KEY_07_2014,
    KEY_07_OLD_INDEX,
    KEY_11,
    a_meter,
    credit,
    sent,
)

KEY_CHANGES = {
    # from key, sections, to (key, SGC, KRN, TI, KEN)
    "2, new index": (
        KEY_07_OLD_INDEX,
        ("26553210520543055412", "00943705441908264439"),
        (KEY_07, "123456", 1, 1, 255),
    ),
    "2, new expiry": (
        KEY_07_OLD_INDEX,
        ("31337250623187821174", "25365690080149305690"),
        (KEY_07_OLD_INDEX, "123456", 1, 2, 85),
    ),
    "3, with group": (
        KEY_07_2014,
        ("52506022850399603630", "22979178279997208272", "39620459059615037790"),
        ("7f78cdd220be39b8", "201457", 1, 2, 255),
    ),
    "4, new group": (
        KEY_11,
        (
            *("14459740122691785207", "16084994560056931733"),
            *("38603700611597183668", "07926972461094669048"),
        ),
        ("62c1f3b0f96eac42ad670f20f52d7746", "123461", 1, 1, 255),
    ),
}


@pytest.mark.parametrize("case", KEY_CHANGES)
def test_key_changes_when_all_sections_came_in_any_order(tmp_path: Path, case: str) -> None:
    old_key, sections, expected = KEY_CHANGES[case]
    for turn, order in enumerate(itertools.permutations(sections)):
        meter = a_meter(tmp_path / str(turn), old_key)
        for token in order[:-1]:
            assert meter.enter(token).display.startswith("KEY SECTION")
            assert meter.registers().decoder_key.hex() == old_key
        assert meter.enter(order[-1]).display.startswith("NEW KEY")
        after = meter.registers()
        assert (
            after.decoder_key.hex(),
            after.supply_group,
            after.key_revision,
            after.tariff_index,
            after.key_expiry,
        ) == expected
        assert after.key_sections == {}


def test_only_the_new_key_credits_when_the_key_has_changed(tmp_path: Path) -> None:
    meter = a_meter(tmp_path, KEY_07_OLD_INDEX)
    old_key_credit = credit(5871715, key=KEY_07_OLD_INDEX)
    assert meter.enter(CREDIT_0_1_KWH).result == "crc_error"
    for section in KEY_CHANGES["2, new index"][1]:
        assert meter.enter(section).result == "accepted"
    assert meter.enter(old_key_credit).result == "crc_error"
    assert meter.enter(CREDIT_0_1_KWH).result == "accepted"


def test_section_may_be_typed_twice_when_the_set_is_not_complete(tmp_path: Path) -> None:
    meter = a_meter(tmp_path, KEY_11)
    first, *rest = KEY_CHANGES["4, new group"][1]
    assert [meter.enter(first).display for _ in range(2)] == ["KEY SECTION 1 OF 4"] * 2
    assert [meter.enter(token).result for token in rest] == ["accepted"] * 3
    assert meter.enter(first).result == "crc_error"


def test_identifiers_are_forgotten_when_the_key_rolls_over(tmp_path: Path) -> None:
    sections = {1: "65413070543688156280", 2: "27469374567476953413"}  # KRN 6, base 2035, RO 1
    meter = a_meter(tmp_path, KEY_07_2014, base_date=2014, identifiers=[7_000_000])
    assert meter.enter(sections[2]).display == "KEY SECTION 1 OF ?"
    meter.enter(sections[1])
    after = meter.registers()
    assert (after.identifiers, after.base_date, after.key_revision) == ([], 2035, 6)


def test_identifiers_are_kept_when_the_key_does_not_roll_over(tmp_path: Path) -> None:
    meter = a_meter(tmp_path, KEY_07_OLD_INDEX, identifiers=[5871715])
    for section in KEY_CHANGES["2, new index"][1]:
        meter.enter(section)
    assert meter.enter(CREDIT_0_1_KWH).result == "used"


@pytest.mark.parametrize(
    ("subclass", "payload", "result"),
    [
        (3, 15 << 40 | 1 << 36 | 0 << 32, "key_type_error"),  # to an initialisation key
        (3, 15 << 40 | 1 << 36 | 3 << 32, "key_type_error"),  # to a common key
        (3, 15 << 40 | 0 << 36 | 2 << 32, "range_error"),  # KRN 0
        (4, 15 << 40 | 100 << 32, "range_error"),  # TI 100
        (9, 0, "function_error"),  # a fourth section, on EA07
    ],
)
def test_section_is_refused_when_no_keypad_meter_can_take_it(
    tmp_path: Path, subclass: int, payload: int, result: str
) -> None:
    meter = a_meter(tmp_path)
    assert meter.enter(sent(2, subclass, payload)).result == result
    assert meter.registers().key_sections == {}
