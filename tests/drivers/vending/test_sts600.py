"""The serial module: its line, its codes, and a lost answer that is asked for again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from drivers.meter.keypad import KeypadMeter
from drivers.meter.keypad_state import KeypadState
from drivers.vending.sts600.frames import (
    Reply,
    crc16_arc,
    fields,
    number,
    octets,
    parse_reply,
    parse_request,
    reply_line,
    request_line,
    text,
)
from drivers.vending.sts600.sim import SimulatedSts600
from drivers.vending.sts600.sim_module import Sts600Module
from drivers.vending.sts600.sts600 import Sts600Vendor
from kiosk.domain.special_tokens import KeyChangeRequest, KeyPlace
from kiosk.errors import BadInput, Refusal, VendorFault
from tests.drivers.vending.benches import Sts600Bench
from tests.ports.token_vendor_suite import KEYS, PUBLISHED_KEY, REQUEST, changed, issued

SELLING = KEYS[2]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Sts600Bench]:
    with Sts600Bench(tmp_path, timeout_s=1.0) as bench:
        yield bench


# --- the line ---------------------------------------------------------------------------------


def test_check_value_comes_out_when_the_crc_is_that_of_the_standard() -> None:
    assert crc16_arc(b"123456789") == 0xBB3D


def test_request_stands_on_the_line_as_the_interface_writes_it_when_a_token_is_wanted() -> None:
    """Register 1, PAN, TI 1, EA 7, TCT 2, electricity, 0.1 kWh, identifier 5871715."""
    payload = "".join(
        (number(1), text("600727000000000009"), number(1), number(7), number(2), number(0))
    )
    line = request_line("VC", payload + octets(1, 2) + octets(5_871_715, 3))
    body = b"SM?VCN1~P600727000000000009~N1~N7~N2~N0~H0001~H599863~"
    assert line == body + f"{crc16_arc(body):04X}".encode() + b"\r"
    assert parse_request(line[:-1]) == ("SM?VC", body[5:].decode())


NOISE = [b"", b"\x00\xff", b"SM!VC00", b"SM!VC00P~0000", b"SM?DI" + b"F0F0", b"x" * 5000]


@pytest.mark.parametrize("line", NOISE)
def test_line_is_no_reply_when_it_is_noise(line: bytes) -> None:
    assert parse_reply(line) is None


def test_reply_is_taken_apart_when_its_checksum_is_right() -> None:
    line = reply_line("SM!VC", "00", text("1") + text("2"))[:-1]
    assert parse_reply(line) == Reply("SM!VC", "00", "P1~P2~")
    assert parse_reply(line.lower()) is None
    assert parse_reply(reply_line("GL!ER", "20")[:-1]) == Reply("GL!ER", "20", "")


WRONG_FIELDS = [("P1~", "PP"), ("P1~N2~", "PP"), ("P1~P2", "PP"), ("P1~P2~x", "PP"), ("N01~", "N")]


@pytest.mark.parametrize(("payload", "kinds"), WRONG_FIELDS)
def test_fields_are_refused_when_they_are_not_those_expected(payload: str, kinds: str) -> None:
    with pytest.raises(VendorFault):
        fields(payload, kinds)


def test_other_program_is_kept_off_when_it_opens_the_line(bench: Sts600Bench) -> None:
    bench.vendor.keys()
    second = Sts600Vendor(bench.device.path, [1], Path("unused.json"), timeout_s=0.2)
    with pytest.raises(VendorFault, match="cannot be opened"):
        second.keys()
    with pytest.raises(VendorFault, match="looked for again"):
        second.keys()


def test_module_is_away_when_its_line_does_not_exist(tmp_path: Path) -> None:
    vendor = Sts600Vendor(str(tmp_path / "none"), [1], tmp_path / "answers.json")
    with pytest.raises(VendorFault, match="cannot be opened"):
        vendor.issue(REQUEST)


def test_driver_is_refused_when_no_register_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="key registers"):
        Sts600Vendor("/dev/null", [], tmp_path / "answers.json")


# --- keys -------------------------------------------------------------------------------------


def test_module_says_who_it_is_when_it_is_asked(bench: Sts600Bench) -> None:
    assert bench.driver.identity() == ["SIM00001", "STS6-SIM"]


def test_empty_register_holds_no_key_when_it_is_named(tmp_path: Path) -> None:
    device = SimulatedSts600(tmp_path, {3: SELLING})
    vendor = Sts600Vendor(device.path, [1, 3], tmp_path / "answers.json", timeout_s=1.0)
    (key,) = vendor.keys()
    assert key.supply_group == "123456"
    vendor.close()
    device.close()


#: What register 1 answers, and what comes of it.
ATTRIBUTES: list[tuple[str, str]] = [
    ("SGC=123456;KRN=2;KT=2;BDT=14;DKGA=02;KCV=C33F45", "123456 2 2014 07 c33f45"),
    ("SGC=123456 KRN=2 KT=2 BDT=2014 DKGA=2 KCV=c33f45 KEN=255", "123456 2 2014 07 c33f45"),
    (
        "SGC=77,KRN=1,KT=2,BDT=20350101,DKGA=04,KCV=00ff00",
        "000077 1 2035 07 00ff00, 000077 1 2035 11 00ff00",
    ),
    ("SGC=77,KRN=1,KT=2,BDT=35,DKGA=04,EA=11,KCV=00ff00", "000077 1 2035 11 00ff00"),
    ("SGC=123456;KRN=2", "cannot be read"),
    ("SGC=123456;KRN=2;KT=2;BDT=99;DKGA=02;KCV=C33F45", "cannot be read"),
    ("", "cannot be read"),
]


@pytest.mark.parametrize(("attributes", "shown"), ATTRIBUTES)
def test_key_attributes_are_read_when_the_register_names_them(
    bench: Sts600Bench, monkeypatch: pytest.MonkeyPatch, attributes: str, shown: str
) -> None:
    monkeypatch.setattr(
        Sts600Module, "_attributes", lambda _self, _payload: ("00", text(attributes))
    )
    assert shown in shown_keys(bench)


def shown_keys(bench: Sts600Bench) -> str:
    try:
        keys = bench.vendor.keys()
    except VendorFault as fault:
        return fault.sentence
    return ", ".join(
        f"{key.supply_group} {key.key_revision} {key.base_date} {key.algorithm} {key.check_value}"
        for key in keys
    )


# --- codes ------------------------------------------------------------------------------------

STATUSES: list[tuple[str, str]] = [
    ("05", "key_type_no_credit"),
    ("22", "vending_key_unknown"),
    ("28", "vending_key_unknown"),
    ("31", "vending_limit_reached"),
    ("41", "vending_key_expired"),
    ("42", "module_refused"),
    ("43", "module_refused"),
    ("44", "module_refused"),
    ("48", "token_field_out_of_range"),
    ("63", "module_refused"),
    ("76", "bad_meter_check_digit"),
    ("01", "code 01: device failure"),
    ("57", "code 57: it was tampered with"),
    ("99", "code 99: a code that no public source explains"),
    ("EE", "code EE: extended error"),
]


@pytest.mark.parametrize(("status", "meaning"), STATUSES)
def test_status_is_a_refusal_or_a_fault_when_the_module_answers_with_it(
    bench: Sts600Bench, monkeypatch: pytest.MonkeyPatch, status: str, meaning: str
) -> None:
    monkeypatch.setattr(bench.device.module, "_vend", lambda _payload: (status, ""))
    assert meaning in told(bench)


def told(bench: Sts600Bench) -> str:
    try:
        answer = bench.vendor.issue(REQUEST)
    except VendorFault as fault:
        return fault.sentence
    assert isinstance(answer, Refusal)
    return answer.code


def test_limit_of_the_module_is_reached_when_its_credit_is_used_up(tmp_path: Path) -> None:
    from dataclasses import replace

    device = SimulatedSts600(tmp_path, {1: replace(SELLING, limit_units=200)})
    vendor = Sts600Vendor(device.path, [1], tmp_path / "answers.json", timeout_s=1.0)
    assert isinstance(vendor.issue(REQUEST), str)
    answer = vendor.issue(changed(message_id="second", identifier=REQUEST.identifier + 1))
    assert isinstance(answer, Refusal)
    assert answer.code == "vending_limit_reached"
    vendor.close()
    device.close()


NO_CREDIT_TOKENS = [
    text("0") + text("0"),
    text("0" * 17) + text("1" * 20),
    text(f"{2**66 - 1:017X}") + text(f"{2**66 - 1:020d}"),
    text("0005F7B5A1F1C6A02") + text("004297 66464927485442"),  # spaces are for people
    text("1"),
    "",
]


@pytest.mark.parametrize("payload", NO_CREDIT_TOKENS)
def test_digits_are_not_given_out_when_they_are_no_credit_token(
    bench: Sts600Bench, monkeypatch: pytest.MonkeyPatch, payload: str
) -> None:
    monkeypatch.setattr(bench.device.module, "_vend", lambda _payload: ("00", payload))
    with pytest.raises(VendorFault):
        bench.vendor.issue(REQUEST)


TWO = ("P" + "2" * 34 + "~", "P" + "3" * 40 + "~")
OTHER_CHANGES = [
    "N0~N2~" + "".join(TWO),  # digits that are no key change tokens
    "N1~N2~" + "".join(TWO),  # a rollover that was not asked for
    "N0~N3~" + "".join(TWO),  # another number of tokens
    "N0~N2~" + TWO[0] + "P" + "3" * 39 + "~",
    "N0~N2~",
]


@pytest.mark.parametrize("payload", OTHER_CHANGES)
def test_key_change_is_not_given_out_when_it_is_another_than_was_asked_for(
    bench: Sts600Bench, monkeypatch: pytest.MonkeyPatch, payload: str
) -> None:
    monkeypatch.setattr(bench.device.module, "_change_key", lambda _payload: ("00", payload))
    with pytest.raises(VendorFault):
        bench.vendor.change_key(a_move())


def test_key_change_is_read_when_each_token_has_fields_of_its_own(
    bench: Sts600Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = bench.vendor.change_key(a_move())
    assert isinstance(tokens, list)
    spelled = "".join(text(f"{int(token):017X}") + text(token) for token in tokens)
    answer = ("00", "N0~N2~" + spelled)
    monkeypatch.setattr(bench.device.module, "_change_key", lambda _payload: answer)
    assert bench.vendor.change_key(a_move()) == tokens


def a_move() -> KeyChangeRequest:
    here = KeyPlace("123456", 2, 1, 2, 2014)
    there = KeyPlace("123456", 2, 3, 2, 2014)
    return KeyChangeRequest("move", REQUEST.meter, "07", here, there, 2)


# --- answers that were lost -------------------------------------------------------------------


def test_spoiled_request_is_sent_again_when_the_module_says_so(bench: Sts600Bench) -> None:
    bench.lose("spoiled", "VC")
    bench.lose("spoiled", "VC")
    assert isinstance(bench.vendor.issue(REQUEST), str)
    assert len(bench.made()) == 1


def test_trouble_is_told_when_the_line_spoils_every_request(bench: Sts600Bench) -> None:
    for _ in range(3):
        bench.lose("spoiled", "VC")
    with pytest.raises(VendorFault, match="the line spoils what is sent"):
        bench.vendor.issue(REQUEST)


def test_late_answer_is_not_taken_for_another_sale_when_it_comes_at_last(tmp_path: Path) -> None:
    with Sts600Bench(tmp_path, timeout_s=0.1) as bench:
        warm = changed(message_id="warm", identifier=2)
        tokens = {warm.identifier: issued(bench, warm)}
        bench.lose("late", "VC")
        with pytest.raises(VendorFault, match="does not answer"):
            bench.vendor.issue(REQUEST)
        second = changed(message_id="second", identifier=REQUEST.identifier + 1)
        tokens[second.identifier] = issued(bench, second)
        tokens[REQUEST.identifier] = issued(bench, REQUEST)
        assert {made.identifier: made.token for made in bench.made()} == tokens


def test_token_is_not_another_sales_when_questions_were_asked_twice(tmp_path: Path) -> None:
    """The module thinks so long that the reply to a repeated question arrives a sale later."""
    with Sts600Bench(tmp_path, timeout_s=0.1) as bench:
        issued(bench, changed(message_id="warm", identifier=2))
        bench.device.pauses_s = [0.25, 0.0, 0.3]
        for _ in range(3):
            with pytest.raises(VendorFault, match="does not answer"):
                bench.vendor.issue(REQUEST)
        second = changed(message_id="second", identifier=REQUEST.identifier + 1)
        token = issued(bench, second)
        assert token in {
            made.token for made in bench.made() if made.identifier == second.identifier
        }


def test_meter_takes_one_of_them_when_a_repeat_has_other_digits(tmp_path: Path) -> None:
    """A module that rolls the random bits: two numbers, one identifier, energy once."""
    rolls = iter(range(16))
    device = SimulatedSts600(tmp_path, {1: SELLING}, nibble=lambda: next(rolls))
    vendor = Sts600Vendor(device.path, [1], tmp_path / "answers.json", timeout_s=0.2)
    vendor.keys()
    device.lose("after_act", "VC")
    with pytest.raises(VendorFault):
        vendor.issue(REQUEST)
    given = vendor.issue(REQUEST)
    vendor.close()
    again = Sts600Vendor(device.path, [1], tmp_path / "answers.json", timeout_s=0.2)
    assert again.issue(REQUEST) == given
    lost, shown = (vend.token for vend in device.module.vends())
    assert lost != shown == given
    meter = a_meter(tmp_path)
    assert meter.enter(given).energy_wh_added == REQUEST.units * 100
    assert meter.enter(lost).energy_wh_added == 0
    again.close()
    device.close()


def a_meter(folder: Path) -> KeypadMeter:
    state = KeypadState(
        number=REQUEST.meter,
        account_number="600727000000000009",
        algorithm="07",
        decoder_key=SELLING.decoder_key("600727000000000009", REQUEST.tariff_index),
        supply_group=REQUEST.supply_group,
        key_revision=REQUEST.key_revision,
        tariff_index=REQUEST.tariff_index,
        key_type=2,
        base_date=2014,
    )
    return KeypadMeter.create(folder / "meter", state)


def test_module_remembers_its_credit_when_the_power_comes_back(tmp_path: Path) -> None:
    with Sts600Bench(tmp_path, timeout_s=1.0) as bench:
        token = bench.vendor.issue(REQUEST)
        path = tmp_path / "module" / "vended.jsonl"
    path.write_bytes(path.read_bytes() + b'{"register":1,"pan":"60')
    with Sts600Bench(tmp_path, timeout_s=1.0) as bench:
        assert [made.token for made in bench.made()] == [token]
        issued(bench, changed(message_id="second", identifier=REQUEST.identifier + 1))
    assert len(path.read_bytes().splitlines()) == 2


def test_message_id_is_refused_when_it_had_another_request(bench: Sts600Bench) -> None:
    issued(bench, REQUEST)
    answer = bench.vendor.issue(changed(units=124))
    assert isinstance(answer, Refusal)
    assert answer.code == "message_reused"


def test_nothing_is_given_out_when_the_answer_cannot_be_kept(tmp_path: Path) -> None:
    device = SimulatedSts600(tmp_path, {1: SELLING})
    vendor = Sts600Vendor(device.path, [1], tmp_path / "away" / "answers.json", timeout_s=1.0)
    with pytest.raises(VendorFault, match="cannot be written"):
        vendor.issue(REQUEST)
    vendor.close()
    device.close()


def test_sale_waits_when_the_memory_of_answers_is_damaged(tmp_path: Path) -> None:
    answers = tmp_path / "answers.json"
    answers.write_text('[{"message_id":"sale0000000001","token":"12345678901234567890"}]')
    vendor = Sts600Vendor(str(tmp_path / "line"), [1], answers)
    with pytest.raises(VendorFault, match="cannot be read") as damaged:
        vendor.issue(REQUEST)
    assert "12345678901234567890" not in repr(damaged.value)


def test_no_key_shows_when_everything_is_printed_and_logged(
    bench: Sts600Bench, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        issued(bench, REQUEST)
        bench.hurry()
        bench.lose("garbage", "GA")
        with suppress(VendorFault):
            bench.vendor.keys()
        logging.getLogger("test").info("%r %r %r", bench.driver, vars(bench.driver), KEYS)
    for secret in (PUBLISHED_KEY.hex(), repr(PUBLISHED_KEY)[2:-1]):
        assert secret not in caplog.text
