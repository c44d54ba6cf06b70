"""Money: decimal text at the edges, minor units everywhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.money import LARGEST_MINOR, decimals, format_amount, parse_amount
from kiosk.errors import Refusal


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("20", "ZAR", 2000),
        ("20.5", "ZAR", 2050),
        ("20.50", "ZAR", 2050),
        (" 0.01 ", "ZAR", 1),
        ("0020", "ZAR", 2000),
        ("20", "UGX", 20),
        ("1.234", "KWD", 1234),
        ("10000000000000.00", "ZAR", LARGEST_MINOR),
    ],
)
def test_an_amount_is_minor_units_when_it_is_decimal(text: str, currency: str, minor: int) -> None:
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("", "ZAR", "amount_not_a_number"),
        ("twenty", "ZAR", "amount_not_a_number"),
        ("20,50", "ZAR", "amount_not_a_number"),
        ("20.", "ZAR", "amount_not_a_number"),
        (".5", "ZAR", "amount_not_a_number"),
        ("1e3", "ZAR", "amount_not_a_number"),
        ("+20", "ZAR", "amount_not_a_number"),
        ("٢٠", "ZAR", "amount_not_a_number"),
        ("NaN", "ZAR", "amount_not_a_number"),
        ("20 000", "ZAR", "amount_not_a_number"),
        ("-20", "ZAR", "amount_negative"),
        ("0", "ZAR", "amount_zero"),
        ("0.00", "ZAR", "amount_zero"),
        ("20.505", "ZAR", "amount_too_fine"),
        ("20.5", "UGX", "amount_too_fine"),
        ("10000000000000.01", "ZAR", "amount_huge"),
        ("9" * 5000, "ZAR", "amount_huge"),
    ],
)
def test_an_amount_is_refused_when_no_till_can_take_it(text: str, currency: str, code: str) -> None:
    refused = parse_amount(text, currency)
    assert isinstance(refused, Refusal)
    assert refused.code == code
    assert all(len(str(detail)) <= 40 for detail in refused.details.values())


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (2050, "ZAR", "20.50"),
        (5, "ZAR", "0.05"),
        (-5, "ZAR", "-0.05"),
        (0, "ZAR", "0.00"),
        (20, "UGX", "20"),
        (1234, "KWD", "1.234"),
    ],
)
def test_money_is_decimal_text_when_it_is_shown(minor: int, currency: str, text: str) -> None:
    assert format_amount(minor, currency) == text


@given(st.integers(1, LARGEST_MINOR), st.sampled_from(["ZAR", "UGX", "KWD"]))
def test_an_amount_comes_back_when_it_is_shown_and_typed(minor: int, currency: str) -> None:
    assert parse_amount(format_amount(minor, currency), currency) == minor


def test_two_decimals_are_meant_when_a_currency_is_not_listed() -> None:
    assert (decimals("ZAR"), decimals("UGX"), decimals("TND")) == (2, 0, 3)
