"""The terminal below a face: bytes that are no text or no sequence are passed over, not fatal.

Textual ends the program, with a traceback on the screen, when what comes from the keyboard is
broken UTF-8; a kiosk may not be ended by whoever has a keyboard (reliability 7.8).
"""

from __future__ import annotations

import fcntl
import logging
import struct
import termios
from collections.abc import Callable
from typing import cast

from textual.drivers.linux_driver import LinuxDriver

_LOG = logging.getLogger("kiosk.screens")


class FaceDriver(LinuxDriver):
    """Reads keys for as long as there is a terminal, and none that came before its screen."""

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

    def _run_input_thread(self) -> None:
        """Begin anew, with nothing half read, after bytes that nobody can read."""
        while not self.exit_event.is_set():
            try:
                self.run_input_thread()
            except OSError as error:
                _LOG.error("the terminal is gone: %s", error.strerror)
                self._app.call_later(self._app.exit, 1)
                return
            except Exception as error:
                _LOG.warning("unreadable keys were passed over: %s", error)


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
