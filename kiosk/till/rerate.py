"""The verb rerate: sales at prices that were out of date are priced again (E07, E11).

The token or card is never touched: its energy stays, and what it should have cost is compared with
what was paid. The difference goes to the customer's account, or is the utility's (`rerate_to`).
"""

from __future__ import annotations

from kiosk.domain import correction_facts
from kiosk.domain.account_record import AccountRecord
from kiosk.domain.rerating import due_minor
from kiosk.errors import Refusal
from kiosk.till.desk import Desk
from kiosk.till.money_of import may_take, write


def rerate(desk: Desk, sale_id: str) -> AccountRecord | Refusal:
    """Price one sale again with the pack that was in force when it was made."""
    refused = may_take(desk, "approve")
    if refused is not None:
        return refused
    record = desk.records.sale(sale_id)
    if record is None:
        return Refusal("unknown_sale", {"sale": sale_id[:40]})
    committed = record.committed
    if record.state != "delivered" or desk.records.undone(sale_id) is not None:
        return Refusal("sale_not_ended", {"sale": sale_id})
    right = desk.records.tariff_in_force(record.time_ms)
    sold_at = desk.records.tariff(committed.tariff_digest)
    if right is None or sold_at is None or right[0] == committed.tariff_digest:
        return Refusal("priced_right", {"sale": sale_id})
    due = due_minor(committed, sold_at[1], right[1])
    if isinstance(due, Refusal):
        return due
    fact = correction_facts.SaleRerated(
        sale_id, committed.account, right[0], committed.currency, committed.amount_minor, due,
        desk.settings.accounts.rerate_to, desk.operator,
    )  # fmt: skip
    return write(desk, fact, committed.account)


def rerate_all(desk: Desk) -> list[AccountRecord] | Refusal:
    """Every sale since the newest pack came into force that was made at other prices."""
    refused = may_take(desk, "approve")
    if refused is not None:
        return refused
    right = desk.records.tariff_in_force(desk.clock.now().time_ms)
    if right is None:
        return []
    provisional = desk.records.provisional_sales(right[0], right[1].valid_from_ms)
    done = [rerate(desk, sale_id) for sale_id in provisional]
    return [event for event in done if isinstance(event, AccountRecord)]
