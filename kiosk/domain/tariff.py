"""What energy costs: a tariff pack, and `quote`, which turns money into energy line by line.

Every figure is an integer and every line carries the reason for its amount, so that slip, screen,
`kiosk why` and the auditor show the same. The lines sum to the amount exactly; what rounding
gives away is a line of its own, in the customer's favour (E30).
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from kiosk.domain import chart
from kiosk.domain.energy import CARD_LARGEST_WH, STS_LARGEST_UNITS, STS_STEP_WH, token_energy_wh
from kiosk.domain.money import LARGEST_MINOR
from kiosk.errors import Refusal

PPM = 1_000_000
WH_PER_MWH = 1_000_000

Carrier = Literal["token", "card"]


class SubItem(msgspec.Struct, frozen=True):
    """One part of the price of energy: "Generation", "Grid", "Rural electrification levy".

    `kind` "energy" is the utility's revenue, "levy" is collected for somebody else. Prices are in
    minor units per MWh, that is 1/1000 of a minor unit per kWh, before tax.
    """

    code: str
    label: str
    kind: Literal["energy", "levy"]
    price_minor_per_mwh: int
    taxed: bool = True


class PowerType(msgspec.Struct, frozen=True):
    """The prices of one class of customers. Tax rates are in millionths (15 % = 150000)."""

    code: str
    label: str
    sub_items: list[SubItem]
    tax_label: str
    tax_rate_ppm: int
    fixed_label: str
    fixed_minor: int
    minimum_minor: int
    maximum_minor: int
    debt_share_ppm: int


class TariffPack(msgspec.Struct, frozen=True):
    """Dated, numbered prices for every power type; a sale stores the digest of its pack (E11)."""

    number: int
    label: str
    currency: str
    valid_from_ms: int
    power_types: list[PowerType]

    def power_type(self, code: str) -> PowerType:
        """The power type `code`; a meter with an unknown one cannot enter the registry."""
        return next(entry for entry in self.power_types if entry.code == code)


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
    """What `amount_minor` buys; `energy_wh` is what the carrier will carry."""

    amount_minor: int
    currency: str
    energy_wh: int
    lines: list[Line]
    power_type: str
    tariff_digest: str


def pack_bytes(pack: TariffPack) -> bytes:
    """The bytes of a pack as they are stored, hashed and signed."""
    return msgspec.msgpack.encode(pack)


def pack_digest(pack: TariffPack) -> str:
    """SHA-256 of the pack's bytes, in hex: the name under which a sale remembers its prices."""
    return hashlib.sha256(pack_bytes(pack)).hexdigest()


def quote(
    pack: TariffPack,
    power_type: str,
    amount_minor: int,
    *,
    account: str,
    debt_minor: int = 0,
    debt_taken_minor: int | None = None,
    carrier: Carrier,
) -> Quote | Refusal:
    """What `amount_minor` buys for a customer with `debt_minor` of old debt.

    `debt_taken_minor` is what a customer's own plan takes of it; None: the share of the pack.
    Order: old debt (a share of the payment), fixed charge and its tax, then energy. Refuses an
    amount outside the limits, naming the nearest allowed one (E37).
    """
    prices = pack.power_type(power_type)
    agreed = debt_taken_minor is not None
    due = debt_minor if debt_taken_minor is None else min(debt_taken_minor, debt_minor)
    outside = _limits(prices, amount_minor, due, carrier, agreed)
    if outside is not None:
        return outside
    debt = due if agreed else min(debt_minor, amount_minor * prices.debt_share_ppm // PPM)
    fixed_tax = _charged(prices) - prices.fixed_minor
    for_energy = amount_minor - debt - prices.fixed_minor - fixed_tax
    due_wh = -(-for_energy * WH_PER_MWH * PPM // _gross_ppm(prices))
    bought = _energy(prices, for_energy, fixed_tax)
    carried = token_energy_wh(due_wh) if carrier == "token" else due_wh
    lines = _charges(prices, debt, debt_minor, amount_minor, account, agreed) + bought
    free = carried - bought[0].energy_wh
    if free:
        lines.append(
            Line("rounding", "", 0, free, chart.ROUNDING, "rounding", {"carrier": carrier})
        )
    assert sum(line.amount_minor for line in lines) == amount_minor, lines
    assert sum(line.energy_wh for line in lines) == carried, lines
    return Quote(amount_minor, pack.currency, carried, lines, power_type, pack_digest(pack))


def unsellable(pack: TariffPack) -> str | None:
    """The first power type whose prices contradict themselves, or None: `quote` counts on it.

    Whatever a customer owes, the maximum must buy energy, and the minimum must fit on a token.
    """
    codes = [prices.code for prices in pack.power_types]
    for prices in pack.power_types:
        if codes.count(prices.code) > 1 or not _is_sound(prices):
            return prices.code
    return None


def _is_sound(prices: PowerType) -> bool:
    figures = [item.price_minor_per_mwh for item in prices.sub_items]
    figures += [prices.fixed_minor, prices.tax_rate_ppm, prices.debt_share_ppm]
    if min(figures) < 0 or not any(item.price_minor_per_mwh for item in prices.sub_items):
        return False
    if not (prices.debt_share_ppm < PPM and 0 < prices.minimum_minor <= prices.maximum_minor):
        return False
    everything = prices.minimum_minor * WH_PER_MWH * PPM
    fits = everything <= STS_LARGEST_UNITS * STS_STEP_WH * _gross_ppm(prices)
    return fits and _least_useful(prices) <= prices.maximum_minor <= LARGEST_MINOR


def _charged(prices: PowerType) -> int:
    """The fixed charge with its tax."""
    return prices.fixed_minor + _share(prices.fixed_minor, prices.tax_rate_ppm, PPM)


def _least_useful(prices: PowerType) -> int:
    """The smallest amount of which something is left after the fixed charge and a full share of
    debt: amount - amount * share > charge, so the way back divides by 1 - share."""
    return _charged(prices) * PPM // (PPM - prices.debt_share_ppm) + 1


def _gross_ppm(prices: PowerType) -> int:
    """The price of a MWh with its tax, in millionths of a minor unit."""
    net = sum(item.price_minor_per_mwh for item in prices.sub_items)
    taxed = sum(item.price_minor_per_mwh for item in prices.sub_items if item.taxed)
    return net * PPM + taxed * prices.tax_rate_ppm


def _limits(
    prices: PowerType, amount_minor: int, debt_minor: int, carrier: Carrier, agreed: bool
) -> Refusal | None:
    """Why `amount_minor` cannot be sold to this customer, with the nearest amount that can.

    Debt that is `agreed` is taken whole; otherwise no more than the share of the pack.
    """
    owing = _charged(prices) + debt_minor + 1
    lowest = max(prices.minimum_minor, owing if agreed else min(owing, _least_useful(prices)))
    if amount_minor < lowest:
        small = amount_minor < prices.minimum_minor
        code = "amount_below_minimum" if small else "amount_buys_nothing"
        return Refusal(code, {"nearest_minor": lowest})
    largest_wh = STS_LARGEST_UNITS * STS_STEP_WH if carrier == "token" else CARD_LARGEST_WH
    highest = min(prices.maximum_minor, _most_carried(prices, largest_wh, debt_minor, agreed))
    if amount_minor > prices.maximum_minor:
        return Refusal("amount_above_maximum", {"nearest_minor": highest})
    if amount_minor > highest:
        details: dict[str, str | int] = {"largest_wh": largest_wh, "nearest_minor": highest}
        return Refusal("energy_above_carrier", details)
    return None


def _most_carried(prices: PowerType, largest_wh: int, debt_minor: int, agreed: bool) -> int:
    """The largest amount whose energy is no more than `largest_wh`."""
    after_debt = largest_wh * _gross_ppm(prices) // (WH_PER_MWH * PPM) + _charged(prices)
    if agreed:
        return after_debt + debt_minor
    return min(after_debt + debt_minor, after_debt * PPM // (PPM - prices.debt_share_ppm))


def _charges(
    prices: PowerType, debt: int, debt_minor: int, amount_minor: int, account: str, agreed: bool
) -> list[Line]:
    lines = []
    if debt and agreed:
        values: dict[str, int | str] = {"taken_minor": debt, "left_minor": debt_minor - debt}
        owing = chart.receivable(account)
        lines.append(Line("debt", "", debt, 0, owing, "debt_agreed", values))
    elif debt:
        values = {
            "share_ppm": prices.debt_share_ppm,
            "paid_minor": amount_minor,
            "left_minor": debt_minor - debt,
        }
        lines.append(Line("debt", "", debt, 0, chart.receivable(account), "debt", values))
    if prices.fixed_minor:
        lines.append(
            Line(
                "fixed", prices.fixed_label, prices.fixed_minor, 0, chart.revenue("fixed"), "fixed"
            )
        )
    return lines


def _energy(prices: PowerType, for_energy: int, fixed_tax: int) -> list[Line]:
    """The energy lines: tax rounded half up, the rest shared over the sub-items by price.

    The first line is the energy itself and carries the whole watt-hours; tax comes last and holds
    the tax on the fixed charge too, because a slip has one line for a tax.
    """
    net = sum(item.price_minor_per_mwh for item in prices.sub_items)
    taxed = sum(item.price_minor_per_mwh for item in prices.sub_items if item.taxed)
    gross_ppm = _gross_ppm(prices)
    bought_wh = for_energy * WH_PER_MWH * PPM // gross_ppm
    tax = _share(for_energy, taxed * prices.tax_rate_ppm, gross_ppm)
    lines, weight, given = [], 0, 0
    for place, item in enumerate(prices.sub_items):
        weight += item.price_minor_per_mwh
        amount = (for_energy - tax) * weight // net - given
        given += amount
        book = chart.revenue if item.kind == "energy" else chart.levy
        values: dict[str, int | str] = {"price_minor_per_mwh": item.price_minor_per_mwh}
        energy_wh = bought_wh if place == 0 else 0
        lines.append(
            Line(item.code, item.label, amount, energy_wh, book(item.code), item.kind, values)
        )
    if tax + fixed_tax:
        values = {"rate_ppm": prices.tax_rate_ppm, "fixed_tax_minor": fixed_tax}
        lines.append(
            Line("tax", prices.tax_label, tax + fixed_tax, 0, chart.tax("tax"), "tax", values)
        )
    return lines


def _share(amount: int, part: int, whole: int) -> int:
    """amount * part / whole, rounded half up."""
    return (2 * amount * part + whole) // (2 * whole)
