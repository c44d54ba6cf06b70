"""Nobody leaves the kiosk for the system below it (reliability 7.8): every key, chord, paste, click
and resize that a terminal can express, from every family of screens of a real machine."""

from __future__ import annotations

import asyncio
import string
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from textual import events
from textual.geometry import Size

from kiosk.domain import catalogue as catalogues
from kiosk.front import utility
from kiosk.screens.face import Face
from tests.attacks.faces import Hall, Visitor

Attempt = Callable[[Visitor], Awaitable[None]]

CHORDS = [
    *(f"ctrl+{letter}" for letter in string.ascii_lowercase),
    "ctrl+at", "ctrl+backslash", "ctrl+right_square_bracket", "ctrl+circumflex_accent",
    "ctrl+underscore", "ctrl+space", "ctrl+left", "ctrl+pageup", "ctrl+delete", "ctrl+shift+c",
    "ctrl+shift+t", "ctrl+alt+t", "ctrl+alt+delete", "ctrl+alt+f2", "alt+f2", "alt+f4", "alt+tab",
    "alt+enter", "alt+x", "super+c", "super+l", "shift+tab", "tab", "shift+insert", "insert",
    "delete", "home", "end", "pageup", "pagedown", "print_screen", "scroll_lock", "pause", "menu",
    "colon", "exclamation_mark", "tilde", "grave_accent", "at", "slash", "vertical_line",
    *(f"f{number}" for number in range(1, 25)),
]  # fmt: skip

PASTES = {
    "1 MB": "9" * 2**20,
    "escape sequences": "\x1b[201~\x1b]52;c;cm0gLXJm\x07\x1bP+q\x1b\\\x1b[?1049l\x1bc",
    "control codes": "".join(map(chr, range(32))),
    "a line for a shell": "\n:!sh\n!bash\n`id`\n$(id)\n",
}


def _chord(key: str) -> Attempt:
    return lambda visitor: visitor.press(key)


def _paste(text: str) -> Attempt:
    async def paste(visitor: Visitor) -> None:
        visitor.app.post_message(events.Paste(text))
        await visitor.look()

    return paste


def _click(x: int, y: int) -> Attempt:
    async def click(visitor: Visitor) -> None:
        for kind in (events.MouseDown, events.MouseUp, events.Click, events.MouseScrollDown):
            visitor.app.post_message(
                kind(None, x, y, 0, 0, 1, False, False, True, screen_x=x, screen_y=y)
            )
        await visitor.look()

    return click


def _resize(width: int, height: int) -> Attempt:
    async def resize(visitor: Visitor) -> None:
        for columns, rows in ((width, height), (80, 24)):
            size = Size(columns, rows)
            visitor.app.post_message(events.Resize(size, size))
            await visitor.pilot.pause()

    return resize


async def _focus(visitor: Visitor) -> None:
    for event in (events.AppBlur(), events.AppFocus()):
        visitor.app.post_message(event)
        await visitor.look()


async def _escape_storm(visitor: Visitor) -> None:
    for _ in range(50):
        await visitor.press("escape")


ATTEMPTS: dict[str, Attempt] = {
    **{key: _chord(key) for key in CHORDS},
    **{f"paste {name}": _paste(text) for name, text in PASTES.items()},
    **{f"click {x},{y}": _click(x, y) for x, y in ((0, 0), (40, 12), (79, 23), (500, 500))},
    **{f"resize {w}x{h}": _resize(w, h) for w, h in ((1, 1), (2, 1), (500, 200))},
    "focus": _focus,
    "escape storm": _escape_storm,
}


@dataclass(frozen=True)
class Family:
    """A screen and the way to it: keys, `note` feeds one, `idle` lets time pass."""

    screen: str
    face: Face
    way: list[str] = field(default_factory=list)


METER, CARD_METER = "{keypad}", "{card}"
_BUY = ["enter", METER, "enter", "enter", "30", "enter"]
_CASHIER, _TECHNICIAN = ["101", "enter", "1234", "enter"], ["201", "enter", "1234", "enter"]

FAMILIES = [
    Family("Attract", "self-service"),
    Family("Number", "self-service", _BUY[:1]),
    Family("Confirm", "self-service", _BUY[:3]),
    Family("Amount", "self-service", _BUY[:4]),
    Family("Payment", "self-service", _BUY),
    Family("TokenShown", "self-service", [*_BUY, "note", "note", "enter"]),
    Family("Ending", "self-service", [*_BUY, "escape"]),
    Family("Help", "self-service", ["enter", "question_mark"]),
    Family("InsertCard", "self-service", ["enter", CARD_METER, "enter", "enter"]),
    Family("MoreTime", "self-service", ["enter", "idle"]),
    Family("SignIn", "cashier"),
    Family("Counter", "cashier", _CASHIER),
    Family("Amount", "cashier", [*_CASHIER, METER, "enter", "enter"]),
    Family("TechnicianSignIn", "technician"),
    Family("TechnicianMenu", "technician", _TECHNICIAN),
    Family("Devices", "technician", [*_TECHNICIAN, "1"]),
    Family("SetupMenu", "technician", [*_TECHNICIAN, "4"]),
]


async def go(hall: Hall, visitor: Visitor, family: Family) -> None:
    """Take the way to the screen of the family; a key may fall into a change of screens."""
    for _ in range(10):
        await _take(hall, visitor, family)
        if visitor.screen == family.screen:
            return
    raise AssertionError((family, visitor.screen, shown(visitor)))


async def _take(hall: Hall, visitor: Visitor, family: Family) -> None:
    own = family.face == "self-service"  # nobody signs in at a kiosk
    hall.house.desk.operator = "self-service" if own else ""
    hall.house.desk.role = "self_service" if own else ""
    visitor.app.start_over()
    await visitor.settle()
    for step in family.way:
        if step == "note":
            hall.acceptor.feed(2000)
            await _until(visitor, lambda: "40" in shown(visitor) or "20" in shown(visitor))
            await asyncio.sleep(0.3)
        elif step == "idle":
            hall.clock.push(45)
            visitor.app.tick()
        elif step[0] in "0123456789{":
            buyers = {"{keypad}": 0, "{card}": 1}
            digits = hall.meters[buyers[step]] if step in buyers else step
            for digit in digits:
                await visitor.press(digit)
        else:
            await visitor.press(step)
        await visitor.pilot.pause()
        await visitor.settle()
    await _until(visitor, lambda: visitor.screen == family.screen)
    await visitor.pilot.pause()


async def _until(visitor: Visitor, there: Callable[[], bool]) -> None:
    for _ in range(200):
        await visitor.look()
        if there():
            return
        await asyncio.sleep(0.02)


def shown(visitor: Visitor) -> str:
    strips = visitor.app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


def held(visitor: Visitor, name: str, folder: Path) -> None:
    """The face still has the machine for itself."""
    where = f"{name} at {visitor.screen}"
    assert visitor.alive(), f"{where}: the face has ended"
    for screen in visitor.app.screen_stack[1:]:
        assert type(screen).__module__.startswith("kiosk.screens."), f"{where}: {screen}"
    assert not visitor.cases, f"{where}: {visitor.cases}"
    assert not list(folder.glob("*.svg")), f"{where}: a picture of the screen was stored"


@pytest.mark.proof
@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f"{f.face}-{f.screen}")
def test_nobody_gets_out_whatever_is_pressed(
    family: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    hall = Hall(tmp_path / "home", mode="real")

    async def attack() -> None:
        async with hall.face(family.face) as visitor:
            await go(hall, visitor, family)
            for name, attempt in ATTEMPTS.items():
                await attempt(visitor)
                await visitor.settle(2.0)
                held(visitor, name, tmp_path)
                if visitor.screen != family.screen:
                    await go(hall, visitor, family)

    try:
        asyncio.run(attack())
        assert hall.log.texts == []
    finally:
        hall.close()


def test_there_are_enough_attempts_from_enough_screens() -> None:
    assert len(ATTEMPTS) >= 60
    assert len({family.screen for family in FAMILIES}) >= 12


@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+c", "ctrl+p", "ctrl+z", "ctrl+backslash", "f1"])
def test_the_kiosk_goes_on_when_a_chord_is_pressed_that_ends_other_programs(
    key: str, tmp_path: Path
) -> None:
    hall = Hall(tmp_path / "home", mode="real")

    async def attack() -> None:
        async with hall.face("self-service") as visitor:
            for _ in range(3):
                await visitor.press(key)
            await visitor.settle()
            held(visitor, key, tmp_path)

    try:
        asyncio.run(attack())
    finally:
        hall.close()


HOSTILE = "[@click=app.quit]free[/] \x1b[2J\x1b]0;owned\x07 \u202egnirts {meter} $9"


def test_a_name_is_only_a_name_when_it_holds_markup_and_control_codes(tmp_path: Path) -> None:
    hall = Hall(tmp_path / "home", mode="real")
    content = utility.catalogue(12, "ZAR")
    customers = [
        msgspec.structs.replace(customer, name=HOSTILE, address=HOSTILE)
        for customer in content.customers
    ]
    hostile = msgspec.structs.replace(content, number=2, customers=customers)
    hall.house.desk.journal.append(catalogues.received(hostile), content=catalogues.encode(hostile))

    async def visit() -> None:
        async with hall.face("self-service") as visitor:
            await go(hall, visitor, FAMILIES[2])
            text = shown(visitor)
            assert "[@" in text, "markup is shown as what it is"
            assert "\x1b" not in text
            assert "\u202e" not in text
            await ATTEMPTS["click 40,12"](visitor)
            held(visitor, "a click on a name", tmp_path)

    try:
        asyncio.run(visit())
        assert hall.log.texts == []
    finally:
        hall.close()


def test_a_fault_is_a_case_number_when_a_handler_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only a worker: a key, a timer and a screen that cannot be drawn."""
    from kiosk.screens.self_service.number import Number

    hall = Hall(tmp_path / "home", mode="real")

    async def visit(broken: str) -> None:
        def fail(*_given: object) -> None:
            raise RuntimeError("nobody thought of this")

        async with hall.face("self-service") as visitor:
            await go(hall, visitor, FAMILIES[1])
            with monkeypatch.context() as patched:
                patched.setattr(Number, broken, fail)
                screen = visitor.app.screen
                assert isinstance(screen, Number)
                screen.set_timer(0.01, screen.press_help)
                await visitor.press("7")
                await _until(visitor, lambda: visitor.screen == "Fault")
            assert "RuntimeError" not in shown(visitor)
            assert "nobody thought" not in shown(visitor)
            await visitor.press("enter")
            await _until(visitor, lambda: visitor.screen == "Attract")
            assert visitor.alive()

    try:
        for broken in ("press_digit", "press_help", "hint"):
            asyncio.run(visit(broken))
        assert len(hall.log.texts) >= 2
    finally:
        hall.close()
