"""What the tables beside the journal hold, drawn from each fact in the same commit.

Nothing here decides anything: every row can be drawn again from the entries, and `kiosk verify`
does so and compares.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from kiosk.domain import facts, special_tokens, store_facts
from kiosk.domain.catalogue import Catalogue
from kiosk.domain.tariff import pack_bytes, pack_digest
from kiosk.ledger.store import Connection

Draw = Callable[[Connection, int, int, Any], None]


def project(connection: Connection, sequence: int, time_ms: int, fact: facts.Fact) -> None:
    """Bring the tables beside the journal up to `fact`, which stands at `sequence`."""
    identity = fact.identity()
    if identity is not None:
        connection.execute(
            "INSERT INTO identities (identity, sequence) VALUES (?, ?)", (identity, sequence)
        )
    draw(connection, sequence, time_ms, fact)


def draw(connection: Connection, sequence: int, time_ms: int, fact: facts.Fact) -> None:
    """As `project`, without the list of identities."""
    drawing = _DRAWS.get(type(fact))
    if drawing is not None:
        drawing(connection, sequence, time_ms, fact)


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


def _token_committed(
    c: Connection, sequence: int, time_ms: int, fact: facts.TokenCommitted
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


def _token_issued(c: Connection, sequence: int, _time_ms: int, fact: facts.TokenIssued) -> None:
    c.execute(
        "UPDATE issued_tokens SET state = 'issued', tokens = ?, ended = ? WHERE issue_id = ?",
        (" ".join(fact.tokens), sequence, fact.issue_id),
    )


def _token_refused(c: Connection, sequence: int, _time_ms: int, fact: facts.TokenRefused) -> None:
    c.execute(
        "UPDATE issued_tokens SET state = 'refused', ended = ? WHERE issue_id = ?",
        (sequence, fact.issue_id),
    )


def _token_copied(c: Connection, _seq: int, _time_ms: int, fact: facts.TokenReprinted) -> None:
    c.execute(
        "UPDATE issued_tokens SET copies = max(copies, ?) WHERE issue_id = ?",
        (fact.copy, fact.issue_id),
    )


def _key_changed(c: Connection, sequence: int, _time_ms: int, fact: facts.MeterKeyChanged) -> None:
    place = fact.place
    c.execute(
        "UPDATE meters SET supply_group = ?, key_revision = ?, tariff_index = ?, key_type = ?,"
        " base_date = ? WHERE number = ?",
        (
            place.supply_group, place.key_revision, place.tariff_index, place.key_type,
            place.base_date, fact.meter,
        ),
    )  # fmt: skip
    c.execute(
        "UPDATE issued_tokens SET key_changed = ? WHERE issue_id = ?", (sequence, fact.issue_id)
    )


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
    for held in fact.payments:
        c.execute(
            "INSERT INTO held (payment, station, meter, currency, amount_minor)"
            " VALUES (?, ?, ?, ?, ?)",
            (held.payment, held.station, held.meter, held.currency, held.amount_minor),
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
    facts.TokenCommitted: _token_committed,
    facts.TokenIssued: _token_issued,
    facts.TokenRefused: _token_refused,
    facts.TokenReprinted: _token_copied,
    facts.MeterKeyChanged: _key_changed,
    store_facts.OriginRejoined: _rejoined,
}


def project_catalogue(connection: Connection, catalogue: Catalogue, content: bytes) -> None:
    """Put the records of a catalogue into the registry; same commit as the fact of its arrival."""
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
    connection.executemany(
        "INSERT INTO customers (account, name, name_key, address, phone) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (account) DO UPDATE SET name = excluded.name, name_key = excluded.name_key,"
        " address = excluded.address, phone = excluded.phone",
        [(c.account, c.name, c.name.casefold(), c.address, c.phone) for c in catalogue.customers],
    )
    connection.executemany(
        "INSERT INTO meters (number, account, kind, power_type, blocked, phases, supply_group,"
        " key_revision, tariff_index, key_type, algorithm, base_date)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (number) DO UPDATE SET account = excluded.account, kind = excluded.kind,"
        " power_type = excluded.power_type, blocked = excluded.blocked, phases = excluded.phases,"
        " supply_group = excluded.supply_group, key_revision = excluded.key_revision,"
        " tariff_index = excluded.tariff_index, key_type = excluded.key_type,"
        " algorithm = excluded.algorithm, base_date = excluded.base_date",
        [
            (
                m.number, m.account, m.kind, m.power_type, int(m.blocked), m.phases,
                m.supply_group, m.key_revision, m.tariff_index, m.key_type, m.algorithm,
                m.base_date,
            )
            for m in catalogue.meters
        ],
    )  # fmt: skip
    connection.executemany(
        "INSERT INTO cards (number, serial, meter, issue) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (number) DO UPDATE SET serial = excluded.serial, meter = excluded.meter,"
        " issue = excluded.issue",
        [(c.number, c.serial, c.meter, c.issue) for c in catalogue.cards],
    )
