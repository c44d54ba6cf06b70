"""A face for those who mean no good: real screens, devices at the end of their wires, a clock that
can be pushed on, and notes of every key that was pressed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from textual import events
from textual.pilot import Pilot

from kiosk.config import Settings
from kiosk.domain.chart import cash
from kiosk.front.wiring import House, build
from kiosk.ports import Moment
from kiosk.screens.app import FaceApp
from kiosk.screens.face import Face
from kiosk.screens.faces import make_face
from kiosk.screens.more_time import Fault
from kiosk.till.greet import suggestions
from kiosk.till.maintain import verify
from tests.builders import NOON_MS
from tests.screens.conftest import PaperDouble
from tests.till.acceptor import Acceptor

FACES: tuple[Face, ...] = ("self-service", "cashier", "technician")
_CUSTOMERS = 12
STEP_S = 5

#: Messages that a face may be behind.
_BACKLOG = 200

#: Here a worker watches a device for as long as the screen is there.
_WATCHING = {"Payment", "Deliver", "InsertCard", "Attract", "Ending"}


class FrozenError(Exception):
    """A face takes no message any more; the screen at which it stands."""


class PushedClock:
    """Real time, pushed on by hand: nobody waits for idle times."""

    def __init__(self) -> None:
        self.pushed_ms = 0

    def push(self, seconds: float) -> None:
        self.pushed_ms += int(seconds * 1000)

    def now(self) -> Moment:
        return Moment(NOON_MS + self.pushed_ms, "synced")

    def monotonic_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000 + self.pushed_ms


class LogNotes(logging.Handler):
    """Everything that was logged as an error: case numbers, and what ended a face."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


class Hall:
    """One home with all its devices; faces are opened on it one after another."""

    def __init__(self, home: Path, mode: str = "rehearsal") -> None:
        self.clock = PushedClock()
        base = Settings()
        settings = msgspec.structs.replace(
            base,
            rehearsal=msgspec.structs.replace(base.rehearsal, customers=_CUSTOMERS, centre=False),
        )
        self.house: House = build(home, settings, face="self-service", clock=self.clock)
        assert self.house.world is not None
        self.acceptor = Acceptor(self.house.world.acceptor)
        self.acceptor.plug_in(self.house.desk)
        self.house.desk.slips = PaperDouble()
        #: A keypad meter and a card meter that may buy.
        self.meters = [buyer.meter.number for buyer in suggestions(self.house.desk)]
        if mode == "real":  # the keys of a real kiosk on simulated devices
            site = msgspec.structs.replace(settings.site, mode="real")
            self.house.desk.settings = msgspec.structs.replace(settings, site=site)
        self.log = LogNotes()
        logging.getLogger().addHandler(self.log)

    def close(self) -> None:
        logging.getLogger().removeHandler(self.log)
        self.acceptor.close()
        self.house.close()

    @asynccontextmanager
    async def face(self, face: Face) -> AsyncIterator[Visitor]:
        desk = self.house.desk
        service = face == "self-service"
        desk.operator = "self-service" if service else ""
        desk.role = "self_service" if service else ""
        desk.face = face
        real = desk.settings.site.mode == "real"
        app = make_face(desk, face, self.house.words, None if real else self.house.hands)
        async with app.run_test() as pilot:
            visitor = Visitor(app, pilot, self.clock)
            await visitor.settle()
            yield visitor

    def money_without_a_fact(self) -> list[str]:
        """What is in the box and not in the books, or the other way round; and a broken ledger."""
        desk, found = self.house.desk, []
        booked = desk.records.balance(cash("acceptor"), desk.currency)
        doubtful = sum(
            note.amount_minor for note in desk.records.open_notes() if note.state == "in_doubt"
        )
        box = self.acceptor.box_minor()
        if not booked <= box <= booked + doubtful:
            found.append(f"the box holds {box}, the books say {booked}, {doubtful} in doubt")
        if desk.records.held():
            found.append(f"money is still held: {desk.records.held()}")
        proof = verify(desk)
        if proof.first_bad:
            found.append(proof.fault)
        return found


class Visitor:
    """Presses keys on one face and remembers which screens there were."""

    def __init__(self, app: FaceApp, pilot: Pilot[int], clock: PushedClock) -> None:
        self.app, self.pilot, self.clock = app, pilot, clock
        self.first = type(app.screens.first())
        self.seen: Counter[str] = Counter()
        self.seen_alone: set[str] = set()
        self.cases: list[str] = []
        self.screen = ""

    def alive(self) -> bool:
        """Whether the face still runs and has a screen."""
        return self.app.is_running and bool(self.app.screen_stack)

    async def press(self, key: str) -> None:
        character = key if len(key) == 1 else None
        self.app.post_message(events.Key(key, character))
        await self.look()

    async def look(self) -> None:
        """Let the face do what it has to do, and note where it is."""
        for _ in range(4):
            await asyncio.sleep(0)
        if not self.alive():
            return  # `screen` still says where it ended
        self.screen = type(self.app.screen).__name__
        self.seen[self.screen] += 1
        self.seen_alone.add(self.screen)
        if isinstance(self.app.screen, Fault):
            self.cases.append(f"{self.app.screen.case}: {self.app.screen.sentence}")
        for _ in range(1000):  # a face may be slower than a monkey
            if self.app.message_queue_size < _BACKLOG:
                return
            await asyncio.sleep(0.01)
        raise FrozenError(self.screen)

    async def settle(self, within_s: float = 10.0) -> None:
        """Wait until no worker of the till is at work, or it waits for a person."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            await self.look()
            busy = [w for w in self.app.workers if w.group == "till" and w.is_running]
            if not busy or self.screen in _WATCHING:
                return
            await asyncio.sleep(0.002)

    async def left_alone(self, limit_s: int) -> int:
        """Nobody presses a key any more: how many seconds until the first screen is back."""
        for second in range(0, limit_s, STEP_S):
            await self.settle(1.0)
            if type(self.app.screen) is self.first:
                return second
            self.clock.push(STEP_S)
            self.app.tick()
            await self.settle(1.0)
            look = getattr(self.app.screen, "look", None)
            if look is not None:  # an ending counts its own looks, two a second
                for _ in range(2 * STEP_S):
                    look()
                    await asyncio.sleep(0.004)
                    await self.look()
            elif self.screen in _WATCHING:
                await asyncio.sleep(0.05)
        return limit_s
