"""A centre put together: key, database, reception and bookkeeper, opened and closed as one."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.errors import BadInput, HomeFault
from kiosk.ledger import sealing
from sync import sealed, wire
from sync.centre.bookkeeper import Bookkeeper
from sync.centre.holdings import Holdings, Identity
from sync.centre.reception import Keys, Reception
from sync.centre.registry import CentreRegistry
from sync.centre.revocations import Revocations
from sync.centre.status import Status, status
from sync.centre.store import Store

KEY_FILE = "centre.key"
DATABASE_FILE = "centre.db"

#: Each terminal that may be cut off has a lane; more lanes mean a longer lead over the clock (E09).
DEFAULT_LANES = 32
#: A lane must leave identifiers beside 00:01, which belongs to the meter: half a day of minutes.
MOST_LANES = 720


#: A terminal that is cut off sells so long, unless the centre says otherwise.
DEFAULT_LEASE_DAYS = 30
MOST_LEASE_DAYS = 3650


class Settings:
    """Where a centre lives. `name` and `lanes` count when it is founded, and must agree later;
    `lease_days` goes to each terminal that enrols."""

    def __init__(
        self,
        home: Path,
        database: str | None = None,
        name: str | None = None,
        lanes: int | None = None,
        lease_days: int = 0,
    ) -> None:
        if name is not None and not wire.is_origin(name):
            raise BadInput(f"{name!r} cannot name a centre: letters, digits, dots and dashes.")
        if lanes is not None and not 1 <= lanes <= MOST_LANES:
            raise BadInput(f"{lanes} lanes: a centre has 1 to {MOST_LANES}.")
        if not 0 <= lease_days <= MOST_LEASE_DAYS:
            raise BadInput(f"{lease_days} days: a lease has 0 (no limit) to {MOST_LEASE_DAYS}.")
        self.home, self.database, self.name, self.lanes = home, database, name, lanes
        self.lease_days = lease_days


class Centre:
    """An open centre; made by `opened`."""

    def __init__(
        self,
        holdings: Holdings,
        reception: Reception,
        bookkeeper: Bookkeeper,
        registry: CentreRegistry,
        revocations: Revocations,
    ) -> None:
        self.holdings, self.reception, self.bookkeeper = holdings, reception, bookkeeper
        self.registry, self.revocations = registry, revocations

    async def figures(self) -> Status:
        """The figures now."""
        return await status(self.holdings, self.reception.identity)


@asynccontextmanager
async def opened(
    settings: Settings, *, keep_books: bool, now_ms: Callable[[], int] | None = None
) -> AsyncIterator[Centre]:
    """The centre of `settings`, its commits running; `keep_books` lets the bookkeeper follow.

    Raises HomeFault, StoreFault, and BadInput when the settings contradict the founding.
    """
    key = _key(settings.home)
    store = _store(settings)
    await store.open()
    try:
        holdings = Holdings(store)
        identity = await _identity(holdings, settings, sealing.public_bytes(key))
        now_ms = now_ms or _system_ms
        keys = Keys(key, sealed.box_key(key.private_bytes_raw()))
        revocations = Revocations(store, now_ms)
        reception = Reception(holdings, revocations, identity, keys, now_ms)
        reception.lease_days = settings.lease_days
        bookkeeper = Bookkeeper(holdings, reception.busy, now_ms)
        reception.taken = bookkeeper.nudge
        async with _running(reception, store.commits_at_once, bookkeeper if keep_books else None):
            registry = CentreRegistry(store, identity.name, key)
            reception.next_catalogue = registry.next_after
            yield Centre(holdings, reception, bookkeeper, registry, revocations)
    finally:
        await store.close()


@asynccontextmanager
async def _running(
    reception: Reception, commits_at_once: int, bookkeeper: Bookkeeper | None
) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(reception.run(), name="intake") for _ in range(commits_at_once)]
    if bookkeeper is not None:
        tasks.append(asyncio.create_task(bookkeeper.follow(), name="bookkeeper"))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _identity(holdings: Holdings, settings: Settings, public_key: bytes) -> Identity:
    lanes = settings.lanes or DEFAULT_LANES
    identity = await holdings.found(Identity(settings.name or "centre", public_key, lanes))
    if settings.name not in (None, identity.name):
        raise BadInput(f"This centre is named {identity.name}; terminals know it by that name.")
    if settings.lanes not in (None, identity.lanes):
        raise BadInput(f"This centre has {identity.lanes} lanes; lanes are never renumbered.")
    return identity


def _store(settings: Settings) -> Store:
    if settings.database is None:
        from sync.centre.store_sqlite import SqliteStore

        return SqliteStore(settings.home / DATABASE_FILE)
    if not settings.database.startswith(("postgresql://", "postgres://")):
        raise BadInput("A database address begins with postgresql://")
    from sync.centre.store_postgres import PostgresStore

    return PostgresStore(settings.database)


def _key(home: Path) -> Ed25519PrivateKey:
    """The key of the centre in `home`, made at its founding."""
    path = home / KEY_FILE
    try:
        return sealing.load_key(path) if path.exists() else sealing.make_key(path)
    except FileExistsError:
        return sealing.load_key(path)
    except OSError as error:
        raise HomeFault(f"{path}: the home of the centre cannot be used ({error.strerror}).") from (
            error
        )


def _system_ms() -> int:
    return time.time_ns() // 1_000_000
