"""A key that cannot sell is noticed before any money is taken, and no meter is brought under it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drivers.vending.vending_key import VendingKey, rehearsal_keys
from kiosk.config import Settings
from kiosk.domain import catalogue as catalogues
from kiosk.errors import Refusal
from kiosk.front.sentences import words_of
from kiosk.screens import telling
from kiosk.screens.deliverable import cannot_deliver
from kiosk.till import keys, registration, tokens
from kiosk.till.desk import Desk
from kiosk.till.new_meter import NewMeter
from tests.till.hall import CATALOGUE, KEYPAD, SECOND, Hall, code, entries, offer_of, sell_to, sold
from tests.till.test_selling_tokens import StubbornVendor
from tests.till.test_vending_keys import NEWER, PASSPHRASE, changed, key_file, loaded

DAY_MS = 86_400_000
PUBLISHED = rehearsal_keys()[0]


def bounded(desk: Desk, folder: Path, **bounds: Any) -> None:
    """The key of every meter comes again with bounds, beside one that may sell."""
    loaded(desk, folder, dataclasses.replace(PUBLISHED, **bounds), NEWER)


BOUNDS = [
    ("vending_key_expired", lambda _now_ms: {"key_expiry": 0x20}),
    ("vending_key_not_active", lambda now_ms: {"active_from_ms": now_ms + DAY_MS}),
    ("vending_lease_ended", lambda now_ms: {"issued_until_ms": now_ms - DAY_MS}),
    ("vending_limit_reached", lambda _now_ms: {"limit_units": 224}),
]


@pytest.mark.parametrize(("refusal", "bounds"), BOUNDS)
def test_nothing_is_taken_when_the_key_of_the_meter_cannot_sell(
    hall: Hall, desk: Desk, tmp_path: Path, refusal: str, bounds: Any
) -> None:
    bounded(desk, tmp_path, **bounds(hall.clock.time_ms))
    offer = offer_of(desk, KEYPAD, 5000)  # 225 units
    before = entries(desk)
    assert code(cannot_deliver(desk, offer)) == refusal
    assert code(sell_to(desk, KEYPAD, 5000)) == refusal
    assert entries(desk) == before


def test_the_last_units_are_sold_when_the_limit_just_reaches(desk: Desk, tmp_path: Path) -> None:
    bounded(desk, tmp_path, limit_units=225)
    sold(sell_to(desk, KEYPAD, 5000))
    assert code(sell_to(desk, KEYPAD, 5000)) == "vending_limit_reached"
    shown = keys.keys(desk)
    assert not isinstance(shown, Refusal)
    assert [(key.key_revision, key.left_units) for key in shown] == [(2, None), (1, 0), (1, None)]


def test_an_engineering_token_is_refused_in_a_sentence_when_the_key_has_expired(
    desk: Desk, tmp_path: Path
) -> None:
    bounded(desk, tmp_path, key_expiry=0x20)
    before = entries(desk)
    refused = tokens.engineer(desk, KEYPAD, "power_limit", 100, "limit")
    assert isinstance(refused, Refusal)
    assert "has expired; the meter's key must be changed" in words_of(Settings()).refusal(refused)
    assert entries(desk) == before


def test_the_reason_is_told_when_a_sale_is_voided_all_the_same(desk: Desk) -> None:
    desk.vendor = StubbornVendor(0)
    record = sold(sell_to(desk, KEYPAD, 5000), "voided")
    said = telling.outcome_lines(words_of(Settings()), record, desk.station.name)
    assert "Give back" in said[0]
    assert said[1].startswith("The limit of the vending key")


# --- which key a meter comes under ----------------------------------------------------------------

NOT_YET = VendingKey("123456", 3, 2, 2035, "07", "02", bytes.fromhex("efefefefefefefef"))
EXPIRED = VendingKey(
    "123456", 4, 2, 2014, "07", "02", bytes.fromhex("1313131313131313"), key_expiry=0x20
)


def test_a_meter_is_brought_under_a_key_that_can_sell_when_newer_ones_cannot(
    desk: Desk, tmp_path: Path
) -> None:
    loaded(desk, tmp_path, NEWER, NOT_YET, EXPIRED)
    new = registration.vending_key(
        registration.rules_of(desk), NewMeter("04040404042", "keypad", "home")
    )
    assert not isinstance(new, Refusal) and (new.key_revision, new.base_date) == (2, 2014)
    due = keys.old_keys(desk, "123456")
    assert not isinstance(due, Refusal)
    assert {(row.new.key_revision, row.new.base_date) for row in due} == {(2, 2014)}
    record = changed(keys.change_key(desk, KEYPAD, "new revision"))
    assert keys.confirm(desk, record.committed.issue_id) == desk.records.meter(KEYPAD)
    sold(sell_to(desk, KEYPAD, 5000))


def test_the_module_refuses_a_change_when_its_key_is_not_in_force(
    desk: Desk, tmp_path: Path
) -> None:
    loaded(desk, tmp_path, NEWER, NOT_YET)
    record = changed(keys.change_key(desk, KEYPAD, "new revision"))
    request: Any = record.committed.request
    ahead = msgspec.structs.replace(request.new, key_revision=3, base_date=2035)
    assert desk.vendor is not None
    refused = desk.vendor.change_key(msgspec.structs.replace(request, new=ahead))
    assert code(refused) == "base_date_not_begun"


def test_a_key_change_is_named_when_the_base_date_of_a_meter_has_not_begun(
    desk: Desk, tmp_path: Path
) -> None:
    loaded(desk, tmp_path, NOT_YET)
    content = msgspec.structs.replace(
        CATALOGUE,
        number=2,
        meters=[
            msgspec.structs.replace(meter, key_revision=3, base_date=2035)
            if meter.number == KEYPAD
            else meter
            for meter in CATALOGUE.meters
        ],
        customers=[
            msgspec.structs.replace(customer, opening_debt_minor=0)
            for customer in CATALOGUE.customers
        ],
    )
    desk.journal.append(catalogues.received(content), content=catalogues.encode(content))
    assert code(sell_to(desk, KEYPAD, 5000)) == "base_date_not_begun"
    limited = tokens.engineer(desk, KEYPAD, "power_limit", 100, "limit")
    assert code(limited) == "base_date_not_begun"


# --- another secret under the same name -----------------------------------------------------------


def test_a_file_is_refused_with_both_check_values_when_a_key_has_another_secret(
    desk: Desk, tmp_path: Path
) -> None:
    other = dataclasses.replace(PUBLISHED, secret=NEWER.secret)
    before = entries(desk)
    refused = keys.load(desk, key_file(tmp_path, other), PASSPHRASE, SECOND)
    assert isinstance(refused, Refusal) and refused.code == "key_has_another_secret"
    assert refused.details["held"] == PUBLISHED.check_value()
    assert refused.details["coming"] == other.check_value()
    keypads = sum(meter.kind == "keypad" for meter in CATALOGUE.meters)
    assert refused.details["meters"] == keypads
    assert f"{keypads} meters hold the old one" in words_of(Settings()).refusal(refused)
    assert entries(desk) == before
    sold(sell_to(desk, KEYPAD, 5000))
