"""A printer at a device file: /dev/usb/lpN of the kernel's usblp, or a link to it made by udev."""

from __future__ import annotations

import os
from pathlib import Path

from drivers.printer.escpos_port import EscposPrinter


class DevicePrinter(EscposPrinter):
    """The printer at `path`; implements kiosk.ports.Printer.

    The file is opened for each call, so a printer that was unplugged works again as soon as its
    file is back; a link by serial number binds to one of two printers of a kind (E33).
    """

    def __init__(self, path: Path, timeout_s: float = 5.0, *, one_way: bool = False) -> None:
        super().__init__(str(path), timeout_s, one_way)
        self._path = path

    def _open(self, deadline_s: float) -> int:  # noqa: ARG002 - opening a device file never waits
        return os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)

    def _close(self, descriptor: int, give_up: bool) -> None:  # noqa: ARG002 - closing drops the rest
        os.close(descriptor)
