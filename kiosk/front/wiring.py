"""The house put together: kiosk.toml -> home, ledger, devices, line, desk. One function, no magic.

Tests call the same builder; what they want otherwise they pass in (`clock`, `entropy`). Heavy
libraries load when the part that needs them is built or first used.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import os
from collections.abc import Callable, Sequence
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path

import msgspec

from kiosk import marks
from kiosk.config import Settings
from kiosk.errors import BadInput, ConfigFault, discreet, trace
from kiosk.front import card_keys, leasing, vending
from kiosk.front.hands import WorldHands
from kiosk.front.home import Home, open_home
from kiosk.front.sentences import words_of
from kiosk.front.system import SystemClock, SystemEntropy
from kiosk.front.world import READER, DeviceLock, World
from kiosk.ledger.pen import Now
from kiosk.ledger.stations import Station, takes_nothing
from kiosk.ports import CardReader, CashIn, Clock, Entropy, Hands, Printer, Slips
from kiosk.till.desk import Desk
from kiosk.words.book import Words

#: Logs have a quota (E18): this much, and three older ones.
_LOG_BYTES = 1024 * 1024


class House:
    """Everything that is open, and how to close it: last opened, first closed."""

    def __init__(self, home: Home, settings: Settings, words: Words) -> None:
        self.home, self.settings, self.words = home, settings, words
        self.desk: Desk
        self.world: World | None = None
        self.hands: Hands | None = None
        self._closers: list[Callable[[], object]] = []

    def later(self, close: Callable[[], object]) -> None:
        """Call `close` at the end."""
        self._closers.append(close)

    def close(self) -> None:
        """Close everything in the reverse order."""
        while self._closers:
            self._closers.pop()()


def build(
    path: Path,
    settings: Settings,
    *,
    face: str = "command",
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    paper: bool = False,
    cash: bool = False,
    line: bool = False,
    slot: str = "",
    world: Path | None = None,
    damage: str = "",
) -> House:
    """Open the home in `path` and everything that `face` needs there.

    `paper`, `cash` and `line` say whether this process works the printer, the note acceptor and the
    line upstream; a command usually needs none of them. `slot` names a card reader of its own,
    `world` another folder of simulated things, which several homes may share. `damage` says what is
    wrong with the ledger: the house is then opened for enquiries and for the rescue alone.
    """
    clock, entropy = clock or SystemClock(), entropy or SystemEntropy()
    time = clock

    def now() -> tuple[int, str]:
        moment = time.now()
        if isinstance(time, SystemClock):
            time.committed(moment)
        return moment.time_ms, moment.quality

    home = open_home(path, settings, now, read_only=bool(damage))
    house = House(home, settings, words_of(settings))
    house.later(home.journal.close)
    house.later(_log_into(path))
    try:
        _arm_marks(settings)
        rehearsal = settings.site.mode == "rehearsal"
        if rehearsal:
            _open_rehearsal(house, world)
        if isinstance(clock, SystemClock):
            _teach_clock(house, clock)
        _furnish(house, face, clock, entropy, paper=paper, cash=cash, slot=slot)
        if damage:
            _open_rescue(house, damage, now)
        elif line:
            _open_line(house, clock, entropy)
    except BaseException:
        house.close()
        raise
    return house


def _teach_clock(house: House, clock: SystemClock) -> None:
    """What the ledger knows about the time; a rehearsal may be left alone for months."""
    settings, records = house.settings.clock, house.home.journal.records
    if house.settings.site.mode == "rehearsal":
        settings = msgspec.structs.replace(settings, ahead_limit_days=0)
    clock.settings = settings
    clock.learn(records.highest_time_ms(), leasing.contact_ms(house.home.journal))


def _open_rescue(house: House, damage: str, now: Now) -> None:
    from kiosk.front.rescue import HomeRescue

    house.desk.damage = damage
    house.desk.rescue = HomeRescue(house.home.path, house.settings, now, house.desk.station.name)


class _Discreet(logging.Formatter):
    """Lines without numbers of customers: a log lies open on the disk."""

    def format(self, record: logging.LogRecord) -> str:
        """Another handler may have kept the whole exception in the record: not used here."""
        own = copy.copy(record)
        own.exc_text = own.stack_info = None
        return super().format(own)

    def formatMessage(self, record: logging.LogRecord) -> str:
        """One line."""
        record.message = discreet(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:
        """What a driver's or a library's exception may show."""
        error = ei[1] if isinstance(ei, tuple) else None
        return trace(error) if isinstance(error, BaseException) else ""


def _log_into(path: Path) -> Callable[[], object]:
    """What drivers and workers have to say goes into HOME/log, never onto the screen (F197)."""
    if takes_nothing(path):
        return lambda: None
    folder = path / "log"
    folder.mkdir(exist_ok=True, mode=0o700)
    handler = RotatingFileHandler(
        folder / "kiosk.log", maxBytes=_LOG_BYTES, backupCount=3, delay=True, encoding="utf-8"
    )
    handler.setFormatter(_Discreet("%(asctime)s %(process)d %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)

    def close() -> None:
        root.removeHandler(handler)
        handler.close()

    return close


def _arm_marks(settings: Settings) -> None:
    wanted = os.environ.get("KIOSK_MARK", "")
    if not wanted:
        return
    if settings.site.mode != "rehearsal":
        raise BadInput("KIOSK_MARK is honoured in a rehearsal home only.")
    marks.arm_from(wanted)


def _open_rehearsal(house: House, world: Path | None) -> None:
    from kiosk.front.rehearsal import furnish_home

    house.world = furnish_home(house.home, house.settings, world)
    house.hands = WorldHands(house.world)


def _furnish(
    house: House, face: str, clock: Clock, entropy: Entropy, *, paper: bool, cash: bool, slot: str
) -> None:
    """The desk with its devices."""
    name = f"{face}-{entropy.name()[:8]}"
    station = Station(house.home.path, name)
    house.later(station.close)
    desk = Desk(
        home=house.home.path, settings=house.settings, journal=house.home.journal,
        station=station, clock=clock, entropy=entropy, face=face,
        reader=_reader(house, slot or READER), pepper=house.home.pepper,
    )  # fmt: skip
    house.desk = desk
    desk.contact_ms = partial(leasing.contact_ms, house.home.journal)
    module = vending.module_of(house.settings, house.home.path, clock, house.later)
    desk.vendor, desk.key_files = module.vendor, module.key_files
    from receipts.writer import Writer

    desk.writer = Writer(site_of(house), house.words, house.settings.site.mode)
    if cash:
        desk.cash = _cash(house)
    if paper:
        desk.slips = _press(house)


def site_of(house: House):  # type: ignore[no-untyped-def]
    """What every slip says about this place."""
    from receipts.paper import Site

    site = house.settings.site
    return Site(
        utility=site.utility, hall=site.hall, terminal=house.home.origin, footer=site.footer
    )


def _reader(house: House, slot: str) -> CardReader | None:
    settings = house.settings.card
    if settings.driver == "none":
        return None
    if settings.driver == "pcsc":
        from drivers.card.pcsc import PcscReader

        module = card_keys.module_of(house.settings, house.later)
        reader = PcscReader(settings.reader, settings.apdu_timeout_s, module)
        house.later(reader.close)
        return reader
    if settings.driver == "serial":
        from drivers.card.serial_reader import SerialReader

        if not settings.port:
            raise ConfigFault('[card] driver is "serial": set port to its serial port.')
        module = card_keys.module_of(house.settings, house.later)
        line = SerialReader(settings.port, settings.baud, settings.apdu_timeout_s, module)
        house.later(line.close)
        return line
    return _simulated(house, "[card]").reader(slot)


def _cash(house: House) -> CashIn | None:
    settings = house.settings.cash
    if settings.driver == "none":
        return None
    from drivers.cash.cctalk import CctalkBillValidator

    if settings.driver == "cctalk":
        if not settings.port:
            raise ConfigFault('[cash] driver is "cctalk": set port to its serial port.')
        path = settings.port
    else:
        path = _simulated_acceptor(house)
        if not path:
            return None
    acceptor = CctalkBillValidator(path, house.settings.site.currency)
    acceptor.name = "acceptor"
    house.later(acceptor.close)
    return acceptor


def _simulated_acceptor(house: House) -> str:
    """The line of the simulated acceptor, or "" when another process works it."""
    from drivers.cash.sim import SimulatedBillValidator
    from kiosk.domain.money import decimals

    world = _simulated(house, "[cash]")
    try:
        lock = DeviceLock(world.acceptor)
    except BlockingIOError:
        return ""
    house.later(lock.close)
    if not _can_be_named(house.settings.cash.notes):
        raise ConfigFault("[cash] notes must be 1 to 16 values from 1 to 9999, in major units.")
    currency = house.settings.site.currency
    notes = [value * 10 ** decimals(currency) for value in house.settings.cash.notes]
    device = SimulatedBillValidator(world.acceptor, notes, currency)
    house.later(device.close)
    return device.path


def _can_be_named(notes: Sequence[int]) -> bool:
    """A note acceptor knows sixteen kinds, whose names have four digits (ccTalk, command 157)."""
    return 1 <= len(notes) <= 16 and all(1 <= value <= 9999 for value in notes)


def _press(house: House) -> Slips | None:
    printer = _printer(house)
    if printer is None:
        return None
    from receipts.press import Press

    settings = house.settings.printer
    press = Press(
        printer,
        profile=settings.profile,
        columns=settings.columns,
        roll_lines=settings.roll_lines,
        paper_path=house.home.path / "paper.json",
    )
    house.later(press.close)
    return press


def _printer(house: House) -> Printer | None:
    settings = house.settings.printer
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

        return FilePrinter(Path(settings.path) if settings.path else house.home.path / "slips")
    return _simulated_printer(house) if settings.driver == "simulated" else None


def _simulated_printer(house: House) -> Printer | None:
    from drivers.printer.network import NetworkPrinter
    from drivers.printer.sim import SimulatedPrinter

    world = _simulated(house, "[printer]")
    try:
        lock = DeviceLock(world.printer)
    except BlockingIOError:
        return None
    house.later(lock.close)
    device = SimulatedPrinter(world.printer, roll_lines=house.settings.printer.roll_lines)
    house.later(device.close)
    return NetworkPrinter(device.host, device.port, house.settings.printer.timeout_s)


def _simulated(house: House, section: str) -> World:
    if house.world is None:
        raise ConfigFault(f'{section} driver is "simulated", which [site] mode "real" refuses.')
    return house.world


def _open_line(house: House, clock: Clock, entropy: Entropy) -> None:
    settings = house.settings
    from kiosk.front.line import Line

    if settings.upstream.url:
        url = settings.upstream.url
        address: Callable[[], str] = lambda: url  # noqa: E731 - one of two, named by use
    elif settings.site.mode == "rehearsal" and settings.rehearsal.centre:
        from kiosk.front.own_centre import OwnCentre
        from kiosk.front.utility_registry import first_catalogue

        own = OwnCentre(house.home.path, partial(first_catalogue, settings))
        house.later(own.close)
        address = own.address
    else:
        return
    link = Line(house.home.path, house.home.journal, settings.upstream, address, clock, entropy)
    link.obey = partial(_obey, house.desk)
    house.later(link.close)
    house.desk.link = link
    link.start()


def _obey(desk: Desk) -> None:
    from kiosk.front.revoking import obey

    obey(desk)


@contextlib.contextmanager
def opened(path: Path, settings: Settings, **options: object):  # type: ignore[no-untyped-def]
    """The house for as long as a `with` block lasts."""
    house = build(path, settings, **options)  # type: ignore[arg-type]
    try:
        yield house
    finally:
        house.close()
