"""The states of a sale: every move of the table, and no other."""

from __future__ import annotations

import pytest

from kiosk.domain.sale import MOVES, may_move

#               quoted paid delivering delivered voided in_doubt
TABLE = """
quoted            -     x       -          -        -      -
paid              -     -       x          x        x      x
delivering        -     -       -          x        x      x
delivered         -     -       -          -        -      -
voided            -     -       -          -        -      -
in_doubt          -     -       -          x        x      x
"""
STATES = ("quoted", "paid", "delivering", "delivered", "voided", "in_doubt")


@pytest.mark.parametrize("row", TABLE.strip().splitlines(), ids=lambda row: row.split()[0])
def test_a_sale_moves_only_as_the_table_says(row: str) -> None:
    state, *cells = row.split()
    allowed = [to for to, cell in zip(STATES, cells, strict=True) if cell == "x"]
    assert [to for to in STATES if may_move(state, to)] == allowed


def test_every_state_has_its_moves_when_the_table_is_read() -> None:
    assert set(MOVES) == set(STATES)
