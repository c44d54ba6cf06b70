"""What a screen may ask of the face it stands in; `app.py` is what answers.

A screen names the screens that it leads to. Where it goes back to is passed to it, and the menu of
the face is asked for here: so imports go one way, from a menu to what lies behind it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from textual.screen import Screen

    from kiosk.ports import Hands
    from kiosk.screens.played import Played
    from kiosk.till.desk import Desk
    from kiosk.till.maintain import Status
    from kiosk.words.book import Words

Face = Literal["self-service", "cashier", "technician"]
Result = TypeVar("Result")


class FaceScreens(NamedTuple):
    """The screens of one face that others come back to, each made anew."""

    first: Callable[[], Screen[None]]
    menu: Callable[[], Screen[None]]


class ScreenFace(Protocol):
    """The app as its screens see it."""

    desk: Desk
    words: Words
    #: The customer's hands; in a rehearsal only.
    hands: Hands | None
    #: What came of their last deed, and whom they play.
    hands_said: str
    played: Played
    #: The rehearsal PIN that a first screen shows.
    pin: str
    #: Whether the home is open, and whether its devices are.
    opened: bool
    ready: bool
    status: Status | None
    #: Set when the program ends: a worker that waits for a person stops waiting.
    ending: threading.Event
    #: The insertion of a card that was dealt with.
    handled_insertion: int | None

    @property
    def screen(self) -> Screen[object]:
        """What is shown now."""

    @property
    def screen_stack(self) -> list[Screen[object]]:
        """What is shown, and what lies below it."""

    def menu(self) -> Screen[None]:
        """The menu of this face, made anew."""

    def go(self, screen: Screen[None]) -> None:
        """Show the next step in place of this one; the first screen stays below."""

    def start_over(self) -> None:
        """Back to the first screen; nothing personal stays."""

    def speak(self, language: str, *, again: bool = True) -> None:
        """Use another language from now on, on the screen and on paper."""

    def fault(self, error: Exception) -> None:
        """Something nobody thought of: name the case, log it, start over."""

    def ask(
        self, work: Callable[[], Result], then: Callable[[Result], None], *, group: str = "till"
    ) -> None:
        """Run `work` in a worker thread; `then` gets its result on the screen loop."""

    def watch_devices(
        self, look: Callable[[], Result | None], then: Callable[[Result], None]
    ) -> None:
        """Look at the devices; `then` hears of it on the screen loop when it is not None."""

    def somebody_is_there(self) -> None:
        """Begin to wait anew: a key, a note or a card was seen."""

    def idle_left_s(self, patience: int) -> int:
        """Seconds that a screen with this patience still waits."""
