"""Sealed vending keys and their credit counter: what opens, what does not, what is counted once."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from drivers.vending.counter import CounterFile
from drivers.vending.keyfile import (
    Cost,
    open_counter,
    open_vendor,
    opened,
    seal,
    sealed,
)
from drivers.vending.vending_key import VendingKey, rehearsal_keys
from kiosk.domain.token import TokenRequest
from kiosk.errors import BadInput, Refusal, VendorFault
from tests.builders import token_request

MODULE = "terminal-7"
PASSPHRASE = "correct horse battery"
CREDENTIAL = bytes(range(32))
CHEAP = Cost(memory_kib=64, passes=1)
NOW_MS = 1_795_255_200_000  # 2026-11-21
LIMITED = replace(rehearsal_keys()[0], limit_units=1000, issued_until_ms=NOW_MS + 86_400_000)


def request(message_id: str, units: int = 300, identifier: int = 6_778_680) -> TokenRequest:
    return token_request(message_id, "00000000000", identifier, units)


@pytest.fixture
def key_path(tmp_path: Path) -> Path:
    path = tmp_path / "vending.keys"
    seal(path, [LIMITED], module=MODULE, secret=CREDENTIAL)
    return path


def counter_of(path: Path) -> Path:
    (counter,) = path.parent.glob("*.count")
    return counter


@pytest.mark.parametrize("secret", [PASSPHRASE, CREDENTIAL])
def test_keys_come_back_when_opened_with_the_same_secret(secret: str | bytes) -> None:
    keys = [LIMITED, replace(LIMITED, key_revision=2, limit_units=None)]
    data = sealed(keys, module=MODULE, secret=secret)
    assert opened(data, module=MODULE, secret=secret, now_ms=NOW_MS) == keys
    assert LIMITED.secret not in data
    assert b"q6urq6urq6s" not in data


def with_checksum(data: bytes) -> bytes:
    """The file as somebody who can compute a checksum leaves it."""
    return data[:-32] + hashlib.sha256(data[:-32]).digest()


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


#: Nobody can tell one from the other: what is sealed does not open.
ALTERED = "the passphrase is wrong, or the file was altered"

SPOILED: list[tuple[Callable[[bytes], bytes], str]] = [
    (lambda _: b"", "not a file of vending keys"),
    (lambda _: b"[home]\nkeys = 1\n", "not a file of vending keys"),
    (lambda data: data[:5], "truncated"),
    (lambda data: data[:20], "truncated"),
    (lambda data: data[:55], "truncated"),
    (lambda data: data[:-1], "truncated"),
    (lambda data: data + b"\n", "damaged or altered"),
    (lambda data: flipped(data, 70), "damaged or altered"),
    (lambda data: flipped(data, len(data) - 1), "damaged or altered"),
    (lambda data: with_checksum(flipped(data, 70)), ALTERED),
    (lambda data: with_checksum(flipped(data, 40)), ALTERED),
    (lambda data: with_checksum(flipped(data, 8)), "version 0"),
    (lambda data: with_checksum(flipped(data, 10)), "not one that this program writes"),
    (lambda data: with_checksum(flipped(data, 48)), "for module uerminal-7"),
]


@pytest.mark.parametrize(("spoil", "sentence"), SPOILED)
def test_file_is_refused_with_its_own_sentence_when_spoiled(
    spoil: Callable[[bytes], bytes], sentence: str
) -> None:
    data = spoil(sealed([LIMITED], module=MODULE, secret=PASSPHRASE, cost=CHEAP))
    with pytest.raises(BadInput, match=sentence) as refused:
        opened(data, module=MODULE, secret=PASSPHRASE, now_ms=NOW_MS)
    assert "\n" not in refused.value.sentence


@pytest.mark.parametrize(
    ("sealed_with", "module", "secret", "now_ms", "sentence"),
    [
        (PASSPHRASE, MODULE, "wrong horse battery", NOW_MS, "the passphrase is wrong"),
        (CREDENTIAL, MODULE, bytes(32), NOW_MS, "the credential is wrong"),
        (CREDENTIAL, MODULE, bytes(16), NOW_MS, "32 bytes, not 16"),
        (PASSPHRASE, MODULE, CREDENTIAL, NOW_MS, "sealed with a passphrase"),
        (CREDENTIAL, MODULE, PASSPHRASE, NOW_MS, "sealed with a credential"),
        (PASSPHRASE, "terminal-8", PASSPHRASE, NOW_MS, "for module terminal-7"),
        (PASSPHRASE, MODULE, PASSPHRASE, NOW_MS + 2 * 86_400_000, "expired"),
    ],
)
def test_file_is_refused_when_it_is_not_for_this_module_secret_or_day(
    sealed_with: str | bytes, module: str, secret: str | bytes, now_ms: int, sentence: str
) -> None:
    data = sealed([LIMITED], module=MODULE, secret=sealed_with, cost=CHEAP)
    with pytest.raises(BadInput, match=sentence):
        opened(data, module=module, secret=secret, now_ms=now_ms)


def test_expired_key_stays_in_when_another_one_still_sells() -> None:
    old = VendingKey("123456", 1, 2, 1993, "07", "02", LIMITED.secret)
    data = sealed([old, LIMITED], module=MODULE, secret=CREDENTIAL)
    assert len(opened(data, module=MODULE, secret=CREDENTIAL, now_ms=NOW_MS)) == 2
    data = sealed([old], module=MODULE, secret=CREDENTIAL)
    with pytest.raises(BadInput, match="every vending key in it has expired"):
        opened(data, module=MODULE, secret=CREDENTIAL, now_ms=NOW_MS)


@pytest.mark.parametrize(
    ("keys", "module", "secret"),
    [
        ([], MODULE, PASSPHRASE),
        ([LIMITED, LIMITED], MODULE, PASSPHRASE),
        ([LIMITED], "", PASSPHRASE),
        ([LIMITED], "ключ", PASSPHRASE),
        ([LIMITED], MODULE, "short"),
        ([LIMITED], MODULE, b"short"),
    ],
)
def test_sealing_is_refused_when_nobody_could_open_or_trust_it(
    keys: list[VendingKey], module: str, secret: str | bytes
) -> None:
    with pytest.raises(BadInput):
        sealed(keys, module=module, secret=secret, cost=CHEAP)


def test_files_are_the_owners_alone_when_sealed(key_path: Path) -> None:
    for path in (key_path, counter_of(key_path)):
        assert path.stat().st_mode & 0o777 == 0o600


def test_counter_refuses_when_the_limit_would_be_passed(key_path: Path) -> None:
    vendor = open_vendor(key_path, module=MODULE, secret=CREDENTIAL, now_ms=NOW_MS)
    for number in range(3):
        assert isinstance(vendor.issue(request(f"sale-{number}")), str)
    assert vendor.issue(request("sale-3")) == Refusal(
        "vending_limit_reached",
        {"supply_group": "123456", "key_revision": 1, "units": 300, "left_units": 100},
    )
    assert isinstance(vendor.issue(request("sale-4", units=100)), str)
    counter = open_counter(key_path, module=MODULE, secret=CREDENTIAL)
    assert (counter.units(LIMITED), counter.issued()) == (1000, 4)


def test_token_is_counted_once_when_asked_again_with_the_same_id(key_path: Path) -> None:
    vendor = open_vendor(key_path, module=MODULE, secret=CREDENTIAL, now_ms=NOW_MS)
    first = vendor.issue(request("sale-1", units=1000))
    again = open_vendor(key_path, module=MODULE, secret=CREDENTIAL, now_ms=NOW_MS)
    assert again.issue(request("sale-1", units=1000)) == first
    other = again.issue(request("sale-1", units=999))
    assert other == Refusal("message_reused", {"message_id": "sale-1"})
    assert open_counter(key_path, module=MODULE, secret=CREDENTIAL).units(LIMITED) == 1000


def test_nothing_is_counted_when_the_module_refuses(key_path: Path) -> None:
    vendor = open_vendor(key_path, module=MODULE, secret=CREDENTIAL, now_ms=NOW_MS)
    gas = msgspec.structs.replace(request("sale-1"), subclass=2)
    for refused in (request("sale-1", identifier=1), gas, request("sale-1", units=16_385)):
        assert isinstance(vendor.issue(refused), Refusal)
    assert open_counter(key_path, module=MODULE, secret=CREDENTIAL).issued() == 0


def test_a_counter_of_other_keys_is_refused_when_it_lies_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "count"
    CounterFile(path, "january", CREDENTIAL).create()
    CounterFile(path, "january", CREDENTIAL).check()
    with pytest.raises(BadInput, match="belongs to other vending keys"):
        CounterFile(path, "february", CREDENTIAL).check()


def test_counter_adds_up_when_two_modules_share_the_file(key_path: Path) -> None:
    def sell(station: str) -> int:
        vendor = open_vendor(key_path, module=MODULE, secret=CREDENTIAL, now_ms=NOW_MS)
        answers = [vendor.issue(request(f"{station}-{n}", units=100)) for n in range(8)]
        return sum(isinstance(answer, str) for answer in answers)

    with ThreadPoolExecutor(2) as stations:
        assert sum(stations.map(sell, ["a", "b"])) == 10
    assert open_counter(key_path, module=MODULE, secret=CREDENTIAL).units(LIMITED) == 1000


def test_new_counter_begins_when_new_keys_are_sealed(key_path: Path) -> None:
    vendor = open_vendor(key_path, module=MODULE, secret=CREDENTIAL, now_ms=NOW_MS)
    vendor.issue(request("sale-1", units=1000))
    seal(key_path, [LIMITED], module=MODULE, secret=CREDENTIAL)
    renewed = open_vendor(key_path, module=MODULE, secret=CREDENTIAL, now_ms=NOW_MS)
    assert isinstance(renewed.issue(request("sale-2", units=1000)), str)


def test_keys_do_not_open_when_their_counter_is_gone_altered_or_foreign(key_path: Path) -> None:
    def open_again() -> None:
        open_vendor(key_path, module=MODULE, secret=CREDENTIAL, now_ms=NOW_MS)

    counter = counter_of(key_path)
    whole = counter.read_bytes()
    counter.write_bytes(whole.replace(b'"issued":0', b'"issued":1'))
    with pytest.raises(BadInput, match="altered"):
        open_again()
    counter.unlink()
    with pytest.raises(BadInput, match="cannot be read"):
        open_again()
    seal(key_path, [LIMITED], module=MODULE, secret=CREDENTIAL)
    counter_of(key_path).write_bytes(whole)
    with pytest.raises(BadInput, match="belongs to other keys"):
        open_again()


def test_nothing_is_given_out_when_the_counter_cannot_be_kept(key_path: Path) -> None:
    vendor = open_vendor(key_path, module=MODULE, secret=CREDENTIAL, now_ms=NOW_MS)
    counter_of(key_path).unlink()
    with pytest.raises(VendorFault):
        vendor.issue(request("sale-1"))


def test_token_is_counted_when_the_process_is_killed_right_after(
    key_path: Path,
) -> None:
    child = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "import msgspec\n"
        "from drivers.vending.keyfile import open_vendor\n"
        "from kiosk.domain.token import TokenRequest\n"
        "vendor = open_vendor(Path(sys.argv[1]), module=sys.argv[2],\n"
        "                     secret=bytes(range(32)), now_ms=int(sys.argv[3]))\n"
        "token = vendor.issue(msgspec.json.decode(sys.argv[4], type=TokenRequest))\n"
        "os.write(1, token.encode())\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    asked = request("sale-1", units=1000)
    text = msgspec.json.encode(asked).decode()
    done = subprocess.run(
        [sys.executable, "-c", child, str(key_path), MODULE, str(NOW_MS), text],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    vendor = open_vendor(key_path, module=MODULE, secret=CREDENTIAL, now_ms=NOW_MS)
    assert vendor.issue(asked) == done.stdout.decode()
    assert isinstance(vendor.issue(request("sale-2", units=1)), Refusal)
