"""What a fact must agree with in the tables, beyond what the books keep in memory.

The pen asks before it writes, in the transaction of the commit, so whoever is faster wins. Each
further subject adds its own check to `_CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kiosk.domain import chart, facts, special_tokens, token_facts
from kiosk.domain.posting import Posting
from kiosk.errors import Refusal
from kiosk.ledger import account_checks, card_checks, registry_checks
from kiosk.ledger.connection import Connection

Check = Callable[[Connection, Any], Refusal | None]


def against_tables(
    connection: Connection, fact: facts.Fact, postings: Sequence[Posting]
) -> Refusal | None:
    """Why `fact` cannot stand beside what is written, or None."""
    for check in _CHECKS.get(type(fact), ()):
        refused = check(connection, fact)
        if refused is not None:
            return refused
    return _overdrawn(connection, postings)


def _overdrawn(connection: Connection, postings: Sequence[Posting]) -> Refusal | None:
    """Money that is kept for somebody is spent once, whoever is faster (`chart.PURSES`)."""
    taken: dict[tuple[str, str], int] = {}
    for posting in postings:
        if posting.account.startswith(chart.PURSE_PREFIXES):
            key = posting.account, posting.currency
            taken[key] = taken.get(key, 0) + posting.amount
    for (account, currency), amount in taken.items():
        if amount > 0 and _kept(connection, account, currency) < amount:
            purse, _, holder = account.partition(":")
            return Refusal(f"{purse}_too_small", {chart.PURSES[purse]: holder})
    return None


def _kept(connection: Connection, account: str, currency: str) -> int:
    row = connection.execute(
        "SELECT amount FROM balances WHERE account = ? AND currency = ?", (account, currency)
    ).fetchone()
    return -row[0] if row else 0


def _sale_identifier_taken(connection: Connection, fact: facts.SaleCommitted) -> Refusal | None:
    for token in fact.requests():
        used = fact.meter, token.base_date, token.key_revision, token.identifier
        refused = _taken(connection, used)
        if refused is not None:
            return refused
    return None


def _identifier_taken(connection: Connection, fact: token_facts.TokenCommitted) -> Refusal | None:
    used = special_tokens.identified(fact.request)
    return _taken(connection, used) if used else None


def _taken(connection: Connection, used: tuple[str, int, int, int]) -> Refusal | None:
    """An identifier is given once to a meter under one key revision and base date (E09)."""
    row = connection.execute(
        "SELECT 1 FROM identifiers WHERE meter = ? AND base_date = ? AND key_revision = ?"
        " AND identifier = ?",
        used,
    ).fetchone()
    return Refusal("identifier_taken", {"meter": used[0]}) if row else None


def _token_issued(connection: Connection, fact: token_facts.TokenIssued) -> Refusal | None:
    """The end of a token outside a sale follows its own intention, with the same figures."""
    wanted = ("committed", fact.meter, fact.operation, fact.energy_wh)
    columns = "state, meter, operation, energy_wh"
    return _token_is(connection, fact.issue_id, columns, wanted)


def _token_refused(connection: Connection, fact: token_facts.TokenRefused) -> Refusal | None:
    return _token_is(connection, fact.issue_id, "state", ("committed",))


def _key_changed(connection: Connection, fact: token_facts.MeterKeyChanged) -> Refusal | None:
    wanted = ("issued", fact.meter, "key_change")
    return _token_is(connection, fact.issue_id, "state, meter, operation", wanted)


def _token_is(
    connection: Connection, issue_id: str, columns: str, wanted: tuple[object, ...]
) -> Refusal | None:
    row = connection.execute(
        f"SELECT {columns} FROM issued_tokens WHERE issue_id = ?",  # noqa: S608
        (issue_id,),
    ).fetchone()
    return None if row == wanted else Refusal("token_not_open", {"token": issue_id})


_CHECKS: dict[type[facts.Fact], tuple[Check, ...]] = {
    facts.SaleCommitted: (_sale_identifier_taken, card_checks.sale_without_card_work),
    facts.SaleWithFreeCommitted: (_sale_identifier_taken, card_checks.sale_without_card_work),
    facts.SaleVoided: (card_checks.sale_not_repeated,),
    token_facts.TokenCommitted: (_identifier_taken, registry_checks.of_token),
    token_facts.TokenIssued: (_token_issued,),
    token_facts.TokenRefused: (_token_refused,),
    token_facts.MeterKeyChanged: (_key_changed,),
    **account_checks.CHECKS,
    **card_checks.CHECKS,
    **registry_checks.CHECKS,
}
