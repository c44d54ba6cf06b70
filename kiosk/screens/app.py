"""One Textual app for three faces: it starts the first screen, runs the work, minds the time.

Every verb of the till runs in a worker thread through `FaceApp.ask`, one at a time, because a
device belongs to one thread at a time. What fails unexpectedly becomes a case number on a screen,
never a traceback.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen

from kiosk.errors import KioskError, Refusal, trace
from kiosk.screens.frame import Frame
from kiosk.screens.more_time import Fault, MoreTime
from kiosk.screens.played import Played
from kiosk.screens.unopened import CannotOpenError, Opened, Unopened
from kiosk.screens.widgets.status import StatusBar
from kiosk.screens.work import Lookout, WorkDone, WorkFailed
from kiosk.words.book import Words

if TYPE_CHECKING:
    from kiosk.ports import Hands
    from kiosk.screens.face import Face, FaceScreens, ScreenFace
    from kiosk.till.desk import Desk
    from kiosk.till.maintain import Status

Result = TypeVar("Result")

_LOG = logging.getLogger("kiosk.screens")

#: A face that goes wrong so often in so short a time ends, and the system starts it anew.
_MOST_FAULTS = 5
_FAULTS_MS = 10_000
_PAUSE_MS = 1000  # who waits so long has seen the screen


class FaceApp(App[int], inherit_bindings=False):
    """The program as a person sees it: one face on one desk.

    `hands` is given in a rehearsal only and plays the customer; `at_start` opens devices and
    settles what was interrupted; `pin` is the rehearsal PIN that the first screen shows. An
    `Unopened` desk is put in place by `at_start`, which then gives what it has opened.
    """

    CSS_PATH = "kiosk.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "leave_rehearsal", show=False, priority=True)
    ]

    def __init__(
        self,
        desk: Desk | Unopened,
        face: Face,
        words: Words,
        screens: FaceScreens,
        hands: Hands | None = None,
        at_start: Callable[[], Opened | None] = lambda: None,
        *,
        pin: str = "",
    ) -> None:
        super().__init__()
        self.opened = not isinstance(desk, Unopened)
        self.desk = cast("Desk", desk)
        self.face, self.words, self.hands = face, words, hands
        self.screens = screens
        self.pin = pin
        self.home_language = words.language
        self.ready = False
        self.status: Status | None = None
        #: What came of the last deed of the customer's hands, and whom they play.
        self.hands_said = ""
        self.played = Played()
        #: Set when the program ends: a worker that waits for a person stops waiting.
        self.ending = threading.Event()
        #: The insertion of a card that was dealt with; a card that stays in is not a new customer.
        self.handled_insertion: int | None = None
        self._at_start = at_start
        self._till = threading.Lock()
        self._lookout = Lookout(self._till, self.post_message)
        self._asking_status = False
        self._last_key_ms = desk.clock.monotonic_ms()
        self._faults_ms: list[int] = []
        self._blind_until_ms = 0

    # --- beginning and end --------------------------------------------------------------------

    def on_mount(self) -> None:
        """Show the first screen at once and open the devices behind it."""
        self.push_screen(self.screens.first())
        if self.opened:
            self.ask(self._at_start, self._started)
        else:  # the worker would take the time of the first frame
            self.call_after_refresh(self.ask, self._at_start, self._started)
        self.set_interval(1.0, self.tick)

    def _started(self, result: Opened | None) -> None:
        if result is not None:
            self.desk, self.hands, self.pin = result
            self.opened = True
            self.speak(self.words.language, again=False)
        self.ready = True
        self.screen_started()

    def screen_started(self) -> None:
        """The devices are open: the first screen may say so."""
        first = self.screen_stack[1] if len(self.screen_stack) > 1 else None
        if isinstance(first, Frame):
            first.opened()

    async def on_unmount(self) -> None:
        """Let workers that wait for a person end."""
        self.ending.set()
        await asyncio.to_thread(self._lookout.end)

    def action_leave_rehearsal(self) -> None:
        """Ctrl-C ends a rehearsal; a real kiosk has no way out by a key."""
        if self.desk.settings.site.mode == "rehearsal":
            self.exit(0)

    # --- from screen to screen ----------------------------------------------------------------

    def menu(self) -> Screen[None]:
        """The menu of this face, made anew."""
        return self.screens.menu()

    def go(self, screen: Screen[None]) -> None:
        """Show the next step in place of this one; the first screen stays below."""
        if len(self.screen_stack) > 2:
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    def start_over(self) -> None:
        """Back to the first screen, in the language of the hall; nothing personal stays."""
        self.speak(self.home_language, again=False)
        self.hands_said = ""
        while len(self.screen_stack) > 2:
            self.pop_screen()
        first = self.screen
        if isinstance(first, Frame):
            first.busy = False
            first.show_again()

    def speak(self, language: str, *, again: bool = True) -> None:
        """Use another language from now on, on the screen and on paper."""
        self.words = Words(language, self.words.formats)
        if self.desk.writer is not None:
            self.desk.writer = self.desk.writer.speaking(language)
        if again and isinstance(self.screen, Frame):
            self.screen.show_again()

    def fault(self, error: Exception) -> None:
        """Something nobody thought of: name the case, log it, start over."""
        case = self.desk.entropy.name()[:8].upper()
        _LOG.error("case %s: %s", case, trace(error))
        now_ms = self.desk.clock.monotonic_ms()
        self._faults_ms = [at for at in self._faults_ms if now_ms - at < _FAULTS_MS] + [now_ms]
        if len(self._faults_ms) > _MOST_FAULTS:
            super()._handle_exception(error)
            return
        self.start_over()
        self.push_screen(Fault(case, error))
        if self.face == "self-service" and self.opened:
            self.ask(self._settle, lambda _done: None)

    async def _dispatch_message(self, message: Message) -> None:
        """A handler that fails is a case too, not the end of the face."""
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            self._handle_exception(error)

    def _handle_exception(self, error: Exception) -> None:
        """What Textual would end the program for: a handler, a timer or a widget that failed."""
        if self.ending.is_set() or not self.screen_stack:
            return  # a key that came after the end
        try:
            self.fault(error)
        except Exception as second:  # not even that can be shown
            super()._handle_exception(second)

    def _settle(self) -> None:
        """Notes of the visit that broke off are kept for their meter, with a slip (E23)."""
        from kiosk.till.paper import print_kept
        from kiosk.till.recover import recover

        try:
            settled = recover(self.desk)
        except KioskError as error:
            _LOG.error("not settled, the next start will try again: %s", error.sentence)
            return
        if not isinstance(settled, Refusal) and self.desk.writer is not None:
            for payment in settled.payments:
                print_kept(self.desk, payment)

    # --- work ---------------------------------------------------------------------------------

    def ask(
        self,
        work: Callable[[], Result],
        then: Callable[[Result], None],
        *,
        group: str = "till",
    ) -> None:
        """Run `work` in a worker thread; `then` gets its result on the screen loop.

        Work of the group "till" runs one at a time; other groups must touch no device of the desk.
        """

        def run() -> None:
            try:
                with self._till if group == "till" else nullcontext():
                    result = work()
            except Exception as error:  # the one place where a surprise becomes a case number
                self.post_message(WorkFailed(error))
            else:
                self.post_message(WorkDone(partial(then, result)))

        self.run_worker(run, thread=True, group=group, exit_on_error=False)

    def watch_devices(
        self, look: Callable[[], Result | None], then: Callable[[Result], None]
    ) -> None:
        """Look at the devices; `then` hears of it on the screen loop when it is not None."""
        self._lookout.ask(look, then)

    def on_work_done(self, message: WorkDone) -> None:
        """Give a result to the screen that asked for it; at the very end none is there."""
        if self.screen_stack:
            message.deliver()

    def on_work_failed(self, message: WorkFailed) -> None:
        """Show a case number; a home that did not open ends the face."""
        if isinstance(message.error, CannotOpenError):
            self.exit(1)
            return
        self.ready = True
        self.fault(message.error)

    # --- time ---------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Every key and touch says that somebody is there."""
        if isinstance(event, events.Key | events.MouseDown | events.Paste):
            self.somebody_is_there()
        if isinstance(event, events.Key) and self._is_blind(event):
            return
        await super().on_event(event)

    def typed_blind(self) -> None:
        """Keys came before a screen could be seen. What follows them is let go too, up to the
        first pause: the rest of a number or a PIN is not another one."""
        self._blind_until_ms = self.desk.clock.monotonic_ms() + _PAUSE_MS

    def _is_blind(self, event: events.Key) -> bool:
        is_typed = event.is_printable or event.key in {"enter", "backspace"}
        blind = not self.opened or self.desk.clock.monotonic_ms() < self._blind_until_ms
        if is_typed and blind:
            self.typed_blind()
        return is_typed and blind

    def somebody_is_there(self) -> None:
        """Begin to wait anew: a key, a note or a card was seen."""
        self._last_key_ms = self.desk.clock.monotonic_ms()

    def idle_left_s(self, patience: int) -> int:
        """Seconds that a screen with this patience still waits."""
        waited_ms = self.desk.clock.monotonic_ms() - self._last_key_ms
        return patience * self.desk.settings.faces.idle_s - waited_ms // 1000

    def tick(self) -> None:
        """Once a second, for all that look at the time: one timer wakes an idle face once."""
        self._read_status()
        if self.ready and len(self.screen_stack) <= 2:
            waited_ms = self.desk.clock.monotonic_ms() - self._last_key_ms
            self.desk.when_idle(waited_ms // 1000)
        screen = self.screen
        if isinstance(screen, MoreTime):
            screen.tick()
        elif isinstance(screen, Frame) and screen.PATIENCE and not screen.busy:
            left_s = self.idle_left_s(screen.PATIENCE)
            if left_s <= 0:
                screen.time_is_up()
            elif left_s <= self.desk.settings.faces.more_time_s:
                self.push_screen(MoreTime(screen))
        elif isinstance(screen, Frame) and screen.LOCKS and self.desk.role and not screen.busy:
            self._lock_when_idle(screen)
        if isinstance(screen, Frame):
            screen.each_second()

    def _lock_when_idle(self, screen: Frame) -> None:
        """A counter that was left alone belongs to nobody; what was committed is committed."""
        waited_ms = self.desk.clock.monotonic_ms() - self._last_key_ms
        if waited_ms >= self.desk.settings.faces.staff_idle_s * 1000:
            from kiosk.till.operators import sign_out

            screen.ask(lambda: sign_out(self.desk), lambda _none: self.start_over())

    def _read_status(self) -> None:
        if not (isinstance(self.screen, Frame) and self.screen.SHOWS_STATUS):
            return  # nobody would see it, and an idle kiosk shall cost nothing
        if self.ready and not self._asking_status:
            self._asking_status = True
            self.ask(self._ask_status, self._status_read, group="status")

    def _ask_status(self) -> Status | None:
        """A status that cannot be read now is no reason to disturb a sale."""
        from kiosk.till.maintain import status

        try:
            return status(self.desk)
        except KioskError:
            return None

    def _status_read(self, seen: Status | None) -> None:
        self._asking_status = False
        if seen is None:
            return
        self.status = seen
        for bar in self.screen.query(StatusBar):
            bar.show(seen)

    def _fatal_error(self) -> None:
        """Textual would print a traceback with local variables, which hold customers' data."""
        error = sys.exc_info()[1]
        _LOG.critical("the face ended: %s", trace(error) if error is not None else "")
        self._close_messages_no_wait()


if TYPE_CHECKING:  # the app has all that its screens may ask for
    _seen_by_screens: Callable[[FaceApp], ScreenFace] = lambda app: app  # noqa: E731
