"""Money: an integer of minor units and its currency; decimal text only at the edges."""

from __future__ import annotations

import re

from kiosk.errors import Refusal

#: Decimals of the currencies that the trade uses; ISO 4217. Everything else has two.
_DECIMALS = {"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
             "RWF": 0, "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
             "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3}  # fmt: skip

#: More than any till holds; keeps every sum inside the 64 bits of the database.
LARGEST_MINOR = 10**15

_AMOUNT = re.compile(r"(-?)(\d+)(?:\.(\d+))?")
_LARGEST_DIGITS = 16


def decimals(currency: str) -> int:
    """How many digits of `currency` (ISO 4217) stand after the point."""
    return _DECIMALS.get(currency, 2)


def parse_amount(text: str, currency: str) -> int | Refusal:
    """Minor units of a decimal text such as "20" or "20.50"; refuses letters, zero and below.

    A bad value is the domain's to judge, so it is a refusal and not an exception (E37).
    """
    found = _AMOUNT.fullmatch(text.strip()) if text.isascii() else None
    if found is None:
        return Refusal("amount_not_a_number", {"text": text[:40]})
    if len(found[2]) > _LARGEST_DIGITS:
        return Refusal("amount_huge", {"text": text[:40]})
    places = decimals(currency)
    fraction = found[3] or ""
    if len(fraction) > places:
        return Refusal("amount_too_fine", {"text": text[:40], "decimals": places})
    amount_minor: int = int(found[2]) * int(10**places) + int(fraction.ljust(places, "0") or 0)
    if found[1]:
        return Refusal("amount_negative", {"text": text[:40]})
    if amount_minor == 0:
        return Refusal("amount_zero")
    if amount_minor > LARGEST_MINOR:
        return Refusal("amount_huge", {"text": text[:40]})
    return amount_minor


def format_amount(amount_minor: int, currency: str) -> str:
    """Decimal text in major units, without the currency: 2050 -> "20.50"."""
    places = decimals(currency)
    sign = "-" if amount_minor < 0 else ""
    whole, fraction = divmod(abs(amount_minor), 10**places)
    return f"{sign}{whole}.{fraction:0{places}d}" if places else f"{sign}{whole}"
