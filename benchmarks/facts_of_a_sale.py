"""The two facts of a token sale, as the till makes them: what every ledger row here writes."""

from __future__ import annotations

from functools import cache

from kiosk.domain import chart, facts, tariff
from kiosk.domain.registry import luhn_digit
from kiosk.domain.token import TokenRequest
from kiosk.errors import Refusal
from kiosk.front.utility import tariff_pack

METERS = 5_000


@cache
def _quote(amount_minor: int) -> tariff.Quote:
    found = tariff.quote(
        tariff_pack("ZAR"), "home", amount_minor, account="20000001", carrier="token"
    )
    assert not isinstance(found, Refusal)
    return found


@cache
def _meter(place: int) -> str:
    digits = f"01{47_000_000 + place:08d}"
    return digits + luhn_digit(digits)


def committed(number: int) -> facts.SaleCommitted:
    """Commit one of sale `number`; every number is another sale of one of METERS meters."""
    quote, meter = _quote(1_000 + 100 * (number % 90)), _meter(number % METERS)
    sale_id = f"s{number:015d}"
    token = TokenRequest(
        sale_id, meter, "123456", 1, 1, 2, "07", 2014, 6_000_000 + number // METERS, number % 16,
        quote.energy_wh // 100,
    )  # fmt: skip
    return facts.SaleCommitted(
        sale_id, "cashier-abcdefgh", "101", "cashier", meter, f"2{number % METERS:07d}", "home",
        quote.tariff_digest, "ZAR", quote.amount_minor, quote.energy_wh, quote.lines,
        [facts.Tender("cash", quote.amount_minor, chart.cash("101"))], quote.amount_minor, 0, token,
    )  # fmt: skip


def delivered(number: int) -> facts.SaleDelivered:
    """Commit two of the same sale."""
    return facts.SaleDelivered(
        f"s{number:015d}", "normal", f"{number:020d}", None, {"commit": 3, "deliver": 2}
    )
