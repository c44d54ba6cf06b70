"""What stands beside the journal against what the journal draws: totals, identities, tables."""

from __future__ import annotations

from itertools import pairwise, zip_longest

from kiosk.ledger import account_projection
from kiosk.ledger.connection import Connection

_BATCH = 100

#: The tables beside the journal and their keys; projection.py draws them. `balances` are sums.
DRAWN = {
    "sales": "sale_id",
    "identifiers": "meter, base_date, key_revision, identifier",
    "issued_tokens": "issue_id",
    "account_moves": "move_id",
    "returned_card_money": "card",
    "suspicions": "case_id",
    "notes": "payment, note",
    "held": "payment",
    "operators": "operator",
    "refused_sign_ins": "sequence",
    "catalogues": "number",
    "tariffs": "digest",
    "customers": "account",
    "meters": "number",
    "cards": "serial",
    "card_works": "work_id",
    "card_cases": "case_id",
    "card_stock": "family",
    "card_readings": "sequence",
    **account_projection.DRAWN,
    "amendments": "sequence, line",
    "installations": "meter",
    "readings": "reading_id",
    "replacements": "replacement_id",
    "registry_index": "account",
}


class Bad(Exception):
    """The first entry that is wrong, and how."""

    def __init__(self, sequence: int, fault: str) -> None:
        self.sequence, self.fault = sequence, fault


def compare_totals(connection: Connection, balances: dict[tuple[str, str], int], upto: int) -> None:
    """Stored totals equal what the fold up to entry `upto` gives. Raises Bad."""
    rows = connection.execute("SELECT account, currency, amount FROM balances")
    stored = {(account, currency): amount for account, currency, amount in rows}
    for key in sorted(stored.keys() | balances.keys()):
        if stored.get(key) != balances.get(key):
            raise Bad(upto, f"the stored total of {key[0]} is not the sum of its postings")


def compare_identities(connection: Connection, identities: list[tuple[str, int]]) -> None:
    """Every identity stands once, at the entry of its fact; sorts `identities`. Raises Bad."""
    identities.sort()
    for (one, _), (other, sequence) in pairwise(identities):
        if one == other:
            raise Bad(sequence, f"stands here a second time ({one})")
    stored = connection.execute(
        "SELECT identity, sequence FROM identities ORDER BY identity"
    ).fetchall()
    if stored != identities:
        row, wanted = next(pair for pair in zip_longest(stored, identities) if pair[0] != pair[1])
        raise Bad((wanted or row)[1], "the table identities shows it otherwise")


def compare_tables(connection: Connection, drawn: Connection, upto: int) -> None:
    """Every table beside the journal holds what was drawn again up to entry `upto`. Raises Bad."""
    for table, order in DRAWN.items():
        _compare_table(connection, drawn, upto, table, order)


def _compare_table(
    connection: Connection, drawn: Connection, upto: int, table: str, order: str
) -> None:
    """A difference names the entry of its row, where the table has one."""
    sql = f"SELECT * FROM {table} ORDER BY {order}"  # noqa: S608
    stored, wanted_all = connection.execute(sql), drawn.execute(sql)
    columns = [column[0] for column in stored.description]
    while True:
        rows, wanted_rows = stored.fetchmany(_BATCH), wanted_all.fetchmany(_BATCH)
        if rows != wanted_rows:
            break
        if not rows:
            return
    row, wanted = next(pair for pair in zip_longest(rows, wanted_rows) if pair[0] != pair[1])
    shown = dict(zip(columns, wanted or row, strict=True))
    raise Bad(
        shown.get("sequence", upto),
        f"the table {table} shows {shown[columns[0]]} otherwise than the journal",
    )
