"""Who may call which verb: every role, every right."""

from __future__ import annotations

import pytest

from kiosk.domain.organisation import RIGHTS, may

RIGHT_NAMES = (
    "quote", "sell", "recover", "search", "history", "reprint", "maintain", "operators",
    "engineer", "keys", "free", "tariffs", "accounts", "undo", "approve", "card_read",
    "card_reissue", "card_cancel", "card_stop", "card_make", "card_mend", "card_stock",
    "backup", "clock", "archive", "registry", "registry_file", "diary",
)  # fmt: skip

# The columns are RIGHT_NAMES, in their order.
TABLE = """
self_service x x x - - - - - - - - - - - -  - - - - - - - - - -  - - -
cashier      x x x x x x - - - - - - x x -  x x x x - - - - - -  x - -
technician   x - x x x x x - x x - - - - -  x x x x x x x x x x  x - -
supervisor   x x x x x x x x x x x x x x x  x x x x x x x x x x  x x x
nobody       - - - - - - - - - - - - - - -  - - - - - - - - - -  - - -
"""


@pytest.mark.parametrize("row", TABLE.strip().splitlines(), ids=lambda row: row.split()[0])
def test_a_role_may_do_only_what_its_row_says(row: str) -> None:
    role, *cells = row.split()
    allowed = [right for right, cell in zip(RIGHT_NAMES, cells, strict=True) if cell == "x"]
    assert [right for right in RIGHT_NAMES if may(role, right)] == allowed


def test_no_right_is_forgotten_when_the_table_is_read() -> None:
    assert set(RIGHT_NAMES) == set().union(*RIGHTS.values())
