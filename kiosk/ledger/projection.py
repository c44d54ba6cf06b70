"""What the tables beside the journal hold, drawn from each fact in the same commit.

Nothing here decides anything: every row can be drawn again from the entries, and `kiosk verify`
does so and compares. Each further subject has its tables drawn in a file of its own
(`token_projection` ...), gathered in `_DRAWS` here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from kiosk.domain import facts, store_facts
from kiosk.domain.catalogue import Catalogue
from kiosk.domain.posting import Posting
from kiosk.domain.tariff import pack_bytes, pack_digest
from kiosk.ledger import (
    account_projection,
    card_account_projection,
    card_projection,
    debt_projection,
    operator_projection,
    registry_projection,
    tariff_projection,
    token_projection,
)
from kiosk.ledger.connection import Connection

Draw = Callable[[Connection, int, int, Any], None]


def project(
    connection: Connection,
    sequence: int,
    time_ms: int,
    fact: facts.Fact,
    postings: Sequence[Posting],
) -> None:
    """Bring the tables beside the journal up to `fact`, which stands at `sequence`."""
    identity = fact.identity()
    if identity is not None:
        connection.execute(
            "INSERT INTO identities (identity, sequence) VALUES (?, ?)", (identity, sequence)
        )
    draw(connection, sequence, time_ms, fact, postings)


def draw(
    connection: Connection, sequence: int, time_ms: int, fact: facts.Fact,
    postings: Sequence[Posting],
) -> None:  # fmt: skip
    """As `project`, without the list of identities."""
    drawing = _DRAWS.get(type(fact))
    if drawing is not None:
        drawing(connection, sequence, time_ms, fact)
    if postings:
        debt_projection.draw(connection, sequence, time_ms, fact, postings)


def _committed(c: Connection, sequence: int, time_ms: int, fact: facts.SaleCommitted) -> None:
    c.execute(
        "INSERT INTO sales (sale_id, sequence, state, meter, account, card, station, operator,"
        " face, currency, amount_minor, energy_wh, purchase_number, committed_ms)"
        " VALUES (?, ?, 'paid', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            fact.sale_id, sequence, fact.meter, fact.account,
            fact.card.serial if fact.card else None, fact.station, fact.operator, fact.face,
            fact.currency, fact.amount_minor, fact.energy_wh,
            fact.card.purchase_number if fact.card else None, time_ms,
        ),
    )  # fmt: skip
    for token in fact.requests():
        c.execute(
            "INSERT INTO identifiers (meter, base_date, key_revision, identifier, sale_id)"
            " VALUES (?, ?, ?, ?, ?)",
            (fact.meter, token.base_date, token.key_revision, token.identifier, fact.sale_id),
        )
    if any(tender.kind == "notes" for tender in fact.tenders):
        c.execute("DELETE FROM held WHERE payment = ?", (fact.sale_id,))


def _delivered(c: Connection, sequence: int, _time_ms: int, fact: facts.SaleDelivered) -> None:
    c.execute(
        "UPDATE sales SET state = 'delivered', token = ?, ended = ? WHERE sale_id = ?",
        (" ".join(fact.digits()) or None, sequence, fact.sale_id),
    )


def _voided(c: Connection, sequence: int, _time_ms: int, fact: facts.SaleVoided) -> None:
    c.execute(
        "UPDATE sales SET state = 'voided', ended = ? WHERE sale_id = ?", (sequence, fact.sale_id)
    )


def _in_doubt(c: Connection, _sequence: int, _time_ms: int, fact: facts.SaleInDoubt) -> None:
    c.execute("UPDATE sales SET state = 'in_doubt' WHERE sale_id = ?", (fact.sale_id,))


def _printed(c: Connection, _sequence: int, _time_ms: int, fact: facts.SlipPrinted) -> None:
    c.execute(
        "UPDATE sales SET copies = max(copies, ?) WHERE sale_id = ?", (fact.copy, fact.sale_id)
    )


def _offered(c: Connection, sequence: int, _time_ms: int, fact: facts.NoteOffered) -> None:
    c.execute(
        "INSERT INTO notes (payment, note, state, sequence, station, device, meter, counter,"
        " amount_minor, currency) VALUES (?, ?, 'offered', ?, ?, ?, ?, ?, ?, ?)",
        (
            fact.payment, fact.note, sequence, fact.station, fact.device, fact.meter, fact.counter,
            fact.amount_minor, fact.currency,
        ),
    )  # fmt: skip


def _stacked(c: Connection, _sequence: int, _time_ms: int, fact: facts.NoteStacked) -> None:
    _end_note(c, fact.payment, fact.note, "stacked")
    c.execute("UPDATE notes SET counter = ? WHERE payment = ? AND note = ?",
              (fact.counter, fact.payment, fact.note))  # fmt: skip
    c.execute(
        "INSERT INTO held (payment, station, meter, currency, amount_minor)"
        " SELECT payment, station, meter, currency, amount_minor FROM notes"
        " WHERE payment = ? AND note = ?"
        " ON CONFLICT (payment) DO UPDATE SET amount_minor = amount_minor + excluded.amount_minor",
        (fact.payment, fact.note),
    )


def _returned(c: Connection, _sequence: int, _time_ms: int, fact: facts.NoteReturned) -> None:
    _end_note(c, fact.payment, fact.note, "returned")


def _note_in_doubt(c: Connection, _sequence: int, _time_ms: int, fact: facts.NoteInDoubt) -> None:
    _end_note(c, fact.payment, fact.note, "in_doubt")


def _end_note(c: Connection, payment: str, note: int, state: str) -> None:
    c.execute("UPDATE notes SET state = ? WHERE payment = ? AND note = ?", (state, payment, note))


def _kept(c: Connection, _sequence: int, _time_ms: int, fact: facts.PaymentKept) -> None:
    c.execute("DELETE FROM held WHERE payment = ?", (fact.payment,))


def _rejoined(c: Connection, sequence: int, time_ms: int, fact: store_facts.OriginRejoined) -> None:
    """What stood open in the old journal; each row points to the entry that brought it."""
    for sale in fact.sales:
        committed = facts.carried_sale(sale)
        _committed(c, sequence, time_ms, committed)
        c.execute("UPDATE sales SET state = ? WHERE sale_id = ?", (sale.state, committed.sale_id))
    for note in fact.notes:
        offered = facts.carried_note(note)
        _offered(c, sequence, time_ms, offered)
        if note.lost:
            _end_note(c, offered.payment, offered.note, "in_doubt")
    for move, state in facts.carried_moves(fact):
        card_account_projection.carry(c, sequence, time_ms, move, state)
    for work, state in facts.carried_works(fact):
        card_projection.carry(c, sequence, time_ms, work, state)
    for held in fact.payments:
        c.execute(
            "INSERT INTO held (payment, station, meter, currency, amount_minor)"
            " VALUES (?, ?, ?, ?, ?)",
            (held.payment, held.station, held.meter, held.currency, held.amount_minor),
        )


_DRAWS: dict[type[facts.Fact], Draw] = {
    facts.SaleCommitted: _committed,
    facts.SaleDelivered: _delivered,
    facts.SaleWithFreeCommitted: _committed,
    facts.SaleWithFreeDelivered: _delivered,
    facts.SaleVoided: _voided,
    facts.SaleInDoubt: _in_doubt,
    facts.SlipPrinted: _printed,
    facts.NoteOffered: _offered,
    facts.NoteStacked: _stacked,
    facts.NoteReturned: _returned,
    facts.NoteInDoubt: _note_in_doubt,
    facts.PaymentKept: _kept,
    **operator_projection.DRAWS,
    **token_projection.DRAWS,
    **card_account_projection.DRAWS,
    facts.TariffPublished: tariff_projection.published,
    **account_projection.DRAWS,
    **card_projection.DRAWS,
    store_facts.OriginRejoined: _rejoined,
    store_facts.OriginRejoinedWithCards: _rejoined,
    **registry_projection.DRAWS,
}


def project_catalogue(
    connection: Connection, catalogue: Catalogue, content: bytes, origin: str
) -> None:
    """Put the records of a catalogue into the registry of the home `origin`; same commit as the
    fact of its arrival."""
    digest = hashlib.sha256(content).hexdigest()
    connection.execute(
        "INSERT INTO catalogues (number, digest, content) VALUES (?, ?, ?)",
        (catalogue.number, digest, content),
    )
    pack = catalogue.tariff
    tariff_projection.keep(connection, pack_digest(pack), pack.number, pack_bytes(pack))
    registry_projection.draw_catalogue(connection, catalogue, origin)
