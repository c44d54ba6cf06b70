"""Every kind of token: made by us, judged by the simulated meter's own decoder.

The two sides share no line of code; what they agree on is the standard.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from drivers.meter.factory import (
    PUBLISHED_VENDING_KEY,
    PUBLISHED_VENDING_KEY_160,
    keypad_meter,
)
from drivers.meter.keypad import KeypadMeter
from drivers.vending.software import SoftwareVendor
from drivers.vending.vending_key import VendingKey
from kiosk.domain.special_tokens import (
    METER_TESTS,
    KeyChangeRequest,
    KeyPlace,
    ManagementRequest,
    MeterTestRequest,
    Verified,
    control_of_test,
)
from kiosk.domain.token import TokenRequest
from kiosk.errors import Refusal

METER, OTHER = "01470000009", "01470022201"
SHORT, LONG = PUBLISHED_VENDING_KEY, PUBLISHED_VENDING_KEY_160
OTHER_SHORT = bytes.fromhex("cdcdcdcdcdcdcdcd")
SECRETS = {"07": ("02", SHORT), "11": ("04", LONG)}
AT = 6_779_000

VENDOR = SoftwareVendor(
    [
        VendingKey(group, revision, 2, base_date, algorithm, dkga, secret)
        for algorithm, (dkga, secret) in SECRETS.items()
        for group in ("123456", "654321")
        for revision, base_date in ((1, 1993), (1, 2014), (2, 2014))
    ]
)
HERE = KeyPlace("123456", 1, 1, 2, 2014)


def meter(folder: Path, algorithm: str = "07", number: str = METER, **made: object) -> KeypadMeter:
    return keypad_meter(
        folder,
        number,
        vending_key=SECRETS[algorithm][1],
        algorithm="11" if algorithm == "11" else "07",
        **made,  # type: ignore[arg-type]
    )


def credit(units: int = 123, **changed: object) -> str:
    request = TokenRequest("m", METER, "123456", 1, 1, 2, "07", 2014, AT, 5, units)
    token = VENDOR.issue(msgspec.structs.replace(request, **changed))
    assert isinstance(token, str), token
    return token


def manage(operation: str, value: int, algorithm: str = "07", identifier: int = AT) -> str:
    token = VENDOR.manage(
        ManagementRequest("m", METER, algorithm, HERE, identifier, 9, operation, value)
    )
    assert isinstance(token, str), token
    return token


@pytest.mark.parametrize("algorithm", ["07", "11"])
@pytest.mark.parametrize("units", [1, 16_383, 16_384, 180_224, 18_201_624])
def test_credit_adds_exactly_what_it_carries(tmp_path: Path, algorithm: str, units: int) -> None:
    known = meter(tmp_path, algorithm)
    answer = known.enter(credit(units, algorithm=algorithm))
    assert (answer.result, answer.energy_wh_added) == ("accepted", units * 100)


MANAGEMENT = [
    ("power_limit", 5_000, "power_limit_w", 5_000),
    ("phase_unbalance", 300, "phase_unbalance_limit_w", 300),
    ("tariff_rate", 4_321, "tariff_rate", 4_321),
    ("extended", 63 << 10 | 1, "flags", {0: 1}),
    ("extended", 7 << 10 | 1023, "values", {7: 1023}),
]


@pytest.mark.parametrize("algorithm", ["07", "11"])
@pytest.mark.parametrize(("operation", "value", "register", "shown"), MANAGEMENT)
def test_a_setting_stands_in_the_meter(
    tmp_path: Path, algorithm: str, operation: str, value: int, register: str, shown: object
) -> None:
    known = meter(tmp_path, algorithm)
    assert known.enter(manage(operation, value, algorithm)).result == "accepted"
    assert getattr(known.registers(), register) == shown


def test_credit_and_tamper_are_cleared(tmp_path: Path) -> None:
    known = meter(tmp_path)
    known.enter(credit())
    known.open_case()
    assert known.show().switch == "open"
    assert known.enter(manage("clear_tamper", 0, identifier=AT + 1)).result == "accepted"
    assert known.show().switch == "closed"
    assert known.enter(manage("clear_credit", 0, identifier=AT + 2)).result == "accepted"
    assert known.show().energy_left_wh == 0


@pytest.mark.parametrize("subclass", [0, 1])
@pytest.mark.parametrize("number", METER_TESTS.values())
def test_a_test_token_is_answered_with_the_reading(
    tmp_path: Path, subclass: int, number: int
) -> None:
    control = control_of_test(number, subclass)
    assert isinstance(control, int)
    token = VENDOR.meter_test(MeterTestRequest("m", subclass, control, 0))
    assert isinstance(token, str)
    wanted = "function_error" if number == METER_TESTS["water_factor"] else "accepted"
    assert meter(tmp_path).enter(token).result == wanted


KEY_CHANGES = [
    ("07", HERE, KeyPlace("123456", 2, 1, 2, 2014), 2),
    ("07", HERE, KeyPlace("654321", 2, 9, 2, 2014), 3),
    ("07", KeyPlace("123456", 1, 1, 2, 1993), KeyPlace("123456", 2, 1, 2, 2014), 2),
    ("11", HERE, KeyPlace("654321", 2, 42, 2, 2014), 4),
]


@pytest.mark.parametrize(("algorithm", "old", "new", "count"), KEY_CHANGES)
def test_credit_under_the_new_key_is_taken_when_the_set_was_typed_in_any_order(
    tmp_path: Path, algorithm: str, old: KeyPlace, new: KeyPlace, count: int
) -> None:
    known = meter(
        tmp_path, algorithm, base_date=old.base_date, supply_group=old.supply_group,
        key_revision=old.key_revision,
    )  # fmt: skip
    tokens = VENDOR.change_key(KeyChangeRequest("m", METER, algorithm, old, new, count))
    assert isinstance(tokens, list) and len(tokens) == count
    for token in tokens[::-1]:
        assert known.enter(token).result == "accepted"
    registers = known.registers()
    assert (registers.supply_group, registers.key_revision, registers.tariff_index) == (
        new.supply_group, new.key_revision, new.tariff_index,
    )  # fmt: skip
    assert registers.base_date == new.base_date
    token = credit(
        algorithm=algorithm, supply_group=new.supply_group, key_revision=new.key_revision,
        tariff_index=new.tariff_index,
    )  # fmt: skip
    assert known.enter(token).result == "accepted"


def test_no_set_is_made_when_it_would_be_none_of_a_vending_point() -> None:
    for old, new, tokens, code in (
        (HERE, HERE, 2, "key_change_same"),
        (HERE, KeyPlace("654321", 1, 1, 2, 2014), 2, "key_change_needs_group"),
        (HERE, KeyPlace("123456", 2, 1, 3, 2014), 2, "key_type_no_change"),
        (HERE, KeyPlace("123456", 2, 1, 0, 2014), 2, "key_type_no_change"),
        (HERE, KeyPlace("123456", 2, 1, 2, 2014), 4, "token_field_out_of_range"),
        (HERE, KeyPlace("123456", 5, 1, 2, 2014), 2, "vending_key_unknown"),
    ):
        answer = VENDOR.change_key(KeyChangeRequest("m", METER, "07", old, new, tokens))
        assert isinstance(answer, Refusal) and answer.code == code


# --- what a meter refuses -----------------------------------------------------------------------


def test_the_meter_names_its_reason_when_it_refuses_a_token(tmp_path: Path) -> None:
    known = meter(tmp_path)
    token = credit()
    assert known.enter(token).result == "accepted"
    assert known.enter(token).result == "used"
    damaged = token[:-1] + str((int(token[-1]) + 1) % 10)
    assert known.enter(damaged).result in {"crc_error", "function_error"}
    assert known.enter(credit(meter=OTHER)).result == "crc_error"
    assert known.enter(credit(key_revision=2)).result == "crc_error"
    for place in range(1, 51):
        assert known.enter(credit(identifier=AT + place)).result == "accepted"
    assert known.enter(credit(identifier=AT - 1)).result == "old"
    limited = keypad_meter(tmp_path / "other", METER, key_expiry=10)
    assert limited.enter(token).result == "key_expired"
    default = keypad_meter(tmp_path / "default", METER, key_type=1)
    assert default.enter(token).result == "crc_error"  # another key type is another key


def test_a_token_that_does_not_verify_says_so_and_nothing_else() -> None:
    token = credit()
    for number, place, digits in (
        (OTHER, HERE, token),
        (METER, KeyPlace("123456", 2, 1, 2, 2014), token),
        (METER, HERE, f"{(int(token) ^ 1 << 50) % 2**66:020d}"),
        (METER, HERE, "9" * 20),
    ):
        answer = VENDOR.verify(number, "07", place, digits)
        assert isinstance(answer, Refusal) and answer.code == "token_does_not_verify"
    found = VENDOR.verify(METER, "07", HERE, token)
    assert found == Verified(0, 0, "credit", AT, 123)
    assert VENDOR.verify(METER, "07", HERE, "123") == Refusal(
        "token_not_20_digits", {"text": "123"}
    )
