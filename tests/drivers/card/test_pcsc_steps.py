"""One sale a family through the real service: pulled and killed at every command, nothing wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.card_audit import summary
from tests.crash.card_stage import Trouble
from tests.crash.card_steps import DOCUMENT
from tests.drivers.card.pcsc_steps import NAMES, ServiceBench
from tests.drivers.card.service import Service, need_the_real_thing
from tests.totals import Totals

need_the_real_thing()


@pytest.mark.parametrize("kind", ["pull", "kill"])
def test_e01_e02_the_sale_ends_once_when_it_breaks_off_at_the_last_write(
    service: Service, tmp_path: Path, kind: str
) -> None:
    bench = ServiceBench("open", tmp_path, service)
    last = max(at for at, writes in enumerate(bench.writes, 1) if writes)
    shown, total = bench.broken_off(Trouble(kind, last, 0))
    assert shown == "torn"
    assert (total.wrong, dict(total.ends)) == ([], {"delivered": 1})


@pytest.mark.proof
@pytest.mark.parametrize("name", NAMES)
def test_e01_e02_nothing_is_lost_or_doubled_when_it_breaks_off_at_any_command(
    service: Service, name: str, tmp_path: Path, totals: Totals
) -> None:
    bench = ServiceBench(name, tmp_path, service)
    drawn, total = bench.row()
    with totals():
        print(f"\nsell through pcscd, {name}, {bench.steps} commands: {summary(total)}")
    assert total.cases == 2 * bench.steps
    assert total.wrong == []
    assert drawn in DOCUMENT.read_text(), (
        f"python -m tests.drivers.card.pcsc_steps --write\n{drawn}"
    )
