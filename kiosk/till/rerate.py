"""The verb rerate: sales at prices that were out of date are priced again (E07, E11).

The token or card is never touched: its energy stays, and what it should have cost is compared with
what was paid. The difference goes to the customer's account, or is the utility's (`rerate_to`).
A sale is right at the prices of its moment, and at those of the moment when its quote may have been
made (E12); which prices are known since then makes no difference.
"""

from __future__ import annotations

from kiosk.domain.account_record import AccountRecord
from kiosk.domain.correction_facts import SaleRerated
from kiosk.domain.record import SaleRecord
from kiosk.domain.rerating import due_minor
from kiosk.domain.tariff import TariffPack
from kiosk.errors import Refusal
from kiosk.till.desk import Desk
from kiosk.till.money_of import may_take, write


def rerate(desk: Desk, sale_id: str) -> AccountRecord | Refusal:
    """Price one sale again with the pack that was in force when it was made. For somebody who has
    left the utility bears the difference."""
    refused = may_take(desk, "approve")
    if refused is not None:
        return refused
    fact = _priced_again(desk, sale_id)
    return fact if isinstance(fact, Refusal) else write(desk, fact, fact.account)


def _priced_again(desk: Desk, sale_id: str) -> SaleRerated | Refusal:
    """What `rerate` would write."""
    record = desk.records.sale(sale_id)
    if record is None:
        return Refusal("unknown_sale", {"sale": sale_id[:40]})
    committed, undone = record.committed, desk.records.undone(sale_id)
    if (undone is not None and undone[0] != "intended") or desk.records.cancellation_of(sale_id):
        return Refusal("undone_before", {"sale": sale_id})
    if record.state != "delivered" or undone is not None:
        return Refusal("sale_not_ended", {"sale": sale_id})
    right = _right_for(desk, record)
    sold_at = desk.records.tariff(committed.tariff_digest)
    if right is None or sold_at is None:
        return Refusal("priced_right", {"sale": sale_id})
    due = due_minor(committed, sold_at[1], right[1])
    if isinstance(due, Refusal):
        return due
    meter = desk.records.meter(committed.meter)
    closed = desk.records.is_closed(committed.account)
    return SaleRerated(
        sale_id, committed.account, right[0], committed.currency, committed.amount_minor, due,
        "utility" if closed else desk.settings.accounts.rerate_to, desk.operator,
        committed.meter if meter is not None and not meter.retired else "",
    )  # fmt: skip


def _right_for(desk: Desk, record: SaleRecord) -> tuple[str, TariffPack] | None:
    """The prices that a sale should have had; None where it had them."""
    quoted_ms = record.time_ms - desk.settings.limits.quote_life_s * 1000
    right = desk.records.tariff_at(record.time_ms)
    before = desk.records.tariff_at(quoted_ms)
    known = {found[0] for found in (right, before) if found is not None}
    return None if record.committed.tariff_digest in known else right


def rerate_all(desk: Desk, from_ms: int = 0) -> list[AccountRecord] | Refusal:
    """Every sale since `from_ms` at other prices than those of its moment, however long ago the
    right ones were replaced by newer ones."""
    refused = may_take(desk, "approve")
    if refused is not None:
        return refused
    done = [rerate(desk, sale_id) for sale_id in _provisional(desk, from_ms)]
    return [event for event in done if isinstance(event, AccountRecord)]


def look(desk: Desk, from_ms: int = 0) -> list[SaleRerated] | Refusal:
    """What `rerate_all` would write, sale by sale; nothing is written."""
    refused = desk.gate("approve")
    if refused is not None:
        return refused
    found = [_priced_again(desk, sale_id) for sale_id in _provisional(desk, from_ms)]
    return [fact for fact in found if isinstance(fact, SaleRerated)]


def _provisional(desk: Desk, from_ms: int) -> list[str]:
    """Delivered sales since `from_ms` whose prices were not those of their moment, oldest first."""
    begins = sorted(pack.valid_from_ms for _, pack in desk.records.tariffs())
    if len(begins) < 2:
        return []
    found = desk.records.sales_to_price(max(from_ms, begins[1]))
    return [record.committed.sale_id for record in found if _right_for(desk, record) is not None]
