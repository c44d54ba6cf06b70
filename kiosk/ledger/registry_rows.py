"""Rows of the registry: a record into its row and back, and the search text of a customer.

`catalogue` of a row is the number of the catalogue that the record came with, 0 for one that was
registered here and has not come down yet.
"""

from __future__ import annotations

import sys
import unicodedata
from typing import Any

import msgspec

from kiosk.domain.registry import Customer, Meter
from kiosk.ledger.connection import Connection

Record = Customer | Meter

CUSTOMER = "account, name, address, phone, customer_class, area"
METER = (
    "number, account, kind, power_type, blocked, phases, supply_group, key_revision,"
    " tariff_index, key_type, algorithm, base_date, shares, capacity_w, retired, replaced_by,"
    " next_power_type, next_power_type_ms, credit_register"
)

#: subject -> table, key, columns beside `catalogue` and what is derived
_TABLES = {
    "customer": ("customers", "account", CUSTOMER),
    "meter": ("meters", "number", METER),
}


def customer_of(row: tuple[Any, ...]) -> Customer:
    """The customer of a row of CUSTOMER columns."""
    account, name, address, phone, customer_class, area = row
    return Customer(account, name, address, phone, 0, customer_class, area)


def meter_of(row: tuple[Any, ...]) -> Meter:
    """The meter of a row of METER columns."""
    shares = msgspec.json.decode(row[12], type=list[tuple[str, int]]) if row[12] != "[]" else []
    # A default is left out of a record by identity: the same register is the same text here.
    rest = (*row[15:18], sys.intern(row[18]))
    plain = (*row[:4], bool(row[4]), *row[5:12], shares, row[13], bool(row[14]), *rest)
    return Meter(*plain)


def record_of(c: Connection, subject: str, number: str) -> tuple[Record, int] | None:
    """A record and the number of the catalogue it came with; None where there is none."""
    table, key, columns = _TABLES[subject]
    row = c.execute(
        f"SELECT catalogue, {columns} FROM {table} WHERE {key} = ?",  # noqa: S608
        (number,),
    ).fetchone()
    if row is None:
        return None
    return (customer_of(row[1:]) if subject == "customer" else meter_of(row[1:])), row[0]


def put(c: Connection, record: Record, catalogue: int) -> None:
    """Write the row of `record`, new or not."""
    if isinstance(record, Customer):
        _put(c, "customer", (record.account, record.name, record.address, record.phone,
                             record.customer_class, record.area), catalogue)  # fmt: skip
        c.execute(
            "UPDATE customers SET name_key = ? WHERE account = ?",
            (folded(record.name), record.account),
        )
    else:
        _put(c, "meter", _meter_values(record), catalogue)


def _meter_values(meter: Meter) -> tuple[Any, ...]:
    return (
        meter.number, meter.account, meter.kind, meter.power_type, int(meter.blocked),
        meter.phases, meter.supply_group, meter.key_revision, meter.tariff_index, meter.key_type,
        meter.algorithm, meter.base_date, msgspec.json.encode(meter.shares).decode(),
        meter.capacity_w, int(meter.retired), meter.replaced_by, meter.next_power_type,
        meter.next_power_type_ms, meter.register,
    )  # fmt: skip


def _put(c: Connection, subject: str, values: tuple[Any, ...], catalogue: int) -> None:
    c.execute(_PUT[subject], (*values, catalogue))


def _statement(subject: str) -> str:
    table, key, columns = _TABLES[subject]
    names = [name.strip() for name in columns.split(",")]
    derived = ", name_key" if subject == "customer" else ""
    empty = ", ''" if derived else ""
    updates = ", ".join(f"{name} = excluded.{name}" for name in [*names, "catalogue"])
    marks = ", ".join("?" * (len(names) + 1))
    return (
        f"INSERT INTO {table} ({columns}, catalogue{derived}) VALUES ({marks}{empty})"  # noqa: S608
        f" ON CONFLICT ({key}) DO UPDATE SET {updates}"
    )


_PUT = {subject: _statement(subject) for subject in _TABLES}


# --- the search text --------------------------------------------------------------------------


def folded(text: str) -> str:
    """Small letters without accents, single spaces: how names are compared and searched."""
    if text.isascii():
        return " ".join(text.casefold().split())
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(sign for sign in plain if not unicodedata.combining(sign)).split())


def index_meter(c: Connection, number: str) -> None:
    """Bring the search up to what stands about the customer of a meter."""
    row = c.execute("SELECT account FROM meters WHERE number = ?", (number,)).fetchone()
    if row is not None:
        index_account(c, row[0])


def index_account(c: Connection, account: str) -> None:
    """Bring the search up to what stands about one customer: the meters taken out included.

    A connection with `index_later` (drawing.py) has it done once, when everything is drawn.
    """
    later = getattr(c, "index_later", None)
    if later is not None:
        later(account)
        return
    found = c.execute(
        "SELECT name, address, phone, customer_class, area FROM customers WHERE account = ?",
        (account,),
    ).fetchone()
    if found is None:
        return
    words = [account, *found]
    for meter, power_type in c.execute(
        "SELECT number, power_type FROM meters WHERE account = ? ORDER BY number", (account,)
    ).fetchall():
        words += [meter, power_type]
        cards = c.execute(
            "SELECT DISTINCT number FROM cards WHERE meter = ? ORDER BY number", (meter,)
        )
        words += [row[0] for row in cards]
    content = folded(" ".join(word for word in words if word))
    c.execute(
        "INSERT INTO registry_index (account, content) VALUES (?, ?)"
        " ON CONFLICT (account) DO UPDATE SET content = excluded.content"
        " WHERE content <> excluded.content",
        (account, content),
    )
