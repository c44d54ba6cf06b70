"""What energy costs: `quote` turns money into energy line by line, `quote_energy` the other way.

Every figure is an integer and every line carries the reason for its amount, so that slip, screen,
`kiosk why` and the auditor show the same. The lines sum to the amount exactly; what rounding
gives away is a line of its own, in the customer's favour (E30).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from kiosk.domain import chart
from kiosk.domain.energy import CARD_LARGEST_WH, STS_LARGEST_UNITS, STS_STEP_WH, token_energy_wh
from kiosk.domain.tariff_calendar import units_due
from kiosk.domain.tariff_check import unsellable
from kiosk.domain.tariff_pack import (
    PPM,
    Charge,
    PowerType,
    SubItem,
    TariffPack,
    Tax,
    Usage,
    pack_bytes,
    pack_digest,
)
from kiosk.domain.tariff_segments import (
    COST_ONE,
    Bought,
    Part,
    Segment,
    buy,
    cost_of,
    segments,
)
from kiosk.errors import Refusal

__all__ = [
    "PPM", "Carrier", "Line", "PowerType", "Quote", "SubItem", "TariffPack", "Usage", "pack_bytes",
    "pack_digest", "quote", "quote_energy", "shared_quote", "unsellable",
]  # fmt: skip

Carrier = Literal["token", "card"]


class Line(msgspec.Struct, frozen=True):
    """One line of a quote, a sale and a slip.

    `account` is where the books put it, `reason` names the sentence of kiosk/words that explains
    it, and `values` fill that sentence.
    """

    code: str
    label: str
    amount_minor: int
    energy_wh: int
    account: str
    reason: str
    values: dict[str, int | str] = {}


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


class _Due(NamedTuple):
    """A charge that is due now, and the tax on it under each tax code."""

    charge: Charge
    times: int
    until: str
    taxes: list[tuple[Tax, int]]

    @property
    def net_minor(self) -> int:
        return self.charge.amount_minor * self.times

    @property
    def gross_minor(self) -> int:
        return self.net_minor + sum(amount for _, amount in self.taxes)


class DebtRule(NamedTuple):
    """What of a purchase goes to old debt: a share of it, but no more than `most_minor`."""

    share_ppm: int
    most_minor: int


class _Case(NamedTuple):
    """One purchase as the price sees it: whose prices, what is charged, what energy costs."""

    prices: PowerType
    found: list[Segment]
    due: list[_Due]
    debt_minor: int
    carrier: Carrier
    plan: DebtRule | None

    @property
    def share_ppm(self) -> int:
        """The part of a payment that may go to old debt."""
        return self.prices.debt_share_ppm if self.plan is None else self.plan.share_ppm

    @property
    def payable_minor(self) -> int:
        """The most that one purchase pays of old debt."""
        return self.debt_minor if self.plan is None else min(self.debt_minor, self.plan.most_minor)

    @property
    def charged_minor(self) -> int:
        return sum(due.gross_minor for due in self.due)

    def debt_of(self, amount_minor: int) -> int:
        """The part of a payment that goes to old debt."""
        return min(self.payable_minor, amount_minor * self.share_ppm // PPM)

    def carried_wh(self, due_wh: int) -> int:
        """The energy that the carrier carries when at least `due_wh` is due."""
        return token_energy_wh(due_wh) if self.carrier == "token" else due_wh


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
    lines = _charges(case, debt, amount_minor, account) + _energy(case, bought)
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
    `energy_wh`, or could not buy at all. Refuses energy that no single purchase gives.
    """
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
) -> _Case:
    prices = pack.power_type(power_type)
    due = [_due(prices, charge, usage) for charge in prices.all_charges()]
    found = segments(pack, power_type, usage)
    return _Case(prices, found, [each for each in due if each.times], debt_minor, carrier, plan)


def _due(prices: PowerType, charge: Charge, usage: Usage) -> _Due:
    times, until = units_due(charge, usage)
    net = charge.amount_minor * times
    taxes = [
        (tax, rounded(net, tax.rate_ppm, PPM))
        for tax in prices.all_taxes()
        if charge.code in tax.on
    ]
    return _Due(charge, times, until, taxes)


# --- the limits -------------------------------------------------------------------------------


def _limits(case: _Case, amount_minor: int) -> Refusal | None:
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


def _lowest(case: _Case) -> int:
    """The smallest amount of which something is left for energy: either all debt is paid, or a full
    share of it, amount - amount * share > charges, so the way back divides by 1 - share."""
    charged, kept_ppm = case.charged_minor, PPM - case.share_ppm
    useful = charged + case.payable_minor + 1
    if kept_ppm:
        useful = min(useful, charged * PPM // kept_ppm + 1)
    multiple = case.prices.multiple_minor
    return -(-max(case.prices.minimum_minor, useful) // multiple) * multiple


def _highest(case: _Case) -> int:
    """The largest amount that may be paid and whose energy the carrier can carry."""
    most = cost_of(case.found, _largest_wh(case)) // COST_ONE + case.charged_minor
    kept_ppm, carried = PPM - case.share_ppm, most + case.payable_minor
    if kept_ppm:
        carried = min(carried, most * PPM // kept_ppm)
    multiple = case.prices.multiple_minor
    return min(case.prices.maximum_minor, carried) // multiple * multiple


def _largest_wh(case: _Case) -> int:
    return STS_LARGEST_UNITS * STS_STEP_WH if case.carrier == "token" else CARD_LARGEST_WH


def _bought_wh(case: _Case, amount_minor: int) -> int:
    """The energy that the carrier carries for an allowed amount."""
    for_energy = amount_minor - case.debt_of(amount_minor) - case.charged_minor
    return case.carried_wh(buy(case.found, for_energy)[1])


# --- the lines --------------------------------------------------------------------------------


def _charges(case: _Case, debt: int, amount_minor: int, account: str) -> list[Line]:
    lines = []
    if debt and case.plan is not None:
        values: dict[str, int | str] = {"taken_minor": debt, "left_minor": case.debt_minor - debt}
        owing = chart.receivable(account)
        lines.append(Line("debt", "", debt, 0, owing, "debt_agreed", values))
    elif debt:
        values = {
            "share_ppm": case.prices.debt_share_ppm,
            "paid_minor": amount_minor,
            "left_minor": case.debt_minor - debt,
        }
        lines.append(Line("debt", "", debt, 0, chart.receivable(account), "debt", values))
    return lines + [_charge_line(due) for due in case.due]


def _charge_line(due: _Due) -> Line:
    charge = due.charge
    book = chart.revenue if charge.kind == "energy" else chart.levy
    reason, values = "fixed", dict[str, int | str]()
    if charge.per != "purchase":
        reason = f"per_{charge.per}"
        values = {"price_minor": charge.amount_minor, "count": due.times, "until": due.until}
    return Line(charge.code, charge.label, due.net_minor, 0, book(charge.code), reason, values)


def _energy(case: _Case, bought: list[Bought]) -> list[Line]:
    """The energy lines of each stretch, then one line for each tax with the tax on charges too."""
    lines: list[Line] = []
    taxes: dict[tuple[str, str, int], int] = {}
    for stretch in bought:
        _add_taxes(taxes, stretch)
        lines += _stretch(stretch)
    charged: dict[tuple[str, str, int], int] = {}
    for due in case.due:
        for tax, amount in due.taxes:
            key = (tax.code, tax.label, tax.rate_ppm)
            charged[key] = charged.get(key, 0) + amount
    for key in charged:
        taxes.setdefault(key, 0)
    for key, amount in taxes.items():
        code, label, rate_ppm = key
        on_charges = charged.get(key, 0)
        if amount + on_charges:
            values: dict[str, int | str] = {"rate_ppm": rate_ppm, "fixed_tax_minor": on_charges}
            reason = "tax" if on_charges or not case.prices.taxes else "tax_on_energy"
            lines.append(Line(code, label, amount + on_charges, 0, chart.tax(code), reason, values))
    return _merged(lines) if len(bought) > 1 else lines


def _taxed(stretch: Bought) -> list[tuple[Tax, int]]:
    """Each tax in the money of a stretch, rounded half up by itself, as long as money is left."""
    weights: dict[str, tuple[Tax, int]] = {}
    for part in stretch.segment.parts:
        for tax in part.taxes:
            _, before = weights.get(_key(tax), (tax, 0))
            weights[_key(tax)] = tax, before + part.weight * tax.rate_ppm
    found, left, gross = [], stretch.money_minor, stretch.segment.gross
    for tax, weight in weights.values():
        amount = min(left, rounded(stretch.money_minor, weight, gross)) if gross else 0
        left -= amount
        found.append((tax, amount))
    return found


def _key(tax: Tax) -> str:
    return f"{tax.code} {tax.rate_ppm} {tax.label}"


def _add_taxes(taxes: dict[tuple[str, str, int], int], stretch: Bought) -> None:
    for tax, amount in _taxed(stretch):
        key = (tax.code, tax.label, tax.rate_ppm)
        taxes[key] = taxes.get(key, 0) + amount


def _stretch(stretch: Bought) -> list[Line]:
    """The sub-items of a stretch share its money by their prices and its energy by its carriers."""
    parts, money, energy_wh = stretch.segment.parts, stretch.money_minor, stretch.energy_wh
    if not money and not energy_wh:
        return []
    if not stretch.segment.gross:
        return [_free(stretch)]
    net = sum(part.weight for part in parts)
    for_parts = money - sum(amount for _, amount in _taxed(stretch))
    lines, weight, carried, given, given_wh = [], 0, 0, 0, 0
    for part in parts:
        weight, carried = weight + part.weight, carried + part.energy_share
        amount = for_parts * weight // net - given
        here_wh = energy_wh * carried // (PPM * PPM) - given_wh if part.energy_share else 0
        given, given_wh = given + amount, given_wh + here_wh
        lines.append(_part_line(part, amount, here_wh))
    return lines


def _part_line(part: Part, amount: int, energy_wh: int) -> Line:
    return Line(
        part.item.code, part.label, amount, energy_wh, part.account, part.reason, part.values
    )


def _free(stretch: Bought) -> Line:
    """Energy that costs nothing: one line under the name that the price sheet gives it."""
    first, preference = stretch.segment.parts[0], stretch.segment.preference
    assert preference is not None, "only the price sheet gives energy away"
    values: dict[str, int | str] = {"first_wh": preference.first_wh}
    return Line(
        preference.code, preference.label, 0, stretch.energy_wh, first.account, "free_units", values
    )


def _merged(lines: list[Line]) -> list[Line]:
    """A sub-item that costs the same in several stretches has one line, where it first stood."""
    found: dict[object, Line] = {}
    for line in lines:
        key = (line.code, line.label, line.account, line.reason, *sorted(line.values.items()))
        before = found.get(key)
        found[key] = line if before is None else msgspec.structs.replace(
            before,
            amount_minor=before.amount_minor + line.amount_minor,
            energy_wh=before.energy_wh + line.energy_wh,
        )  # fmt: skip
    return list(found.values())


def rounded(amount: int, part: int, whole: int) -> int:
    """amount * part / whole, rounded half up."""
    return (2 * amount * part + whole) // (2 * whole)
