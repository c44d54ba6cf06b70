"""A face on a temporary rehearsal home with simulated devices, and keys instead of fingers."""

from __future__ import annotations

import asyncio
import io
import shutil
import textwrap
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from textual import events
from textual._compositor import Compositor
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Static

from kiosk.config import Settings
from kiosk.front.wiring import House, build
from kiosk.ports import PrinterStatus, SlipLine, SlipState
from kiosk.screens.app import FaceApp
from kiosk.screens.face import Face
from kiosk.screens.faces import make_face
from kiosk.screens.linear import run_linear
from kiosk.till.greet import suggestions
from kiosk.till.quote import Buyer

Talk = Callable[..., str]


class PaperDouble:
    """The port Slips: prints at once while `state_now` is ok, fails otherwise."""

    def __init__(self) -> None:
        self.state_now = PrinterStatus("ok")
        self.jobs: dict[str, SlipState] = {}
        self.lines: dict[str, list[SlipLine]] = {}
        self.abandoned: list[str] = []
        self.left_lines = 4000

    def submit(self, job: str, lines: object) -> None:
        self.lines[job] = list(lines)  # type: ignore[call-overload]
        self.jobs[job] = "printed" if self.state_now.state == "ok" else "failed"

    def outcome(self, job: str) -> SlipState:
        return self.jobs[job]

    def abandon(self, job: str) -> None:
        self.abandoned.append(job)

    def state(self) -> PrinterStatus:
        return self.state_now

    def paper_left_lines(self) -> int:
        return self.left_lines

    def roll_changed(self) -> None:
        self.left_lines = 4000


class Hall:
    """One built house with a face on it; `play` runs a script of keys against it."""

    def __init__(self, house: House, paper: PaperDouble) -> None:
        self.house, self.paper = house, paper
        self.desk = house.desk
        keypad, card = suggestions(house.desk)
        self.keypad: Buyer = keypad
        self.card: Buyer = card

    def play(
        self,
        script: Callable[[Player], Awaitable[None]],
        *,
        face: Face = "self-service",
        size: tuple[int, int] = (80, 24),
    ) -> None:
        async def run() -> None:
            app = make_face(self.desk, face, self.house.words, self.house.hands, pin="1234")
            async with app.run_test(size=size) as pilot:
                await script(Player(app, pilot))

        asyncio.run(run())


def _wrapped(row: str, width: int) -> list[str]:
    return textwrap.wrap(row, max(1, width)) or [""]


class Player:
    """Presses keys and reads the screen."""

    def __init__(self, app: FaceApp, pilot: Pilot[int]) -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str, see: str = "") -> str:
        """Press `keys`; with `see`, wait until that stands on the screen: the whole screen then."""
        for key in keys:
            self.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await self.pilot.pause()
        return await self.see(see) if see else ""

    async def dial(self, digits: str) -> None:
        await self.press(*digits)

    def text(self) -> str:
        """What stands on the screen now, line by line."""
        lines = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in lines)

    async def idle(self) -> None:
        """Wait until the screen hears keys again."""
        await self.pilot.pause()
        while getattr(self.app.screen, "busy", False):
            await self.pilot.pause(0.01)

    async def see(self, wanted: str, *, within_s: float = 60.0) -> str:
        """Wait until `wanted` stands on the screen; the whole screen then."""
        for _ in range(int(within_s / 0.02)):
            text = self.text()
            if wanted in " ".join(text.split()):
                assert not self.cut_off(), self.cut_off()
                return text
            await asyncio.sleep(0.02)
        raise AssertionError(f"{wanted!r} did not come up; there was:\n{self.text()}")

    def cut_off(self) -> list[str]:
        """Texts that do not fit into their place on the screen."""
        found = []
        for static in self.app.screen.query(Static):
            text, place = str(static.render()), static.content_size
            if not text or not all(node.display for node in static.ancestors_with_self):
                continue
            if any(
                n.styles.overflow_y == "auto" for n in static.ancestors if isinstance(n, Widget)
            ):
                continue  # what scrolls is not cut off
            rows = sum(len(_wrapped(row, place.width)) for row in text.split("\n"))
            seen = self.app.screen.find_widget(static).visible_region
            if rows > place.height or seen.height < static.region.height:
                found.append(f"{static.id or static.classes}: {text}")
        return found

    def one(self, kind: type[Widget]) -> Widget:
        return self.app.screen.query_one(kind)


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is drawn for a terminal that is not there; `Player.text` draws what a person would
    see. Textual would draw every change and throw it away, for a third of the processor's time."""

    def forget(compositor: Compositor, **_options: object) -> None:
        compositor._dirty_regions.clear()

    monkeypatch.setattr(Compositor, "render_update", forget)


@pytest.fixture(scope="session")
def settings() -> Settings:
    """A small utility, no centre."""
    base = Settings()
    rehearsal = msgspec.structs.replace(base.rehearsal, customers=12, centre=False)
    return msgspec.structs.replace(base, rehearsal=rehearsal)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> Path:
    """A home that was opened, with its customers, meters and cards; copied, never used."""
    path = tmp_path_factory.mktemp("template") / "home"
    build(path, settings).close()
    return path


@pytest.fixture
def hall(tmp_path: Path, settings: Settings, template: Path) -> Iterator[Hall]:
    shutil.copytree(template, tmp_path / "home")
    house = build(tmp_path / "home", settings, face="self-service", cash=True)
    paper = PaperDouble()
    house.desk.slips = paper
    try:
        yield Hall(house, paper)
    finally:
        house.close()


@pytest.fixture
def talk(hall: Hall) -> Talk:
    """Type lines at a face until the input ends; everything that was said."""

    def run(face: str, *lines: str) -> str:
        said = io.StringIO()
        read = io.StringIO("".join(f"{line}\n" for line in lines))
        house = hall.house
        assert run_linear(hall.desk, house.words, house.hands, read, said, face) == 0
        text = said.getvalue()
        assert all(character.isprintable() or character == "\n" for character in text)
        return text

    return run
