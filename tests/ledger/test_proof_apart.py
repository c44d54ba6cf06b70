"""The proof in two processes finds what the proof in one finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.ledger import proof_apart
from kiosk.ledger.connection import connect, key_of
from kiosk.ledger.proof import prove
from kiosk.ledger.proof_apart import prove_apart
from kiosk.ledger.store import LEDGER_FILE, open_reader
from tests.ledger.ledgers import ORIGIN, fill, open_pen

DAMAGES = (
    "SELECT 1",
    "UPDATE sales SET amount_minor = amount_minor + 1 WHERE sequence = (SELECT min(sequence)"
    " FROM sales)",
    "DELETE FROM identities WHERE sequence = 40",
    "UPDATE balances SET amount = amount + 1",
    "UPDATE operators SET role = 'supervisor'",
)


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_same_is_found_when_the_work_is_shared(
    home: Callable[[], Path], monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    path = home()
    pen = open_pen(path)
    fill(pen, 20)
    pen.close()
    connection = connect(path / LEDGER_FILE, key_of(path))
    connection.execute(damage)
    connection.close()
    reader = open_reader(path)
    alone = prove(reader, ORIGIN)
    reader.close()
    monkeypatch.setattr(proof_apart, "WORTH_A_CHILD", 0)
    assert prove_apart(path, ORIGIN) == alone
    assert bool(alone.first_bad) == (damage != "SELECT 1")
