"""The tables of the registry: catalogues from above, registrations and amendments from here.

A record's row is the record of the highest catalogue that contains it, with every change on top
that was written here and is not merged in that catalogue (`Catalogue.merged`). So the order in
which catalogues arrive makes no difference, and none undoes what it does not know.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from kiosk.domain import registry_facts as facts
from kiosk.domain.catalogue import Catalogue
from kiosk.domain.fact import Fact
from kiosk.domain.registry import Card, Customer, Meter
from kiosk.domain.registry_changes import REGISTERED, Change, applied, changes_of, registered
from kiosk.ledger import card_projection
from kiosk.ledger import registry_rows as rows
from kiosk.ledger.connection import Connection


def draw_changes(c: Connection, sequence: int, time_ms: int, fact: Fact) -> None:
    """Write the changes of `fact` down and apply them."""
    changes = changes_of(fact)
    reason, operator = getattr(fact, "reason", ""), getattr(fact, "operator", "")
    c.executemany(
        "INSERT INTO amendments (sequence, line, subject, number, field, old, new, reason,"
        " operator, changed_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (sequence, line, *msgspec.structs.astuple(change), reason, operator, time_ms)
            for line, change in enumerate(changes)
        ],
    )
    accounts = {account for change in changes if (account := _apply(c, sequence, change))}
    for account in sorted(accounts):
        rows.index_account(c, account)


def _apply(c: Connection, sequence: int, change: Change) -> str:
    """Apply one change to its row: the account whose search text it may change."""
    made = registered(change) if change.field == REGISTERED else None
    if isinstance(made, Card):
        card_projection.register(c, sequence, made)
        return _account_of(c, made)
    found = rows.record_of(c, change.subject, change.number)
    if made is not None:
        record: rows.Record = made
    elif found is None:
        return ""  # a change of a key of a meter that nobody registered
    else:
        record = applied(found[0], change)
    rows.put(c, record, found[1] if found else 0)
    return _account_of(c, record)


def _account_of(c: Connection, record: rows.Record | Card) -> str:
    if not isinstance(record, Card):
        return record.account
    row = c.execute("SELECT account FROM meters WHERE number = ?", (record.meter,)).fetchone()
    return row[0] if row else ""


# --- catalogues -------------------------------------------------------------------------------


def draw_catalogue(c: Connection, catalogue: Catalogue, origin: str) -> None:
    """Put the records of a catalogue under what was changed here and is not merged in it."""
    merged = catalogue.merged.get(origin, 0)
    groups: Iterable[tuple[str, list[Any]]] = (
        ("customer", catalogue.customers),
        ("meter", catalogue.meters),
    )
    accounts: dict[str, None] = {}
    for subject, records in groups:
        for record in records:
            account = _take(c, subject, record, catalogue.number, merged)
            if account:
                accounts[account] = None
    for account in _take_cards(c, catalogue, merged):
        accounts[account] = None
    for account in accounts:
        rows.index_account(c, account)


def _take_cards(c: Connection, catalogue: Catalogue, merged: int) -> list[str]:
    """Take the cards over, but for those that were registered here and are not merged in it: the
    accounts whose search text they may change."""
    here = c.execute(
        "SELECT number FROM amendments WHERE subject = 'card' AND sequence > ?", (merged,)
    ).fetchall()
    own = {row[0] for row in here}
    cards = [card for card in catalogue.cards if card.number not in own]
    card_projection.project_cards(c, cards, catalogue.number)
    return [account for card in cards if (account := _account_of(c, card))]


def _take(c: Connection, subject: str, record: Customer | Meter, number: int, merged: int) -> str:
    """Take a record of catalogue `number` over, unless a higher one brought it before."""
    key = record.account if isinstance(record, Customer) else record.number
    found = rows.record_of(c, subject, key)
    if found is not None and found[1] > number:
        return ""
    before = _account_of(c, found[0]) if found is not None else ""
    for row in c.execute(
        "SELECT subject, number, field, old, new FROM amendments"
        " WHERE subject = ? AND number = ? AND sequence > ? ORDER BY sequence, line",
        (subject, key, merged),
    ).fetchall():
        change = Change(*row)
        made = registered(change) if change.field == REGISTERED else applied(record, change)
        assert not isinstance(made, Card), change
        record = made
    rows.put(c, record, number)
    account = _account_of(c, record)
    if before and before != account:
        rows.index_account(c, before)
    return account


# --- the other tables -------------------------------------------------------------------------


def _installed(c: Connection, sequence: int, time_ms: int, fact: facts.MeterInstalled) -> None:
    draw_changes(c, sequence, time_ms, fact)
    c.execute(
        "INSERT INTO installations (meter, sequence, place, installed_on, reading_wh, seals,"
        " operator) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            fact.meter, sequence, fact.place, fact.installed_on, fact.reading_wh,
            " ".join(fact.seals), fact.operator,
        ),
    )  # fmt: skip


def _amended(c: Connection, sequence: int, time_ms: int, fact: facts.MeterAmended) -> None:
    draw_changes(c, sequence, time_ms, fact)
    if fact.field == "account":
        rows.index_account(c, fact.old)


def _read(c: Connection, sequence: int, _time_ms: int, fact: facts.MeterRead) -> None:
    c.execute(
        "INSERT INTO readings (reading_id, sequence, meter, source, reading_wh, remaining_wh,"
        " read_ms, operator) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            fact.reading_id, sequence, fact.meter, fact.source, fact.reading_wh, fact.remaining_wh,
            fact.read_ms, fact.operator,
        ),
    )  # fmt: skip


def _replaced(c: Connection, sequence: int, time_ms: int, fact: facts.MeterReplaced) -> None:
    draw_changes(c, sequence, time_ms, fact)
    c.execute(
        "INSERT INTO replacements (replacement_id, sequence, meter, new_meter, account,"
        " remaining_wh, moved_wh, worth_minor) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            fact.replacement_id, sequence, fact.meter, fact.new_meter, fact.account,
            fact.remaining_wh, fact.moved_wh, fact.worth_minor,
        ),
    )  # fmt: skip
    card_projection.retire_of(c, sequence, fact.meter, fact.reason)


def _cancelled(c: Connection, sequence: int, time_ms: int, fact: facts.MeterCancelled) -> None:
    draw_changes(c, sequence, time_ms, fact)
    card_projection.retire_of(c, sequence, fact.meter, fact.reason)


DRAWS: dict[type[Fact], Any] = {
    facts.CustomerRegistered: draw_changes,
    facts.CustomerAmended: draw_changes,
    facts.MeterInstalled: _installed,
    facts.MeterAmended: _amended,
    facts.SharesSet: draw_changes,
    facts.MeterRead: _read,
    facts.MeterReplaced: _replaced,
    facts.MeterCancelled: _cancelled,
}
