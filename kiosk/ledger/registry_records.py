"""What can be read of the registry: records, their history, and the search by anything.

The search uses trigrams: any three letters or digits in a row are found wherever they stand. A
whole number of a meter, card or account is looked up at once.
"""

from __future__ import annotations

from typing import Any

import msgspec

from kiosk.domain import chart
from kiosk.domain.registry import CARD_DIGITS, METER_DIGITS, Customer, Meter
from kiosk.ledger.registry_rows import CUSTOMER, METER, customer_of, folded, meter_of

_SHORTEST = 3  # a trigram

#: Words of a search that are looked at; whoever types more means something else.
_MOST_WORDS = 8


class Amendment(msgspec.Struct, frozen=True):
    """A line of the amendment file: who changed what, when and why, before and after."""

    sequence: int
    subject: str
    number: str
    field: str
    old: str
    new: str
    reason: str
    operator: str
    changed_ms: int


class Installation(msgspec.Struct, frozen=True):
    """The installation record of a meter."""

    meter: str
    place: str
    installed_on: str
    reading_wh: int
    seals: list[str]
    operator: str


class Reading(msgspec.Struct, frozen=True):
    """One reading of a meter."""

    sequence: int
    meter: str
    source: str
    reading_wh: int
    remaining_wh: int | None
    read_ms: int
    operator: str


class Replacement(msgspec.Struct, frozen=True):
    """A meter that was replaced, and what moved with it."""

    replacement_id: str
    sequence: int
    meter: str
    new_meter: str
    account: str
    remaining_wh: int
    moved_wh: int
    worth_minor: int


class RegistryReads:
    """The reads of `Records` that are about the registry; `Records` gives the connection."""

    def _all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def _one(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        raise NotImplementedError

    # --- records ------------------------------------------------------------------------------

    def customer(self, account: str) -> Customer | None:
        """The customer with this account number."""
        row = self._one(f"SELECT {CUSTOMER} FROM customers WHERE account = ?", account)  # noqa: S608
        return customer_of(row) if row else None

    def meter(self, number: str) -> Meter | None:
        """The meter with this number, one that was taken out too."""
        row = self._one(f"SELECT {METER} FROM meters WHERE number = ?", number)  # noqa: S608
        return meter_of(row) if row else None

    def meters_of(self, account: str) -> list[Meter]:
        """All meters of a customer; those in use first."""
        rows = self._all(
            f"SELECT {METER} FROM meters WHERE account = ? ORDER BY retired, number",  # noqa: S608
            account,
        )
        return [meter_of(row) for row in rows]

    def customers_after(self, account: str, limit: int) -> list[Customer]:
        """Customers in the order of their accounts, after `account`: a page of an export."""
        rows = self._all(
            f"SELECT {CUSTOMER} FROM customers WHERE account > ?"  # noqa: S608
            " ORDER BY account LIMIT ?",
            account, limit,
        )  # fmt: skip
        return [customer_of(row) for row in rows]

    def highest_catalogue(self) -> int:
        """The number of the newest catalogue that came down; 0 for none."""
        row = self._one("SELECT max(number) FROM catalogues")
        return int(row[0] or 0) if row else 0

    def catalogue_content(self) -> bytes:
        """The newest catalogue as it came; empty for none."""
        row = self._one("SELECT content FROM catalogues ORDER BY number DESC LIMIT 1")
        return bytes(row[0]) if row else b""

    def counts(self) -> dict[str, int]:
        """How many customers, meters and cards are known."""
        return {
            table: int((self._one(f"SELECT count(*) FROM {table}") or (0,))[0])  # noqa: S608
            for table in ("customers", "meters", "cards")
        }

    def meters_of_group(self, supply_group: str, limit: int) -> list[Meter]:
        """Keypad meters of a supply group that are in use, in the order of their numbers."""
        rows = self._all(
            f"SELECT {METER} FROM meters WHERE supply_group = ? AND kind = 'keypad'"  # noqa: S608
            " AND retired = 0 ORDER BY number LIMIT ?",
            supply_group, limit,
        )  # fmt: skip
        return [meter_of(row) for row in rows]

    def highest_account(self) -> str:
        """The highest account number that is all digits, or ""; numbers have one length."""
        row = self._one("SELECT max(account) FROM customers WHERE account NOT GLOB '*[^0-9]*'")
        return str(row[0] or "") if row else ""

    # --- the search ---------------------------------------------------------------------------

    def search(self, text: str, limit: int, *, retired: bool = False) -> list[Meter]:
        """Meters of the customers that `text` finds, in the order of their names. The number of a
        meter that was taken out finds those in use now; with `retired` the old ones too."""
        found: list[Meter] = []
        for customer in self.search_customers(text, limit):
            meters = self.meters_of(customer.account)
            found += [meter for meter in meters if retired or not meter.retired]
            if len(found) >= limit:
                break
        return found[:limit]

    def search_customers(self, text: str, limit: int) -> list[Customer]:
        """Customers by name, address, phone, account, meter, card or a meter that was taken out:
        every word of `text` stands somewhere in the record. "" finds the first ones by name."""
        accounts = self.accounts_found(text, limit)
        marks = ", ".join("?" * len(accounts))
        rows = self._all(
            f"SELECT {CUSTOMER} FROM customers WHERE account IN ({marks})"  # noqa: S608
            " ORDER BY name_key, account",
            *accounts,
        )
        return [customer_of(row) for row in rows]

    def accounts_found(self, text: str, limit: int) -> list[str]:
        """The accounts of the customers that `text` finds, in no order."""
        words = folded(text).split()[:_MOST_WORDS]
        return self._exact(words) or self._by_words(words, limit)

    def _exact(self, words: list[str]) -> list[str]:
        """The account that one whole number belongs to."""
        if len(words) != 1 or not (words[0].isascii() and words[0].isdecimal()):
            return []
        number = words[0]
        if self._one("SELECT 1 FROM customers WHERE account = ?", number):
            return [number]
        if len(number) == CARD_DIGITS:
            card = self._one("SELECT meter FROM cards WHERE number = ?", number)
            number = card[0] if card else number
        elif len(number) != METER_DIGITS:
            return []
        row = self._one("SELECT account FROM meters WHERE number = ?", number)
        return [row[0]] if row else []

    def _by_words(self, words: list[str], limit: int) -> list[str]:
        long = [word for word in words if len(word) >= _SHORTEST]
        if not long:
            return self._by_name(" ".join(words), limit)
        match = " ".join('"' + word.replace('"', '""') + '"' for word in long)
        short = [word for word in words if len(word) < _SHORTEST]
        conditions = "".join(" AND instr(content, ?) > 0" for _ in short)
        rows = self._all(
            "SELECT account FROM registry_search JOIN registry_index"  # noqa: S608
            f" ON registry_index.id = registry_search.rowid WHERE registry_search MATCH ?"
            f"{conditions.replace('content', 'registry_index.content')} LIMIT ?",
            match, *short, limit,
        )  # fmt: skip
        return [row[0] for row in rows]

    def _by_name(self, prefix: str, limit: int) -> list[str]:
        """One or two letters: the names that begin with them."""
        rows = self._all(
            "SELECT account FROM customers WHERE name_key >= ? AND name_key < ?"
            " ORDER BY name_key LIMIT ?",
            prefix, prefix + "\U0010ffff", limit,
        )  # fmt: skip
        return [row[0] for row in rows]

    # --- history ------------------------------------------------------------------------------

    def amendments(
        self, limit: int, *, number: str = "", from_ms: int = 0, until_ms: int = 2**62
    ) -> list[Amendment]:
        """The amendment file, newest first: of one record, or of all."""
        one = "subject IN ('customer', 'meter', 'card') AND number = ? AND "
        condition, values = (one, [number]) if number else ("", [])
        rows = self._all(
            "SELECT sequence, subject, number, field, old, new, reason, operator, changed_ms"  # noqa: S608
            f" FROM amendments WHERE {condition}changed_ms BETWEEN ? AND ?"
            " ORDER BY sequence DESC, line LIMIT ?",
            *values, from_ms, until_ms, limit,
        )  # fmt: skip
        return [Amendment(*row) for row in rows]

    def handed_on(self, meter: str) -> int:
        """The entry that brought a meter from a customer who had left to the one it has; or 0."""
        row = self._one(
            "SELECT max(sequence) FROM amendments WHERE subject = 'meter' AND number = ?"
            " AND field = 'account'",
            meter,
        )
        return int(row[0] or 0) if row else 0

    def installation(self, meter: str) -> Installation | None:
        """The installation record of a meter that was installed here."""
        row = self._one(
            "SELECT meter, place, installed_on, reading_wh, seals, operator FROM installations"
            " WHERE meter = ?",
            meter,
        )
        if row is None:
            return None
        number, place, installed_on, reading_wh, seals, operator = row
        return Installation(number, place, installed_on, reading_wh, seals.split(), operator)

    def readings(
        self, limit: int, *, meter: str = "", from_ms: int = 0, until_ms: int = 2**62
    ) -> list[Reading]:
        """Readings, newest first: of one meter, or of all."""
        condition, values = ("meter = ? AND ", [meter]) if meter else ("", [])
        rows = self._all(
            "SELECT sequence, meter, source, reading_wh, remaining_wh, read_ms, operator"  # noqa: S608
            f" FROM readings WHERE {condition}read_ms BETWEEN ? AND ?"
            " ORDER BY sequence DESC LIMIT ?",
            *values, from_ms, until_ms, limit,
        )  # fmt: skip
        return [Reading(*row) for row in rows]

    def energy_until(self, meter: str, sequence: int) -> int:
        """Energy issued to a meter here up to an entry, in watt-hours."""
        row = self._one(
            "SELECT coalesce(sum(amount), 0) FROM postings WHERE account = ? AND currency = ?"
            " AND sequence <= ?",
            chart.meter_energy(meter), chart.ENERGY_CURRENCY, sequence,
        )  # fmt: skip
        return int(row[0]) if row else 0

    def replacement(self, *, replacement_id: str = "", meter: str = "") -> Replacement | None:
        """A replaced meter, by the id of the act or by the number of the meter taken out."""
        column, value = ("replacement_id", replacement_id) if replacement_id else ("meter", meter)
        row = self._one(
            "SELECT replacement_id, sequence, meter, new_meter, account, remaining_wh, moved_wh,"  # noqa: S608
            f" worth_minor FROM replacements WHERE {column} = ?",
            value,
        )
        return Replacement(*row) if row else None

    def open_transfers(self) -> list[Replacement]:
        """Replaced meters whose energy has not become a token for the new one, oldest first."""
        rows = self._all(
            "SELECT replacement_id, sequence, meter, new_meter, account, remaining_wh, moved_wh,"
            " worth_minor FROM replacements WHERE moved_wh > 0 AND NOT EXISTS (SELECT 1 FROM"
            " issued_tokens WHERE first_sale = replacement_id AND state = 'issued')"
            " ORDER BY sequence"
        )
        return [Replacement(*row) for row in rows]
