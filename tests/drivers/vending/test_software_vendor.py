"""The software security module: published digits, refusals, and keys that never show."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from drivers.vending.request_checks import checked_meter
from drivers.vending.software import SoftwareVendor
from drivers.vending.vending_key import VendingKey, rehearsal_keys
from kiosk.errors import BadInput, Refusal
from kiosk.ports import TokenVendor
from tests.builders import token_request

SECRET = "abababababababab"
REQUEST = token_request("sale0000000001", "00000000000", 6_778_680, units=123)


def key_1993() -> VendingKey:
    return replace(rehearsal_keys()[0], base_date=1993)


def test_published_token_comes_out_when_its_request_is_issued() -> None:
    vendor: TokenVendor = SoftwareVendor([key_1993()])
    request = msgspec.structs.replace(REQUEST, base_date=1993, identifier=5_871_715, units=1)
    assert vendor.issue(request) == "23716100501183194197"


def test_published_token_comes_out_when_the_key_is_of_ea11() -> None:
    secret = bytes.fromhex("abababababababab949494949494949401234567")
    vendor = SoftwareVendor([VendingKey("123457", 1, 2, 1993, "11", "04", secret)])
    request = msgspec.structs.replace(
        REQUEST,
        supply_group="123457",
        algorithm="11",
        base_date=1993,
        identifier=5_871_660,
        units=1,
    )
    assert vendor.issue(request) == "59386323472137426967"


def test_same_digits_come_out_when_a_request_is_repeated() -> None:
    first = SoftwareVendor(rehearsal_keys()).issue(REQUEST)
    assert isinstance(first, str)
    assert SoftwareVendor(rehearsal_keys()).issue(REQUEST) == first
    other = msgspec.structs.replace(REQUEST, random=6)
    assert SoftwareVendor(rehearsal_keys()).issue(other) != first


#: What is asked for differently, and the code of the refusal.
REFUSED: list[tuple[dict[str, object], str]] = [
    ({"meter": "1234"}, "bad_meter_number"),
    ({"meter": "00000000001"}, "bad_meter_check_digit"),
    ({"supply_group": "654321"}, "vending_key_unknown"),
    ({"key_revision": 2}, "vending_key_unknown"),
    ({"base_date": 1993}, "vending_key_unknown"),
    ({"algorithm": "11"}, "vending_key_unknown"),
    ({"key_type": 0}, "key_type_no_credit"),
    ({"key_type": 1}, "key_type_no_credit"),
    ({"key_type": 3}, "key_type_no_credit"),
    ({"identifier": 2**24}, "identifier_overflow"),
    ({"identifier": -1}, "token_field_out_of_range"),
    ({"identifier": 1441}, "identifier_reserved"),
    ({"tariff_index": 100}, "token_field_out_of_range"),
    ({"random": 16}, "token_field_out_of_range"),
    ({"subclass": 8}, "token_field_out_of_range"),
    ({"units": -1}, "token_field_out_of_range"),
    ({"units": 18_201_625}, "token_field_out_of_range"),
    ({"units": 16_385}, "units_not_exact"),
]


@pytest.mark.parametrize(("changes", "code"), REFUSED)
def test_module_refuses_with_a_code_when_it_may_not_issue(
    changes: dict[str, object], code: str
) -> None:
    answer = SoftwareVendor(rehearsal_keys()).issue(msgspec.structs.replace(REQUEST, **changes))
    assert isinstance(answer, Refusal)
    assert answer.code == code


#: Bounds of the key, the identifier asked for, and the code; None where it is issued.
BOUNDS: list[tuple[dict[str, Any], int, str | None]] = [
    ({"key_expiry": 0x67}, 0x67FFFF, None),
    ({"key_expiry": 0x67}, 0x680000, "vending_key_expired"),
    ({"active_from_ms": 1_388_534_400_000 + 60_000 * 100}, 100, None),
    ({"active_from_ms": 1_388_534_400_000 + 60_000 * 100}, 99, "vending_key_not_active"),
    ({"issued_until_ms": 1_388_534_400_000 + 60_000 * 100}, 100, None),
    ({"issued_until_ms": 1_388_534_400_000 + 60_000 * 100}, 102, "vending_lease_ended"),
]


@pytest.mark.parametrize(("bounds", "identifier", "code"), BOUNDS)
def test_key_sells_no_more_when_its_bounds_are_passed(
    bounds: dict[str, Any], identifier: int, code: str | None
) -> None:
    key = replace(rehearsal_keys()[0], **bounds)
    answer = SoftwareVendor([key]).issue(msgspec.structs.replace(REQUEST, identifier=identifier))
    assert (answer.code if isinstance(answer, Refusal) else None) == code


def test_next_amount_is_named_when_units_are_between_steps() -> None:
    answer = SoftwareVendor(rehearsal_keys()).issue(msgspec.structs.replace(REQUEST, units=16_385))
    assert answer == Refusal("units_not_exact", {"units": 16_385, "next_units": 16_394})


def test_keys_are_shown_by_check_value_when_listed() -> None:
    (shown,) = SoftwareVendor(rehearsal_keys()).keys()
    assert (shown.supply_group, shown.key_revision, shown.key_type) == ("123456", 1, 2)
    assert (shown.base_date, shown.algorithm, shown.check_value) == (2014, "07", "c33f45")


MADE_WRONG: list[Callable[[], object]] = [
    lambda: VendingKey("123456", 1, 2, 2014, "07", "04", bytes.fromhex(SECRET)),
    lambda: VendingKey("123456", 1, 2, 2014, "11", "02", bytes.fromhex(SECRET)),
    lambda: VendingKey("123456", 1, 2, 2014, "07", "01", bytes.fromhex(SECRET)),
    lambda: VendingKey("123456", 1, 2, 2015, "07", "02", bytes.fromhex(SECRET)),
    lambda: VendingKey("1234", 1, 2, 2014, "07", "02", bytes.fromhex(SECRET)),
    lambda: VendingKey("123456", 1, 4, 2014, "07", "02", bytes.fromhex(SECRET)),
    lambda: VendingKey("123456", 1, 2, 2014, "07", "02", bytes.fromhex(SECRET), key_expiry=256),
    lambda: VendingKey("123456", 1, 2, 2014, "07", "02", bytes.fromhex(SECRET), limit_units=-1),
    lambda: SoftwareVendor(rehearsal_keys() * 2),
    lambda: SoftwareVendor([replace(rehearsal_keys()[0], limit_units=5)]),
]


@pytest.mark.parametrize("make", MADE_WRONG)
def test_key_is_refused_without_showing_it_when_its_attributes_are_wrong(
    make: Callable[[], object],
) -> None:
    with pytest.raises(BadInput) as refused:
        make()
    assert SECRET not in repr(refused.value)
    assert repr(bytes.fromhex(SECRET)) not in repr(refused.value)


def test_key_never_shows_when_module_and_keys_are_printed_or_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    vendor = SoftwareVendor(rehearsal_keys())
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").info("%r %s %r", rehearsal_keys(), vendor, vendor.keys())
        vendor.issue(REQUEST)
    shown = caplog.text + f"{rehearsal_keys()[0]}" + repr(vars(vendor)) + repr(vendor.keys())
    for text in (SECRET, "secret", repr(bytes.fromhex(SECRET))[2:-1], "q6urq6urq6s"):
        assert text not in shown


def test_credit_of_money_is_made_by_the_software_module_alone() -> None:
    money = msgspec.structs.replace(REQUEST, subclass=4, units=3_500_624)
    assert checked_meter(money, money=True) == REQUEST.meter
    refused = checked_meter(money)  # as the modules of hardware ask
    assert isinstance(refused, Refusal) and refused.code == "token_field_out_of_range"
    finer = msgspec.structs.replace(money, units=3_500_000)
    assert checked_meter(finer, money=True) == Refusal(
        "units_not_exact", {"units": 3_500_000, "next_units": 3_500_624}
    )
