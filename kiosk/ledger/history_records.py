"""What can be read of all that happened to a customer: money, meters, cards, tokens, the record."""

from __future__ import annotations

from typing import Any

from kiosk.domain import chart
from kiosk.domain.entry import Entry

#: Entries about one customer; ?1 is the account. `mine` are the meters from the entry that brought
#: them to the next; where the customer has left, the meters that went to another one since; `chips`
#: are their cards. What is booked on an account is found by its postings, whatever fact it was.
_ENTRIES = """
WITH mine (meter, since, until) AS (
    SELECT number, coalesce((SELECT max(b.sequence) FROM amendments b WHERE b.subject = 'meter'
      AND b.number = meters.number AND b.field = 'account'), 0), 9223372036854775807
    FROM meters WHERE account = ?1
    UNION ALL SELECT a.number, coalesce((SELECT max(b.sequence) FROM amendments b
      WHERE b.subject = 'meter' AND b.number = a.number AND b.field = 'account'
      AND b.sequence < a.sequence), 0), a.sequence
    FROM closed_accounts CROSS JOIN amendments a ON a.subject = 'meter' AND a.field = 'account'
      AND a.old = closed_accounts.account WHERE closed_accounts.account = ?1),
  chips (number, since, until) AS (SELECT cards.number, since, until FROM mine
    CROSS JOIN cards USING (meter))
SELECT sequence FROM account_events WHERE account = ?1
UNION SELECT sequence FROM sales WHERE account = ?1
UNION SELECT undone_sales.sequence FROM undone_sales JOIN sales USING (sale_id) WHERE account = ?1
UNION SELECT sequence FROM amendments WHERE subject = 'customer' AND number = ?1
UNION SELECT sequence FROM mine CROSS JOIN amendments ON subject = 'meter' AND number = meter
  WHERE sequence BETWEEN since AND until
UNION SELECT sequence FROM chips CROSS JOIN amendments ON subject = 'card'
  AND amendments.number = chips.number WHERE sequence BETWEEN since AND until
UNION SELECT sequence FROM mine CROSS JOIN readings USING (meter)
  WHERE sequence BETWEEN since AND until
UNION SELECT sequence FROM mine CROSS JOIN card_readings USING (meter)
  WHERE sequence BETWEEN since AND until
UNION SELECT sequence FROM mine CROSS JOIN issued_tokens USING (meter)
  WHERE sequence BETWEEN since AND until
UNION SELECT sequence FROM mine CROSS JOIN card_works USING (meter)
  WHERE sequence BETWEEN since AND until
UNION SELECT changed FROM mine CROSS JOIN cards USING (meter)
  WHERE changed > 0 AND changed BETWEEN since AND until
UNION SELECT sequence FROM mine CROSS JOIN card_cases USING (meter)
  WHERE sequence BETWEEN since AND until
UNION SELECT sequence FROM mine CROSS JOIN suspicions USING (meter)
  WHERE sequence BETWEEN since AND until
UNION SELECT sequence FROM mine CROSS JOIN postings ON account = 'meter_account:' || meter
  WHERE sequence BETWEEN since AND until
UNION SELECT sequence FROM account_moves WHERE account = ?1
UNION SELECT sequence FROM postings WHERE account IN ({books})
"""


class HistoryReads:
    """The reads of `Records` that are about everything of a customer."""

    _origin: str

    def _all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def history(self, account: str, limit: int, *, from_ms: int, until_ms: int) -> list[Entry]:
        """The newest entries about a customer between two moments, newest first."""
        books = [
            chart.receivable(account), chart.capital_account(account), chart.deposit(account),
            chart.bills_receivable(account), chart.uncleared_account(account),
        ]  # fmt: skip
        places = ", ".join(f"?{5 + place}" for place in range(len(books)))
        rows = self._all(
            "SELECT sequence, time_ms, quality, kind, version, body, previous, signature"  # noqa: S608
            f" FROM entries WHERE sequence IN ({_ENTRIES.format(books=places)})"
            " AND time_ms BETWEEN ?2 AND ?3 ORDER BY sequence DESC LIMIT ?4",
            account, from_ms, until_ms, limit, *books,
        )  # fmt: skip
        return [Entry(self._origin, *row) for row in rows]
