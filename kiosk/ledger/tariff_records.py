"""What can be read of prices: which pack is in force, and what a price asks about a meter."""

from __future__ import annotations

import hashlib
from typing import Any

from kiosk.domain import facts
from kiosk.domain.tariff import Line
from kiosk.domain.tariff_pack import TariffPack, Usage, decode_pack
from kiosk.errors import StoreFault
from kiosk.ledger.opening import committed_in

#: Sales that have used energy and taken charges; a voided or reversed one has not.
_STANDING = "state IN ('paid', 'in_doubt', 'delivered')"


class TariffReads:
    """The reads of `Records` that are about prices; `Records` gives the connection."""

    #: When each pack begins, and its number: packs never change, so they are decoded once.
    _begins: dict[str, tuple[int, int]]

    def _all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def _one(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        raise NotImplementedError

    def fact(self, sequence: int) -> facts.Fact:
        """The fact at `sequence`."""
        raise NotImplementedError

    def tariff(self, digest_hex: str = "") -> tuple[str, TariffPack] | None:
        """The pack with this digest, or the one with the highest number, with its digest.

        StoreFault if it is another one than its digest says: nothing is sold at prices that were
        changed here.
        """
        row = (
            self._one("SELECT digest, content FROM tariffs WHERE digest = ?", digest_hex)
            if digest_hex
            else self._one("SELECT digest, content FROM tariffs ORDER BY number DESC LIMIT 1")
        )
        if row is None:
            return None
        if hashlib.sha256(row[1]).hexdigest() != row[0]:
            raise StoreFault("The stored prices are not those that came down; run `kiosk verify`.")
        return row[0], decode_pack(row[1])

    def tariffs(self) -> list[tuple[str, TariffPack]]:
        """Every pack with its digest, in the order of their numbers."""
        rows = self._all("SELECT digest FROM tariffs ORDER BY number, digest")
        return [found for (digest,) in rows if (found := self.tariff(digest)) is not None]

    def tariff_at(self, time_ms: int) -> tuple[str, TariffPack] | None:
        """The pack in force at `time_ms`: the one that began last, of several the highest number.

        None while no pack has begun.
        """
        for (digest,) in self._all("SELECT digest FROM tariffs"):
            if digest not in self._begins:
                found = self.tariff(digest)
                assert found is not None, digest
                self._begins[digest] = found[1].valid_from_ms, found[1].number
        known = list(self._begins.items())
        begun = [(begins, digest) for digest, begins in known if begins[0] <= time_ms]
        return self.tariff(max(begun)[1]) if begun else None

    def energy_since(self, since_ms: int, *, meter: str = "", account: str = "") -> int:
        """The energy of all standing sales to a meter, to all meters of an account, or to a meter
        while it was that account's (Wh)."""
        given = {"meter": meter, "account": account}
        columns = "".join(f"{column} = ? AND " for column, value in given.items() if value)
        row = self._one(
            f"SELECT coalesce(sum(energy_wh), 0) FROM sales WHERE {columns}"  # noqa: S608
            f"committed_ms >= ? AND {_STANDING}",
            *filter(None, given.values()), since_ms,
        )  # fmt: skip
        return int(row[0]) if row else 0

    def count_delivered_since(self, since_ms: int) -> int:
        """How many delivered sales were committed at `since_ms` or later."""
        row = self._one(
            "SELECT count(*) FROM sales WHERE committed_ms >= ? AND state = 'delivered'", since_ms
        )
        return int(row[0]) if row else 0

    def charged(self, meter: str, account: str) -> dict[str, str]:
        """Up to which day or month each charge was taken from a meter while it was that account's,
        by the code of the charge.

        The newest standing sale knows: what it had been told, and what it took itself.
        """
        row = self._one(
            "SELECT sequence, sale_id FROM sales WHERE meter = ? AND account = ?"  # noqa: S608
            f" AND {_STANDING} ORDER BY sequence DESC LIMIT 1",
            meter, account,
        )  # fmt: skip
        if row is None:
            return {}
        sale = committed_in(self.fact(row[0]), row[1])
        before = sale.usage if isinstance(sale.usage, Usage) else Usage()
        taken = {line.code: str(line.values["until"]) for line in sale.lines if _is_dated(line)}
        return before.charged | taken

    def meters_of_types(self) -> dict[tuple[str, str], int]:
        """How many meters there are of each power type and customer class."""
        rows = self._all(
            "SELECT power_type, customer_class, count(*) FROM meters JOIN customers USING (account)"
            " GROUP BY 1, 2 ORDER BY 1, 2"
        )
        return {(code, name): int(count) for code, name, count in rows}


def _is_dated(line: Line) -> bool:
    return line.reason in ("per_day", "per_month")
