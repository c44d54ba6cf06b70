"""A thief reads everything that a terminal has written: nothing of a customer, no key, no PIN."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kiosk.config import Settings
from kiosk.errors import KioskError, discreet, trace
from kiosk.front import unlock
from kiosk.front.utility import REHEARSAL_PIN
from kiosk.till.operators import sign_in
from tests.front.carving import SHORTEST, carve, forms
from tests.front.everything import CUSTOMERS, everything_happens
from tests.front.keeper import CREDENTIAL, Keeper, with_store
from tests.till.hall import KEYPAD, sell_to, sold

#: Simulated things stand for what is outside the machine; keys/ is opened by its own tests.
OUTSIDE = {"world", "centre", "upstream", "credentials"}


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path)
    yield keeper
    keeper.close()


def secrets_of(keeper: Keeper) -> dict[str, bytes]:
    """What must not be found, as it would stand in a file."""
    keys = unlock.home_keys(keeper.home, keeper.settings.store, new=False)
    house = keeper.open()
    records = house.desk.records
    found: dict[str, bytes] = {
        "store key": keys.store, "signing key": keys.signing, "pepper": keys.pepper,
        "store key in hex": keys.store.hex().encode(), "credential": CREDENTIAL,
        "meter": KEYPAD.encode(),
    }  # fmt: skip
    meter = records.meter(KEYPAD)
    assert meter is not None
    customer = records.customer(meter.account)
    assert customer is not None
    found |= {"name": customer.name.encode(), "address": customer.address.encode()}
    found["account"] = customer.account.encode()
    for record in records.last_sales(50):
        if record.token is not None:
            found[f"token {record.token}"] = record.token.encode()
    operator = records.operator("101")
    assert operator is not None
    found["PIN hash"] = operator.pin_hash.encode()
    house.close()
    return found


def written(place: Path) -> list[Path]:
    files = [path for path in place.rglob("*") if path.is_file()]
    return [path for path in files if not OUTSIDE & set(path.relative_to(place).parts)]


def trade(keeper: Keeper) -> None:
    """Old sales, an archive, a backup, new sales, errors with everything in them in the log."""
    keeper.sell(3)
    keeper.clock.advance(minutes=500 * 24 * 60)
    keeper.archive()
    keeper.sell(1)
    keeper.back_up()
    house = keeper.open()
    sign_in(house.desk, "101", REHEARSAL_PIN)
    house.desk.role = "supervisor"
    record = sold(sell_to(house.desk, KEYPAD, 5000))
    log = logging.getLogger("drivers.printer")
    log.warning("the printer refused %s for %s", record.token, KEYPAD)
    try:
        raise AssertionError(record.committed, KEYPAD, record.token)
    except AssertionError as error:
        log.exception("unexpected")
        (keeper.place / "kiosk-fault-1.txt").write_text(trace(error))
    # The face is still open: log and shared memory of the database lie on the disk too.
    check(keeper, record.token or "")
    house.close()


def check(keeper: Keeper, *more: str) -> None:
    for path in written(keeper.place):
        content = path.read_bytes()
        for text in (*more, KEYPAD):
            assert text.encode() not in content, (path, text)


def test_nothing_is_found_when_the_disk_of_an_encrypted_terminal_is_read(keeper: Keeper) -> None:
    trade(keeper)
    wanted = secrets_of(keeper)
    assert len([name for name in wanted if name.startswith("token")]) >= 2
    files = written(keeper.place)
    names = {path.name for path in files}
    assert {"ledger.db", "one.backup", "old.archive", "kiosk.log", "kiosk-fault-1.txt"} <= names
    assert any(name.endswith(".entries") for name in names)
    for path in files:
        content = path.read_bytes()
        for name, secret in wanted.items():
            assert secret not in content, (path, name)
        assert REHEARSAL_PIN.encode() not in path.name.encode()


def test_the_test_would_find_them_when_the_terminal_is_plain(keeper: Keeper) -> None:
    """The test of the test: the same scan over a plain store finds what it looks for."""
    keeper.settings = with_store(keeper.settings, lock="none")
    keeper.sell(1)
    found = set()
    house = keeper.open()
    record = house.desk.records.last_sales(1)[0]
    for path in written(keeper.place):
        content = path.read_bytes()
        found |= {text for text in (KEYPAD, record.token) if text and text.encode() in content}
    house.close()
    assert found == {KEYPAD, record.token}


@pytest.mark.parametrize(
    ("error", "kept", "gone"),
    [
        (KioskError("Meter 37000000019 is blocked."), "is blocked", "37000000019"),
        (ValueError("name 'Amina Noor' is odd"), "is odd", "Amina"),
        (KeyError("Amina Noor"), "KeyError", "Amina"),
        (AssertionError("token 12345678901234567890"), "token", "123456"),
    ],
)
def test_a_fault_file_says_where_and_not_whose_when_something_unexpected_happens(
    error: Exception, kept: str, gone: str
) -> None:
    try:
        raise error
    except Exception as raised:
        told = trace(raised)
    assert kept in told
    assert gone not in told
    assert "test_stolen_disk.py" in told


def test_long_numbers_are_blotted_out_when_a_line_is_logged() -> None:
    assert discreet("meter 37000000019, entry 4711") == "meter ######, entry 4711"


# --- everything that can happen, and a thief who knows what he looks for --------------------------

LEA = {"name of Lea": "Lea Çelik".encode(), "new address of Lea": b"10 Hill"}


def test_nothing_is_found_in_any_form_when_everything_has_happened_in_an_encrypted_hall(
    keeper: Keeper,
) -> None:
    keeper.settings = of_many_customers(keeper)
    everything_happens(keeper)
    keeper.clock.advance(minutes=500 * 24 * 60)
    keeper.archive()
    keeper.sell(1)
    keeper.back_up()
    wanted = known_to_the_thief(keeper)
    house = keeper.open()  # log and shared memory of the database, and the station, lie there too
    assert sign_in(house.desk, "101", "9999") is not None
    fault(keeper, *(secret.decode() for name, secret in wanted.items() if " key" not in name))
    files = written(keeper.place)
    found = carve(files, wanted)
    house.close()
    names = {path.name for path in files}
    assert {"ledger.db", "ledger.db-wal", "one.backup", "old.archive", "kiosk.log"} <= names
    assert {"kiosk-fault-2.txt"} <= names
    assert any(name.endswith(".entries") for name in names)
    assert any("stations" in path.parts for path in files)
    assert found == set()


def test_the_thief_finds_every_kind_of_thing_when_the_hall_is_plain(keeper: Keeper) -> None:
    """The test of the test."""
    keeper.settings = with_store(of_many_customers(keeper), lock="none")
    everything_happens(keeper)
    keeper.back_up()
    wanted = known_to_the_thief(keeper)
    found = carve([path for path in written(keeper.place) if path.name != "one.backup"], wanted)
    seen = {name.partition(" ")[0] for _, name in found}
    assert seen >= {"name", "address", "account", "meter", "card", "token", "serial", "PIN"}
    assert {path for path, _ in found} >= {"ledger.db"}
    assert any(path.endswith(".entries") for path, _ in found), "the second medium is plain too"


@pytest.mark.parametrize("secret", [b"37000000019", b"12345678901234567890", "Lea Çelik".encode()])
def test_every_form_is_found_when_it_lies_somewhere_in_a_file(
    secret: bytes, tmp_path: Path
) -> None:
    for number, form in enumerate(sorted(forms(secret))):
        path = tmp_path / f"{number}"
        path.write_bytes(b"\x00noise\xff" + form + b"more\xfe")
        assert carve([path], {"it": secret}) == {(path.name, "it")}, form
    for shift in range(3):
        path.write_bytes(base64.b64encode(b"x" * shift + secret + b"y" * 5))
        assert carve([path], {"it": secret}), shift


def of_many_customers(keeper: Keeper) -> Settings:
    rehearsal = msgspec.structs.replace(keeper.settings.rehearsal, customers=CUSTOMERS)
    return msgspec.structs.replace(keeper.settings, rehearsal=rehearsal)


def known_to_the_thief(keeper: Keeper) -> dict[str, bytes]:
    """Of everybody who bought something: who they are, their things, their tokens; and the keys."""
    keys = unlock.home_keys(keeper.home, keeper.settings.store, new=False)
    found = {"signing key": keys.signing, "pepper key": keys.pepper, "credential key": CREDENTIAL}
    found |= {"store key": keys.store} if keys.store else {}
    house = keeper.open()
    records = house.desk.records
    for record in records.last_sales(1000):
        sale, mark = record.committed, record.committed.sale_id
        customer, card = records.customer(sale.account), records.card(meter=sale.meter)
        assert customer is not None
        found |= {f"name {mark}": customer.name.encode(), f"meter {mark}": sale.meter.encode()}
        found |= {f"account {mark}": sale.account.encode()}
        found |= {f"address {mark}": customer.address.encode()} if customer.address else {}
        found |= {f"token {mark} {token[:3]}": token.encode() for token in record.tokens()}
        if card is not None:
            found |= {f"card {mark}": card.number.encode(), f"serial {mark}": card.serial.encode()}
    operator = records.operator("101")
    assert operator is not None
    found |= {"PIN hash": operator.pin_hash.encode()[-20:], **LEA}
    house.close()
    return {name: secret for name, secret in found.items() if len(secret) >= SHORTEST}


def fault(keeper: Keeper, *secrets: str) -> None:
    """Something unexpected happens with all of it in its hands: a log line and a fault file."""
    try:
        raise AssertionError(*secrets)
    except AssertionError as error:
        numbers = [secret for secret in secrets if secret.isdecimal()]
        logging.getLogger("drivers.card").exception("unexpected %s", numbers)
        (keeper.place / "kiosk-fault-2.txt").write_text(trace(error))
