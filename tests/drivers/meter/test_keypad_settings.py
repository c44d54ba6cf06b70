"""Class 1 and class 2 at a keypad meter: what it shows and what can be set by token."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drivers.meter.token_sender import (
    CREDIT_25_6_KWH,
    KEY_07,
    KEY_07_2014,
    KEY_11,
    a_meter,
    management,
    sent,
)

# --- class 1 ----------------------------------------------------------------------------------

DISPLAYS = """
    00000000000150997584  SWITCH CLOSED
    36893488147553322496  TI 01
    00000000001207974400  POWER LIMIT NONE
    00000000002281728512  TAMPER NO
    00000000004429208064  LOAD 0 W
    00000000008724195840  SOFTWARE PH 1.0
    00000000137573173770  EA 07
    00000000275012127252  KEY CHANGE TOKENS 3
    00000001099645848124  KEN 255
    01152921521920952465  USED 0.0 kWh
    01152921539100838034  KRN 1
    01152921642180020378  KEYPAD 1234567890
    01152922054496880824  TAMPER NO
    01152923703764322536  SOFTWARE PH 1.0
    01152991873485249680  KEY CHANGE TOKENS 3
    01153062242229428368  SG 123456
    01153484454694514832  METER 00000000000
    02305843009347914912  VALUE 0 = 0
"""


@pytest.mark.parametrize("row", DISPLAYS.strip().splitlines())
def test_reading_is_shown_when_a_published_test_token_is_entered(tmp_path: Path, row: str) -> None:
    token, display = row.split(maxsplit=1)
    meter = a_meter(tmp_path, energy_left_wh=1000)
    answer = meter.enter(token)
    assert (answer.result, answer.display, answer.energy_wh_added) == ("accepted", display, 0)


@pytest.mark.parametrize(
    ("subclass", "payload", "result"),
    [
        (0, 1 << 8 | 66, "manufacturer_mismatch"),
        (1, 1 << 16 | 2824, "manufacturer_mismatch"),
        (0, 1 << 11 << 8, "function_error"),  # test 12, the water meter factor
        (0, 1 << 18 << 8, "range_error"),  # there is no test 19
        (0, 0b11 << 8, "range_error"),
        (0, 0, "range_error"),
        (6, 0, "function_error"),
    ],
)
def test_test_token_is_refused_when_the_meter_has_no_such_test(
    tmp_path: Path, subclass: int, payload: int, result: str
) -> None:
    assert a_meter(tmp_path).enter(sent(1, subclass, payload)).result == result


def test_every_reading_is_shown_when_all_tests_are_asked(tmp_path: Path) -> None:
    display = a_meter(tmp_path).enter(sent(1, 0, (1 << 36) - 1 << 8)).display
    assert "SG 123456" in display
    assert display.count(" / ") == 16


def test_token_of_class_3_is_refused_when_entered(tmp_path: Path) -> None:
    assert a_meter(tmp_path).enter(sent(3, 0, 0)).result in ("function_error", "crc_error")


# --- class 2 ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "token", "display"),
    [
        (KEY_07, "41932934023937597177", "POWER LIMIT 256 W"),
        (KEY_07, "59901462710025767433", "POWER LIMIT 180224 W"),
        (KEY_07, "30220533115430798647", "PHASE LIMIT 10 W"),
        (KEY_11, "23509767215559230954", "PHASE LIMIT 256 W"),
        (KEY_07, "10208942296089183521", "CREDIT CLEARED"),
        (KEY_07_2014, "42545072112843780101", "TAMPER CLEARED"),
        (KEY_11, "02455019196514047304", "TAMPER CLEARED"),
        ("f5ba856f54023529", "16358962891186014737", "TARIFF RATE 4660"),
        (KEY_07_2014, "46916500952836447494", "FLAG 0 = 1"),
        (KEY_07_2014, "02905758142350480527", "VALUE 0 = 0"),
    ],
)
def test_setting_is_made_when_a_published_management_token_is_entered(
    tmp_path: Path, key: str, token: str, display: str
) -> None:
    meter = a_meter(tmp_path, key)
    answer = meter.enter(token)
    assert (answer.result, answer.display) == ("accepted", display)
    assert meter.enter(token).result == "used"


@pytest.mark.parametrize(
    ("key", "token"),
    [
        (KEY_07, "47739859634763202644"),  # clear the register of water bought in currency
        ("fcb407e25a12aa92", "64726798166285331689"),  # water meter factor
        (KEY_07_2014, "42334201269947232996"),  # credit in currency
    ],
)
def test_function_is_refused_when_an_electricity_meter_has_none(
    tmp_path: Path, key: str, token: str
) -> None:
    meter = a_meter(tmp_path, key)
    assert meter.enter(token).result == "function_error"
    assert meter.show().identifiers_kept == 0


def test_settings_are_seen_when_they_were_made_by_token(tmp_path: Path) -> None:
    meter = a_meter(tmp_path)
    meter.enter("41932934023937597177")
    meter.enter(management(10, 5_900_000, 7 << 10 | 513))
    assert meter.enter("00000000001207974400").display == "POWER LIMIT 256 W"
    assert meter.enter(sent(1, 2, 7 << 38)).display == "VALUE 7 = 513"


def test_credit_and_switch_go_when_credit_is_cleared(tmp_path: Path) -> None:
    meter = a_meter(tmp_path)
    meter.enter(CREDIT_25_6_KWH)
    assert meter.enter(management(1, 5_920_000, 0)).energy_left_wh == 0
    assert meter.show().switch == "open"


def test_switch_opens_when_the_case_is_opened_until_a_token_clears_it(tmp_path: Path) -> None:
    meter = a_meter(tmp_path)
    meter.enter(CREDIT_25_6_KWH)
    meter.open_case()
    assert (meter.show().switch, meter.consume(600)) == ("open", 25_600)
    assert meter.enter(management(5, 5_920_000, 1)).result == "range_error"
    assert meter.enter(management(5, 5_920_000, 0)).result == "accepted"
    assert (meter.show().switch, meter.consume(600)) == ("closed", 25_000)
