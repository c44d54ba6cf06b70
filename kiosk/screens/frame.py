"""The frame of every screen: heading, body, notice, keys, and the customer's hands in a rehearsal.

A screen fills in `heading`, `body`, `hint` and the `press_*` methods it needs. Work of the till
goes through `ask`; while it runs the screen takes no keys (E05).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from kiosk.words.book import Words

if TYPE_CHECKING:
    from kiosk.screens.face import ScreenFace
    from kiosk.till.desk import Desk

Result = TypeVar("Result")

_LOG = logging.getLogger("kiosk.screens")

HELP_KEYS = ("question_mark", "asterisk")


class Frame(Screen[None]):
    """A screen of any face, with the keys of a numeric keypad already told apart."""

    #: How many times `idle_s` this screen waits for a key; 0: for ever.
    PATIENCE: ClassVar[int] = 0

    #: Whether whoever is signed in here is signed out when nobody presses a key any more.
    LOCKS: ClassVar[bool] = False

    #: Whether a status bar is shown here, which the face fills in once a second.
    SHOWS_STATUS: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.busy = False
        self._face: ScreenFace | None = None

    # --- what a screen fills in ---------------------------------------------------------------

    def heading(self) -> str:
        """The one question or statement of this screen."""
        return ""

    def body(self) -> Iterable[Widget]:
        """What stands between heading and notice."""
        return ()

    def hint(self) -> str:
        """Which keys do what."""
        return ""

    def foot(self) -> Iterable[Widget]:
        """What stands below the keys: a status bar, the hands."""
        return ()

    def press_digit(self, digit: int) -> None:
        """A digit key."""

    def press_enter(self) -> None:
        """Enter."""

    def press_cancel(self) -> None:
        """Cancel: Esc."""

    def press_clear(self) -> None:
        """Clear: Backspace."""

    def press_help(self) -> None:
        """Help: ? or *."""

    def each_second(self) -> None:
        """A second has passed in which this screen was shown."""

    def time_is_up(self) -> None:
        """Nobody is there any more."""
        self.face_app.start_over()

    # --- what a screen uses -------------------------------------------------------------------

    @property
    def face_app(self) -> ScreenFace:
        """The app, with its own type; a worker may ask when the screen has gone already."""
        if self._face is None:
            self._face = cast("ScreenFace", self.app)
        return self._face

    @property
    def desk(self) -> Desk:
        """The desk of this face."""
        return self.face_app.desk

    @property
    def words(self) -> Words:
        """The sentences of the language chosen now."""
        return self.face_app.words

    def say(self, key: str, **values: int | str) -> str:
        """A sentence of the language chosen now; money in the desk's currency."""
        return self.words.say(key, currency=self.desk.currency, **values)

    def note(self, text: str, kind: str = "plain") -> None:
        """Show `text` in the notice line; `kind` is plain, good, warn or fault."""
        for notice in self.query("#notice").results(Static):
            notice.set_classes(f"-{kind}")
            notice.update(text)

    def tell_keys(self) -> None:
        """The keys do something else now: show the hint again."""
        for keys in self.query("#keys").results(Static):
            keys.update(self.hint())

    def ask(
        self, work: Callable[[], Result], then: Callable[[Result], None], *, quiet: bool = False
    ) -> None:
        """Run a verb in a worker and give its result to `then`, unless this screen is gone by then.

        Keys are dead meanwhile, so nothing is confirmed twice (E05); with `quiet` they stay alive.
        """
        self.busy = self.busy or not quiet
        self.face_app.ask(work, self._answer(then, quiet=quiet))

    def watch_devices(
        self, look: Callable[[], Result | None], then: Callable[[Result], None]
    ) -> None:
        """Look at the devices beside the keys, unless this screen is gone by then; `then` hears
        only of what is new: a `look` that is None wakes nobody."""
        self.face_app.watch_devices(look, self._answer(then, quiet=True))

    def _answer(self, then: Callable[[Result], None], *, quiet: bool) -> Callable[[Result], None]:
        def answer(result: Result) -> None:
            if self in self.app.screen_stack and not self.query("#keys"):
                self.call_after_refresh(answer, result)  # it is being drawn anew just now
                return
            if not quiet:
                self.busy = False
            if self in self.app.screen_stack:
                then(result)

        return answer

    async def _dispatch_message(self, message: Message) -> None:
        """A handler that fails is a case with a number; the screen's own loop goes on. A key that
        comes while the screen is drawn anew waits until it can be shown."""
        if isinstance(message, events.Key) and not self.query("#keys"):
            self.call_after_refresh(self.post_message, message)
            return
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            if self in self.face_app.screen_stack and self.app.is_running:
                self.face_app.fault(error)
            else:  # it was left, or the program ends: nobody sees it any more
                _LOG.warning("%s failed when it had been left: %r", type(self).__name__, error)

    # --- the frame ----------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Heading, body, notice, keys, foot."""
        site = self.desk.settings.site
        mark = self.say("mode.rehearsal") if site.mode == "rehearsal" else ""
        with Horizontal(id="head"):
            yield Static(f"{site.utility} - {site.hall}", id="site", markup=False)
            yield Static(mark, id="mark", markup=False)
        yield Static(self.heading(), id="heading", markup=False)
        with Vertical(id="body"):
            yield from self.body()
        yield Static("", id="notice", markup=False)
        yield Static(self.hint(), id="keys", markup=False)
        yield from self.foot()

    def opened(self) -> None:
        """The devices are open: this first screen may say so."""
        self.show_again()

    def show_again(self) -> None:
        """Draw everything again, for example in another language."""
        self.refresh(recompose=True)

    def on_key(self, event: events.Key) -> None:
        """Give a key its name of the keypad."""
        key = event.key
        if self.app.screen is not self:
            self._pass_on(event)
            return
        if self.busy or not self.face_app.opened:
            event.stop()
            return
        if key.isdecimal() and len(key) == 1:
            self.press_digit(int(key))
        elif key in HELP_KEYS:
            self.press_help()
        else:
            press = {
                "enter": self.press_enter,
                "escape": self.press_cancel,
                "backspace": self.press_clear,
            }.get(key)
            if press is None:
                self.press_other(key)
                return
            press()
        event.stop()

    def _pass_on(self, event: events.Key) -> None:
        """Fast fingers: digits typed while this screen went away belong to the one that came.

        Other keys are dropped: a key that bounces must not confirm the next screen (E05).
        """
        event.stop()
        if event.key.isdecimal() or event.key == "backspace":
            self.app.screen.post_message(events.Key(event.key, event.character))

    def press_other(self, key: str) -> None:
        """Any key that the keypad does not have."""
