"""What a new card costs: one line of the utility's own income, and the tax that is in it."""

from __future__ import annotations

from kiosk.domain import chart
from kiosk.domain.tariff import PPM, Line, PowerType


def fee_lines(prices: PowerType, fee_minor: int) -> list[Line]:
    """The lines of a fee of `fee_minor`, tax included at the rate of the customer's power type and
    rounded half up; no lines without a fee."""
    assert fee_minor >= 0, fee_minor
    if not fee_minor:
        return []
    rate, gross = prices.tax_rate_ppm, PPM + prices.tax_rate_ppm
    tax = (2 * fee_minor * rate + gross) // (2 * gross)
    lines = [Line("card_fee", "", fee_minor - tax, 0, chart.revenue("card_fee"), "card_fee")]
    if tax:
        values: dict[str, int | str] = {"rate_ppm": rate}
        lines.append(
            Line("tax", prices.tax_label, tax, 0, chart.tax("tax"), "card_fee_tax", values)
        )
    assert sum(line.amount_minor for line in lines) == fee_minor
    return lines
