"""Where a period may end that leaves for an archive: before the time asked for, nothing open."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from kiosk.domain import facts
from kiosk.ledger.archive import last_quiet
from kiosk.ledger.store import open_reader
from tests.builders import NOON_MS, delivered, offered, sale, stacked
from tests.ledger.ledgers import open_pen

SOLD = (sale("a", identifier=1), delivered("a"))
LOST = facts.NoteInDoubt("p", 1, "jam")


@pytest.mark.parametrize(
    ("after_the_sale", "before_ms", "upto"),
    [
        ((), NOON_MS + 1, 3),
        ((), NOON_MS, 1),
        ((sale("b", identifier=2),), NOON_MS + 1, 3),
        ((offered("p"),), NOON_MS + 1, 3),
        ((offered("p"), LOST), NOON_MS + 1, 3),
        ((offered("p"), stacked("p")), NOON_MS + 1, 3),
        ((sale("b", identifier=2), delivered("b")), NOON_MS + 1, 5),
    ],
    ids=["a sale", "of that very time", "a sale is open", "a note is in escrow", "a note is lost",
         "notes are held", "two sales"],
)  # fmt: skip
def test_a_period_ends_where_nothing_is_open(
    tmp_path: Path, after_the_sale: tuple[facts.Fact, ...], before_ms: int, upto: int
) -> None:
    open_pen(tmp_path, *SOLD, *after_the_sale).close()
    with contextlib.closing(open_reader(tmp_path)) as reader:
        assert last_quiet(reader, before_ms, 100).upto == upto
        assert last_quiet(reader, before_ms, 2).upto == 1
