"""Conversations with a device byte by byte: what is said, and what is made of bad answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drivers.cash.cctalk import CctalkBillValidator
from kiosk.errors import CashFault
from tests.drivers.cash.scripted_device import ScriptedDevice, answer
from tests.ports.cash_in_suite import expect

ESCROW = answer(bytes.fromhex("01 01 01 00 00 00 00 00 00 00 00"))
#: Long enough that a busy machine answers in time; only a silent device costs it.
REPLY_TIMEOUT_S = 0.3

STACKED = answer(bytes.fromhex("02 01 00 01 01 00 00 00 00 00 00"))


@pytest.fixture
def device() -> Iterator[ScriptedDevice]:
    with ScriptedDevice() as device:
        yield device


@pytest.fixture
def cash(device: ScriptedDevice) -> Iterator[CctalkBillValidator]:
    cash = driver(device)
    yield cash
    cash.close()


def driver(device: ScriptedDevice, country: str = "", serial: int = 0) -> CctalkBillValidator:
    return CctalkBillValidator(
        device.path,
        "KES",
        country=country,
        serial=serial,
        poll_s=0.01,
        reply_timeout_s=REPLY_TIMEOUT_S,
    )


def test_the_published_bytes_are_on_the_wire_when_a_note_is_taken(
    device: ScriptedDevice, cash: CctalkBillValidator
) -> None:
    cash.enable([5000])
    assert device.heard[0] == bytes.fromhex("28 00 01 FE D9")
    assert device.heard[-3:] == [
        bytes.fromhex("28 02 01 E7 01 00 ED"),
        bytes.fromhex("28 01 01 99 03 3A"),
        bytes.fromhex("28 01 01 E4 01 F1"),
    ]
    assert cash.since(0) == []
    assert device.heard[-1] == bytes.fromhex("28 00 01 9F 38")
    device.script[159] = [[ESCROW]]
    assert expect(cash, "escrow").amount_minor == 5000
    device.script[159] = [[STACKED]]
    cash.stack()
    assert device.heard[-1] == bytes.fromhex("28 01 01 9A 01 3B")
    assert expect(cash, "stacked").amount_minor == 5000
    cash.give_back()
    assert device.heard[-1] == bytes.fromhex("28 01 01 9A 00 3C")


def test_the_device_is_known_when_the_technician_asks(
    device: ScriptedDevice, cash: CctalkBillValidator
) -> None:
    identity = cash.identity()
    assert (identity.manufacturer, identity.product, identity.serial) == ("ACME", "BV1", 12345)


@pytest.mark.parametrize(
    ("what", "first_answer"),
    [
        ("in pieces", [ESCROW[:1], ESCROW[1:4], ESCROW[4:9], ESCROW[9:]]),
        ("behind an echo", [bytes.fromhex("28 00 01 9F 38"), ESCROW]),
        ("behind noise", [b"\xff\x00\x17", ESCROW]),
        ("after silence", []),
        ("after a wrong checksum", [ESCROW[:-1] + b"\x00"]),
        ("after a refusal", [answer(b"", 5)]),
        ("after a busy device", [answer(b"", 6)]),
        ("after half an answer", [ESCROW[:6]]),
        ("after an answer of another size", [answer(b"\x01\x02")]),
    ],
)
def test_the_event_arrives_when_its_answer_comes(
    device: ScriptedDevice, cash: CctalkBillValidator, what: str, first_answer: list[bytes]
) -> None:
    cash.enable([5000])
    assert cash.since(0) == []
    device.script[159] = [first_answer, [ESCROW]]
    assert expect(cash, "escrow").amount_minor == 5000


def test_a_note_is_counted_once_when_the_answer_to_stack_is_lost(
    device: ScriptedDevice, cash: CctalkBillValidator
) -> None:
    cash.enable([5000])
    device.script[154] = [[], [answer(b"\xfe")]]  # the second try finds the escrow empty
    device.script[159] = [[answer(bytes(11))], [ESCROW], [STACKED], [STACKED], [STACKED]]
    cash.since(0)
    expect(cash, "escrow")
    cash.stack()
    expect(cash, "stacked")
    device.script[159] = [[STACKED]] * 50
    assert cash.wait(0.1) is None


def test_it_is_a_fault_when_the_device_cannot_move_the_note(
    device: ScriptedDevice, cash: CctalkBillValidator
) -> None:
    device.script[154] = [[answer(b"\xff")]]
    with pytest.raises(CashFault, match="could not move"):
        cash.stack()


def test_it_is_told_once_and_taken_back_when_the_device_was_silent(
    device: ScriptedDevice, cash: CctalkBillValidator
) -> None:
    cash.enable([5000])
    cash.since(0)
    device.script[159] = [[], [], []]
    expect(cash, "lost")
    enabled_before = device.heard.count(bytes.fromhex("28 01 01 E4 01 F1"))
    expect(cash, "back")
    assert device.heard.count(bytes.fromhex("28 01 01 E4 01 F1")) == enabled_before + 1


def test_a_call_ends_after_three_questions_when_the_device_is_silent(
    device: ScriptedDevice, cash: CctalkBillValidator
) -> None:
    cash.notes()
    device.script[154] = [[], [], []]
    asked_before = len(device.heard)
    with pytest.raises(CashFault, match="does not answer"):
        cash.stack()
    assert len(device.heard) - asked_before == 3


def test_it_is_refused_when_another_device_is_on_the_line(device: ScriptedDevice) -> None:
    cash = driver(device, serial=777)
    with pytest.raises(CashFault, match="12345, but 777 belongs here"):
        cash.notes()
    cash.close()


def test_the_country_must_be_set_when_the_device_knows_two(device: ScriptedDevice) -> None:
    device.script[157] = [[answer(b"KE0050A")], [answer(b"UG0050A")]]
    cash = driver(device)
    with pytest.raises(CashFault, match="KE, UG"):
        cash.notes()
    cash.close()
    device.script[157] = [[answer(b"KE0050A")], [answer(b"UG0050A")]]
    cash = driver(device, country="KE")
    assert cash.notes() == [5000]
    cash.close()


def test_it_is_a_fault_when_there_is_no_line() -> None:
    cash = CctalkBillValidator("/dev/serial/by-id/nothing", "KES", poll_s=0.01)
    with pytest.raises(CashFault, match="cannot be opened"):
        cash.notes()
    expect(cash, "lost")
    assert cash.wait(0.05) is None
    cash.close()


def test_a_device_without_a_self_check_is_in_order_when_it_answers_and_is_asked_three_times(
    device: ScriptedDevice, cash: CctalkBillValidator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.cash.cctalk.CHECK_EVERY_S", 0)
    monkeypatch.setattr("drivers.cash.cctalk.TROUBLED_EVERY_S", 0)
    assert [cash.trouble() for _ in range(5)] == [""] * 5
    assert sum(frame[3] == 232 for frame in device.heard) == 3


def test_a_fault_without_a_name_is_told_by_its_number_when_a_self_check_finds_it(
    device: ScriptedDevice, cash: CctalkBillValidator
) -> None:
    device.script[232] = [[answer(b"\x1e")]]
    assert cash.trouble() == "fault 30"
    assert cash.trouble() == "fault 30", "believed for a while"
    assert sum(frame[3] == 232 for frame in device.heard) == 1
