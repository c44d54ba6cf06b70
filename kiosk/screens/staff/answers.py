"""What is typed into a form, understood: choices by number, energy in kWh, days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from kiosk.errors import BadInput


def chosen(text: str, options: Sequence[str]) -> str:
    """An option by its number from 1, or the text itself: one hand on the number pad is enough."""
    bare = text.strip()
    if bare.isascii() and bare.isdecimal() and len(bare) < 3 and 1 <= int(bare) <= len(options):
        return options[int(bare) - 1]
    return bare


def offered(label: str, options: Sequence[str]) -> str:
    """A line that names the numbers of options."""
    return f"{label}: " + "  ".join(f"{n} {option}" for n, option in enumerate(options, 1))


def numbered(texts: Sequence[str], a_line: int) -> list[str]:
    """All of `texts` with their numbers from 1, so many a line."""
    rows = [f"{number} {text}" for number, text in enumerate(texts, 1)]
    return ["   ".join(rows[start : start + a_line]) for start in range(0, len(rows), a_line)]


def energy_wh(text: str) -> int:
    """Kilowatt-hours as they are typed, in watt-hours; empty is 0. Raises BadInput."""
    whole, _point, fraction = text.strip().replace(",", ".").partition(".")
    digits = whole + fraction
    if digits and not (digits.isascii() and digits.isdecimal()):
        raise BadInput(f"{text[:40]}: type kilowatt-hours, such as 12.5.")
    if len(fraction) > 3 or len(digits) > 12:
        raise BadInput(f"{text[:40]}: type kilowatt-hours with at most three decimals.")
    return int(whole or "0") * 1000 + int(fraction.ljust(3, "0") or "0")


def whole(text: str, otherwise: int) -> int:
    """A whole number; `otherwise` for an empty answer. Raises BadInput."""
    bare = text.strip()
    if not bare:
        return otherwise
    if not (bare.isascii() and bare.isdecimal()) or len(bare) > 12:
        raise BadInput(f"{text[:40]}: type a whole number.")
    return int(bare)


def day_ms(text: str, otherwise: int, *, end: bool = False) -> int:
    """Midnight UTC of a day, or its last millisecond; `otherwise` for none. Raises BadInput."""
    if not text.strip():
        return otherwise
    try:
        day = datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC)
        day += timedelta(days=1 if end else 0)
    except (ValueError, OverflowError):
        raise BadInput(f"{text[:40]}: type the day as YYYY-MM-DD.") from None
    return int(day.timestamp()) * 1000 - (1 if end else 0)
