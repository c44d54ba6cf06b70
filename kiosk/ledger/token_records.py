"""What can be read of tokens: those outside sales one by one, and the list of all of them."""

from __future__ import annotations

from typing import Any

from kiosk.domain import facts, token_facts
from kiosk.domain.entry import Entry, digest
from kiosk.domain.free_units import MOST_FREE
from kiosk.domain.record import GivenToken, TokenRecord

_ROW = "sequence, state, tokens, ended, copies, key_changed"

#: The newest of both lists of tokens as one; a card sale gives none. ?1 is how many. The
#: plus keeps SQLite from gathering all sales without a card first.
_ALL_TOKENS = """
SELECT * FROM (
  SELECT sale_id, 'sale', meter, state, energy_wh, coalesce(token, ''), committed_ms, sequence
    FROM sales WHERE +card IS NULL {sales} ORDER BY sequence DESC LIMIT ?1)
UNION ALL
SELECT * FROM (
  SELECT issue_id, operation, meter, state, energy_wh, tokens, committed_ms, sequence
    FROM issued_tokens {issued} ORDER BY sequence DESC LIMIT ?1)
ORDER BY 8 DESC LIMIT ?1"""

#: Tokens that stand in one row: the paid one and MOST_FREE of a sale, those of a key change.
IN_A_SALE, _IN_AN_ISSUE = 1 + MOST_FREE, 4


def has_token(column: str, most: int, value: str = "?1") -> str:
    """The condition that one of up to `most` tokens in `column` is `value`; indexed each by each
    (migrations/searches.sql)."""
    first, *others = (f"substr({column}, {1 + 21 * place}, 20) = {value}" for place in range(most))
    several = f"length({column}) > 20"
    return f"({first}{''.join(f' OR ({several} AND {other})' for other in others)})"


class TokenReads:
    """The reads of `Records` that are about tokens; `Records` gives the connection."""

    def _all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def after(self, sequence: int, limit: int) -> list[Entry]:
        """Entries after `sequence`, oldest first."""
        raise NotImplementedError

    def token(self, issue_id: str) -> TokenRecord | None:
        """The token outside a sale with this id."""
        found = self._tokens("issue_id = ?", issue_id)
        return found[0] if found else None

    def open_tokens(self) -> list[TokenRecord]:
        """Tokens whose module has not answered, oldest first."""
        return self._tokens("state = 'committed' ORDER BY sequence")

    def replacements_of(self, sale_id: str) -> list[TokenRecord]:
        """Tokens that replace the one of a sale, oldest first."""
        return self._tokens("first_sale = ? ORDER BY sequence", sale_id)

    def key_changes_of(self, meter: str) -> list[TokenRecord]:
        """Key changes of a meter, newest first."""
        return self._tokens("meter = ? AND operation = 'key_change' ORDER BY sequence DESC", meter)

    def given_tokens(self, text: str, limit: int) -> list[GivenToken]:
        """All tokens, newest first: by digits of a token, number of a meter or id; "" for all."""
        sales, issued = "1", "1"
        if text.isascii() and text.isdecimal() and len(text) == 20:
            sales = has_token("token", IN_A_SALE, "?2")
            issued = has_token("tokens", _IN_AN_ISSUE, "?2")
        elif text:
            sales, issued = "(meter = ?2 OR sale_id = ?2)", "(meter = ?2 OR issue_id = ?2)"
        sql = _ALL_TOKENS.format(sales=f"AND {sales}", issued=f"WHERE {issued}")
        rows = self._all(sql, limit, *([text] if text else []))
        return [
            GivenToken(row[0], row[1], row[2], row[3], row[4], row[5].split(), row[6])
            for row in rows
        ]

    def _tokens(self, condition: str, *values: Any) -> list[TokenRecord]:
        rows = self._all(f"SELECT {_ROW} FROM issued_tokens WHERE {condition}", *values)  # noqa: S608
        return [self._token_record(*row) for row in rows]

    def _token_record(
        self, sequence: int, state: Any, tokens: str, ended: int | None, copies: int,
        key_changed: int | None,
    ) -> TokenRecord:  # fmt: skip
        entry = self.after(sequence - 1, 1)[0]
        committed = facts.decode(entry.kind, entry.version, entry.body)
        assert isinstance(committed, token_facts.TokenCommitted)
        reason = ""
        if state == "refused" and ended is not None:
            end = self.after(ended - 1, 1)[0]
            fact = facts.decode(end.kind, end.version, end.body)
            assert isinstance(fact, token_facts.TokenRefused)
            reason = fact.reason
        return TokenRecord(
            committed, sequence, digest(entry).hex()[:8], entry.time_ms, entry.quality, state,
            tokens.split(), reason, copies, key_changed,
        )  # fmt: skip
