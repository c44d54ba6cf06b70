"""What can be read of all that happened to a customer: money, meters, cards, tokens, the record."""

from __future__ import annotations

from typing import Any

from kiosk.domain import chart
from kiosk.domain.entry import Entry

#: Entries about one customer; ?1 is the account. `mine` are the meters, `chips` their cards. What
#: is booked on an account of the customer is found by its postings, whatever fact it was.
_ENTRIES = """
WITH mine (meter) AS (SELECT number FROM meters WHERE account = ?1),
  chips (serial, number) AS (SELECT serial, number FROM cards WHERE meter IN mine)
SELECT sequence FROM account_events WHERE account = ?1
UNION SELECT sequence FROM sales WHERE account = ?1
UNION SELECT undone_sales.sequence FROM undone_sales JOIN sales USING (sale_id) WHERE account = ?1
UNION SELECT sequence FROM amendments WHERE (subject = 'customer' AND number = ?1)
  OR (subject = 'meter' AND number IN mine)
  OR (subject = 'card' AND number IN (SELECT number FROM chips))
UNION SELECT sequence FROM readings WHERE meter IN mine
UNION SELECT sequence FROM card_readings WHERE meter IN mine
UNION SELECT sequence FROM issued_tokens WHERE meter IN mine
UNION SELECT sequence FROM card_works WHERE meter IN mine
UNION SELECT changed FROM cards WHERE changed > 0 AND meter IN mine
UNION SELECT sequence FROM card_cases WHERE meter IN mine
UNION SELECT sequence FROM suspicions WHERE meter IN mine
UNION SELECT sequence FROM account_moves WHERE account = ?1
UNION SELECT sequence FROM postings WHERE account IN ({books})
"""


class HistoryReads:
    """The reads of `Records` that are about everything of a customer."""

    _origin: str

    def _all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def meter_purses(self, account: str) -> list[str]:
        """The accounts of the chart of a customer's meters."""
        raise NotImplementedError

    def history(self, account: str, limit: int, *, from_ms: int, until_ms: int) -> list[Entry]:
        """The newest entries about a customer between two moments, newest first."""
        books = [
            chart.receivable(account), chart.capital_account(account), chart.deposit(account),
            chart.bills_receivable(account), chart.uncleared_account(account),
            *self.meter_purses(account),
        ]  # fmt: skip
        places = ", ".join(f"?{5 + place}" for place in range(len(books)))
        rows = self._all(
            "SELECT sequence, time_ms, quality, kind, version, body, previous, signature"  # noqa: S608
            f" FROM entries WHERE sequence IN ({_ENTRIES.format(books=places)})"
            " AND time_ms BETWEEN ?2 AND ?3 ORDER BY sequence DESC LIMIT ?4",
            account, from_ms, until_ms, limit, *books,
        )  # fmt: skip
        return [Entry(self._origin, *row) for row in rows]
