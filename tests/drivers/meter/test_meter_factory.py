"""The factory's keys against published ones, and all published credits if their file is there."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from drivers.meter.factory import (
    PUBLISHED_VENDING_KEY,
    PUBLISHED_VENDING_KEY_160,
    card_meter,
    decoder_key_02,
    decoder_key_04,
    keypad_meter,
    primary_account_number,
)
from drivers.meter.keypad import enter_token
from drivers.meter.keypad_state import KeypadState
from kiosk.domain.energy import STS_STEP_WH, token_energy_wh
from kiosk.errors import BadInput

VECTORS = Path(__file__).parents[4] / "shared" / "vectors" / "sts-public.json"


@pytest.mark.parametrize(
    ("account_number", "key_revision", "tariff_index", "expected"),
    [
        ("600727000000000009", 1, 1, "e653341f9d5bf36f"),
        ("600727000000000009", 2, 1, "f469dc6937c04441"),
        ("600727000000000009", 1, 2, "060b8643c59a27f1"),
        ("000001000000000082", 1, 1, "e94023262e9993c2"),
    ],
)
def test_decoder_key_is_the_published_one_when_derived_by_dkga02(
    account_number: str, key_revision: int, tariff_index: int, expected: str
) -> None:
    key = decoder_key_02(
        PUBLISHED_VENDING_KEY, account_number, "123456", key_revision, tariff_index, 2
    )
    assert key.hex() == expected


@pytest.mark.parametrize(
    ("supply_group", "key_revision", "base_date", "algorithm", "expected"),
    [
        ("123457", 1, 1993, "11", "f94b6ed353c3bfdb113e2d3a7ea3c41d"),
        ("123457", 7, 1993, "11", "14bd465dfa42bccf419b85f111d142f9"),
        ("123457", 5, 2035, "11", "92666e9f0478a17770614c1c5fce9d46"),
        ("201457", 1, 2014, "11", "929bd3a415c9420a05ec5ee9f3ce91c3"),
        ("201457", 1, 2014, "07", "87f3ecbb2e46b48f"),
    ],
)
def test_decoder_key_is_the_published_one_when_derived_by_dkga04(
    supply_group: str, key_revision: int, base_date: int, algorithm: str, expected: str
) -> None:
    assert algorithm in ("07", "11")
    key = decoder_key_04(
        PUBLISHED_VENDING_KEY_160,
        "600727000000000009",
        supply_group,
        key_revision,
        1,
        2,
        base_date,
        "07" if algorithm == "07" else "11",
    )
    assert key.hex() == expected


def test_account_number_has_issuer_and_check_digit_when_made_of_a_meter_number() -> None:
    assert primary_account_number("00000000000") == "600727000000000009"
    assert primary_account_number("0100000000008") == "000001000000000082"


def test_a_meter_of_either_algorithm_has_a_key_of_its_own_when_made(tmp_path: Path) -> None:
    old = keypad_meter(tmp_path, "01000000015").registers()
    new = keypad_meter(
        tmp_path,
        "01000000023",
        vending_key=PUBLISHED_VENDING_KEY_160,
        algorithm="11",
        supply_group="123457",
    ).registers()
    assert (len(old.decoder_key), len(new.decoder_key)) == (8, 16)
    assert (old.supply_group, old.key_revision, old.key_type, old.maker) == ("123456", 1, 2, 1)


def test_energy_stays_on_the_meter_when_it_is_made_again(tmp_path: Path) -> None:
    keypad_meter(tmp_path, "00000000000").enter("23716100501183194197")
    again = keypad_meter(tmp_path, "00000000000", key_revision=2)
    assert (again.show().energy_left_wh, again.registers().key_revision) == (100, 1)


def test_factory_refuses_when_no_such_meter_can_be_made(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="11 or 13 digits"):
        keypad_meter(tmp_path, "123")
    with pytest.raises(BadInput, match="No derivation"):
        keypad_meter(tmp_path, "01000000015", vending_key=PUBLISHED_VENDING_KEY, algorithm="11")
    with pytest.raises(BadInput, match="key type 3"):
        keypad_meter(tmp_path, "01000000015", vending_key=PUBLISHED_VENDING_KEY_160, key_type=3)
    with pytest.raises(BadInput, match="11 digits"):
        card_meter(tmp_path, "0100000000008")


@pytest.mark.skipif(not VECTORS.exists(), reason="the file of published tokens is not at hand")
def test_every_published_electricity_credit_is_accepted_when_the_file_is_at_hand() -> None:
    vectors = json.loads(VECTORS.read_text())["vectors"]
    rows = [
        row for row in vectors if row["kind"] == "token" and row["in"]["op"] == "credit_electricity"
    ]
    assert len(rows) >= 55
    for row in rows:
        state = KeypadState(
            number="00000000000",
            account_number="600727000000000009",
            algorithm=row["in"]["ea"],
            decoder_key=bytes.fromhex(row["out"]["dk"]),
            supply_group="123456",
            key_revision=1,
            tariff_index=1,
            key_type=2,
            base_date=row["in"].get("base_date", 1993),
        )
        outcome = enter_token(state, row["out"]["token"])
        due_wh = int(Decimal(row["in"]["amount"]) * 10) * STS_STEP_WH
        assert outcome.energy_wh_added == token_energy_wh(due_wh), row["id"]
        assert outcome.state.identifiers == [row["out"]["tid"]], row["id"]
