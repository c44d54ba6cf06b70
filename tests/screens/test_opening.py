"""The kiosk's first frame comes before its home is open; trouble behind it reads as ever."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys
import termios
import threading
from pathlib import Path

import pytest

from kiosk.front.wiring import House
from kiosk.screens.faces import make_face
from kiosk.screens.terminal import let_go
from kiosk.screens.unopened import CannotOpenError, Opened, Unopened
from tests.builders import FixedClock
from tests.screens.conftest import Hall, Player

#: What opening the home brings, and the first frame does not need.
_BEHIND = (
    "cryptography", "sqlcipher3", "serial", "kiosk.ledger", "kiosk.till", "drivers", "sync",
    "kiosk.domain.facts", "kiosk.domain.record", "kiosk.domain.tariff",
)  # fmt: skip

#: The screen is drawn on standard error; a terminal goes back to its own page with this.
_SCREEN_LEFT = "\x1b[?1049l"


def unopened(house: House) -> Unopened:
    desk = house.desk
    return Unopened(desk.settings, desk.clock, desk.entropy)


def test_the_first_frame_is_there_and_takes_no_key_while_the_home_is_being_opened(
    hall: Hall,
) -> None:
    may_open, clock = threading.Event(), FixedClock()
    hall.desk.clock = clock

    def open_home() -> Opened:
        assert may_open.wait(60)
        return Opened(hall.desk, hall.house.hands, "1234")

    async def run() -> None:
        app = make_face(unopened(hall.house), "self-service", hall.house.words, None, open_home)
        async with app.run_test(size=(80, 24)) as pilot:
            player = Player(app, pilot)
            await player.see("Please wait")
            await player.press("5", "enter", "escape", "question_mark")
            assert len(app.screen_stack) == 2
            may_open.set()
            await player.see("Put in your card, or type")
            await player.press("7")  # goes on typing what was begun before
            clock.advance(seconds=1)
            await player.press("5")
            assert "75" not in (await player.see("Type your meter number"))

    asyncio.run(run())
    assert hall.desk.operator != ""


@pytest.mark.parametrize(("typed", "blind"), [(b"101\r12", True), (b"12", True), (b"", False)])
def test_no_key_is_left_when_it_was_typed_before_the_screen(typed: bytes, blind: bool) -> None:
    keyboard, terminal = pty.openpty()
    try:
        before = termios.tcgetattr(terminal)
        os.write(keyboard, typed)
        shown = b""
        while not shown.endswith(typed[-1:]):  # until the terminal has it
            shown += os.read(keyboard, 100)
        assert let_go(terminal) is blind
        assert let_go(terminal) is False
        assert termios.tcgetattr(terminal) == before
    finally:
        os.close(keyboard)
        os.close(terminal)


def test_the_rest_of_a_pin_is_no_name_when_it_was_begun_before_the_screen(hall: Hall) -> None:
    clock = FixedClock()
    hall.desk.clock = clock

    async def script(player: Player) -> None:
        await player.see("Sign in")
        player.app.typed_blind()
        await player.press(*"34", "enter")
        clock.advance(seconds=1)
        await player.press(*"101", "enter", *"1234", "enter")
        await player.see("What is to be done?")

    hall.play(script, face="cashier")


def test_the_face_ends_with_code_1_when_the_home_does_not_open(hall: Hall) -> None:
    def open_home() -> Opened:
        raise CannotOpenError

    async def run() -> int | None:
        app = make_face(unopened(hall.house), "self-service", hall.house.words, None, open_home)
        async with app.run_test() as pilot:
            for _ in range(6000):
                if app.return_value is not None:
                    break
                await pilot.pause(0.01)
        return app.return_value

    assert asyncio.run(run()) == 1


def test_one_sentence_says_why_when_the_home_is_a_file(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("not a folder")
    shown = on_a_terminal("--home", str(home), "run", "--mode", "self-service")
    assert shown.code == 1
    told = shown.errors.rpartition(_SCREEN_LEFT)[2]
    wanted = f"kiosk: {home}: the home must be a folder, and this is a file; choose another."
    assert told.endswith(f"{wanted}\n") and told.count("\n") == 1


def test_nothing_that_the_home_needs_is_loaded_when_the_first_frame_is_painted() -> None:
    modules = (
        "import json, sys, kiosk.front.commands.run, kiosk.front.sentences, kiosk.front.system,"
        " kiosk.screens.faces, kiosk.screens.self_service.attract;"
        " print(json.dumps(sorted(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", modules], check=True, capture_output=True)
    early = [name for name in json.loads(told.stdout) if name.startswith(_BEHIND)]
    assert early == []


class _Shown:
    def __init__(self, code: int, errors: str) -> None:
        self.code, self.errors = code, errors


def on_a_terminal(*arguments: str) -> _Shown:
    """Run kiosk with a terminal for its screen; standard error stays apart."""
    line, inner = pty.openpty()
    reader = threading.Thread(target=_read_out, args=(line,))
    reader.start()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kiosk", *arguments], stdin=inner, stdout=inner,
            stderr=subprocess.PIPE, timeout=60, check=False, text=True,
            env={**os.environ, "TERM": "xterm-256color"},
        )  # fmt: skip
    finally:
        os.close(inner)
        reader.join(60)
        os.close(line)
    return _Shown(done.returncode, done.stderr)


def _read_out(line: int) -> None:
    """A terminal that nobody reads would hold the program up."""
    try:
        while os.read(line, 65536):
            pass
    except OSError:
        return
