"""The table of tokens that are no sale, and the key that a meter is under."""

from __future__ import annotations

from typing import Any

from kiosk.domain import special_tokens, token_facts
from kiosk.domain.fact import Fact
from kiosk.ledger import registry_projection
from kiosk.ledger.connection import Connection


def _committed(
    c: Connection, sequence: int, time_ms: int, fact: token_facts.TokenCommitted
) -> None:
    c.execute(
        "INSERT INTO issued_tokens (issue_id, sequence, state, operation, meter, station,"
        " first_sale, energy_wh, tokens, committed_ms)"
        " VALUES (?, ?, 'committed', ?, ?, ?, ?, ?, '', ?)",
        (
            fact.issue_id, sequence, fact.operation, fact.meter, fact.station, fact.first_sale,
            fact.energy_wh, time_ms,
        ),
    )  # fmt: skip
    used = special_tokens.identified(fact.request)
    if used is not None:
        c.execute(
            "INSERT INTO identifiers (meter, base_date, key_revision, identifier, sale_id)"
            " VALUES (?, ?, ?, ?, ?)",
            (*used, fact.issue_id),
        )


def _issued(c: Connection, sequence: int, _time_ms: int, fact: token_facts.TokenIssued) -> None:
    c.execute(
        "UPDATE issued_tokens SET state = 'issued', tokens = ?, ended = ? WHERE issue_id = ?",
        (" ".join(fact.tokens), sequence, fact.issue_id),
    )


def _refused(c: Connection, sequence: int, _time_ms: int, fact: token_facts.TokenRefused) -> None:
    c.execute(
        "UPDATE issued_tokens SET state = 'refused', ended = ? WHERE issue_id = ?",
        (sequence, fact.issue_id),
    )


def _copied(c: Connection, _seq: int, _time_ms: int, fact: token_facts.TokenReprinted) -> None:
    c.execute(
        "UPDATE issued_tokens SET copies = max(copies, ?) WHERE issue_id = ?",
        (fact.copy, fact.issue_id),
    )


def _key_changed(
    c: Connection, sequence: int, time_ms: int, fact: token_facts.MeterKeyChanged
) -> None:
    registry_projection.draw_changes(c, sequence, time_ms, fact)
    c.execute(
        "UPDATE issued_tokens SET key_changed = ? WHERE issue_id = ?", (sequence, fact.issue_id)
    )


DRAWS: dict[type[Fact], Any] = {
    token_facts.TokenCommitted: _committed,
    token_facts.TokenIssued: _issued,
    token_facts.TokenRefused: _refused,
    token_facts.TokenReprinted: _copied,
    token_facts.MeterKeyChanged: _key_changed,
}
