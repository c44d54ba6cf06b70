"""kiosk customers, meters, search: who is known here, and how that is changed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from kiosk.domain import money
from kiosk.domain.registry import Customer
from kiosk.domain.registry_changes import CUSTOMER_FIELDS
from kiosk.errors import BadInput, Refusal
from kiosk.front.cli import Context
from kiosk.front.commands import registry_meters, say
from kiosk.front.operator import become
from kiosk.front.wiring import House, opened
from kiosk.till import amend, history, registration, registry_export, registry_file
from kiosk.till.desk import Desk
from kiosk.till.registry_file import Report

Row = dict[str, str | int | bool | None]
Act = Callable[[House, argparse.Namespace], int | Refusal]

#: Words of `kiosk customers`; any other first word is a search.
_WORDS = ("open", "amend", "import", "export")


def arguments(verb: str, parser: argparse.ArgumentParser) -> None:
    """What each verb takes."""
    if verb == "meters":
        registry_meters.arguments(parser)
        return
    words = f"; or one of {', '.join(_WORDS)}" if verb == "customers" else ""
    help_text = f"name, address, phone, account, meter, card{words}"
    parser.add_argument("search", nargs="?", default="", help=help_text)
    parser.add_argument("--limit", type=int, default=1000, help="at most so many rows")
    if verb == "customers":
        _words(parser)
    say.who(parser)


def _words(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", default="", help="the CSV file of import and export")
    parser.add_argument("--dry-run", action="store_true", help="judge every row, write nothing")
    for name in ("account", "name", "address", "phone", "customer_class", "area"):
        parser.add_argument(f"--{name}", default=None, help=f"{name} of the customer")
    parser.add_argument("--reason", default="", help="why it is amended; it is kept")


def run(verb: str, options: argparse.Namespace, context: Context) -> int:
    """List, search, open, amend, import or export."""
    options.verb = verb
    if verb == "meters":
        act: Act = registry_meters.act_of(options)
    else:
        words: dict[str, Act] = {
            "open": _open, "amend": _amend, "import": _import, "export": _export,
        }  # fmt: skip
        act = words.get(options.search, _list) if verb == "customers" else _list
    with opened(context.home, context.settings) as house:
        outcome = become(house.desk, options.operator) or act(house, options)
        if isinstance(outcome, Refusal):
            return say.refused(outcome, context.settings)
        return outcome


# --- list -------------------------------------------------------------------------------------


def _list(house: House, options: argparse.Namespace) -> int | Refusal:
    everything = options.verb == "search"
    meters = history.search(house.desk, options.search, options.limit, retired=everything)
    if isinstance(meters, Refusal):
        return meters
    rows = [_row(house.desk, meter.number) for meter in meters]
    rows += _without_meter(house.desk, options)
    if options.json:
        say.json(rows)
        return 0
    if not rows and options.search:
        say.aside(house.words.say("cashier.search_empty", text=options.search))
    for row in rows:
        debt = money.format_amount(int(row["debt_minor"] or 0), house.settings.site.currency)
        say.out(
            f"{row['meter']:<11}  {row['meter_kind']:<6}  {row['card'] or '-':<12}"
            f"  {row['account']}"
            f"  {row['customer']:<22}  {row['address']:<22}  {row['power_type']:<7} debt {debt:>8}"
            f"{_state(row)}"
        )
    return 0


def _without_meter(desk: Desk, options: argparse.Namespace) -> list[Row]:
    """Customers whose account is open and who have no meter yet."""
    customers = history.find_customers(desk, options.search, options.limit)
    assert not isinstance(customers, Refusal), "whoever may search meters may search customers"
    return [
        {
            **dict.fromkeys(("meter", "meter_kind", "power_type", "replaced_by"), ""),
            "customer": customer.name, "account": customer.account, "address": customer.address,
            "phone": customer.phone, "card": None, "blocked": False, "retired": False,
            "debt_minor": 0, "credit_minor": 0,
        }
        for customer in customers
        if not desk.records.meters_of(customer.account)
    ]  # fmt: skip


def _state(row: Row) -> str:
    if row["retired"]:
        return f"  RETIRED {row['replaced_by'] or ''}".rstrip()
    return "  BLOCKED" if row["blocked"] else ""


def _row(desk: Desk, number: str) -> Row:
    row = history.registry_row(desk, number)
    return {
        "customer": row.customer.name,
        "account": row.meter.account,
        "address": row.customer.address,
        "phone": row.customer.phone,
        "meter": row.meter.number,
        "meter_kind": row.meter.kind,
        "card": row.card.number if row.card else None,
        "power_type": row.meter.power_type,
        # Nothing can be sold to it: what scripts ask this field for.
        "blocked": row.meter.blocked or row.meter.retired,
        "retired": row.meter.retired,
        "replaced_by": row.meter.replaced_by,
        "debt_minor": row.debt_minor,
        "credit_minor": row.credit_minor,
    }


# --- open and amend ---------------------------------------------------------------------------


def _open(house: House, options: argparse.Namespace) -> int | Refusal:
    """A customer alone; `kiosk meters install` adds the meter."""
    customer = Customer(
        options.account or "", options.name or "", options.address or "", options.phone or "", 0,
        options.customer_class or "", options.area or "",
    )  # fmt: skip
    made = registration.open_account(house.desk, customer, None)
    return made if isinstance(made, Refusal) else _show(made.customer, options)


def _amend(house: House, options: argparse.Namespace) -> int | Refusal:
    wanted = [name for name in CUSTOMER_FIELDS if getattr(options, name) is not None]
    if not options.account or not wanted:
        raise BadInput("Say which --account, and what of it: --name, --address, --phone ...")
    customer: Customer | Refusal = Refusal("nothing_changed", {})
    for name in wanted:
        customer = amend.amend_customer(
            house.desk, options.account, name, getattr(options, name), options.reason
        )
        if isinstance(customer, Refusal):
            return customer
    assert isinstance(customer, Customer)
    return _show(customer, options)


def _show(customer: Customer, options: argparse.Namespace) -> int:
    if options.json:
        say.json(customer)
    else:
        values = msgspec.structs.asdict(customer)
        say.out("  ".join(str(values[name]) for name in ("account", "name", "address", "phone")))
    return 0


# --- files ------------------------------------------------------------------------------------


def _import(house: House, options: argparse.Namespace) -> int | Refusal:
    path = _file(options)
    bring = registry_file.check_file if options.dry_run else registry_file.import_file
    report = bring(house.desk, path, _progress)
    if isinstance(report, Refusal):
        return report
    if options.json:
        say.json(_report_json(house, report))
    else:
        for bad in report.bad:
            sentence = house.words.refusal(bad.refusal)
            say.out(f"line {bad.line}, {bad.column or 'row'}: {sentence}")
        say.out(
            house.words.say(
                "registry.would_import" if options.dry_run else "registry.imported",
                rows=report.rows, customers=report.customers, meters=report.meters,
                known=report.known, bad=len(report.bad),
            )
        )  # fmt: skip
    return 1 if report.bad else 0


def _report_json(house: House, report: Report) -> dict[str, Any]:
    bad = [
        {"line": b.line, "column": b.column, "code": b.refusal.code,
         "sentence": house.words.refusal(b.refusal)}
        for b in report.bad
    ]  # fmt: skip
    counts = {name: getattr(report, name) for name in ("rows", "customers", "meters", "known")}
    return {**counts, "bad": bad}


def _export(house: House, options: argparse.Namespace) -> int | Refusal:
    path = _file(options)
    count = registry_export.export_file(house.desk, path, _progress)
    if isinstance(count, Refusal):
        return count
    if options.json:
        say.json({"file": str(path), "rows": count})
    else:
        say.out(house.words.say("registry.exported", rows=count, file=str(path)))
    return 0


def _file(options: argparse.Namespace) -> Path:
    if not options.file:
        raise BadInput(f"Name the file: `kiosk customers {options.search} FILE`.")
    return Path(options.file)


def _progress(rows: int, total: int = 0) -> None:
    """How far it is, and of how many where that is known; on a terminal only."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{rows} of {total} rows" if total else f"\r{rows} rows")
        sys.stderr.flush()
