"""Operators as they can be read: for the sign-in, and for the list that a supervisor sees."""

from __future__ import annotations

from typing import Any

import msgspec

from kiosk.domain import facts, operator_facts
from kiosk.domain.entry import Entry
from kiosk.ledger.opening import Head
from kiosk.ledger.sealing import entry_is_genuine


class OperatorRecord(msgspec.Struct, frozen=True):
    """An operator as the sign-in needs it; `card` is the serial that must be in the reader too."""

    operator: str
    role: str
    pin_hash: str
    failures: int
    last_failure_ms: int
    card: str = ""
    retired: bool = False


#: What the table of operators is drawn from, beside the wrong PINs.
_KINDS = (
    facts.OperatorRegistered.KIND, operator_facts.OperatorCardGiven.KIND,
    operator_facts.OperatorRetired.KIND,
)  # fmt: skip

#: Table and journal in one statement, so that nobody writes in between; number 0 is the table.
_SHOWN_AND_TOLD = (
    "SELECT 0, retired, role, operator, 0, pin_hash, card, '' FROM operators UNION ALL"
    " SELECT sequence, time_ms, quality, kind, version, body, previous, signature FROM entries"
    " WHERE kind IN (?, ?, ?) AND sequence > ? ORDER BY 1"
)


class _Told(msgspec.Struct, frozen=True):
    """What the journal says of an operator."""

    role: str
    pin_hash: str
    card: str = ""
    retired: bool = False


_COLUMNS = "operator, role, pin_hash, failures, last_failure_ms, card, retired"


class OperatorReads:
    """The reads of `Records` that are about operators; `Records` gives the connection."""

    #: Up to which entry the journal was asked about operators, and what it said.
    _told_operators: tuple[int, dict[str, _Told]] = (0, {})

    def _all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def head(self) -> Head:
        """The last entry."""
        raise NotImplementedError

    def opened(self) -> facts.HomeOpened:
        """The first fact of the journal."""
        raise NotImplementedError

    def operators_otherwise(self) -> str:
        """A sentence when the table of operators is not what signed entries say, or "". A start
        does not read the journal for it; a sign-in does, once a process."""
        upto, known = self._told_operators
        told, shown, opened, head = dict(known), {}, self.opened(), self.head().sequence
        for row in self._all(_SHOWN_AND_TOLD, *_KINDS, upto):
            if row[0] == 0:
                _, retired, role, name, _, pin_hash, card, _ = row
                shown[name] = _Told(role, pin_hash, card, bool(retired))
                continue
            entry = Entry(opened.origin, *row)
            if not entry_is_genuine(opened.public_key, entry):
                return f"Entry {entry.sequence}: is not as it was written."
            _tell(told, facts.decode(entry.kind, entry.version, entry.body))
        self._told_operators = head, told
        names = sorted(name for name in shown | told if shown.get(name) != told.get(name))
        return f"The table operators shows {names[0]} otherwise than the journal." if names else ""

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


def _tell(told: dict[str, _Told], fact: facts.Fact) -> None:
    """As operator_projection draws it."""
    if isinstance(fact, facts.OperatorRegistered):
        card = told[fact.operator].card if fact.operator in told else ""
        told[fact.operator] = _Told(fact.role, fact.pin_hash, card)
    elif isinstance(fact, operator_facts.OperatorCardGiven) and fact.operator in told:
        told[fact.operator] = msgspec.structs.replace(told[fact.operator], card=fact.serial)
    elif isinstance(fact, operator_facts.OperatorRetired) and fact.operator in told:
        told[fact.operator] = msgspec.structs.replace(told[fact.operator], retired=True)


def _record(row: tuple[Any, ...]) -> OperatorRecord:
    name, role, pin_hash, failures, last_failure_ms, card, retired = row
    return OperatorRecord(name, role, pin_hash, failures, last_failure_ms, card, bool(retired))
