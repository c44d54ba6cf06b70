"""The lines of a quote: where every minor unit and watt-hour of a purchase stands, and why."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from kiosk.domain import chart
from kiosk.domain.energy import token_energy_wh
from kiosk.domain.tariff_calendar import units_due
from kiosk.domain.tariff_pack import PPM, Charge, PowerType, Tax, Usage
from kiosk.domain.tariff_segments import Bought, Part, Segment

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


class Due(NamedTuple):
    """A charge that is due now, and the tax on it under each tax code."""

    charge: Charge
    times: int
    until: str
    taxes: list[tuple[Tax, int]]

    @property
    def net_minor(self) -> int:
        """What it takes before tax."""
        return self.charge.amount_minor * self.times

    @property
    def gross_minor(self) -> int:
        """What it takes with its taxes."""
        return self.net_minor + sum(amount for _, amount in self.taxes)


class DebtRule(NamedTuple):
    """What of a purchase goes to old debt: a share of it, but no more than `most_minor`."""

    share_ppm: int
    most_minor: int


class Case(NamedTuple):
    """One purchase as the price sees it: whose prices, what is charged, what energy costs."""

    prices: PowerType
    found: list[Segment]
    due: list[Due]
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
        """All charges with their taxes: what is gone before energy is bought."""
        return sum(due.gross_minor for due in self.due)

    def debt_of(self, amount_minor: int) -> int:
        """The part of a payment that goes to old debt."""
        return min(self.payable_minor, amount_minor * self.share_ppm // PPM)

    def carried_wh(self, due_wh: int) -> int:
        """The energy that the carrier carries when at least `due_wh` is due."""
        return token_energy_wh(due_wh) if self.carrier == "token" else due_wh


def due_now(prices: PowerType, charge: Charge, usage: Usage) -> Due:
    """What `charge` takes now, with each of its taxes rounded half up."""
    times, until = units_due(charge, usage)
    net = charge.amount_minor * times
    taxes = [
        (tax, rounded(net, tax.rate_ppm, PPM))
        for tax in prices.all_taxes()
        if charge.code in tax.on
    ]
    return Due(charge, times, until, taxes)


def charge_lines(case: Case, debt: int, amount_minor: int, account: str) -> list[Line]:
    """The line of old debt, if there is one, then one for each charge that is due."""
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


def _charge_line(due: Due) -> Line:
    charge = due.charge
    book = chart.revenue if charge.kind == "energy" else chart.levy
    reason, values = "fixed", dict[str, int | str]()
    if charge.per != "purchase":
        reason = f"per_{charge.per}"
        values = {"price_minor": charge.amount_minor, "count": due.times, "until": due.until}
    return Line(charge.code, charge.label, due.net_minor, 0, book(charge.code), reason, values)


def energy_lines(case: Case, bought: list[Bought]) -> list[Line]:
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
