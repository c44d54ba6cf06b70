"""The terminal below a face: what is typed there are keys, and nothing else.

A kiosk may not be ended, stopped, made deaf or given another size by whoever has a keyboard, or a
stick that types (reliability 7.8). Textual ends the program when bytes are no text, believes a size
that is typed as a terminal would tell it, waits for ever for the end of a paste, and in its debug
mode writes every key to a file, PINs too.
"""

from __future__ import annotations

import fcntl
import logging
import os
import selectors
import socket
import struct
import termios
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message
from textual.messages import InBandWindowResize

if TYPE_CHECKING:
    from textual.app import App

_LOG = logging.getLogger("kiosk.screens")

_LOOK_S = 0.1
#: Looks without a key after which a paste that has not ended never will.
_PASTE_IS_OVER = 5
_LONGEST_PASTE = 2**20

#: A larger terminal gets a face in its corner: ten thousand rows would be drawn for minutes.
_MOST_COLUMNS, _MOST_ROWS = 500, 200


class Bell(threading.Event):
    """An event that a selector can wait for, so that nobody looks at it ten times a second."""

    def __init__(self) -> None:
        super().__init__()
        self._heard, self._rung = socket.socketpair()

    def fileno(self) -> int:
        """Readable from `set` on."""
        return self._heard.fileno()

    def set(self) -> None:
        """Wake whoever waits; once it is closed nobody does."""
        super().set()
        with suppress(OSError):
            self._rung.send(b"\0")

    def close(self) -> None:
        """Give back its line; it stays an event."""
        self._heard.close()
        self._rung.close()


class FaceDriver(LinuxDriver):
    """Reads keys for as long as there is a terminal, and none that came before its screen."""

    exit_event: Bell

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self.exit_event = Bell()

    def close(self) -> None:
        """The end of the face."""
        super().close()
        self.exit_event.close()

    def start_application_mode(self) -> None:
        """Keys typed before the screen could be seen are let go: the end of a PIN would stand,
        readable, where a name is asked."""
        try:
            blind = let_go(self.fileno)
        except (OSError, termios.error):  # no terminal
            blind = False
        if blind:
            cast("Callable[[], None]", self._app.typed_blind)()  # type: ignore[attr-defined]
        super().start_application_mode()  # type: ignore[no-untyped-call]

    @property
    def can_suspend(self) -> bool:
        """No: a face is not a job of a shell."""
        return False

    def _sigtstp_application(self, *_: object) -> None:
        """Whoever asks it to stop, it goes on."""

    def _get_terminal_size(self) -> tuple[int, int]:
        columns, rows = super()._get_terminal_size()
        return min(columns, _MOST_COLUMNS), min(rows, _MOST_ROWS)

    def _run_input_thread(self) -> None:
        """Begin anew, with nothing half read, after keys that nobody can read."""
        while not self.exit_event.is_set():
            try:
                self.run_input_thread()
            except OSError as error:
                _LOG.error("the terminal is gone: %s", error.strerror)
                self._app.call_later(self._app.exit, 1)
                return
            except Exception as error:
                _LOG.warning("unreadable keys were passed over: %s", error)
            else:
                return

    def run_input_thread(self) -> None:
        """Until the face ends, or nothing can be typed any more.

        After a key it looks for a while whether more of it comes; then it sleeps until the next.
        """
        parser, decoder = XTermParser(), getincrementaldecoder("utf-8")("replace")
        swallowed = quiet = 0
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            selector.register(self.exit_event, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                typed = ""
                ready = selector.select(_LOOK_S if quiet < _PASTE_IS_OVER else None)
                if any(key.fd == self.fileno for key, _ in ready):
                    read = os.read(self.fileno, 4096)
                    if not read:
                        return
                    typed = decoder.decode(read)
                heard = [*parser.feed(typed)] if typed else []
                heard += parser.tick()
                for message in heard:
                    self.process_message(message)
                swallowed = 0 if heard else swallowed + len(typed)
                quiet = 0 if typed else quiet + 1
                if swallowed > _LONGEST_PASTE or (swallowed and quiet >= _PASTE_IS_OVER):
                    parser, swallowed = XTermParser(), 0

    def process_message(self, message: Message) -> None:
        """Pass on what was typed; the size of the terminal is asked of the system alone."""
        if not isinstance(message, events.Resize | InBandWindowResize):
            super().process_message(message)


def let_go(terminal: int) -> bool:
    """Forget what was typed at `terminal` and not read; whether there was any."""
    before = termios.tcgetattr(terminal)
    by_keys = termios.tcgetattr(terminal)
    by_keys[3] &= ~(termios.ICANON | termios.ECHO)  # as keys: half a line counts too
    termios.tcsetattr(terminal, termios.TCSANOW, by_keys)
    (waiting,) = struct.unpack("i", fcntl.ioctl(terminal, termios.FIONREAD, bytes(4)))
    termios.tcflush(terminal, termios.TCIFLUSH)
    termios.tcsetattr(terminal, termios.TCSANOW, before)
    return bool(waiting)
