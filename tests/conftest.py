"""Fixtures for every room: `home` makes homes, `clock` and `entropy` stand still, `desk` sells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as drawing

from kiosk.config import Settings
from kiosk.front.wiring import House, build
from kiosk.till.desk import Desk
from tests.builders import FixedClock, SeededEntropy
from tests.totals import TotalsPlugin
from tests.totals import totals as totals  # noqa: PLC0414 - a fixture for every room

# How long a drawn example takes says how busy the machine is, and nothing about what is tested.
drawing.register_profile(
    "busy", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
drawing.load_profile("busy")


def pytest_configure(config: pytest.Config) -> None:
    """The figures of long suites are told at the end."""
    config.pluginmanager.register(TotalsPlugin())


@pytest.fixture
def home(tmp_path: Path) -> Callable[[str], Path]:
    """A factory of new, empty homes: `home("a")`; the same name, the same folder."""

    def make(name: str = "home") -> Path:
        path = tmp_path / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    return make


@pytest.fixture
def clock() -> FixedClock:
    """The time of every fact of this test; it stands still until `clock.advance`."""
    return FixedClock()


@pytest.fixture
def entropy() -> SeededEntropy:
    """Names and nibbles that are the same in every run."""
    return SeededEntropy()


@pytest.fixture
def house(tmp_path: Path, clock: FixedClock, entropy: SeededEntropy) -> Iterator[House]:
    """A rehearsal of 12 customers, put together as in production, with devices that are simulated
    at the far end of their wires; no printer, no note acceptor, no centre."""
    base = Settings()
    rehearsal = msgspec.structs.replace(base.rehearsal, customers=12, centre=False)
    settings = msgspec.structs.replace(base, rehearsal=rehearsal)
    built = build(tmp_path / "house", settings, clock=clock, entropy=entropy)
    try:
        yield built
    finally:
        built.close()


@pytest.fixture
def desk(house: House) -> Desk:
    """The desk of `house` as a cashier's: the security module and the card reader are there."""
    house.desk.operator, house.desk.role = "101", "cashier"
    return house.desk
