"""Customers and meters into a CSV file, which `registry_file` reads."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from kiosk.domain.registry import Customer, shares_text
from kiosk.errors import BadInput, Refusal
from kiosk.ledger.files import refuse_inside, refuse_taken
from kiosk.till.desk import Desk
from kiosk.till.registry_file import COLUMNS, PAGE, Tell


def export_file(desk: Desk, path: Path, tell: Tell) -> int | Refusal:
    """Write all customers and their meters in use; the number of rows. Complete or not there, and
    never over another file (BadInput)."""
    refused = desk.gate("registry_file")
    if refused is not None:
        return refused
    refuse_inside(path, desk.home)
    refuse_taken(path)
    draft = path.with_name(f".{path.name}.part")
    count = 0
    try:
        with draft.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for row in _exported(desk):
                writer.writerow(row)
                count += 1
                if count % PAGE == 0:
                    tell(count, 0)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BadInput(f"{path}: cannot be written ({error.strerror}).") from error
    return count


def _exported(desk: Desk) -> Iterator[list[str]]:
    after = ""
    while page := desk.records.customers_after(after, PAGE):
        for customer in page:
            yield from _customer_rows(desk, customer)
        after = page[-1].account


def _customer_rows(desk: Desk, customer: Customer) -> Iterator[list[str]]:
    who = [customer.account, customer.name, customer.address, customer.phone,
           customer.customer_class, customer.area]  # fmt: skip
    meters = [meter for meter in desk.records.meters_of(customer.account) if not meter.retired]
    if not meters:
        yield [*who, *[""] * (len(COLUMNS) - len(who))]
    for meter in meters:
        keypad = meter.kind == "keypad"
        card, record = (
            desk.records.card(meter=meter.number), desk.records.installation(meter.number)
        )  # fmt: skip
        yield [
            *who, meter.number, meter.kind, meter.power_type, str(meter.phases),
            str(meter.capacity_w), meter.supply_group if keypad else "",
            str(meter.tariff_index), card.number if card else "", card.serial if card else "",
            record.place if record else "", record.installed_on if record else "",
            str(record.reading_wh if record else 0), " ".join(record.seals) if record else "",
            shares_text(meter.shares), meter.register,
            *([str(meter.key_revision), str(meter.base_date)] if keypad else ["", ""]),
        ]  # fmt: skip
