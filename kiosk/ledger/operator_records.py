"""Operators as they can be read: for the sign-in, and for the list that a supervisor sees."""

from __future__ import annotations

from typing import Any

import msgspec


class OperatorRecord(msgspec.Struct, frozen=True):
    """An operator as the sign-in needs it; `card` is the serial that must be in the reader too."""

    operator: str
    role: str
    pin_hash: str
    failures: int
    last_failure_ms: int
    card: str = ""
    retired: bool = False


_COLUMNS = "operator, role, pin_hash, failures, last_failure_ms, card, retired"


class OperatorReads:
    """The reads of `Records` that are about operators; `Records` gives the connection."""

    def _all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def operator(self, name: str) -> OperatorRecord | None:
        """The operator `name`."""
        rows = self._all(
            f"SELECT {_COLUMNS} FROM operators WHERE operator = ?",  # noqa: S608
            name,
        )
        return _record(rows[0]) if rows else None

    def operators(self) -> list[OperatorRecord]:
        """Everybody, those who left too, by name."""
        rows = self._all(f"SELECT {_COLUMNS} FROM operators ORDER BY operator")  # noqa: S608
        return [_record(row) for row in rows]

    def refused_sign_ins(self, since_ms: int) -> tuple[int, int]:
        """How many sign-ins were refused here after `since_ms`, and when the last one was."""
        ((count, last_ms),) = self._all(
            "SELECT count(*), coalesce(max(time_ms), 0) FROM refused_sign_ins WHERE time_ms > ?",
            since_ms,
        )
        return count, last_ms


def _record(row: tuple[Any, ...]) -> OperatorRecord:
    name, role, pin_hash, failures, last_failure_ms, card, retired = row
    return OperatorRecord(name, role, pin_hash, failures, last_failure_ms, card, bool(retired))
