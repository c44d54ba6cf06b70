"""Customers and meters from a CSV file: a dry run that names every bad row, and the import.

One row a meter; a row without meter is a customer alone, and further rows of one account are
further meters. An import goes on where a killed one stopped: what stands in the journal already
with the same content is passed over, so bringing a file in twice changes nothing.
"""

from __future__ import annotations

import csv
import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import msgspec

from kiosk.domain import registry_facts as facts
from kiosk.domain.credit_registers import ELECTRICITY
from kiosk.domain.fact import Fact
from kiosk.domain.registry import PERCENT_PPM, Customer, Meter
from kiosk.errors import BadInput, Refusal
from kiosk.till.desk import Desk
from kiosk.till.new_meter import NewMeter
from kiosk.till.registration import Rules, bare, meter_facts, registered, rules_of
from kiosk.till.registration import tidy_customer as tidied

#: The columns, in the order of an export. All but account and name may be left out.
COLUMNS = (
    "account", "name", "address", "phone", "customer_class", "area", "meter", "meter_kind",
    "power_type", "phases", "capacity_w", "supply_group", "tariff_index", "card", "card_serial",
    "place", "installed_on", "reading_wh", "seals", "shares", "register", "key_revision",
    "base_date",
)  # fmt: skip
_NEEDED = ("account", "name")
_ONE_WHEN_EMPTY = frozenset({"phases", "tariff_index"})

#: Rows that share one commit: some 60 ms, which is as long as a sale may wait for the pen.
BATCH = 100
#: A pause after each commit, in which counters get the pen.
_PAUSE_S = 0.004

#: Rows between two words on how far it is.
PAGE = 1000

#: One share: a power type, and a percentage with up to four decimals.
_SHARE = re.compile(r"(.+):([0-9]{1,3})(?:[.]([0-9]{1,4}))?")

#: column -> what a refusal of that code is about
_COLUMN_OF = {
    "bad_meter_number": "meter", "bad_meter_check_digit": "meter", "meter_exists": "meter",
    "bad_card_number": "card", "bad_card_check_digit": "card", "card_exists": "card",
    "no_card": "card_serial", "unknown_meter_kind": "meter_kind", "bad_phases": "phases",
    "bad_capacity": "capacity_w", "bad_reading": "reading_wh", "bad_date": "installed_on",
    "unknown_power_type": "power_type", "shares_wrong": "shares",
    "bad_tariff_index": "tariff_index",
    "unknown_supply_group": "supply_group", "account_exists": "account",
    "unknown_meter_key": "key_revision",
    "unknown_register": "register", "register_needs_keypad": "register",
    "bad_account_number": "account", "customer_differs": "name",
}  # fmt: skip


class BadRow(msgspec.Struct, frozen=True):
    """A row that cannot be taken: its line in the file, the column, and why."""

    line: int
    column: str
    refusal: Refusal


class Report(msgspec.Struct):
    """What an import found and did. `known` rows stood in the journal already, as they are."""

    rows: int = 0
    customers: int = 0
    meters: int = 0
    known: int = 0
    bad: list[BadRow] = []


class _Row(msgspec.Struct, frozen=True):
    line: int
    customer: Customer
    meter: NewMeter | None


#: Hears how far it is: rows done, of how many (0: not known).
Tell = Callable[[int, int], None]


def check_file(desk: Desk, path: Path, tell: Tell) -> Report | Refusal:
    """The dry run: every row is judged and nothing is written. BadInput for a file that is none."""
    refused = desk.gate("registry_file")
    return refused or _Import(desk, path, tell, write=False).run()


def import_file(desk: Desk, path: Path, tell: Tell) -> Report | Refusal:
    """Bring the file in: all good rows, in batches; bad rows are listed and left out."""
    refused = desk.gate("registry_file") or desk.room_to_sell()
    return refused or _Import(desk, path, tell, write=True).run()


class _Import:
    """One pass over a file."""

    def __init__(self, desk: Desk, path: Path, tell: Tell, *, write: bool) -> None:
        self._desk, self._path, self._tell, self._write = desk, path, tell, write
        self._source = digest_of(path)
        self._rules: Rules = rules_of(desk)
        self._report = Report(bad=[])
        #: account -> its record in this file; numbers and serials seen in it
        self._accounts: dict[str, Customer] = {}
        self._seen: set[tuple[str, str]] = set()
        self._batch: list[tuple[_Row, list[Fact]]] = []
        self._rest = threading.Event()

    def run(self) -> Report:
        total = _count(self._path)
        for row in _rows(self._path):
            self._report.rows += 1
            if isinstance(row, BadRow):
                self._report.bad.append(row)
                continue
            self._take(row)
            if len(self._batch) >= BATCH:
                self._flush()
            if self._report.rows % PAGE == 0:
                self._tell(self._report.rows, total)
        self._flush()
        self._tell(self._report.rows, total)
        return self._report

    def _take(self, row: _Row) -> None:
        made = self._facts(row)
        if isinstance(made, Refusal):
            self._bad(row, made)
        elif made:
            self._batch.append((row, made))
        else:
            self._report.known += 1

    def _bad(self, row: _Row, refusal: Refusal) -> None:
        column = _COLUMN_OF.get(refusal.code) or str(refusal.details.get("field", "account"))
        self._report.bad.append(BadRow(row.line, column, refusal))

    def _facts(self, row: _Row) -> list[Fact] | Refusal:
        """What a row adds; nothing when all of it is there."""
        if not row.customer.account:
            return Refusal("field_missing", {"field": "account"})
        customer = tidied(self._desk, row.customer)
        if isinstance(customer, Refusal):
            return customer
        new = self._customer(customer)
        if isinstance(new, Refusal) or row.meter is None:
            return new
        meter = self._meter(customer.account, row.meter)
        if isinstance(meter, Refusal):
            return meter
        return [*new, *meter]

    def _customer(self, customer: Customer) -> list[Fact] | Refusal:
        before = self._accounts.get(customer.account)
        if before is not None:
            same = before == customer
            return [] if same else Refusal("customer_differs", {"account": customer.account})
        fact = registered(self._desk, customer, self._source)
        known = self._known(fact, desk_has=self._desk.records.customer(customer.account))
        if isinstance(known, Refusal):
            return known
        self._accounts[customer.account] = customer
        return [] if known else [fact]

    def _meter(self, account: str, new: NewMeter) -> list[Fact] | Refusal:
        if new.kind == "card" and not new.card_serial:
            return Refusal("field_missing", {"field": "card_serial"})
        made = meter_facts(self._desk, self._rules, account, new, self._source)
        if isinstance(made, Refusal):
            return made
        names = [("meter", bare(new.number)), ("card", bare(new.card)), ("serial", new.card_serial)]
        for kind, name in names:
            if name and (kind, name) in self._seen:
                return Refusal("twice_in_file", {"field": kind, "number": name})
        self._seen.update((kind, name) for kind, name in names if name)
        fact = made[0]
        if not isinstance(fact, facts.MeterInstalled):
            return made  # its customer has left: it is handed on
        known = self._known(fact, desk_has=self._desk.records.meter(fact.meter))
        if known is False and fact.card and self._card_taken(fact):
            return Refusal("card_exists", {"card": fact.card})
        if isinstance(known, Refusal):
            return known
        return [] if known else made

    def _card_taken(self, fact: facts.MeterInstalled) -> bool:
        records = self._desk.records
        return bool(records.card(number=fact.card) or records.card(serial=fact.card_serial))

    def _known(self, fact: Fact, desk_has: object | None) -> bool | Refusal:
        """Whether the very same was written before; refused when something else was."""
        if desk_has is None:
            return False
        identity = fact.identity()
        assert identity is not None
        written = self._desk.records.fact_of(identity)
        if written is not None and _same(written, fact):
            return True
        if isinstance(fact, facts.MeterInstalled):
            assert isinstance(desk_has, Meter)
            same = all(getattr(desk_has, name) == getattr(fact, name) for name in _SAME_METER)
            return True if same else Refusal("meter_exists", {"meter": fact.meter})
        assert isinstance(fact, facts.CustomerRegistered)
        same = desk_has == Customer(
            fact.account, fact.name, fact.address, fact.phone, 0, fact.customer_class, fact.area
        )
        return True if same else Refusal("account_exists", {"account": fact.account})

    def _flush(self) -> None:
        if not self._batch:
            return
        batch, self._batch = self._batch, []
        if self._write:
            together = [fact for _, made in batch for fact in made]
            if isinstance(self._desk.journal.append(*together), Refusal):
                batch = [pair for pair in batch if self._alone(*pair)]
            self._rest.wait(_PAUSE_S)
        for _, made in batch:
            self._report.customers += sum(isinstance(f, facts.CustomerRegistered) for f in made)
            self._report.meters += sum(_brings_meter(f) for f in made)

    def _alone(self, row: _Row, made: list[Fact]) -> bool:
        """Somebody else was faster with a row of the batch: write each by itself."""
        outcome = self._desk.journal.append(*made)
        if isinstance(outcome, Refusal):
            self._bad(row, outcome)
            return False
        return True


#: What makes a meter that came with a catalogue the one that a row speaks of.
_SAME_METER = (
    "account", "kind", "power_type", "phases", "capacity_w", "tariff_index", "register",
)  # fmt: skip


def _brings_meter(fact: Fact) -> bool:
    """Whether a meter is installed by it, or goes to another customer."""
    moved = isinstance(fact, facts.MeterAmended) and fact.field == "account"
    return moved or isinstance(fact, facts.MeterInstalled)


def _same(written: Fact, fact: Fact) -> bool:
    """Equal but for who wrote it down and from which file."""
    blank = {"operator": "", "source": ""}
    return type(written) is type(fact) and (
        msgspec.structs.replace(written, **blank) == msgspec.structs.replace(fact, **blank)
    )


# --- the file ---------------------------------------------------------------------------------


def digest_of(path: Path) -> str:
    """The SHA-256 of the file, which its facts name as their source. Raises BadInput."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(f"{path}: the file cannot be read ({error.strerror}).") from error


def _count(path: Path) -> int:
    """The rows of a file below its heading; one that breaks off is no CSV before a row is taken."""
    with _opened(path) as file:
        return max(0, sum(1 for cells in csv.reader(file, strict=True) if cells) - 1)


def _rows(path: Path) -> Iterator[_Row | BadRow]:
    with _opened(path) as file:
        reader = csv.DictReader(file, strict=True)
        _check_columns(path, reader.fieldnames)
        for cells in reader:
            yield _row(reader.line_num, cells)


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """What the disk, the text or its commas have against `path` is BadInput."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            yield file
    except OSError as error:
        raise BadInput(f"{path}: the file cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is not UTF-8 text (byte {error.start}).") from error
    except csv.Error as error:
        raise BadInput(f"{path}: is not CSV ({error}).") from error


def _check_columns(path: Path, names: object) -> None:
    found = list(names) if isinstance(names, list) else []
    unknown = [str(name) for name in found if name not in COLUMNS]
    missing = [name for name in _NEEDED if name not in found]
    if unknown or missing or len(set(found)) < len(found):
        wrong = f"unknown {', '.join(unknown)[:80]}" if unknown else f"missing {', '.join(missing)}"
        wrong = wrong if unknown or missing else "a column stands twice"
        raise BadInput(f"{path}: {wrong}; the columns are {', '.join(COLUMNS)}.")


def _row(line: int, cells: dict[str | None, object]) -> _Row | BadRow:
    if None in cells or None in cells.values():
        return BadRow(line, "", Refusal("wrong_cell_count", {}))
    text = {str(name): str(value).strip() for name, value in cells.items()}
    customer = Customer(
        text["account"], text["name"], text.get("address", ""), text.get("phone", ""), 0,
        text.get("customer_class", ""), text.get("area", ""),
    )  # fmt: skip
    if not text.get("meter"):
        return _Row(line, customer, None)
    numbers: dict[str, int] = {}
    for name in ("phases", "capacity_w", "tariff_index", "reading_wh", "key_revision", "base_date"):
        value = text.get(name) or str(int(name in _ONE_WHEN_EMPTY))
        if not (value.isascii() and value.isdecimal() and len(value) < 16):
            return BadRow(line, name, Refusal("not_a_number", {"text": value[:40]}))
        numbers[name] = int(value)
    shares = shares_typed(text.get("shares", ""))
    if isinstance(shares, Refusal):
        return BadRow(line, "shares", shares)
    meter = NewMeter(
        text["meter"], text.get("meter_kind") or "keypad", text.get("power_type", ""),
        numbers["phases"], numbers["capacity_w"], text.get("supply_group", ""),
        numbers["tariff_index"], text.get("card", ""), text.get("card_serial", ""),
        text.get("place", ""), text.get("installed_on", ""), numbers["reading_wh"],
        text.get("seals", "").split(), shares, text.get("register") or ELECTRICITY,
        numbers["key_revision"], numbers["base_date"],
    )  # fmt: skip
    return _Row(line, customer, meter)


def shares_typed(text: str) -> list[tuple[str, int]] | Refusal:
    """Shares as they are typed and exported: "home:70 shop:30"; empty is none. In millionths; the
    percentages may have up to four decimals."""
    shares = []
    for part in text.replace(",", " ").split():
        found = _SHARE.fullmatch(part)
        if found is None:
            return Refusal("shares_wrong", {})
        name, whole, decimals = found.group(1), int(found.group(2)), found.group(3) or ""
        shares.append((name, whole * PERCENT_PPM + int(decimals.ljust(4, "0"))))
    return shares
