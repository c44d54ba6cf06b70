"""The verbs of a tariff clerk: look at what a new pack changes for whom, and put it into force.

Prices come into force by two persons (E35), as a fact of the journal that holds the whole pack:
dated, numbered, signed with its entry, and named by its digest in every sale.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from kiosk.domain import facts, tariff
from kiosk.domain.tariff_pack import TariffPack, Usage, pack_bytes, pack_digest
from kiosk.errors import Refusal
from kiosk.till.desk import Desk
from kiosk.till.operators import second_person
from kiosk.till.tokens import SecondPerson
from kiosk.till.usage import local, wall_clock, zone_of

#: What a month's purchase is looked at for: a small, a middling and a large household.
EXAMPLES_WH = (50_000, 150_000, 400_000)
#: A price that changes by more than this is more often a slip of the pen than a decision.
_JUMP = 3


class Example(msgspec.Struct, frozen=True):
    """What `energy_wh` costs at the first purchase of a month, now and then; None: not for sale."""

    energy_wh: int
    now_minor: int | None
    then_minor: int | None


class Change(msgspec.Struct, frozen=True):
    """What a pack changes for the meters of one power type whose customers are of one class."""

    power_type: str
    customer_class: str
    meters: int
    examples: list[Example]


def preview(desk: Desk, pack: TariffPack) -> list[Change] | Refusal:
    """What `pack` changes for whom, against the prices in force now."""
    refused = desk.gate("tariffs")
    if refused is not None:
        return refused
    now_ms = desk.clock.now().time_ms
    found = desk.records.tariff_at(now_ms)
    before = found[1] if found is not None else None
    then_ms = max(now_ms, pack.valid_from_ms)
    return [
        _change(desk, before, pack, case, meters, then_ms)
        for case, meters in _cases(desk, before, pack).items()
    ]


def _cases(desk: Desk, before: TariffPack | None, pack: TariffPack) -> dict[tuple[str, str], int]:
    """Every power type and customer class that there are meters of or prices for."""
    known = desk.records.meters_of_types()
    cases = dict.fromkeys(known, 0)
    for each in [before, pack]:
        for prices in each.power_types if each is not None else []:
            cases.setdefault((prices.code, ""), 0)
    return {case: known.get(case, 0) for case in sorted(cases)}


def _change(
    desk: Desk, before: TariffPack | None, pack: TariffPack, case: tuple[str, str], meters: int,
    then_ms: int,
) -> Change:  # fmt: skip
    examples = [
        Example(wanted, _cost(desk, before, case, wanted, then_ms),
                _cost(desk, pack, case, wanted, then_ms))
        for wanted in EXAMPLES_WH
    ]  # fmt: skip
    return Change(*case, meters, examples)


def _cost(
    desk: Desk, pack: TariffPack | None, case: tuple[str, str], energy_wh: int, time_ms: int
) -> int | None:
    code, customer_class = case
    if pack is None or not pack.has(code):
        return None
    moment = local(time_ms, zone_of(pack, desk.settings.site.timezone))
    quoted = tariff.quote_energy(
        pack, code, energy_wh, account="", carrier="token",
        usage=_first_purchase(moment, customer_class),
    )  # fmt: skip
    return None if isinstance(quoted, Refusal) else quoted.amount_minor


def _first_purchase(moment: datetime, customer_class: str) -> Usage:
    return Usage(at=wall_clock(moment), customer_class=customer_class)


def publish(
    desk: Desk, pack: TariffPack, second: SecondPerson, *,
    jump: bool = False, backdate: bool = False,
) -> str | Refusal:  # fmt: skip
    """Put `pack` into force from its own date; gives its digest.

    Refuses a number that is known, another currency, a pack without prices for a meter that is
    known, without `jump` a price that changes more than threefold, and without `backdate` a date
    since which was sold at other prices: such sales can be priced again (E11).
    """
    refused = desk.gate("tariffs") or _misfit(desk, pack)
    if refused is not None:
        return refused
    changes = preview(desk, pack)
    if isinstance(changes, Refusal):
        return changes
    jumping = next((change.power_type for change in changes if _jumps(change)), None)
    if jumping is not None and not jump:
        return Refusal("price_jump", {"power_type": jumping})
    sales = sold_since(desk, pack)
    if sales and not backdate:
        details: dict[str, str | int] = {"valid_from_ms": pack.valid_from_ms, "sales": sales}
        return Refusal("prices_backdated", details)
    agreed = second_person(desk, second.name, second.pin, "tariffs")
    if isinstance(agreed, Refusal):
        return agreed
    outcome = desk.journal.append(
        facts.TariffPublished(
            pack.number, pack_digest(pack), pack.currency, pack.valid_from_ms, pack.use_by_ms,
            pack_bytes(pack), desk.operator, second.name,
        )
    )  # fmt: skip
    if isinstance(outcome, Refusal):
        return outcome
    desk.nudge()
    return pack_digest(pack)


def sold_since(desk: Desk, pack: TariffPack) -> int:
    """Sales since the date of `pack`, at other prices; for a date to come there are none."""
    return desk.records.count_delivered_since(pack.valid_from_ms)


def _misfit(desk: Desk, pack: TariffPack) -> Refusal | None:
    newest = desk.records.tariff()
    last = newest[1].number if newest is not None else 0
    if pack.number <= last:
        return Refusal("tariff_number_used", {"number": pack.number, "next_number": last + 1})
    if pack.currency != desk.currency:
        details: dict[str, str | int] = {
            "tariff_currency": pack.currency, "books_currency": desk.currency,
        }  # fmt: skip
        return Refusal("tariff_currency", details)
    for (code, _), meters in desk.records.meters_of_types().items():
        if not pack.has(code):
            return Refusal("tariff_lacks_power_type", {"power_type": code, "meters": meters})
    return None


def _jumps(change: Change) -> bool:
    for example in change.examples:
        now, then = example.now_minor, example.then_minor
        if now is not None and then is not None and not now <= _JUMP * then <= _JUMP**2 * now:
            return True
    return False
