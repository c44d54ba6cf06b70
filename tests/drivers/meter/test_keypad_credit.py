"""Credit tokens at a keypad meter, from published digits and identifiers in any order."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.meter import misty1
from drivers.meter.decoder import amount
from drivers.meter.factory import keypad_meter
from tests.drivers.meter.token_sender import (
    CREDIT_0_1_KWH,
    CREDIT_25_6_KWH,
    KEY_07,
    KEY_11,
    a_meter,
    credit,
)


def test_sender_makes_the_published_digits_when_given_the_worked_example() -> None:
    assert credit(5871715) == CREDIT_0_1_KWH


PUBLISHED_CREDITS = """
    key     token                 Wh
    EA07    23716100501183194197         100
    EA07    26456622012185850752       25600
    EA07    02194538019157867319     1638300
    EA07    49848950875249585071     1638400
    EA07    58589277912776864555    18022400
    EA07    42222423067848970276  1820162400
    EA07    05983059757600918504         500
    EA11    59386323472137426967         100
    EA11    63638916334124550935       25600
    EA11    06736163174944595611     1638300
    EA11    08362487434932116862     2000400
    EA11    32272089791250978565   181862400
"""


@pytest.mark.parametrize("row", PUBLISHED_CREDITS.strip().splitlines()[1:])
def test_energy_is_credited_when_a_published_token_is_entered(tmp_path: Path, row: str) -> None:
    algorithm, token, energy = row.split()
    meter = a_meter(tmp_path, KEY_07 if algorithm == "EA07" else KEY_11)
    answer = meter.enter(token)
    assert (answer.result, answer.energy_wh_added) == ("accepted", int(energy))
    assert answer.energy_left_wh == meter.show().energy_left_wh == int(energy)


def test_grouped_digits_are_taken_when_typed_as_on_the_slip(tmp_path: Path) -> None:
    assert a_meter(tmp_path).enter("2371 6100 5011 8319 4197").display == "ACCEPTED 0.1 kWh"


def test_second_entry_is_used_when_the_token_was_credited(tmp_path: Path) -> None:
    meter = a_meter(tmp_path)
    assert meter.enter(CREDIT_25_6_KWH).result == "accepted"
    again = meter.enter(CREDIT_25_6_KWH)
    assert (again.result, again.energy_wh_added, again.energy_left_wh) == ("used", 0, 25600)
    assert again.display == "REJECTED USED"


@pytest.mark.parametrize(
    ("token", "result"),
    [
        ("67206107716095682372", "crc_error"),  # the meter of PAN 000001000000000082
        ("23716100501183194198", "crc_error"),  # a digit changed
        ("65588636375982192986", "crc_error"),  # a digit changed, published as such
        ("54234363099394415104", "crc_error"),  # neighbours swapped
        ("59386323472137426967", "crc_error"),  # EA11
        ("18252763951429538816", "function_error"),  # water
        ("55421978213496083894", "function_error"),  # gas
        ("", "format_error"),
        ("2371610050118319419", "format_error"),
        ("237161005011831941970", "format_error"),
        ("2371610050118319419x", "format_error"),
        ("٢٣٧١٦١٠٠٥٠١١٨٣١٩٤١٩٧", "format_error"),
        ("73786976294838206464", "format_error"),  # 2^66
        ("99999999999999999999", "format_error"),
    ],
)
def test_nothing_is_credited_when_the_token_is_not_for_this_meter(
    tmp_path: Path, token: str, result: str
) -> None:
    meter = a_meter(tmp_path)
    assert meter.enter(token).result == result
    face = meter.show()
    assert (face.energy_left_wh, face.last_result, face.identifiers_kept) == (0, result, 0)


def test_identifiers_may_come_out_of_order_when_they_are_in_the_memory(tmp_path: Path) -> None:
    meter = a_meter(tmp_path)
    conversation = [
        *((identifier, "accepted") for identifier in range(1000, 1100, 2)),  # 50: full
        (1002, "used"),
        (999, "old"),
        (1051, "accepted"),  # between two kept ones; 1000 falls out
        (1051, "used"),
        (1000, "old"),
        (1001, "old"),
        (1003, "accepted"),  # 1002 falls out
        (5000, "accepted"),  # 1003 falls out
        (1003, "old"),
        (1004, "used"),
    ]
    assert [(at, meter.enter(credit(at)).result) for at, _ in conversation] == conversation
    face = meter.show()
    assert (face.identifiers_kept, face.tokens_accepted, face.energy_left_wh) == (50, 53, 5300)


def test_key_is_expired_when_the_identifier_lies_after_its_expiry(tmp_path: Path) -> None:
    meter = a_meter(tmp_path, key_expiry=85)
    assert meter.enter(credit(85 << 16 | 0xFFFF)).result == "accepted"
    assert meter.enter(credit(86 << 16)).result == "key_expired"


@pytest.mark.parametrize(
    ("key_type", "result"), [(0, "key_type_error"), (1, "ddtk"), (3, "key_type_error")]
)
def test_credit_is_refused_when_the_key_is_not_the_meters_own(
    tmp_path: Path, key_type: int, result: str
) -> None:
    assert a_meter(tmp_path, key_type=key_type).enter(CREDIT_0_1_KWH).result == result


def test_token_stays_good_when_the_register_would_overflow(tmp_path: Path) -> None:
    meter = a_meter(tmp_path, energy_left_wh=9_999_999_900, energy_credited_wh=9_999_999_900)
    assert meter.enter(CREDIT_25_6_KWH).result == "overflow"
    meter.consume(30_000)
    assert meter.enter(CREDIT_25_6_KWH).result == "accepted"


@pytest.mark.parametrize(
    ("coded", "units"),
    [
        (0x0000, 0),
        (0x3FFF, 16383),
        (0x4000, 16384),
        (0x416A, 20004),
        (0x7FFF, 180214),
        (0x8000, 180224),
        (0xC000, 1818624),
        (0xFFFF, 18201624),
    ],
)
def test_amount_is_as_published_when_read_from_its_16_bits(coded: int, units: int) -> None:
    assert amount(coded) == units


def test_misty1_gives_the_plain_text_of_the_rfc_when_it_decrypts() -> None:
    key = bytes.fromhex("00112233445566778899aabbccddeeff")
    assert misty1.decrypt(0x8B1DA5F56AB3D07C, key) == 0x0123456789ABCDEF
    assert misty1.decrypt(0x04B68240B13BE95D, key) == 0xFEDCBA9876543210


def test_meters_of_the_rehearsal_credit_when_the_factory_made_them(tmp_path: Path) -> None:
    meter = keypad_meter(tmp_path, "00000000000")
    assert meter.registers().base_date == 2014
    # DKGA02 knows no base date: the published token of base 1993 is one of this meter too.
    assert meter.enter(CREDIT_0_1_KWH).result == "accepted"
    assert keypad_meter(tmp_path, "00000000000").show().energy_left_wh == 100
