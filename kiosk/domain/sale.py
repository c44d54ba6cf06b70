"""The states of a sale and the legal moves between them, as one table (error-cases 0).

`quoted` lives in memory only. `paid` is commit one: the money is taken and the delivery intended.
`delivering` is the moment of the physical act and is shown, not stored: on disk it is
`paid`, and recovery treats both alike. An unknown outcome is `in_doubt`, with a queue, an owner and
an age; it is asked for, never repeated under a new id.
"""

from __future__ import annotations

from typing import Literal

SaleState = Literal["quoted", "paid", "delivering", "delivered", "voided", "in_doubt"]

MOVES: dict[str, tuple[str, ...]] = {
    "quoted": ("paid",),
    "paid": ("delivering", "delivered", "voided", "in_doubt"),
    "delivering": ("delivered", "voided", "in_doubt"),
    "in_doubt": ("delivered", "voided", "in_doubt"),
    "delivered": (),
    "voided": (),
}


def may_move(state: str, to: str) -> bool:
    """Whether a sale may go from `state` to `to`."""
    return to in MOVES[state]
