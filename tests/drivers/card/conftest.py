"""The real service, one for all tests of a process: its socket is found by a variable of the
environment that a process reads once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.card.pcsc import PcscReader
from drivers.card.session import CardSession
from tests.drivers.card.card_kinds import MODULE
from tests.drivers.card.pcsc_bench import PATIENT_S, PcscBench
from tests.drivers.card.service import READERS, Service
from tests.ports.card_reader_suite import AMINA


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """pcscd in namespaces of its own."""
    service = Service()
    yield service
    service.close()


@pytest.fixture(scope="module")
def pcsc_reader(service: Service) -> Iterator[PcscReader]:
    """The first of its two readers."""
    reader = PcscReader(READERS[0], PATIENT_S, MODULE)
    yield reader
    reader.close()


@pytest.fixture
def pcsc(service: Service, pcsc_reader: PcscReader, tmp_path: Path) -> Iterator[PcscBench]:
    """Cards beside that reader."""
    bench = PcscBench(service, pcsc_reader, tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def session(pcsc: PcscBench) -> Iterator[CardSession]:
    """Amina's card is in, and we are talking to it."""
    pcsc.insert(AMINA)
    session = pcsc.transport.connect()
    yield session
    session.close()
