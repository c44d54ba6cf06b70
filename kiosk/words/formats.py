"""How figures look inside sentences; the name of a value says what it is.

`*_minor` is money, `*_ppm` a rate, `*_per_mwh` a price, `*_wh` energy, `*_ms` a time. The integers
themselves are written by the domain's own functions, which are passed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from kiosk.errors import BadInput

_OFFSET = re.compile(r"([+-])(\d\d):([0-5]\d)")


class Formats(msgspec.Struct, frozen=True):
    """What a hall's sentences need to know of money, energy and local time.

    `money` is kiosk.domain.money.format_amount, `energy` kiosk.domain.energy.format_kwh; `currency`
    is used where a sentence has no currency of its own, `zone` turns UTC into the wall clock.
    """

    money: Callable[[int, str], str]
    energy: Callable[[int], str]
    currency: str
    zone: tzinfo = UTC


def time_zone(text: str) -> tzinfo:
    """The zone "Africa/Nairobi" or "+03:00"; BadInput for anything else."""
    found = _OFFSET.fullmatch(text)
    if found is not None and int(found[2]) < 24:
        minutes = int(found[2]) * 60 + int(found[3])
        return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(
            f"{text[:40]!r} is no time zone; write a name such as Africa/Nairobi or +03:00."
        ) from None


def percent(rate_ppm: int) -> str:
    """A rate in millionths as a percentage, exact: 150000 -> "15", 12500 -> "1.25"."""
    return _plain(Decimal(rate_ppm).scaleb(-4), 0)


def price_per_kwh(price_minor_per_mwh: int, formats: Formats, currency: str) -> str:
    """The price of a kWh in major units, exact, with at least the decimals of the currency."""
    per_mwh = formats.money(price_minor_per_mwh, currency)
    decimals = len(per_mwh.partition(".")[2])
    return _plain(Decimal(per_mwh).scaleb(-3), decimals)


def local_time(time_ms: int, formats: Formats, pattern: str) -> str:
    """UTC milliseconds on the wall clock of the hall; `pattern` as strftime has it."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)
    return moment.astimezone(formats.zone).strftime(pattern)


def _plain(value: Decimal, decimals: int) -> str:
    """`value` without an exponent or idle zeros, with at least `decimals` digits behind a point."""
    whole, _, fraction = format(value, "f").partition(".")
    fraction = fraction.rstrip("0").ljust(decimals, "0")
    return f"{whole}.{fraction}" if fraction else whole
