"""The table of operators, and when sign-ins were refused."""

from __future__ import annotations

from typing import Any

from kiosk.domain import facts, operator_facts
from kiosk.domain.fact import Fact
from kiosk.ledger.connection import Connection


def _registered(c: Connection, _seq: int, _time_ms: int, fact: facts.OperatorRegistered) -> None:
    """A new operator, or a new PIN or role of a known one, who may sign in at once."""
    c.execute(
        "INSERT INTO operators (operator, role, pin_hash) VALUES (?, ?, ?)"
        " ON CONFLICT (operator) DO UPDATE SET role = excluded.role, pin_hash = excluded.pin_hash,"
        " failures = 0, retired = 0",
        (fact.operator, fact.role, fact.pin_hash),
    )


def _signed_in(c: Connection, _seq: int, _time_ms: int, fact: facts.OperatorSignedIn) -> None:
    c.execute("UPDATE operators SET failures = 0 WHERE operator = ?", (fact.operator,))


def _refused(c: Connection, sequence: int, time_ms: int, fact: facts.SignInRefused) -> None:
    c.execute(
        "UPDATE operators SET failures = failures + 1, last_failure_ms = ? WHERE operator = ?",
        (time_ms, fact.operator),
    )
    c.execute("INSERT INTO refused_sign_ins (sequence, time_ms) VALUES (?, ?)", (sequence, time_ms))


def _card(c: Connection, _seq: int, _time_ms: int, fact: operator_facts.OperatorCardGiven) -> None:
    c.execute("UPDATE operators SET card = ? WHERE operator = ?", (fact.serial, fact.operator))


def _unlocked(
    c: Connection, _seq: int, _time_ms: int, fact: operator_facts.OperatorUnlocked
) -> None:
    c.execute("UPDATE operators SET failures = 0 WHERE operator = ?", (fact.operator,))


def _retired(c: Connection, _seq: int, _time_ms: int, fact: operator_facts.OperatorRetired) -> None:
    c.execute("UPDATE operators SET retired = 1 WHERE operator = ?", (fact.operator,))


DRAWS: dict[type[Fact], Any] = {
    facts.OperatorRegistered: _registered,
    facts.OperatorSignedIn: _signed_in,
    facts.SignInRefused: _refused,
    operator_facts.OperatorCardGiven: _card,
    operator_facts.OperatorUnlocked: _unlocked,
    operator_facts.OperatorRetired: _retired,
}
