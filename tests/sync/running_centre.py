"""A centre in this process, on either database, asked in plain calls."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from sync import wire
from sync.centre.app import make_app
from sync.centre.bookkeeper import Bookkeeper
from sync.centre.hall import Centre, Settings, opened
from sync.centre.status import OriginFigures, Status
from tests.sync.sync_terminal import NOON_MS, Terminal

T = TypeVar("T")


class RunningCentre:
    """Opened at once; `restart` closes and opens it, as a new process would."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.hall: Centre = self.run(self._open())

    async def _open(self) -> Centre:
        centre = opened(self.settings, keep_books=False, now_ms=lambda: NOON_MS)
        return await self.stack.enter_async_context(centre)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def restart(self) -> None:
        self.run(self.stack.aclose())
        self.hall = self.run(self._open())

    def close(self) -> None:
        self.run(self.stack.aclose())
        self.runner.close()

    # --- what is asked of it ------------------------------------------------------------------

    @property
    def public_key(self) -> bytes:
        return self.hall.reception.identity.public_key

    def enrol(self, terminal: Terminal) -> wire.Enrolment | wire.Refused:
        request = wire.EnrolmentRequest(terminal.origin, terminal.public_key.hex())
        return self.run(self.hall.reception.enrol(request, code=None))

    def send(self, packed: bytes) -> wire.Answer:
        return self.run(self.hall.reception.receive(packed))

    def send_together(self, *packed: bytes) -> list[wire.Answer]:
        async def together() -> list[wire.Answer]:
            return list(await asyncio.gather(*map(self.hall.reception.receive, packed)))

        return self.run(together())

    def ask(self, origin: str) -> wire.Answer:
        return self.run(self.hall.reception.ask(origin))

    def keep_books(self) -> None:
        self.run(self.hall.bookkeeper.catch_up())

    def another_bookkeeper(self) -> Bookkeeper:
        return Bookkeeper(self.hall.holdings, lambda: False, lambda: NOON_MS)

    def status(self) -> Status:
        return self.run(self.hall.figures())

    def figures(self, origin: str) -> OriginFigures:
        return next(each for each in self.status().origins if each.origin == origin)

    def alarms(self) -> list[tuple[str, str, int]]:
        return sorted((each.origin, each.code, each.times) for each in self.status().alarms)

    def contents(self, origin: str) -> list[bytes]:
        return self.run(self.hall.holdings.entries(origin, 0, 100_000))

    def break_table(self, name: str) -> None:
        self.execute(f"ALTER TABLE {name} RENAME TO broken_{name}")

    def mend_table(self, name: str) -> None:
        self.execute(f"ALTER TABLE broken_{name} RENAME TO {name}")

    def execute(self, statement: str) -> None:
        async def run() -> None:
            async with self.hall.holdings._store.transaction() as transaction:
                await transaction.fetch(statement)

        self.run(run())

    def app(self, *, auto_enrol: bool = False) -> Any:
        return make_app(self.hall.reception, self.hall.figures, auto_enrol=auto_enrol)
