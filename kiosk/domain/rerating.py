"""What a sale would have cost by another tariff pack: the arithmetic of re-rating (E07, E11)."""

from __future__ import annotations

from kiosk.domain import facts
from kiosk.domain.money import LARGEST_MINOR
from kiosk.domain.tariff import TariffPack, Usage, cost
from kiosk.domain.tariff_segments import COST_ONE
from kiosk.errors import Refusal


def due_minor(sale: facts.SaleCommitted, sold_at: TariffPack, right: TariffPack) -> int | Refusal:
    """What the energy of a sale costs by another pack: what was paid, and the difference of the
    prices for exactly the energy that was bought, rounded down in the customer's favour (E30).
    Steps, seasons and charges are those of the moment of the sale."""
    if not right.has(sale.power_type):
        return Refusal("catalogue_inconsistent", {"record": sale.power_type})
    usage = sale.usage if isinstance(sale.usage, Usage) else Usage()
    bought_wh = sum(line.energy_wh for line in sale.lines if line.code != "rounding")
    before = cost(sold_at, sale.power_type, bought_wh, usage)
    after = cost(right, sale.power_type, bought_wh, usage)
    due = sale.amount_minor + (after - before) // COST_ONE
    return due if 0 < due <= LARGEST_MINOR else Refusal("priced_right", {"sale": sale.sale_id})
