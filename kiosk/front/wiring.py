"""The house put together: kiosk.toml -> home, ledger, devices, line, desk. One function, no magic.

Tests call the same builder; what they want otherwise they pass in (`clock`, `entropy`). Heavy
libraries load when the part that needs them is built or first used.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from kiosk import marks
from kiosk.config import Settings
from kiosk.errors import BadInput
from kiosk.front import leasing, vending
from kiosk.front.devices import Devices
from kiosk.front.hands import WorldHands
from kiosk.front.home import Home, open_home
from kiosk.front.log import log_into
from kiosk.front.sentences import words_of
from kiosk.front.system import SystemClock, SystemEntropy
from kiosk.front.world import READER, World
from kiosk.ledger.pen import Now
from kiosk.ledger.stations import Station
from kiosk.ports import Clock, Entropy, Hands
from kiosk.till.desk import Desk
from kiosk.words.book import Words


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
    house.later(log_into(path))
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
    devices = Devices(house.home.path, house.settings, house.world, house.later)
    desk = Desk(
        home=house.home.path, settings=house.settings, journal=house.home.journal,
        station=station, clock=clock, entropy=entropy, face=face,
        reader=devices.reader(slot or READER), pepper=house.home.pepper,
    )  # fmt: skip
    house.desk = desk
    desk.contact_ms = partial(leasing.contact_ms, house.home.journal)
    module = vending.module_of(house.settings, house.home.path, clock, house.later)
    desk.vendor, desk.key_files = module.vendor, module.key_files
    from receipts.writer import Writer

    desk.writer = Writer(site_of(house), house.words, house.settings.site.mode)
    if cash:
        desk.cash = devices.acceptor()
    if paper:
        desk.slips = devices.press()


def site_of(house: House):  # type: ignore[no-untyped-def]
    """What every slip says about this place."""
    from receipts.paper import Site

    site = house.settings.site
    return Site(
        utility=site.utility, hall=site.hall, terminal=house.home.origin, footer=site.footer
    )


def _open_line(house: House, clock: Clock, entropy: Entropy) -> None:
    settings = house.settings
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
    from kiosk.front.line import Line

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
