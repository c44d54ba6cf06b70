"""The hall of each test: a copy of a home that was opened once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk import marks
from kiosk.domain.record import SaleRecord
from kiosk.front.wiring import build
from kiosk.till.desk import Desk
from tests.builders import SeededEntropy
from tests.till.acceptor import Acceptor
from tests.till.hall import CARD, Hall, HallClock, sell_to, settings, sold


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that was opened, with its customers, meters and cards; copied, never used."""
    path = tmp_path_factory.mktemp("template") / "home"
    build(path, settings(), clock=HallClock()).close()
    for meter in (path / "world" / "meters").iterdir():
        meter.unlink()  # made again on first use; a copy is quicker without
    return path


@pytest.fixture
def hall(tmp_path: Path, template: Path) -> Iterator[Hall]:
    hall = Hall(tmp_path / "hall", template)
    try:
        yield hall
    finally:
        marks.arm(None)
        hall.close()


@pytest.fixture
def desk(hall: Hall) -> Desk:
    """The first counter of the hall; whoever sits there may do everything."""
    return hall.station()


@pytest.fixture
def card_sale(hall: Hall, desk: Desk) -> SaleRecord:
    """50.00 on the card that lies in the reader."""
    hall.put_in(CARD)
    return sold(sell_to(desk, CARD, 5_000))


@pytest.fixture
def acceptor(tmp_path: Path) -> Iterator[Acceptor]:
    acceptor = Acceptor(tmp_path / "acceptor")
    yield acceptor
    acceptor.close()


@pytest.fixture
def kiosk(hall: Hall, acceptor: Acceptor) -> Desk:
    desk = hall.station(face="self-service", role="self_service", operator="self-service")
    acceptor.plug_in(desk)
    return desk


@pytest.fixture
def other(tmp_path: Path, template: Path, hall: Hall, desk: Desk) -> Iterator[Desk]:
    """A counter of another hall that never hears of the first one; cards are carried there."""
    second = Hall(tmp_path / "other", template)
    second.entropy = SeededEntropy(2)
    away = second.station()
    away.reader = desk.reader
    yield away
    second.close()
