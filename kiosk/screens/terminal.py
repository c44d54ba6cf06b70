"""The terminal below a face: bytes that are no text or no sequence are passed over, not fatal.

Textual ends the program, with a traceback on the screen, when what comes from the keyboard is
broken UTF-8; a kiosk may not be ended by whoever has a keyboard (reliability 7.8).
"""

from __future__ import annotations

import logging

from textual.drivers.linux_driver import LinuxDriver

_LOG = logging.getLogger("kiosk.screens")


class FaceDriver(LinuxDriver):
    """Reads keys for as long as there is a terminal."""

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
