"""Meter numbers as the token standard writes them: DRN, issuer prefix, 18 digits of a PAN."""

from __future__ import annotations

from kiosk.domain.registry import luhn_digit
from kiosk.errors import BadInput

_PREFIX_OF = {11: "600727", 13: "0000"}


def check_drn(drn: str) -> None:
    """Refuse a decoder reference number of wrong length or with a wrong check digit (CTSA17).

    11 digits: manufacturer 2, serial 8, Luhn digit; 13 digits: manufacturer 4.
    """
    if not _is_digits(drn) or len(drn) not in _PREFIX_OF:
        raise BadInput(f"Meter number {drn[:40]!r} must have 11 or 13 digits.")
    if luhn_digit(drn[:-1]) != drn[-1]:
        raise BadInput(f"The last digit of meter number {drn} is wrong: it was mistyped.")


def meter_pan(drn: str) -> str:
    """The PAN of a meter: issuer prefix, DRN, Luhn digit; 18 digits."""
    check_drn(drn)
    number = _PREFIX_OF[len(drn)] + drn
    return number + luhn_digit(number)


def check_pan(pan: str) -> None:
    """Refuse a PAN that is not 18 digits of a known issuer prefix with the right check digit."""
    if not _is_digits(pan) or len(pan) != 18 or not pan.startswith(("600727", "0000")):
        raise BadInput(f"PAN {pan[:40]!r} must have 18 digits and begin with 600727 or 0000.")
    if luhn_digit(pan[:-1]) != pan[-1]:
        raise BadInput(f"The last digit of PAN {pan} is wrong: it was mistyped.")


def without_meter(pan: str) -> str:
    """The PAN with its DRN part all zero, as a common key (key type 3) knows no meter."""
    prefix = 6 if pan.startswith("600727") else 4
    return pan[:prefix] + "0" * (17 - prefix) + pan[17:]


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()
