"""What the tables beside the journal hold, drawn from each fact in the same commit.

Nothing here decides anything: every row can be drawn again from the entries, and `kiosk verify`
does so and compares. Each further subject has its tables drawn in a file of its own
(`token_projection` ...), gathered in `_DRAWS` here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from kiosk.domain import facts
from kiosk.domain.catalogue import Catalogue
from kiosk.domain.tariff import pack_bytes, pack_digest
from kiosk.ledger import registry_projection, token_projection
from kiosk.ledger.store import Connection

Draw = Callable[[Connection, int, int, Any], None]


def project(connection: Connection, sequence: int, time_ms: int, fact: facts.Fact) -> None:
    """Bring the tables beside the journal up to `fact`, which stands at `sequence`."""
    identity = fact.identity()
    if identity is not None:
        connection.execute(
            "INSERT INTO identities (identity, sequence) VALUES (?, ?)", (identity, sequence)
        )
    draw = _DRAWS.get(type(fact))
    if draw is not None:
        draw(connection, sequence, time_ms, fact)


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
    if fact.token:
        c.execute(
            "INSERT INTO identifiers (meter, base_date, key_revision, identifier, sale_id)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                fact.meter, fact.token.base_date, fact.token.key_revision,
                fact.token.identifier, fact.sale_id,
            ),
        )  # fmt: skip
    if any(tender.kind == "notes" for tender in fact.tenders):
        c.execute("DELETE FROM held WHERE payment = ?", (fact.sale_id,))


def _delivered(c: Connection, sequence: int, _time_ms: int, fact: facts.SaleDelivered) -> None:
    c.execute(
        "UPDATE sales SET state = 'delivered', token = ?, ended = ? WHERE sale_id = ?",
        (fact.token, sequence, fact.sale_id),
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


def _registered(c: Connection, _seq: int, _time_ms: int, fact: facts.OperatorRegistered) -> None:
    c.execute(
        "INSERT INTO operators (operator, role, pin_hash) VALUES (?, ?, ?)"
        " ON CONFLICT (operator) DO UPDATE SET role = excluded.role, pin_hash = excluded.pin_hash",
        (fact.operator, fact.role, fact.pin_hash),
    )


def _signed_in(c: Connection, _seq: int, _time_ms: int, fact: facts.OperatorSignedIn) -> None:
    c.execute("UPDATE operators SET failures = 0 WHERE operator = ?", (fact.operator,))


def _refused(c: Connection, _sequence: int, time_ms: int, fact: facts.SignInRefused) -> None:
    c.execute(
        "UPDATE operators SET failures = failures + 1, last_failure_ms = ? WHERE operator = ?",
        (time_ms, fact.operator),
    )


_DRAWS: dict[type[facts.Fact], Draw] = {
    facts.SaleCommitted: _committed,
    facts.SaleDelivered: _delivered,
    facts.SaleVoided: _voided,
    facts.SaleInDoubt: _in_doubt,
    facts.SlipPrinted: _printed,
    facts.NoteOffered: _offered,
    facts.NoteStacked: _stacked,
    facts.NoteReturned: _returned,
    facts.NoteInDoubt: _note_in_doubt,
    facts.PaymentKept: _kept,
    facts.OperatorRegistered: _registered,
    facts.OperatorSignedIn: _signed_in,
    facts.SignInRefused: _refused,
    **token_projection.DRAWS,
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
    tariff = pack_bytes(catalogue.tariff)
    connection.execute(
        "INSERT OR IGNORE INTO tariffs (digest, number, content) VALUES (?, ?, ?)",
        (pack_digest(catalogue.tariff), catalogue.tariff.number, tariff),
    )
    registry_projection.draw_catalogue(connection, catalogue, origin)
