"""Vending keys and the keys of meters: loaded by two persons, changed by an operator, confirmed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from drivers.meter.factory import keypad_meter
from drivers.vending.keyfile import Cost, sealed
from drivers.vending.vending_key import VendingKey, rehearsal_keys
from kiosk import marks
from kiosk.domain import catalogue as catalogues
from kiosk.domain import token_facts
from kiosk.domain.record import TokenRecord
from kiosk.domain.registry import Meter
from kiosk.errors import BadInput, Refusal
from kiosk.ports import LoadedFile
from kiosk.till import keys, registration, rollover, token_book
from kiosk.till.desk import Desk
from kiosk.till.maintain import verify
from kiosk.till.meter_key import held_keys
from kiosk.till.new_meter import NewMeter
from kiosk.till.quote import Buyer, find_buyer, quote
from kiosk.till.registry_export import export_file
from kiosk.till.sell import vending_key_refused
from kiosk.till.tokens import SecondPerson
from tests.till.hall import (
    CATALOGUE,
    KEYPAD,
    SECOND,
    DiedError,
    Hall,
    code,
    die_at,
    offer_of,
    sell_to,
    sold,
)
from tests.till.test_opening_accounts import number

PASSPHRASE = "a long passphrase"
DAY_MS = 86_400_000
CHEAP = Cost(memory_kib=64, passes=1)
SECRET = bytes.fromhex("cdcdcdcdcdcdcdcd")
NEWER = VendingKey("123456", 2, 2, 2014, "07", "02", SECRET)
OTHER_GROUP = VendingKey("123457", 1, 2, 2014, "07", "02", SECRET)
OLD_1993 = VendingKey("123456", 1, 2, 1993, "07", "02", bytes.fromhex("abababababababab"))


def key_file(folder: Path, *held: VendingKey, module: str = "hall") -> Path:
    path = folder / f"keys{len(list(folder.iterdir()))}.vk"
    path.write_bytes(sealed(held, module=module, secret=PASSPHRASE, cost=CHEAP))
    return path


def loaded(desk: Desk, folder: Path, *held: VendingKey) -> LoadedFile:
    file = keys.load(desk, key_file(folder, *held), PASSPHRASE, SECOND)
    assert isinstance(file, LoadedFile), file
    return file


def changed(outcome: TokenRecord | Refusal) -> TokenRecord:
    assert isinstance(outcome, TokenRecord), outcome
    assert outcome.state == "issued"
    return outcome


def test_keys_are_in_force_and_shown_without_the_key_when_two_persons_load_a_file(
    desk: Desk, tmp_path: Path
) -> None:
    file = loaded(desk, tmp_path, NEWER)
    shown = keys.keys(desk)
    assert not isinstance(shown, Refusal)
    assert [(key.key_revision, key.check_value) for key in shown] == [
        (2, NEWER.check_value()), (1, "c33f45"), (1, "c33f45"),
    ]  # fmt: skip
    fact = desk.records.last_of("key_file_imported")
    assert isinstance(fact, token_facts.KeyFileImported)
    assert (fact.digest, fact.operator, fact.second) == (file.digest, "101", "301")
    assert not verify(desk).first_bad


def test_a_file_is_loaded_once_and_by_two_persons_only(desk: Desk, tmp_path: Path) -> None:
    path = key_file(tmp_path, NEWER)
    nobody = SecondPerson("301", "0000")
    assert code(keys.load(desk, path, PASSPHRASE, nobody)) == "wrong_pin"
    assert isinstance(keys.load(desk, path, PASSPHRASE, SECOND), LoadedFile)
    assert code(keys.load(desk, path, PASSPHRASE, SECOND)) == "key_file_known"
    desk.role = "cashier"
    assert code(keys.load(desk, path, PASSPHRASE, SECOND)) == "no_right"
    assert code(keys.keys(desk)) == "no_right"


def test_a_renewed_lease_may_be_loaded_again_when_the_program_was_killed_before_it_was_in_force(
    desk: Desk, tmp_path: Path
) -> None:
    now_ms, (key,) = desk.clock.now().time_ms, rehearsal_keys()
    first, second = (
        key_file(tmp_path, replace(key, limit_units=1000, issued_until_ms=now_ms + days * DAY_MS))
        for days in (10, 20)
    )
    assert isinstance(keys.load(desk, first, PASSPHRASE, SECOND), LoadedFile)
    marks.arm(die_at("pen.after_commit"))
    with pytest.raises(DiedError):
        keys.load(desk, second, PASSPHRASE, SECOND)
    marks.arm(None)
    assert code(keys.load(desk, first, PASSPHRASE, SECOND)) == "key_file_known"
    assert isinstance(keys.load(desk, second, PASSPHRASE, SECOND), LoadedFile)
    for known in (second, first):
        assert code(keys.load(desk, known, PASSPHRASE, SECOND)) == "key_file_known"
    held = held_keys(desk)
    assert not isinstance(held, Refusal)
    limited = [each for each in held if each.left_units is not None]
    assert [(each.left_units, each.active_until_ms) for each in limited] == [
        (1000, now_ms + 20 * DAY_MS)
    ]


def test_no_key_is_in_force_before_its_fact_is_written(desk: Desk, tmp_path: Path) -> None:
    """A file whose limits would count twice is the greater evil."""
    path, before = key_file(tmp_path, NEWER), desk.vendor
    marks.arm(die_at("pen.before_commit"))
    with pytest.raises(DiedError):
        keys.load(desk, path, PASSPHRASE, SECOND)
    marks.arm(None)
    assert desk.vendor is before
    shown = keys.keys(desk)
    assert not isinstance(shown, Refusal)
    assert NEWER.key_revision not in [key.key_revision for key in shown]


BAD_FILES = [
    ("wrong passphrase", lambda data: data, "another passphrase", "passphrase is wrong"),
    ("truncated", lambda data: data[:-40], PASSPHRASE, "truncated"),
    ("altered", lambda data: data[:60] + b"x" + data[61:], PASSPHRASE, "damaged or altered"),
    ("no key file", lambda _data: b"hello", PASSPHRASE, "not a file of vending keys"),
]


@pytest.mark.parametrize(("name", "spoil", "secret", "sentence"), BAD_FILES)
def test_nothing_changes_when_a_key_file_is_bad(
    desk: Desk, tmp_path: Path, name: str, spoil: object, secret: str, sentence: str
) -> None:
    path = key_file(tmp_path, NEWER)
    assert callable(spoil)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(BadInput, match=sentence):
        keys.load(desk, path, secret, SECOND)
    assert desk.records.last_of("key_file_imported") is None, name


def test_nothing_changes_when_a_key_file_is_of_another_module_or_expired(
    desk: Desk, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="for module other, and this is module hall"):
        keys.load(desk, key_file(tmp_path, NEWER, module="other"), PASSPHRASE, SECOND)
    expired = VendingKey("123456", 3, 2, 2014, "07", "02", SECRET, key_expiry=10)
    with pytest.raises(BadInput, match="expired"):
        keys.load(desk, key_file(tmp_path, expired), PASSPHRASE, SECOND)


def test_a_meter_buys_under_its_new_key_when_the_change_is_typed_and_confirmed(
    hall: Hall, desk: Desk, tmp_path: Path
) -> None:
    hall.enter(KEYPAD, "0" * 20)  # the meter is made under the old key
    loaded(desk, tmp_path, NEWER)
    record = changed(keys.change_key(desk, KEYPAD, "new revision"))
    assert len(record.tokens) == 2
    lines = [line.text for line in token_book.slip_lines(desk, record)]
    assert "1 of 2" in lines and "2 of 2" in lines
    for token in reversed(record.tokens):  # any order
        assert hall.enter(KEYPAD, token).result == "accepted"
    meter = keys.confirm(desk, record.committed.issue_id)
    assert isinstance(meter, Meter) and meter.key_revision == 2
    sale = sold(sell_to(desk, KEYPAD, 5000))
    assert sale.token is not None
    assert hall.enter(KEYPAD, sale.token).energy_wh_added == sale.committed.energy_wh
    assert code(keys.confirm(desk, record.committed.issue_id)) == "key_changed_before"
    assert code(keys.change_key(desk, KEYPAD, "again")) == "key_change_same"
    assert not verify(desk).first_bad


def test_three_tokens_go_with_the_supply_group_when_it_changes(
    hall: Hall, desk: Desk, tmp_path: Path
) -> None:
    hall.enter(KEYPAD, "0" * 20)
    loaded(desk, tmp_path, OTHER_GROUP)
    record = changed(
        keys.change_key(desk, KEYPAD, "moved house", supply_group="123457", tariff_index=7)
    )
    assert len(record.tokens) == 3
    for token in record.tokens:
        assert hall.enter(KEYPAD, token).result == "accepted"
    meter = keys.confirm(desk, record.committed.issue_id)
    assert isinstance(meter, Meter)
    assert (meter.supply_group, meter.tariff_index) == ("123457", 7)
    sale = sold(sell_to(desk, KEYPAD, 5000))
    assert sale.token is not None
    assert hall.enter(KEYPAD, sale.token).energy_wh_added > 0


def test_a_second_set_is_made_only_when_the_first_is_named(desk: Desk, tmp_path: Path) -> None:
    loaded(desk, tmp_path, NEWER, OTHER_GROUP)
    one = changed(keys.change_key(desk, KEYPAD, "new revision"))
    first = one.committed.issue_id
    for named in ("", "another"):
        again = keys.change_key(desk, KEYPAD, "again", supply_group="123457", instead_of=named)
        assert again == Refusal("key_change_made", {"meter": KEYPAD, "issue": first})
    two = changed(keys.change_key(desk, KEYPAD, "moved", supply_group="123457", instead_of=first))
    assert isinstance(keys.confirm(desk, two.committed.issue_id), Meter)
    assert code(keys.confirm(desk, one.committed.issue_id)) == "key_changed_since"
    assert code(keys.confirm(desk, "nothing")) == "unknown_token"


def test_the_roll_over_of_a_group_lists_what_is_left_when_meters_follow_one_by_one(
    desk: Desk, tmp_path: Path
) -> None:
    assert keys.old_keys(desk, "123456") == []
    loaded(desk, tmp_path, NEWER)
    due = keys.old_keys(desk, "123456")
    assert not isinstance(due, Refusal)
    assert len(due) == sum(meter.kind == "keypad" for meter in CATALOGUE.meters)
    record = changed(keys.change_key(desk, KEYPAD, "new revision"))
    left = keys.old_keys(desk, "123456")
    assert not isinstance(left, Refusal)
    assert {row.meter.number: row.issue_id for row in left if row.issue_id} == {
        KEYPAD: record.committed.issue_id
    }
    keys.confirm(desk, record.committed.issue_id)
    after = keys.old_keys(desk, "123456")
    assert not isinstance(after, Refusal)
    assert len(after) == len(due) - 1


def on_base_1993(desk: Desk, number: str) -> Meter:
    """The next catalogue says that this meter is still on base date 1993."""
    content = msgspec.structs.replace(
        CATALOGUE,
        number=2,
        meters=[
            msgspec.structs.replace(meter, base_date=1993) if meter.number == number else meter
            for meter in CATALOGUE.meters
        ],
        customers=[
            msgspec.structs.replace(customer, opening_debt_minor=0)
            for customer in CATALOGUE.customers
        ],
    )
    outcome = desk.journal.append(catalogues.received(content), content=catalogues.encode(content))
    assert not isinstance(outcome, Refusal), outcome
    meter = desk.records.meter(number)
    assert meter is not None
    return meter


def test_a_meter_installed_on_base_1993_is_led_through_its_roll_over(
    hall: Hall, desk: Desk, tmp_path: Path
) -> None:
    meter, out = number(70), tmp_path / "registry.csv"
    new = NewMeter(meter, "keypad", "home", base_date=1993)
    made = registration.add_meter(desk, "20000001", new)
    assert not isinstance(made, Refusal) and made.meter is not None
    assert (made.meter.base_date, made.meter.key_revision) == (1993, 1)
    assert not isinstance(export_file(desk, out, lambda _done, _all: None), Refusal)
    assert f"{meter},keypad,home,1,0,123456,1,,,,,0,,,electricity,1,1993" in out.read_text()
    assert code(sell_to(desk, meter, 5000)) == "rollover_due"
    due = rollover.due(desk, made.meter)
    assert due is not None
    record = changed(rollover.begin(desk, due, "roll-over"))
    assert [hall.enter(meter, token).result for token in record.tokens] == ["accepted"] * 2
    assert isinstance(keys.confirm(desk, record.committed.issue_id), Meter)
    sale = sold(sell_to(desk, meter, 5000))
    assert hall.enter(meter, sale.token or "").result == "accepted"


def test_a_meter_on_base_1993_buys_only_after_it_was_rolled_over(
    hall: Hall, desk: Desk, tmp_path: Path
) -> None:
    on_base_1993(desk, KEYPAD)
    folder = hall.path / "world" / "meters"
    meter = keypad_meter(folder, KEYPAD, base_date=1993)
    offer = offer_of(desk, KEYPAD, 5000)
    refused = vending_key_refused(desk, offer)
    assert code(refused) == "rollover_due"
    assert code(sell_to(desk, KEYPAD, 5000)) == "rollover_due"  # nothing was taken
    buyer = find_buyer(desk, KEYPAD)
    assert isinstance(buyer, Buyer) and not isinstance(quote(desk, buyer, 5000), Refusal)
    loaded(desk, tmp_path, OLD_1993, NEWER, *rehearsal_keys())
    record = changed(keys.change_key(desk, KEYPAD, "roll-over"))
    assert [meter.enter(token).result for token in record.tokens] == ["accepted"] * 2
    assert meter.registers().base_date == 2014
    assert isinstance(keys.confirm(desk, record.committed.issue_id), Meter)
    sale = sold(sell_to(desk, KEYPAD, 5000))
    assert sale.token is not None
    assert meter.enter(sale.token).energy_wh_added == sale.committed.energy_wh
