"""kiosk customers: who is known here."""

from __future__ import annotations

import argparse

from kiosk.domain import money
from kiosk.errors import Refusal
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.operator import become
from kiosk.front.wiring import opened
from kiosk.till import history
from kiosk.till.desk import Desk


def arguments(_verb: str, parser: argparse.ArgumentParser) -> None:
    """What `kiosk customers` takes."""
    parser.add_argument("search", nargs="?", default="", help="name, address, account, meter, card")
    parser.add_argument("--limit", type=int, default=1000, help="at most so many rows")
    parser.add_argument("--operator", default="", help="who asks; PIN on standard input")
    parser.add_argument("--json", action="store_true")


def run(_verb: str, options: argparse.Namespace, context: Context) -> int:
    """List or search."""
    with opened(context.home, context.settings) as house:
        refused = become(house.desk, options.operator)
        if refused is not None:
            return say.refused(refused, context.settings)
        meters = history.search(house.desk, options.search, options.limit)
        if isinstance(meters, Refusal):
            return say.refused(meters, context.settings)
        rows = [_row(house.desk, meter.number) for meter in meters]
    if options.json:
        say.json(rows)
        return 0
    for row in rows:
        debt = money.format_amount(int(row["debt_minor"] or 0), context.settings.site.currency)
        say.out(
            f"{row['meter']}  {row['meter_kind']:<6}  {row['card'] or '-':<12}  {row['account']}"
            f"  {row['customer']:<22}  {row['address']:<22}  {row['power_type']:<7} debt {debt:>8}"
            f"{'  BLOCKED' if row['blocked'] else ''}"
        )
    return 0


def _row(desk: Desk, number: str) -> dict[str, str | int | bool | None]:
    row = history.registry_row(desk, number)
    return {
        "customer": row.customer.name,
        "account": row.meter.account,
        "address": row.customer.address,
        "meter": row.meter.number,
        "meter_kind": row.meter.kind,
        "card": row.card.number if row.card else None,
        "power_type": row.meter.power_type,
        "blocked": row.meter.blocked,
        "debt_minor": row.debt_minor,
        "credit_minor": row.credit_minor,
    }
