"""Which vending key a meter should be under: the one that became active last of the usable ones."""

from __future__ import annotations

import msgspec
import pytest

from kiosk.domain.token import BASE_DATE_MS
from kiosk.domain.vending_keys import VendorKey, newest_usable, stopped_by
from kiosk.errors import Refusal

NOW_MS = 1_795_305_600_000  # 2026-11-22
DAY_MS = 86_400_000
MINUTES = (NOW_MS - BASE_DATE_MS[2014]) // 60_000
KEY = VendorKey("123456", 1, 2, 2014, "07", "c33f45")


def key(revision: int = 1, base_date: int = 2014, **others: int) -> VendorKey:
    return msgspec.structs.replace(KEY, key_revision=revision, base_date=base_date, **others)


CHOICES = [
    ("a higher revision", [key(1), key(2)], (2, 2014)),
    ("a newer base date", [key(3, 1993), key(1)], (1, 2014)),
    ("a base date ahead", [key(1), key(2, 2035)], (1, 2014)),
    ("expired by its number", [key(1), key(2, key_expiry=0x20)], (1, 2014)),
    ("not active yet", [key(1), key(2, active_from_ms=NOW_MS + DAY_MS)], (1, 2014)),
    ("its lease ended", [key(1), key(2, active_until_ms=NOW_MS - DAY_MS)], (1, 2014)),
    ("active later", [key(5, active_from_ms=NOW_MS - 9), key(7)], (5, 2014)),
    ("revisions wrap", [key(9), key(1)], (1, 2014)),
    ("revisions wrap, three", [key(8), key(9), key(1)], (1, 2014)),
    ("revisions wrap, four", [key(8), key(9), key(1), key(2)], (2, 2014)),
    ("the whole round but one", [key(n) for n in range(1, 9)], (8, 2014)),
]


@pytest.mark.parametrize(("name", "keys", "wanted"), CHOICES)
def test_the_key_that_became_active_last_is_chosen_when_there_are_several(
    name: str, keys: list[VendorKey], wanted: tuple[int, int]
) -> None:
    for order in (keys, keys[::-1]):
        chosen = newest_usable(order, NOW_MS)
        assert isinstance(chosen, VendorKey), name
        assert (chosen.key_revision, chosen.base_date) == wanted, name


@pytest.mark.parametrize(
    ("only", "code"),
    [
        (key(1, 2035), "base_date_not_begun"),
        (key(1, 1993), "vending_key_expired"),
        (key(key_expiry=0x20), "vending_key_expired"),
        (key(active_from_ms=NOW_MS + DAY_MS), "vending_key_not_active"),
        (key(active_until_ms=NOW_MS - DAY_MS), "vending_lease_ended"),
    ],
)
def test_the_reason_is_that_of_the_key_when_none_may_be_used(only: VendorKey, code: str) -> None:
    refused = newest_usable([only], NOW_MS)
    assert isinstance(refused, Refusal) and refused.code == code


def test_the_clock_is_named_when_it_is_before_every_base_date() -> None:
    refused = newest_usable([key(1, 2035)], BASE_DATE_MS[2014] - 1)
    assert isinstance(refused, Refusal) and refused.code == "clock_before_base_date"


def test_a_key_is_stopped_by_its_limit_when_the_units_are_beyond_it() -> None:
    limited = key(left_units=10)
    assert stopped_by(limited, MINUTES, 10) is None
    refused = stopped_by(limited, MINUTES, 11)
    assert refused is not None and refused.code == "vending_limit_reached"
    assert refused.details["left_units"] == 10
