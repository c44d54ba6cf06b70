"""The devices that kiosk.toml names: card reader, note acceptor, printer; simulated in a rehearsal.

A driver is imported when its device is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from kiosk.config import Settings
from kiosk.errors import ConfigFault
from kiosk.front import card_keys
from kiosk.front.world import DeviceLock, World
from kiosk.ports import CardReader, CashIn, Printer, Slips


class Devices:
    """Opens devices, and hands `later` what closes them. Raises ConfigFault for what cannot be."""

    def __init__(
        self,
        home: Path,
        settings: Settings,
        world: World | None,
        later: Callable[[Callable[[], object]], None],
    ) -> None:
        self._home, self._settings, self._world, self._later = home, settings, world, later

    def reader(self, slot: str) -> CardReader | None:
        """The card reader; `slot` names one of a rehearsal's."""
        settings = self._settings.card
        if settings.driver == "none":
            return None
        if settings.driver == "pcsc":
            from drivers.card.pcsc import PcscReader

            module = card_keys.module_of(self._settings, self._later)
            reader = PcscReader(settings.reader, settings.apdu_timeout_s, module)
            self._later(reader.close)
            return reader
        if settings.driver == "serial":
            from drivers.card.serial_reader import SerialReader

            if not settings.port:
                raise ConfigFault('[card] driver is "serial": set port to its serial port.')
            module = card_keys.module_of(self._settings, self._later)
            line = SerialReader(settings.port, settings.baud, settings.apdu_timeout_s, module)
            self._later(line.close)
            return line
        return self._simulated("[card]").reader(slot)

    def acceptor(self) -> CashIn | None:
        """The note acceptor; None also where another process works the simulated one."""
        settings = self._settings.cash
        if settings.driver == "none":
            return None
        from drivers.cash.cctalk import CctalkBillValidator

        if settings.driver == "cctalk":
            if not settings.port:
                raise ConfigFault('[cash] driver is "cctalk": set port to its serial port.')
            path = settings.port
        else:
            path = self._simulated_acceptor()
            if not path:
                return None
        acceptor = CctalkBillValidator(path, self._settings.site.currency)
        acceptor.name = "acceptor"
        self._later(acceptor.close)
        return acceptor

    def _simulated_acceptor(self) -> str:
        """The line of the simulated acceptor, or "" when another process works it."""
        from drivers.cash.sim import SimulatedBillValidator
        from kiosk.domain.money import decimals

        world = self._simulated("[cash]")
        try:
            lock = DeviceLock(world.acceptor)
        except BlockingIOError:
            return ""
        self._later(lock.close)
        if not _can_be_named(self._settings.cash.notes):
            raise ConfigFault("[cash] notes must be 1 to 16 values from 1 to 9999, in major units.")
        currency = self._settings.site.currency
        notes = [value * 10 ** decimals(currency) for value in self._settings.cash.notes]
        device = SimulatedBillValidator(world.acceptor, notes, currency)
        self._later(device.close)
        return device.path

    def press(self) -> Slips | None:
        """The press in front of the printer."""
        printer = self._printer()
        if printer is None:
            return None
        from receipts.press import Press

        settings = self._settings.printer
        press = Press(
            printer,
            profile=settings.profile,
            columns=settings.columns,
            roll_lines=settings.roll_lines,
            paper_path=self._home / "paper.json",
        )
        self._later(press.close)
        return press

    def _printer(self) -> Printer | None:
        settings = self._settings.printer
        if settings.driver == "network":
            from drivers.printer.network import NetworkPrinter

            if not settings.host:
                raise ConfigFault('[printer] driver is "network": set host to its IP address.')
            return NetworkPrinter(settings.host, settings.port, settings.timeout_s)
        if settings.driver == "device":
            from drivers.printer.device_file import DevicePrinter

            return DevicePrinter(Path(settings.path or "/dev/usb/lp0"), settings.timeout_s)
        if settings.driver == "file":
            from drivers.printer.spool import FilePrinter

            return FilePrinter(Path(settings.path) if settings.path else self._home / "slips")
        return self._simulated_printer() if settings.driver == "simulated" else None

    def _simulated_printer(self) -> Printer | None:
        from drivers.printer.network import NetworkPrinter
        from drivers.printer.sim import SimulatedPrinter

        world = self._simulated("[printer]")
        try:
            lock = DeviceLock(world.printer)
        except BlockingIOError:
            return None
        self._later(lock.close)
        device = SimulatedPrinter(world.printer, roll_lines=self._settings.printer.roll_lines)
        self._later(device.close)
        return NetworkPrinter(device.host, device.port, self._settings.printer.timeout_s)

    def _simulated(self, section: str) -> World:
        if self._world is None:
            raise ConfigFault(f'{section} driver is "simulated", which [site] mode "real" refuses.')
        return self._world


def _can_be_named(notes: Sequence[int]) -> bool:
    """A note acceptor knows sixteen kinds, whose names have four digits (ccTalk, command 157)."""
    return 1 <= len(notes) <= 16 and all(1 <= value <= 9999 for value in notes)
