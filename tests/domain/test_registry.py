"""The numbers that customers type: caught before any money is taken (E24)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.registry import CARD_DIGITS, METER_DIGITS, check_number, luhn_digit, masked
from kiosk.errors import Refusal


@pytest.mark.parametrize(
    ("typed", "number"),
    [("01470000009", "01470000009"), ("0147 0000 009", "01470000009")],
)
def test_a_meter_number_is_taken_when_its_check_digit_is_right(typed: str, number: str) -> None:
    assert check_number(typed, METER_DIGITS, "meter") == number


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "bad_meter_number"),
        ("0147000000", "bad_meter_number"),
        ("014700000091", "bad_meter_number"),
        ("0147000000x", "bad_meter_number"),
        ("٠١٤٧٠٠٠٠٠٠٩", "bad_meter_number"),
        ("1" * 5000, "bad_meter_number"),
        ("01470000008", "bad_meter_check_digit"),
    ],
)
def test_a_meter_number_is_refused_when_it_was_mistyped(typed: str, code: str) -> None:
    refused = check_number(typed, METER_DIGITS, "meter")
    assert isinstance(refused, Refusal)
    assert refused.code == code


def test_a_card_number_has_sentences_of_its_own_when_it_is_wrong() -> None:
    good = "76000000000" + luhn_digit("76000000000")
    assert check_number(good, CARD_DIGITS, "card") == good
    short = check_number("7600", CARD_DIGITS, "card")
    assert isinstance(short, Refusal)
    assert short.code == "bad_card_number"


#: Numbers known outside this house; the last digit of each is its check digit.
@pytest.mark.parametrize("number", ["79927398713", "4539148803436467", "600727000000000009"])
def test_the_luhn_digit_is_that_of_the_published_numbers(number: str) -> None:
    assert luhn_digit(number[:-1]) == number[-1]


@given(st.text("0123456789", min_size=10, max_size=10), st.integers(0, 9), st.integers(0, 9))
def test_one_wrong_digit_is_always_found(serial: str, place: int, digit: int) -> None:
    number = serial + luhn_digit(serial)
    wrong = number[:place] + str(digit) + number[place + 1 :]
    refused = isinstance(check_number(wrong, METER_DIGITS, "meter"), Refusal)
    assert refused == (wrong != number)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Amina Noor", "Am*** No**"),
        ("12 River Road", "12 Ri*** Ro**"),
        ("Li", "Li"),
        ("", ""),
    ],
)
def test_a_name_is_known_to_its_owner_only_when_it_is_shown(text: str, shown: str) -> None:
    assert masked(text) == shown
