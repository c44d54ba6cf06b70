"""The demo: several terminals and a centre on this machine, the line cut at random.

Terminals have homes of their own and share one world of meters and cards, as halls do.
Cards are pulled out in the middle of a write now and then and come back later. At the end all lines
are up again, every token has been entered and every card was in its meter: then the terminals, the
centre and the meters must show the same money and the same energy.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from kiosk.config import Settings
from kiosk.domain.record import SaleRecord
from kiosk.errors import BadInput, LinkFault, Refusal
from kiosk.front import enrolment, line
from kiosk.front.hands import WorldHands
from kiosk.front.own_centre import OwnCentre
from kiosk.front.utility_registry import first_catalogue
from kiosk.front.wiring import House, build
from kiosk.front.world import World
from kiosk.till import history
from kiosk.till.maintain import verify
from kiosk.till.quote import buyer_of, quote
from kiosk.till.recover import recover
from kiosk.till.sell import cash_payment, sell
from sync.courier import Courier
from sync.roads.https import HttpsRoad

_LINE_CHANGES = 0.10
_CARD_PULLED = 0.10
_BOOKING_TRIES = 100


class Totals(msgspec.Struct):
    """One side's figures."""

    side: str
    sold: int = 0
    delivered: int = 0
    voided: int = 0
    in_doubt: int = 0
    amount_minor: int = 0
    energy_wh: int = 0


class Outcome(msgspec.Struct, frozen=True):
    """The final table, what the meters hold, and what does not agree."""

    seed: int
    sides: list[Totals]
    meters_wh: int
    refused: int
    differences: list[str]


class _Wire:
    """The road of one terminal; it can be cut. Implements the courier's Road."""

    def __init__(self, road: HttpsRoad) -> None:
        self._road = road
        self.cut = False

    def offer(self, bundle: bytes) -> bytes:
        self._check()
        return self._road.offer(bundle)

    def ask(self, origin: str) -> bytes:
        self._check()
        return self._road.ask(origin)

    def close(self) -> None:
        self._road.close()

    def _check(self) -> None:
        if self.cut:
            raise LinkFault("The line is cut.")


class _Terminal:
    """A hall: its house, its line and the reader on its counter."""

    def __init__(self, house: House, url: str) -> None:
        self.house = house
        house.desk.operator, house.desk.role = "demo", "supervisor"
        journal = house.home.journal
        road = HttpsRoad(url)
        centre = enrolment.enrol(house.home.path, journal, road)
        self.wire = _Wire(road)
        self.courier = Courier(journal, self.wire, centre, house.desk.clock, lambda: 0.0)

    def send(self) -> None:
        """Bring everything upstream, as far as the line goes."""
        journal = self.house.home.journal
        while journal.acknowledged() < journal.head().sequence:
            self.courier.step()
            if self.courier.state().trouble:
                return

    def close(self) -> None:
        """Leave the line, then the house."""
        self.courier.close()
        self.house.close()


class Demo:
    """One run; `tell` hears how it goes."""

    def __init__(
        self, folder: Path, settings: Settings, terminals: int, seed: int,
        tell: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._folder, self._settings = folder, settings
        self._random = random.Random(seed)  # noqa: S311 - a story to replay, not a secret
        self._seed, self._tell = seed, tell
        self._centre = OwnCentre(folder, partial(first_catalogue, settings))
        self._refused = 0
        url = self._centre.address()
        self._url = url
        self.terminals = [self._open(f"hall-{n}") for n in range(1, terminals + 1)]
        self._meters = self._buying_meters()

    def _open(self, name: str) -> _Terminal:
        site = msgspec.structs.replace(self._settings.site, terminal=name)
        settings = msgspec.structs.replace(self._settings, site=site)
        house = build(self._folder / name, settings, face="demo", slot=name, world=self._world)
        return _Terminal(house, self._url)

    @property
    def _world(self) -> Path:
        return self._folder / "world"

    def _buying_meters(self) -> list[str]:
        records = self.terminals[0].house.desk.records
        return sorted(
            meter.number
            for meter in records.search("", 100_000)
            if history.state_of(meter) == "in_use"
        )

    def run(self, sales: int) -> Outcome:
        """Sell `sales` times, then let everything converge."""
        made = 0
        while made < sales:
            self._weather()
            made += self._sell(self._random.choice(self.terminals))
            if made and made % 25 == 0:
                self._tell(self._progress(made))
        self._settle()
        return self._compare()

    def close(self) -> None:
        """Close the halls and the centre."""
        for terminal in self.terminals:
            terminal.close()
        self._centre.close()

    # --- selling ------------------------------------------------------------------------------

    def _weather(self) -> None:
        """Lines go down and come back."""
        for terminal in self.terminals:
            if self._random.random() < _LINE_CHANGES:
                terminal.wire.cut = not terminal.wire.cut
            if not terminal.wire.cut:
                terminal.send()

    def _sell(self, terminal: _Terminal) -> int:
        """One customer at one counter; 1 when a sale came of it."""
        desk = terminal.house.desk
        buyer = buyer_of(desk, self._random.choice(self._meters))
        assert not isinstance(buyer, Refusal), buyer
        amount = self._random.randint(buyer.minimum_minor, 40_000)
        if buyer.meter.kind == "keypad":
            record = self._buy(terminal, buyer.meter.number, amount)
        else:
            record = self._buy_with_card(terminal, buyer.meter.number, amount)
        if record is None:
            self._refused += 1
            return 0
        for token in record.tokens():
            WorldHands(self._of(terminal)).enter_token(record.committed.meter, token)
        return 1

    def _of(self, terminal: _Terminal) -> World:
        assert terminal.house.world is not None
        return terminal.house.world

    def _buy(self, terminal: _Terminal, meter: str, amount: int) -> SaleRecord | None:
        desk = terminal.house.desk
        buyer = buyer_of(desk, meter)
        assert not isinstance(buyer, Refusal)
        offer = quote(desk, buyer, amount)
        if isinstance(offer, Refusal):
            return None
        payment = cash_payment(desk, amount, amount)
        assert not isinstance(payment, Refusal)
        record = sell(desk, offer, payment)
        return None if isinstance(record, Refusal) else record

    def _buy_with_card(self, terminal: _Terminal, meter: str, amount: int) -> SaleRecord | None:
        """The card may be pulled while it is written; the customer tries again another day."""
        world = self._of(terminal)
        slot = world.slot(terminal.house.desk.station.name)
        card = world.card_of(meter)
        slot.insert(card.serial)
        terminal.house.desk.reader = world.reader(slot.name)
        try:
            recover(terminal.house.desk)
            if self._random.random() < _CARD_PULLED:
                # Two readings of 5 commands come before the writes of a sale.
                slot.pull_after(self._random.randint(10, 22))
            record = self._buy(terminal, meter, amount)
        finally:
            if slot.state().card is not None:
                slot.pull()
        WorldHands(world).insert_in_meter(meter)
        return record

    # --- converging ---------------------------------------------------------------------------

    def _settle(self) -> None:
        """Every interrupted card comes back to the hall that knows it; then all lines are up."""
        for terminal in self.terminals:
            desk, world = terminal.house.desk, self._of(terminal)
            for record in history.in_doubt(desk):
                slot = world.slot(desk.station.name)
                slot.insert(world.card_of(record.committed.meter).serial)
                recover(desk)
                slot.pull()
                WorldHands(world).insert_in_meter(record.committed.meter)
            terminal.wire.cut = False
            terminal.send()

    def _progress(self, made: int) -> str:
        lines = " ".join("cut" if t.wire.cut else "up" for t in self.terminals)
        pending = sum(
            t.house.home.journal.head().sequence - t.house.home.journal.acknowledged()
            for t in self.terminals
        )
        doubt = sum(len(history.in_doubt(t.house.desk)) for t in self.terminals)
        return f"{made:>6} sold   lines {lines}   {pending:>5} facts unsent   {doubt} in doubt"

    def _compare(self) -> Outcome:
        sides = [self._terminal_totals(terminal) for terminal in self.terminals]
        halls = Totals("all halls")
        for side in sides:
            for field in msgspec.structs.fields(Totals)[1:]:
                total = getattr(halls, field.name) + getattr(side, field.name)
                setattr(halls, field.name, total)
        centre = self._centre_totals()
        meters_wh = self._in_meters()
        names = [field.name for field in msgspec.structs.fields(Totals)[1:]]
        pairs = [(name, getattr(halls, name), getattr(centre, name)) for name in names]
        differences = [
            f"{name}: halls {ours}, centre {theirs}"
            for name, ours, theirs in pairs
            if ours != theirs
        ]
        if meters_wh != halls.energy_wh:
            differences.append(f"energy_wh: halls {halls.energy_wh}, meters {meters_wh}")
        for terminal in self.terminals:
            proof = verify(terminal.house.desk)
            if proof.first_bad:
                differences.append(f"{terminal.house.home.origin}: {proof.fault}")
        return Outcome(self._seed, [*sides, halls, centre], meters_wh, self._refused, differences)

    def _terminal_totals(self, terminal: _Terminal) -> Totals:
        totals = Totals(terminal.house.home.origin)
        for state, (count, money, energy) in terminal.house.desk.records.sales_table().items():
            totals.sold += count
            if state == "delivered":
                totals.delivered += count
                totals.amount_minor += money
                totals.energy_wh += energy
            elif state == "voided":
                totals.voided += count
            else:
                totals.in_doubt += count
        return totals

    def _centre_totals(self) -> Totals:
        """The centre books what it has stored a moment later; wait until it has."""
        import httpx

        for _ in range(_BOOKING_TRIES):
            status = httpx.get(f"{self._url}/v1/status", timeout=30, trust_env=False).json()
            every = status["sum"]
            if every["booked"] == every["entries"]:
                break
            line.pause(0.1)
        totals = Totals(
            "centre", every["sales"], every["delivered"], every["voided"], every["in_doubt"]
        )
        for booked in every["totals"].values():
            totals.amount_minor += booked["delivered_minor"]
            totals.energy_wh += booked["delivered_wh"]
        return totals

    def _in_meters(self) -> int:
        """What the meters themselves say they have credited; they share no code with the seller."""
        world = self._of(self.terminals[0])
        return sum(world.meter(number).show().energy_credited_wh for number in self._meters)


def play(
    folder: Path, settings: Settings, *, terminals: int, sales: int, seed: int,
    tell: Callable[[str], None],
) -> Outcome:  # fmt: skip
    """The whole demo in `folder`, which must be empty."""
    if folder.exists() and any(folder.iterdir()):
        raise BadInput(f"{folder}: the demo plays in an empty folder; name another --home.")
    folder.mkdir(parents=True, exist_ok=True)
    demo = Demo(folder, settings, terminals, seed, tell)
    try:
        return demo.run(sales)
    finally:
        demo.close()
