"""The tables of cards: the registry's own state of each, works, cases, stock and readings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kiosk.domain import card_facts
from kiosk.domain.fact import Fact
from kiosk.domain.registry import Card
from kiosk.ledger import registry_rows
from kiosk.ledger.connection import Connection

#: Works that need a blank card.
_USES_A_BLANK = ("make", "reissue", "tool")


def _committed(
    c: Connection, sequence: int, time_ms: int, fact: card_facts.CardWorkCommitted
) -> None:
    content = fact.content
    c.execute(
        "INSERT INTO card_works (work_id, sequence, state, operation, meter, card_number, serial,"
        " family, issue, replaces, station, sale_id, purchase_number, energy_wh, amount_minor,"
        " currency, content_sale, committed_ms)"
        " VALUES (?, ?, 'committed', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            fact.work_id, sequence, fact.operation, fact.meter, fact.card_number, fact.serial,
            fact.before.family, fact.issue, fact.replaces, fact.station, fact.sale_id,
            content.purchase_number, content.energy_wh, content.amount_minor, content.currency,
            content.sale_id, time_ms,
        ),
    )  # fmt: skip
    if fact.replaces:
        # Out of use from the intention on: the customer has said so, whatever becomes of the rest.
        _stop(c, sequence, fact.replaces, fact.old_state, fact.reason)


def carry(
    c: Connection, sequence: int, time_ms: int, fact: card_facts.CardWorkCommitted, state: str
) -> None:
    """A work that stood open in an old journal; the entry at `sequence` brought it."""
    _committed(c, sequence, time_ms, fact)
    c.execute("UPDATE card_works SET state = ? WHERE work_id = ?", (state, fact.work_id))


def _stop(c: Connection, sequence: int, serial: str, state: str, reason: str) -> None:
    c.execute(
        "UPDATE cards SET state = ?, reason = ?, changed = ? WHERE serial = ?",
        (state, reason, sequence, serial),
    )


def _done(c: Connection, sequence: int, _time_ms: int, fact: card_facts.CardWorkDone) -> None:
    _end(c, sequence, fact.work_id, "done")
    if fact.operation in {"make", "reissue"}:
        c.execute(
            "INSERT INTO cards (serial, number, meter, issue, changed)"
            " SELECT serial, card_number, meter, issue, ? FROM card_works WHERE work_id = ?"
            " ON CONFLICT (serial) DO UPDATE SET number = excluded.number,"
            " meter = excluded.meter, issue = excluded.issue, state = 'active', reason = '',"
            " changed = excluded.changed",
            (sequence, fact.work_id),
        )
        registry_rows.index_meter(c, fact.meter)
    if fact.operation in _USES_A_BLANK:
        row = c.execute(
            "SELECT family FROM card_works WHERE work_id = ?", (fact.work_id,)
        ).fetchone()
        if row is not None:  # a work that was never begun is named by the proof (E29), not here
            _move_stock(c, row[0], issued=1, in_stock=-1)


def _undone(c: Connection, sequence: int, _time_ms: int, fact: card_facts.CardWorkUndone) -> None:
    _end(c, sequence, fact.work_id, "undone")


def _end(c: Connection, sequence: int, work_id: str, state: str) -> None:
    c.execute(
        "UPDATE card_works SET state = ?, ended = ? WHERE work_id = ?", (state, sequence, work_id)
    )


def _in_doubt(c: Connection, _seq: int, _time_ms: int, fact: card_facts.CardWorkInDoubt) -> None:
    c.execute("UPDATE card_works SET state = 'in_doubt' WHERE work_id = ?", (fact.work_id,))


def _copied(c: Connection, _seq: int, _time_ms: int, fact: card_facts.CardWorkReprinted) -> None:
    c.execute(
        "UPDATE card_works SET copies = max(copies, ?) WHERE work_id = ?", (fact.copy, fact.work_id)
    )


def _hot_listed(
    c: Connection, sequence: int, _time_ms: int, fact: card_facts.CardHotListed
) -> None:
    _stop(c, sequence, fact.serial, fact.state, fact.reason)


def _released(c: Connection, sequence: int, _time_ms: int, fact: card_facts.CardReleased) -> None:
    _stop(c, sequence, fact.serial, "active", "")


def _found(c: Connection, sequence: int, time_ms: int, fact: card_facts.CardFound) -> None:
    _open_case(c, sequence, time_ms, "found", fact)


def _inspected(c: Connection, sequence: int, time_ms: int, fact: card_facts.CardInspected) -> None:
    _open_case(c, sequence, time_ms, fact.reason, fact)


def _open_case(
    c: Connection,
    sequence: int,
    time_ms: int,
    kind: str,
    fact: card_facts.CardFound | card_facts.CardInspected,
) -> None:
    c.execute(
        "INSERT INTO card_cases (case_id, sequence, kind, serial, meter, station, opened_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (fact.case_id, sequence, kind, fact.serial, fact.meter, fact.station, time_ms),
    )


def _case_closed(
    c: Connection, sequence: int, _time_ms: int, fact: card_facts.CardCaseClosed
) -> None:
    c.execute(
        "UPDATE card_cases SET outcome = ?, ended = ? WHERE case_id = ?",
        (fact.outcome, sequence, fact.case_id),
    )


def _stock(c: Connection, _seq: int, _time_ms: int, fact: card_facts.CardStockMoved) -> None:
    if fact.movement == "counted":
        row = c.execute(
            "SELECT in_stock FROM card_stock WHERE family = ?", (fact.family,)
        ).fetchone()
        difference = fact.count - (row[0] if row else 0)
        _move_stock(c, fact.family, corrected=difference, in_stock=difference)
    else:
        way = 1 if fact.movement == "received" else -1
        _move_stock(c, fact.family, **{fact.movement: fact.count, "in_stock": way * fact.count})


def _move_stock(c: Connection, family: str, **by: int) -> None:
    figures = [by.get(name, 0) for name in
               ("received", "issued", "damaged", "corrected", "in_stock")]  # fmt: skip
    c.execute(
        "INSERT INTO card_stock (family, received, issued, damaged, corrected, in_stock)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (family) DO UPDATE SET"
        " received = received + excluded.received, issued = issued + excluded.issued,"
        " damaged = damaged + excluded.damaged, corrected = corrected + excluded.corrected,"
        " in_stock = in_stock + excluded.in_stock",
        (family, *figures),
    )


def _read(c: Connection, sequence: int, time_ms: int, fact: card_facts.MeterReadByCard) -> None:
    c.execute(
        "INSERT INTO card_readings (sequence, meter, serial, purchase_number, credited_wh, left_wh,"
        " left_minor, overdraft_minor, result, read_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            sequence, fact.meter, fact.serial, fact.purchase_number, fact.credited_wh, fact.left_wh,
            fact.left_minor, fact.overdraft_minor, fact.result, time_ms,
        ),
    )  # fmt: skip


def register(c: Connection, sequence: int, card: Card) -> None:
    """The card of a meter that was installed here."""
    c.execute(
        "INSERT INTO cards (number, serial, meter, issue, changed) VALUES (?, ?, ?, ?, ?)",
        (card.number, card.serial, card.meter, card.issue, sequence),
    )


def retire_of(c: Connection, sequence: int, meter: str, reason: str) -> None:
    """The cards of a meter that was taken out are out of use with it."""
    c.execute(
        "UPDATE cards SET state = 'retired', reason = ?, changed = ?"
        " WHERE meter = ? AND state = 'active'",
        (reason, sequence, meter),
    )


def project_cards(c: Connection, cards: Sequence[Card], catalogue: int) -> None:
    """The cards of the catalogue with this number; what a higher one said of a card stands. What
    was stopped here stays stopped, and what was reissued here stays the newest; a higher issue from
    above puts the cards before it out of use."""
    c.executemany(
        "INSERT INTO cards (number, serial, meter, issue, catalogue) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (serial) DO UPDATE SET number = excluded.number, meter = excluded.meter,"
        " issue = max(issue, excluded.issue), catalogue = excluded.catalogue"
        " WHERE excluded.catalogue >= catalogue",
        [(card.number, card.serial, card.meter, card.issue, catalogue) for card in cards],
    )
    c.execute(
        "UPDATE cards SET state = 'retired' WHERE state = 'active' AND EXISTS"
        " (SELECT 1 FROM cards newer WHERE newer.number = cards.number"
        " AND newer.issue > cards.issue)"
    )


DRAWS: dict[type[Fact], Any] = {
    card_facts.CardWorkCommitted: _committed,
    card_facts.CardWorkDone: _done,
    card_facts.CardWorkUndone: _undone,
    card_facts.CardWorkInDoubt: _in_doubt,
    card_facts.CardWorkReprinted: _copied,
    card_facts.CardHotListed: _hot_listed,
    card_facts.CardReleased: _released,
    card_facts.CardFound: _found,
    card_facts.CardInspected: _inspected,
    card_facts.CardCaseClosed: _case_closed,
    card_facts.CardStockMoved: _stock,
    card_facts.MeterReadByCard: _read,
}
