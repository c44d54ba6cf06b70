"""The verb quote: what an amount buys for a meter, with every reason, before any money is taken."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kiosk.domain import chart, debts, tariff
from kiosk.domain.credit_registers import ELECTRICITY, counts_money
from kiosk.domain.free_units import FreeUnits
from kiosk.domain.registry import (
    CARD_DIGITS,
    METER_DIGITS,
    Card,
    Customer,
    Meter,
    check_number,
    power_type_at,
)
from kiosk.errors import Refusal
from kiosk.till.desk import Desk
from kiosk.till.usage import pack_in_force, usage_of


class Buyer(msgspec.Struct, frozen=True):
    """A meter and whose it is. `credit_minor` is money kept for the meter, `debt_minor` is owed."""

    meter: Meter
    customer: Customer
    card: Card | None
    debt_minor: int
    credit_minor: int
    minimum_minor: int
    maximum_minor: int
    #: How this customer pays old debt; None: by the share of the tariff pack.
    plan: debts.Plan | None = None


class Offer(msgspec.Struct, frozen=True):
    """A quote with its sale id; it lives for `quote_life_s` and is bound to one tariff pack.

    `free` is what goes with it in tokens of its own.
    """

    sale_id: str
    buyer: Buyer
    quote: tariff.Quote
    made_ms: int
    free: list[FreeUnits] = []


def find_buyer(desk: Desk, number: str) -> Buyer | Refusal:
    """Who `number` is: a meter number or a card number, told apart by its length (E24)."""
    bare = number.replace(" ", "")
    if len(bare) == CARD_DIGITS:
        checked = check_number(bare, CARD_DIGITS, "card")
        if isinstance(checked, Refusal):
            return checked
        card = desk.records.card(number=checked)
        if card is None:
            return Refusal("unknown_card", {"card": checked})
        return buyer_of(desk, card.meter)
    checked = check_number(bare, METER_DIGITS, "meter")
    return checked if isinstance(checked, Refusal) else buyer_of(desk, checked)


def buyer_of(desk: Desk, meter_number: str) -> Buyer | Refusal:
    """The buyer behind a meter, refused when it may not buy at all (blocked, or in doubt)."""
    meter = desk.records.meter(meter_number)
    if meter is None:
        return Refusal("unknown_meter", {"meter": meter_number})
    if not meter.retired and meter.register != ELECTRICITY:
        code = "meter_counts_money" if counts_money(meter.register) else "meter_not_sold"
        return Refusal(code, {"meter": meter_number})
    refused = not_supplied(desk, meter)
    if refused is not None:
        return refused
    power_type = power_type_at(meter, desk.clock.now().time_ms)
    meter = msgspec.structs.replace(meter, power_type=power_type)
    customer = desk.records.customer(meter.account)
    assert customer is not None, meter
    found = _prices_of(desk, meter)
    if isinstance(found, Refusal):
        return found
    prices = found[1].power_type(meter.power_type)
    return Buyer(
        meter=meter,
        customer=customer,
        card=desk.records.card(meter=meter_number),
        debt_minor=max(0, desk.records.balance(chart.receivable(meter.account), desk.currency)),
        credit_minor=-desk.records.balance(chart.meter_account(meter_number), desk.currency),
        minimum_minor=prices.minimum_minor,
        maximum_minor=prices.maximum_minor,
        plan=desk.records.debt_plan(meter.account),
    )


def not_supplied(desk: Desk, meter: Meter) -> Refusal | None:
    """Why a meter gets no energy now, sold or given: it was taken out, is blocked, or its account
    is closed."""
    if meter.retired:
        return retired(meter)
    if meter.blocked:
        return Refusal("blocked_meter", {"meter": meter.number})
    return account_closed(desk, meter)


def account_closed(desk: Desk, meter: Meter) -> Refusal | None:
    """Nothing is owed to a meter whose account was settled and closed."""
    if not desk.records.is_closed(meter.account):
        return None
    return Refusal("account_closed", {"account": meter.account})


def retired(meter: Meter) -> Refusal:
    """Why nothing can be bought for a meter that was taken out, and which one is there now."""
    if meter.replaced_by:
        details: dict[str, str | int] = {"meter": meter.number, "new_meter": meter.replaced_by}
        return Refusal("replaced_meter", details)
    return Refusal("retired_meter", {"meter": meter.number})


def quote(desk: Desk, buyer: Buyer, amount_minor: int, sale_id: str = "") -> Offer | Refusal:
    """What `amount_minor` buys now. `sale_id` keeps the id when a quote is made again."""
    return _offer(desk, buyer, tariff.quote, amount_minor, sale_id)


def quote_energy(desk: Desk, buyer: Buyer, energy_wh: int, sale_id: str = "") -> Offer | Refusal:
    """The smallest amount that buys at least `energy_wh` now, and what it buys."""
    return _offer(desk, buyer, tariff.quote_energy, energy_wh, sale_id)


def _offer(
    desk: Desk, buyer: Buyer, price: Callable[..., tariff.Quote | Refusal], wanted: int,
    sale_id: str,
) -> Offer | Refusal:  # fmt: skip
    """The offer at the prices of this moment, for what the meter has bought up to now."""
    refused = desk.gate("quote") or _card_in_doubt(desk, buyer)
    if refused is not None:
        return refused
    now_ms, meter = desk.clock.now().time_ms, buyer.meter
    found = _prices_of(desk, meter)
    if isinstance(found, Refusal):
        return found
    digest, pack = found
    quoted = price(
        pack,
        meter.power_type,
        wanted,
        account=meter.account,
        debt_minor=buyer.debt_minor,
        plan=debts.rule_of(buyer.plan),
        carrier="token" if meter.kind == "keypad" else "card",
        usage=usage_of(desk, pack, meter, buyer.customer, now_ms),
    )
    if isinstance(quoted, Refusal):
        return quoted
    # A sale names its prices by the bytes that are stored, whoever encoded them.
    named = msgspec.structs.replace(quoted, tariff_digest=digest)
    return Offer(sale_id or desk.entropy.name(), buyer, named, now_ms)


def _prices_of(desk: Desk, meter: Meter) -> tuple[str, tariff.TariffPack] | Refusal:
    """The pack in force with its digest, if it has prices for all that this meter is used for."""
    found = pack_in_force(desk, desk.clock.now().time_ms)
    if isinstance(found, Refusal):
        return found
    for code in [meter.power_type, *(code for code, _ in meter.shares)]:
        if not found[1].has(code):
            return Refusal("no_price_for_power_type", {"power_type": code})
    return found


def _card_in_doubt(desk: Desk, buyer: Buyer) -> Refusal | None:
    """A second write would overwrite the evidence of the first: finish that one before (E03)."""
    if buyer.meter.kind != "card":
        return None
    for record in desk.records.open_sales():
        if record.committed.meter == buyer.meter.number:
            return Refusal("sale_in_doubt_for_meter", {"sale": record.committed.sale_id})
    for sale_id in desk.records.waiting_reversals():
        reversing = desk.records.sale(sale_id)
        if reversing is not None and reversing.committed.meter == buyer.meter.number:
            return Refusal("reversal_unfinished", {"sale": sale_id})
    work = desk.records.has_open_card_work(buyer.meter.number)
    return Refusal("card_work_open", {"work": work}) if work else None
