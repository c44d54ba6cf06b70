"""A ledger from before customers had dated debts: its debts are those that the journal draws."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from kiosk.domain import chart, facts
from kiosk.domain.tariff import Line
from kiosk.ledger.pen import Draft, Pen
from kiosk.ledger.proof import prove
from kiosk.ledger.store import open_reader, open_writer
from tests.builders import FixedClock, delivered, sale
from tests.ledger.ledgers import CONTENT, KEY, ORIGIN, RECEIVED, open_pen
from tests.ledger.old_schema import before, make_old

OWNER = "20000001"


def paying(name: str, number: int, debt_minor: int) -> facts.SaleCommitted:
    """A sale that pays old debt."""
    lines = [
        Line("energy", "Energy", 2_000 - debt_minor, 20_000, chart.revenue("energy"), "energy"),
        Line("debt", "", debt_minor, 0, chart.receivable(OWNER), "debt"),
    ]
    plain = sale(name, 2_000, identifier=number)
    return msgspec.structs.replace(plain, lines=lines, energy_wh=20_000)


@pytest.mark.parametrize("payments", [[], [200], [300, 200], [400, 300], [600]])
def test_debts_are_those_of_the_journal_when_an_old_ledger_is_opened(
    home: Callable[[], Path], payments: list[int]
) -> None:
    pen = open_pen(home())
    assert isinstance(pen.append([Draft.of(RECEIVED, CONTENT)]), list)
    for number, debt in enumerate(payments):
        name = f"s{number}"
        written = [
            Draft.of(paying(name, number, debt)),
            Draft.of(delivered(name, f"{number:020d}")),
        ]
        assert isinstance(pen.append(written), list)
    pen.close()
    make_old(home(), before("accounts"))
    with contextlib.closing(open_writer(home())):
        pass
    with contextlib.closing(open_reader(home())) as connection:
        found = prove(connection, ORIGIN)
        assert not found.first_bad, found.fault
        (left,) = connection.execute(
            "SELECT sum(amount_minor - paid_minor) FROM debts WHERE account = ?", (OWNER,)
        ).fetchone()
    assert left == max(0, 500 - sum(payments))
    again = Pen(open_writer(home()), ORIGIN, KEY, FixedClock().pair)
    assert again.append([Draft.of(facts.OperatorSignedOut("101", "counter-1"))])
    again.close()
