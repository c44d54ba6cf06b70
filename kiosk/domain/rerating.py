"""What a sale would have cost by another tariff pack: the arithmetic of re-rating (E07, E11)."""

from __future__ import annotations

from kiosk.domain import facts
from kiosk.domain.money import LARGEST_MINOR
from kiosk.domain.tariff import PPM, WH_PER_MWH, PowerType, TariffPack
from kiosk.errors import Refusal


def due_minor(sale: facts.SaleCommitted, sold_at: TariffPack, right: TariffPack) -> int | Refusal:
    """What the energy of a sale costs by another pack: what was paid, and the difference of the
    prices for exactly the energy that was bought, rounded down in the customer's favour (E30)."""
    if sale.power_type not in {prices.code for prices in right.power_types}:
        return Refusal("catalogue_inconsistent", {"record": sale.power_type})
    before, after = sold_at.power_type(sale.power_type), right.power_type(sale.power_type)
    bought_wh = sum(line.energy_wh for line in sale.lines if line.code != "rounding")
    difference_ppm = _gross_ppm(after) - _gross_ppm(before)
    energy = bought_wh * difference_ppm // (WH_PER_MWH * PPM)
    due = sale.amount_minor + energy + _charges(after) - _charges(before)
    return due if 0 < due <= LARGEST_MINOR else Refusal("priced_right", {"sale": sale.sale_id})


def _gross_ppm(prices: PowerType) -> int:
    """The price of a MWh with its tax, in millionths of a minor unit."""
    net = sum(item.price_minor_per_mwh for item in prices.sub_items)
    taxed = sum(item.price_minor_per_mwh for item in prices.sub_items if item.taxed)
    return net * PPM + taxed * prices.tax_rate_ppm


def _charges(prices: PowerType) -> int:
    """The fixed charge with its tax, rounded half up as in a quote."""
    tax = (2 * prices.fixed_minor * prices.tax_rate_ppm + PPM) // (2 * PPM)
    return prices.fixed_minor + tax
