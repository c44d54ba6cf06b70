"""The rows of one entry: the same for the pen, for a restore and for a journal carried on."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.domain import catalogue as catalogues
from kiosk.domain import facts
from kiosk.domain.entry import Entry
from kiosk.domain.posting import Posting
from kiosk.errors import Refusal
from kiosk.ledger import projection
from kiosk.ledger.connection import Connection
from kiosk.ledger.opening import Head


def write_entry(
    connection: Connection, entry: Entry, fact: facts.Fact, postings: Sequence[Posting],
    content: bytes,
) -> None:  # fmt: skip
    """Insert the entry, its postings, and what the tables beside it hold after it."""
    execute, many = connection.execute, connection.executemany
    execute(
        "INSERT INTO entries (sequence, time_ms, quality, kind, version, body, previous,"
        " signature) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.sequence, entry.time_ms, entry.quality, entry.kind, entry.version,
            entry.body, entry.previous, entry.signature,
        ),
    )  # fmt: skip
    if postings:
        many(
            "INSERT INTO postings (sequence, line, account, currency, amount, state)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [(entry.sequence, n, p.account, p.currency, p.amount, p.state)
             for n, p in enumerate(postings)],
        )  # fmt: skip
        many(
            "INSERT INTO balances (account, currency, amount) VALUES (?, ?, ?)"
            " ON CONFLICT (account, currency) DO UPDATE SET amount = amount + excluded.amount",
            [(p.account, p.currency, p.amount) for p in postings],
        )
    projection.project(connection, entry.sequence, entry.time_ms, fact, postings)
    if isinstance(fact, facts.CatalogueReceived):
        catalogue = catalogues.decode(content)
        assert not isinstance(catalogue, Refusal), catalogue
        assert catalogues.received(catalogue, content) == fact, "the content is another catalogue"
        projection.project_catalogue(connection, catalogue, content, entry.origin)


def write_head(connection: Connection, head: Head) -> None:
    """The head row follows the last entry in the same commit."""
    connection.execute(
        "INSERT INTO head (id, sequence, digest) VALUES (1, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence,"
        " digest = excluded.digest",
        (head.sequence, head.digest),
    )
