"""The three faces: which screens each begins with and comes back to, and how one is run.

A screen is imported when its face needs it: the first frame waits for nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from kiosk.screens.app import FaceApp
from kiosk.screens.face import Face, FaceScreens
from kiosk.screens.unopened import Opened, Unopened
from kiosk.words.book import Words

if TYPE_CHECKING:
    from kiosk.ports import Hands
    from kiosk.screens.frame import Frame
    from kiosk.till.desk import Desk


def _sign_in() -> Frame:
    from kiosk.screens.cashier.sign_in import SignIn

    return SignIn()


def _counter() -> Frame:
    from kiosk.screens.cashier.counter import Counter

    return Counter()


def _technician() -> Frame:
    from kiosk.screens.technician.menu import TechnicianMenu

    return TechnicianMenu()


def _attract() -> Frame:
    from kiosk.screens.self_service.attract import Attract

    return Attract()


FACES: dict[Face, FaceScreens] = {
    "self-service": FaceScreens(first=_attract, menu=_attract),
    "cashier": FaceScreens(first=_sign_in, menu=_counter),
    "technician": FaceScreens(first=_technician, menu=_technician),
}


def make_face(
    desk: Desk | Unopened,
    face: Face,
    words: Words,
    hands: Hands | None = None,
    at_start: Callable[[], Opened | None] = lambda: None,
    *,
    pin: str = "",
) -> FaceApp:
    """A face with its screens; see `FaceApp`."""
    return FaceApp(desk, face, words, FACES[face], hands, at_start, pin=pin)


def run_face(app: FaceApp) -> int:
    """Run a face until somebody leaves it; the exit code of the program."""
    if sys.platform != "win32":
        from kiosk.screens.terminal import FaceDriver

        app.driver_class = FaceDriver
    left = app.run()
    return left if left is not None else app.return_code or 0
