"""What energy costs: `quote` turns money into energy line by line, `quote_energy` the other way.

Every figure is an integer and every line carries the reason for its amount, so that slip, screen,
`kiosk why` and the auditor show the same. The lines sum to the amount exactly; what rounding
gives away is a line of its own, in the customer's favour (E30).
"""

from __future__ import annotations

import msgspec

from kiosk.domain import chart
from kiosk.domain.energy import CARD_LARGEST_WH, STS_LARGEST_UNITS, STS_STEP_WH
from kiosk.domain.tariff_check import unsellable
from kiosk.domain.tariff_lines import (
    Carrier,
    Case,
    DebtRule,
    Line,
    charge_lines,
    due_now,
    energy_lines,
)
from kiosk.domain.tariff_pack import (
    PPM,
    PowerType,
    SubItem,
    TariffPack,
    Usage,
    pack_bytes,
    pack_digest,
)
from kiosk.domain.tariff_segments import (
    COST_ONE,
    buy,
    cost_of,
    segments,
)
from kiosk.errors import Refusal

__all__ = [
    "PPM", "Carrier", "DebtRule", "Line", "PowerType", "Quote", "SubItem", "TariffPack", "Usage",
    "cost", "pack_bytes",
    "pack_digest", "quote", "quote_energy", "shared_quote", "unsellable",
]  # fmt: skip


class Quote(msgspec.Struct, frozen=True):
    """What `amount_minor` buys; `energy_wh` is what the carrier will carry.

    `usage` is what the price depended on beside the amount: with it, and with the pack that
    `tariff_digest` names, the same lines come out again.
    """

    amount_minor: int
    currency: str
    energy_wh: int
    lines: list[Line]
    power_type: str
    tariff_digest: str
    usage: Usage = Usage()


def quote(
    pack: TariffPack,
    power_type: str,
    amount_minor: int,
    *,
    account: str,
    debt_minor: int = 0,
    plan: DebtRule | None = None,
    carrier: Carrier,
    usage: Usage = Usage(),  # noqa: B008 - frozen: nothing was bought yet
) -> Quote | Refusal:
    """What `amount_minor` buys for a customer with `debt_minor` of old debt.

    A customer's own `plan` decides what of the debt is paid; None: the share of the pack. Order:
    old debt, charges and their taxes, then energy. Refuses an amount outside the limits, naming
    the nearest allowed one (E37).
    """
    case = _case(pack, power_type, usage, debt_minor, carrier, plan)
    outside = _limits(case, amount_minor)
    if outside is not None:
        return outside
    debt = case.debt_of(amount_minor)
    bought, due_wh = buy(case.found, amount_minor - debt - case.charged_minor)
    carried = case.carried_wh(due_wh)
    lines = charge_lines(case, debt, amount_minor, account) + energy_lines(case, bought)
    free = carried - sum(line.energy_wh for line in lines)
    if free:
        lines.append(
            Line("rounding", "", 0, free, chart.ROUNDING, "rounding", {"carrier": carrier})
        )
    assert free >= 0 and sum(line.amount_minor for line in lines) == amount_minor, lines
    return Quote(amount_minor, pack.currency, carried, lines, power_type, pack_digest(pack), usage)


def quote_energy(
    pack: TariffPack,
    power_type: str,
    energy_wh: int,
    *,
    account: str,
    debt_minor: int = 0,
    plan: DebtRule | None = None,
    carrier: Carrier,
    usage: Usage = Usage(),  # noqa: B008 - frozen: nothing was bought yet
) -> Quote | Refusal:
    """The smallest allowed amount that buys at least `energy_wh`, and what exactly it buys.

    The inverse of `quote`: with one multiple of the purchase less the customer would get less than
    `energy_wh`, or could not buy at all. Refuses no energy, and what no single purchase gives.
    """
    if energy_wh <= 0:
        return Refusal("energy_missing")
    case = _case(pack, power_type, usage, debt_minor, carrier, plan)
    multiple = case.prices.multiple_minor
    low, high = _lowest(case) // multiple, _highest(case) // multiple
    if _bought_wh(case, high * multiple) < energy_wh:
        return Refusal("energy_above_maximum", {"largest_wh": _bought_wh(case, high * multiple)})
    while low < high:  # energy never falls when money grows
        middle = (low + high) // 2
        if _bought_wh(case, middle * multiple) >= energy_wh:
            high = middle
        else:
            low = middle + 1
    return quote(
        pack, power_type, low * multiple,
        account=account, debt_minor=debt_minor, plan=plan, carrier=carrier, usage=usage,
    )  # fmt: skip


def cost(pack: TariffPack, power_type: str, energy_wh: int, usage: Usage) -> int:
    """What `energy_wh` costs with charges and taxes, exactly: in units of which COST_ONE are one
    minor unit."""
    case = _case(pack, power_type, usage, 0, "card", None)
    return cost_of(case.found, energy_wh) + case.charged_minor * COST_ONE


def shared_quote(
    pack: TariffPack,
    shares: list[tuple[str, int]],
    amount_minor: int,
    *,
    account: str,
    debt_minor: int = 0,
    carrier: Carrier,
    usage: Usage = Usage(),  # noqa: B008 - frozen: nothing was bought yet
) -> Quote | Refusal:
    """As `quote` for a meter whose energy is shared over several power types (F048).

    `shares` are fixed parts in millionths that sum to one. Each part of the energy is priced by its
    own power type, with that part of the counters; charges, limits and the share for old debt are
    those of the first, whose meter it is.
    """
    assert shares and sum(share for _, share in shares) == PPM, shares
    assert all(share > 0 for _, share in shares), shares
    return quote(
        pack, shares[0][0], amount_minor, account=account, debt_minor=debt_minor, carrier=carrier,
        usage=msgspec.structs.replace(usage, shares=shares),
    )  # fmt: skip


def _case(
    pack: TariffPack,
    power_type: str,
    usage: Usage,
    debt_minor: int,
    carrier: Carrier,
    plan: DebtRule | None,
) -> Case:
    prices = pack.power_type(power_type)
    due = [due_now(prices, charge, usage) for charge in prices.all_charges()]
    found = segments(pack, power_type, usage)
    return Case(prices, found, [each for each in due if each.times], debt_minor, carrier, plan)


# --- the limits -------------------------------------------------------------------------------


def _limits(case: Case, amount_minor: int) -> Refusal | None:
    """Why `amount_minor` cannot be sold to this customer, with the nearest amount that can."""
    prices, lowest = case.prices, _lowest(case)
    if amount_minor < lowest:
        small = amount_minor < prices.minimum_minor
        code = "amount_below_minimum" if small else "amount_buys_nothing"
        return Refusal(code, {"nearest_minor": lowest})
    highest = _highest(case)
    if amount_minor > prices.maximum_minor:
        return Refusal("amount_above_maximum", {"nearest_minor": highest})
    if amount_minor > highest and amount_minor % prices.multiple_minor == 0:
        details: dict[str, str | int] = {
            "largest_wh": _largest_wh(case), "nearest_minor": highest,
        }  # fmt: skip
        return Refusal("energy_above_carrier", details)
    beyond = amount_minor % prices.multiple_minor
    if beyond:
        nearest = min(amount_minor - beyond, highest)
        details = {"multiple_minor": prices.multiple_minor, "nearest_minor": max(nearest, lowest)}
        return Refusal("amount_not_a_multiple", details)
    return None


def _lowest(case: Case) -> int:
    """The smallest amount of which something is left for energy: either all debt is paid, or a full
    share of it, amount - amount * share > charges, so the way back divides by 1 - share."""
    charged, kept_ppm = case.charged_minor, PPM - case.share_ppm
    useful = charged + case.payable_minor + 1
    if kept_ppm:
        useful = min(useful, charged * PPM // kept_ppm + 1)
    multiple = case.prices.multiple_minor
    return -(-max(case.prices.minimum_minor, useful) // multiple) * multiple


def _highest(case: Case) -> int:
    """The largest amount that may be paid and whose energy the carrier can carry."""
    most = cost_of(case.found, _largest_wh(case)) // COST_ONE + case.charged_minor
    kept_ppm, carried = PPM - case.share_ppm, most + case.payable_minor
    if kept_ppm:
        carried = min(carried, most * PPM // kept_ppm)
    multiple = case.prices.multiple_minor
    return min(case.prices.maximum_minor, carried) // multiple * multiple


def _largest_wh(case: Case) -> int:
    return STS_LARGEST_UNITS * STS_STEP_WH if case.carrier == "token" else CARD_LARGEST_WH


def _bought_wh(case: Case, amount_minor: int) -> int:
    """The energy that the carrier carries for an allowed amount."""
    for_energy = amount_minor - case.debt_of(amount_minor) - case.charged_minor
    return case.carried_wh(buy(case.found, for_energy)[1])
