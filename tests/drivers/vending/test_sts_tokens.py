"""Tokens both ways: what goes in comes out, and what nothing published pins is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.vending.sts.amounts import (
    LARGEST_UNITS,
    decode_currency,
    decode_units,
    encode_currency,
    encode_units,
)
from drivers.vending.sts.blocks import NOT_FOR_THIS_METER, split_digits
from drivers.vending.sts.identifiers import identifier_at, is_expired, time_of
from drivers.vending.sts.identity import check_drn, meter_pan
from drivers.vending.sts.keychange import KeyChange, key_change
from drivers.vending.sts.keys import KeyIdentity, cipher_for, decoder_key
from drivers.vending.sts.misty1 import _S7, _S9, Misty1
from drivers.vending.sts.sta import Sta
from drivers.vending.sts.tokens import (
    CLEAR_ALL_CREDIT,
    Credit,
    CurrencyCredit,
    KeySection,
    Management,
    MeterTest,
    Token,
    decode,
    encode,
    extended_flag,
    extended_value,
    limit_value,
)
from kiosk.domain.energy import sts_units_at_least
from kiosk.errors import BadInput, Refusal

EA07 = cipher_for("07", bytes.fromhex("e653341f9d5bf36f"))
EA11 = cipher_for("11", bytes.fromhex("f94b6ed353c3bfdb113e2d3a7ea3c41d"))
VENDING_KEY = bytes.fromhex("abababababababab")
LONG_KEY = bytes.fromhex("abababababababab949494949494949401234567")
BAD_PAN = "600727000000000008"
METER = KeyIdentity("600727000000000009", "123456", 1, 1, 2)

#: Published: token, what it says, under which key (sts-facts 4.3 and its vectors).
SAID = [
    ("23716100501183194197", Credit(0, 5, 5_871_715, 1), EA07),
    ("59386323472137426967", Credit(0, 5, 5_871_660, 1), EA11),
    ("18252763951429538816", Credit(1, 5, 5_915_555, 16_383), EA07),
    ("41932934023937597177", Management(0, 5, 5_915_940, limit_value(256)), EA07),
    ("26521936751055502278", Management(0, 5, 5_910_301, limit_value(1000)), EA11),
    ("18070818655140104337", Management(1, 5, 5_911_202, CLEAR_ALL_CREDIT), EA11),
    ("02455019196514047304", Management(5, 5, 5_910_360, 0), EA11),
    ("00000000008724195840", MeterTest(0, 0x200, 0), EA07),
    ("01152923703764322536", MeterTest(1, 0x200, 0), EA07),
    ("38101803765253831624", MeterTest(1, 0xC4CCA7, 4504), EA07),
    ("02305843009347914912", MeterTest(2, 0, 0), EA11),
]


@pytest.mark.parametrize(("digits", "token", "cipher"), SAID)
def test_published_token_comes_out_and_reads_back_when_coded(
    digits: str, token: Token, cipher: Sta | Misty1
) -> None:
    assert encode(token, cipher) == digits
    assert decode(digits, cipher) == token
    assert decode(f"{digits[:4]} {digits[4:8]} {digits[8:]}", cipher) == token


@pytest.mark.parametrize("digits", ["", "1234", "2371610050118319419x", "२" * 20, "1" * 21])
def test_token_is_refused_when_it_is_not_20_digits(digits: str) -> None:
    found = decode(digits, EA07)
    assert isinstance(found, Refusal)
    assert found.code == "token_not_20_digits"


@pytest.mark.parametrize(
    ("digits", "cipher"),
    [
        ("73786976294838206464", EA07),  # 2^66
        ("99999999999999999999", EA07),
        ("23716100501183194179", EA07),  # last two digits swapped
        ("23716100501183194197", EA11),  # another meter's
        ("59386323472137426967", EA07),
    ],
)
def test_token_does_not_verify_when_it_is_not_of_this_meter(
    digits: str, cipher: Sta | Misty1
) -> None:
    assert decode(digits, cipher) == Refusal("token_does_not_verify")


@pytest.mark.parametrize(
    ("units", "value16", "carried"),
    [
        (0, 0x0000, 0),
        (1, 0x0001, 1),
        (16_383, 0x3FFF, 16_383),
        (16_384, 0x4000, 16_384),
        (16_385, 0x4001, 16_394),
        (20_000, 0x416A, 20_004),
        (180_214, 0x7FFF, 180_214),
        (180_215, 0x8000, 180_224),
        (180_223, 0x8000, 180_224),
        (1_818_623, 0xC000, 1_818_624),
        (18_201_624, 0xFFFF, 18_201_624),
    ],
)
def test_amount_is_rounded_up_when_it_lies_between_steps(
    units: int, value16: int, carried: int
) -> None:
    assert encode_units(units) == value16
    assert decode_units(value16) == carried


@given(st.integers(0, LARGEST_UNITS))
def test_codec_and_seller_agree_when_an_amount_is_rounded(units: int) -> None:
    assert decode_units(encode_units(units)) == sts_units_at_least(units)


@pytest.mark.parametrize(
    ("currency_units", "sign_exponent", "value16"),
    [
        (1, 0x0, 0x60AA),
        (-1, 0x8, 0x60A9),
        (100, 0x0, 0xDFF6),
        (16_383, 0x1, 0x78E3),
        (180_224, 0x1, 0xBF4A),
        (-180_224, 0x9, 0xBF49),
        (18_202_624, 0x2, 0x3FFF),
        (182_042_624, 0x2, 0x8000),
        (-182_044 * 10**9, 0xB, 0xFFFF),
        (182_044 * 10**24, 0x7, 0xC000),
    ],
)
def test_currency_is_rounded_toward_plus_infinity_when_coded(
    currency_units: int, sign_exponent: int, value16: int
) -> None:
    assert encode_currency(currency_units * 100_000) == (sign_exponent, value16)


@given(st.integers(-(10**34), 10**34))
def test_currency_reads_back_not_lower_when_coded(amount: int) -> None:
    carried = decode_currency(*encode_currency(amount))
    assert amount <= carried
    assert encode_currency(carried) == encode_currency(amount)
    assert abs(carried - amount) * 1000 <= max(abs(amount), 1000)


def test_currency_and_energy_do_not_verify_as_each_other_when_subclass_is_flipped() -> None:
    token = CurrencyCredit(4, 6_680_788, 100 * 100_000)
    cipher = cipher_for("07", bytes.fromhex("4530edb79b5f083d"))
    assert encode(token, cipher) == "07420412750539184100"
    read = decode("07420412750539184100", cipher)
    assert isinstance(read, CurrencyCredit)
    assert 0 <= read.amount - token.amount < 1000


@given(
    st.integers(0, 3),
    st.integers(0, 15),
    st.integers(0, 2**24 - 1),
    st.integers(0, 0xFFFF),
    st.sampled_from([EA07, EA11]),
)
def test_credit_reads_back_when_coded(
    subclass: int, random: int, identifier: int, value16: int, cipher: Sta | Misty1
) -> None:
    token = Credit(subclass, random, identifier, decode_units(value16))
    assert decode(encode(token, cipher), cipher) == token


REFUSED: list[Callable[[], object]] = [
    lambda: encode(Credit(8, 5, 1, 1), EA07),
    lambda: encode(Credit(0, 16, 1, 1), EA07),
    lambda: encode(Credit(0, 5, 2**24, 1), EA07),
    lambda: encode(Credit(0, 5, 1, LARGEST_UNITS + 1), EA07),
    lambda: encode(Credit(0, 5, 1, 1), None),
    lambda: encode(CurrencyCredit(3, 1, 1), EA07),
    lambda: encode(CurrencyCredit(4, 1, 10**36), EA07),
    lambda: encode(MeterTest(6, 1, 1), None),
    lambda: encode(MeterTest(0, 1, 100), None),
    lambda: encode(MeterTest(1, 1 << 28, 100), None),
    lambda: encode(Management(11, 5, 1, 1), EA07),
    lambda: encode(Management(5, 5, 1, 1), EA07),
    lambda: encode(KeySection(5, 1), EA07),
    lambda: extended_value(64, 0),
    lambda: extended_flag(63, 1, 1),
    lambda: extended_flag(63, 0, 2),
    lambda: cipher_for("09", bytes(8)),
    lambda: cipher_for("08", bytes(8)),
    lambda: Sta(bytes(16)),
    lambda: Misty1(bytes(8)),
    lambda: decoder_key("01", VENDING_KEY, METER, "07"),
    lambda: decoder_key("03", VENDING_KEY * 2, METER, "07"),
    lambda: decoder_key("05", VENDING_KEY, METER, "07"),
    lambda: decoder_key("02", VENDING_KEY, METER, "11"),
    lambda: decoder_key("02", LONG_KEY, METER, "07"),
    lambda: decoder_key("04", LONG_KEY, KeyIdentity(METER.pan, "123456", 1, 1, 3), "07"),
    lambda: decoder_key("04", LONG_KEY, KeyIdentity(METER.pan, "123456", 1, 1, 2, 2015), "07"),
    lambda: decoder_key("02", VENDING_KEY, KeyIdentity(METER.pan, "12345", 1, 1, 2), "07"),
    lambda: decoder_key("02", VENDING_KEY, KeyIdentity(METER.pan, "123456", 0, 1, 2), "07"),
    lambda: decoder_key("02", VENDING_KEY, KeyIdentity(METER.pan, "123456", 1, 100, 2), "07"),
    lambda: decoder_key("02", VENDING_KEY, KeyIdentity(BAD_PAN, "123456", 1, 1, 2), "07"),
    lambda: decoder_key("02", VENDING_KEY, KeyIdentity("123", "123456", 1, 1, 2), "07"),
    lambda: check_drn("11111111113"),
    lambda: check_drn("123"),
    lambda: identifier_at(0, 2015),
]  # fmt: skip


@pytest.mark.parametrize("asked", REFUSED)
def test_codec_refuses_with_a_sentence_when_nothing_published_pins_it(
    asked: Callable[[], object],
) -> None:
    with pytest.raises(BadInput) as refused:
        asked()
    assert refused.value.sentence.endswith(".")
    assert "ab" * 8 not in refused.value.sentence


def test_pan_is_prefix_number_and_check_digit_when_made_from_a_meter_number() -> None:
    assert meter_pan("00000000000") == "600727000000000009"
    assert meter_pan("0100000000008") == "000001000000000082"


@pytest.mark.parametrize(
    ("key_type", "vending_key", "group", "revision", "index", "pan", "key"),
    [
        (0, "13579bdf02468ace", "802358", 8, 35, "600727822045495526", "43229db176fa5ac0"),
        (1, "fedcba9876543210", "918149", 5, 82, "600727377088988481", "a8afe60abc9b32f1"),
        (2, "abababababababab", "123456", 1, 1, "000001000000000082", "e94023262e9993c2"),
        (3, "0123456789abcdef", "745578", 6, 94, "600727040479804143", "970d20fffd15dadc"),
    ],
)
def test_decoder_key_comes_out_when_derived_by_dkga02(
    key_type: int, vending_key: str, group: str, revision: int, index: int, pan: str, key: str
) -> None:
    who = KeyIdentity(pan, group, revision, index, key_type)
    assert decoder_key("02", bytes.fromhex(vending_key), who, "07").hex() == key


MINUTE_MS = 60_000
BASE_2014_MS = 1_388_534_400_000


@pytest.mark.parametrize(
    ("minute", "identifier"), [(0, 0), (1, 2), (2, 2), (3, 3), (1440, 1440), (1441, 1442)]
)
def test_identifier_skips_a_minute_when_it_is_one_past_midnight(
    minute: int, identifier: int
) -> None:
    assert identifier_at(BASE_2014_MS + minute * MINUTE_MS + 59_999, 2014) == identifier


def test_identifier_is_refused_when_24_bits_are_over() -> None:
    end_1993_ms = 1_732_479_300_000  # 2024-11-24 20:15 UTC
    assert identifier_at(end_1993_ms, 1993) == 16_777_215
    assert time_of(16_777_215, 1993) == end_1993_ms
    over = identifier_at(end_1993_ms + MINUTE_MS, 1993)
    assert over == Refusal("identifier_overflow", {"base_date": 1993})
    early = identifier_at(BASE_2014_MS - 1, 2014)
    assert early == Refusal("clock_before_base_date", {"base_date": 2014})


@pytest.mark.parametrize(
    ("identifier", "expiry", "expired"),
    [(0xAAFFFF, 170, False), (0xAB0000, 170, True), (9_899_040, 85, True), (2**24 - 1, 255, False)],
)
def test_key_expires_when_the_high_bits_pass_its_number(
    identifier: int, expiry: int, expired: bool
) -> None:
    assert is_expired(identifier, expiry) is expired


NEW_KEYS = {"07": bytes(range(8)), "11": bytes(range(16))}


def change_to(algorithm: str, key_type: int = 2) -> KeyChange:
    return KeyChange(NEW_KEYS[algorithm], "201457", 4, 17, key_type, 170, rollover=True)


@pytest.mark.parametrize(
    ("change", "algorithm", "tokens", "old_key_type"),
    [
        (change_to("07"), "07", 4, 2),
        (change_to("11"), "11", 2, 2),
        (change_to("07"), "11", 4, 2),
        (change_to("07", key_type=0), "07", 2, 2),
        (change_to("07"), "07", 2, 3),
        (KeyChange(NEW_KEYS["07"], "201457", 4, 17, 2, 256, rollover=False), "07", 2, 2),
    ],
)
def test_key_change_is_refused_when_it_is_not_for_a_vending_point(
    change: KeyChange, algorithm: str, tokens: int, old_key_type: int
) -> None:
    with pytest.raises(BadInput):
        key_change(change, algorithm, tokens, EA07, old_key_type)


def test_new_key_is_not_shown_when_a_change_or_section_is_printed() -> None:
    change = change_to("07")
    assert "new_key" not in repr(change)
    assert "payload" not in repr(KeySection(3, 77))


def test_misty1_tables_are_permutations_when_compared_with_the_rfc() -> None:
    assert sorted(_S7) == list(range(128))
    assert sorted(_S9) == list(range(512))
    cipher = Misty1(bytes.fromhex("00112233445566778899aabbccddeeff"))
    for plain, secret in (
        (0x0123456789ABCDEF, 0x8B1DA5F56AB3D07C),
        (0xFEDCBA9876543210, 0x04B68240B13BE95D),
    ):
        assert cipher.encrypt(plain) == secret
        assert cipher.decrypt(secret) == plain


@given(st.binary(min_size=8, max_size=8), st.integers(0, 2**64 - 1))
def test_block_comes_back_when_encrypted_and_decrypted_by_ea07(key: bytes, block: int) -> None:
    cipher = Sta(key)
    assert cipher.decrypt(cipher.encrypt(block)) == block


def test_a_number_of_more_than_66_bits_is_no_token_whatever_its_low_bits_say() -> None:
    assert split_digits(f"{2**66 - 1:020d}") == (3, 2**64 - 1)
    for number in (2**66, 10**20 - 1):
        assert split_digits(f"{number:020d}") == NOT_FOR_THIS_METER
